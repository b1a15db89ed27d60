#include "group_script.h"

#include "stream_group.h"

/* What is told: key, element, value; "" instead of a value: acknowledged, "-": gone. Nothing is told of what is late (a consumer of ours has it). */
#define TELLING \
	"local late='" STREAM_LATE "' local told={} " \
	"local function tell(k,e,v) local n=#told told[n+1]=k told[n+2]=e told[n+3]=v end " \
	"local function groups(k) local t,r={},redis.pcall('XINFO','GROUPS',k) if r.err then return t end " \
	"for _,x in ipairs(r) do local m={} for i=1,#x,2 do m[x[i]]=x[i+1] end t[m['name']]=m['last-delivered-id'] end return t end " \
	"local t=redis.call('TIME') local now=t[1]*1000+math.floor(t[2]/1000) " \
	"local function value(p) return string.format('%.0f %.0f ',now-p[3],p[4])..p[2] end " \
	"local function each(k,g,o,f) local from='-' while true do local r=o and redis.pcall('XPENDING',k,g,from,'+',1000,o) or redis.pcall('XPENDING',k,g,from,'+',1000) " \
	"if r.err then return end for _,p in ipairs(r) do f(p) end if #r<1000 then return end from='('..r[#r][1] end end "

const char group_script[] = TELLING
	"local c={} for i=1,#ARGV do c[i]=ARGV[i] end local w,k=string.upper(c[1]),KEYS[1] "
	"local function element(id,g) return 'pending:'..id..':'..g end "
	"local function cursor(k,g) local id=groups(k)[g] if id then tell(k,'group:'..g,id) end end "
	"local function owner(k,g,id) local p=redis.pcall('XPENDING',k,g,id,id,1) return not p.err and p[1] or nil end "
	"local function holds(k,g,id) local p=owner(k,g,id) if p then tell(k,element(id,g),value(p)) end end "
	"local function whole(id) local m,s=string.match(id,'^0*(%d+)%-0*(%d+)$') if m then return m..'-'..s end m=string.match(id,'^0*(%d+)$') return m and m..'-0' end "
	"local r "
	"if w=='XGROUP' then local s,g,gone=string.upper(c[2]),c[4],{} "
	"if s=='DESTROY' or s=='DELCONSUMER' then each(k,g,s=='DELCONSUMER' and c[5] or nil,function(p) gone[#gone+1]=p[1] end) end "
	"r=redis.pcall(unpack(c)) if type(r)=='table' and r.err then return r end "
	"if s=='CREATE' or s=='SETID' then cursor(k,g) end "
	"if s=='DESTROY' and r==1 then tell(k,'group:'..g,'-') end "
	"for _,id in ipairs(gone) do tell(k,element(id,g),'-') end "
	"elseif w=='XACK' then r=redis.pcall(unpack(c)) if type(r)=='table' then return r end "
	"if groups(k)[c[3]] then for i=4,#c do tell(k,element(whole(c[i]),c[3]),'') end end "
	"elseif w=='XCLAIM' then local g,had=c[3],{} for i=6,#c do local id=whole(c[i]) if not id then break end if owner(k,g,id) then had[#had+1]=id end end "
	"r=redis.pcall(unpack(c)) if r.err then return r end if #r>0 then cursor(k,g) end "
	"for _,e in ipairs(r) do if e then holds(k,g,type(e)=='table' and e[1] or e) end end "
	"for _,id in ipairs(had) do if not owner(k,g,id) then tell(k,element(id,g),'') end end "
	"elseif w=='XAUTOCLAIM' then local g=c[3] r=redis.pcall(unpack(c)) if r.err then return r end if #r[2]>0 then cursor(k,g) end "
	"for _,e in ipairs(r[2]) do if e then holds(k,g,type(e)=='table' and e[1] or e) end end "
	"for _,id in ipairs(r[3] or {}) do tell(k,element(id,g),'') end "
	"else local g,o,n,quiet,i=nil,nil,1000,false,2 "
	"while i<=#c do local s=string.upper(c[i]) if s=='GROUP' then g,o=c[i+1],c[i+2] i=i+3 elseif s=='COUNT' then n=tonumber(c[i+1]) or 1000 i=i+2 "
	"elseif s=='BLOCK' and (tonumber(c[i+1]) or -1)>=0 and c[i+1]%1==0 then table.remove(c,i) table.remove(c,i) elseif s=='BLOCK' then i=i+2 elseif s=='NOACK' then quiet=true i=i+1 elseif s=='STREAMS' then i=i+1 break else break end end "
	"local half,out=math.floor((#c-i+1)/2),{} "
	"for j=0,half-1 do local k=c[i+j] if c[i+half+j]=='>' then local p=redis.pcall('XPENDING',k,g,'-','+',n>0 and n or 1000,late) "
	"if not p.err and #p>0 then local ids={} for x=1,#p do ids[x]=p[x][1] end local e=redis.call('XCLAIM',k,g,o,0,unpack(ids)) "
	"if #e>0 then out[#out+1]={k,e} cursor(k,g) for _,x in ipairs(e) do if quiet then redis.call('XACK',k,g,x[1]) tell(k,element(x[1],g),'') else holds(k,g,x[1]) end end end end end end "
	"if #out>0 then return {out,told} end "
	"r=redis.pcall(unpack(c)) if type(r)=='table' and r.err then return r end "
	"for _,s in ipairs(r or {}) do local k=s[1] for j=0,half-1 do if c[i+j]==k and c[i+half+j]=='>' and #s[2]>0 then cursor(k,g) "
	"for _,x in ipairs(s[2]) do tell(k,element(x[1],g),quiet and '' or string.format('%.0f 1 ',now)..o) end break end end end end "
	"return {r,told}";

const char group_script_of_all[] = TELLING
	"local k=KEYS[1] if redis.call('TYPE',k).ok~='stream' then return told end "
	"for g,id in pairs(groups(k)) do tell(k,'group:'..g,id) each(k,g,nil,function(p) tell(k,'pending:'..p[1]..':'..g,value(p)) end) end return told";
