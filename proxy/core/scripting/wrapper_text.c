/* Wrapper text (see wrapper_text.h). What its functions share: R is Redis's own table, p its pcall; g, d and t are the hidden arguments; L: the log; K: the names of all
 * commands that are logged, with how; I: the types that RESTORE may bring; T, Z: tail calls, and how many lines the script has; Q: what is made when it is
 * needed, by M, and what may change: v, which RESP; O and H, strings that are yet to be read; E and EL, the error that a call raised, and its line. */
#include "wrapper_text.h"

#include "proxy/core/vocabulary/event.h"

/* All that is not called as it stands in the script. */
const char wrapper_slow_part[] =
	/* Words as Redis has them: only Redis knows what text it makes of a number that is none of the small whole ones. */
	"local Q={Z=Z} local function W(a) for i=2,#a do local x=a[i] "
	"if type(x)=='number' and (x%1~=0 or x>=1e15 or x<=-1e15 or 1/x==-1/0) then a[i]=p('echo',x) end end return a end "
	/* A reply as Redis has it: Lua knows no greater integers. */
	"local function J(r,a) if type(r)~='number' or r<2^53 and r>-2^53 then return r end "
	"if a[1]:lower()=='hincrby' then return {int=p('hget',a[2],a[3])} end return {int=p('get',a[2])} end "
	"local function q(...) if Q.v~=3 then return p(...) end R.setresp(2) local r=p(...) R.setresp(3) return r end "
	"local function U(x) return type(x)=='string' and x:upper() or x end "
	/* Strings that were written into are read once: before another kind of command writes, and at the end. */
	"local function Y() Q.H=nil for k,i in pairs(Q.O) do local r=q('get',k) if r==nil then r=false end L[i]=r end Q.O=nil end "
	"local function also(y) if y==nil then y=false end L[#L+1]=y end "
	/* The consumer groups of a stream (commands/plan_group.c). */
	"local function told(k) local o={} local r=q('xinfo','GROUPS',k) if type(r)~='table' or r.err then return o end local t=q('time') local now=t[1]*1000+math.floor(t[2]/1000) "
	"for _,x in ipairs(r) do local m={} for i=1,#x,2 do m[x[i]]=x[i+1] end local g,from=m['name'],'-' o[#o+1]=k o[#o+1]='group:'..g o[#o+1]=m['last-delivered-id'] "
	"repeat local e=q('xpending',k,g,from,'+',1000) for _,y in ipairs(e) do o[#o+1]=k o[#o+1]='pending:'..y[1]..':'..g "
	"o[#o+1]=string.format('%.0f %.0f ',now-y[3],y[4])..y[2] from='('..y[1] end until #e<1000 end return o end "
	"local function whole(k) return {q('pexpiretime',k),q('get',k),q('hgetall',k),q('smembers',k),q('zrange',k,'0','-1','WITHSCORES'),q('lrange',k,'0','-1'),q('xinfo','STREAM',k),q('xrange',k,'-','+'),told(k)} end "
	/* One call: its words, its replies. */
	"local function log(a,...) local n=#L L[n+1]=select('#',...) L[n+2]=W(a) for i=1,select('#',...) do also((select(i,...))) end end "
	/* A pop that chose the key, as one of that key. */
	"local function popped(c,a,r) local y,e=r[1],r[2] "
	"if c:find('z',1,true) then if c:sub(1,5)=='bzpop' then e={r[2],r[3]} end log({'zpopmin',y},e,q('exists',y)) return end "
	"local left=q('llen',y) local w=c:sub(-4)=='rpop' or c=='lmpop' and U(a[3+a[2]])=='RIGHT' or c=='blmpop' and U(a[4+a[3]])=='RIGHT' "
	"log({w and 'rpop' or 'lpop',y},left+(type(e)=='table' and #e or 1),e,left) end "
	/* Which database is it? A key does not move to where it is. */
	"local function flushall(a) local r=p('flushdb',unpack(a,2)) if type(r)=='table' and r.err then return r end local now,i=0,0 "
	"while true do local m=p('move','homeport',i) if type(m)=='table' and m.err then if m.err:find('same',1,true) then now=i end break end i=i+1 end "
	"i=0 while i==tonumber(d) or not p('select',i).err do if i~=tonumber(d) then p('flushdb',unpack(a,2)) log({'select',i},'') log({'flushdb'},'') end i=i+1 end "
	"p('select',now) log({'select',now},'') return r end "
	/* COPY and MOVE to our database: there is none. Returns where COPY names one. */
	"local function database(c,a) local at=c=='move' and 3 or nil if c=='copy' then local i=4 while i<#a do if U(a[i])=='DB' then i=i+1 at=i end i=i+1 end end "
	"if at and tonumber(a[at])==tonumber(d) then a[at]='2147483647' end return at end "
	"local function sorted(a) local i=3 while i<#a do local o=U(a[i]) if o=='STORE' then return a[i+1] end "
	"if o=='LIMIT' then i=i+2 elseif o=='BY' or o=='GET' then i=i+1 end i=i+1 end end "
	/* XADD: where its id stands, and whether it trims. */
	"local function entry(a) local i,cut=3 while a[i] do local o=U(a[i]) if o=='MAXLEN' or o=='MINID' then cut=true i=i+((a[i+1]=='~' or a[i+1]=='=') and 1 or 0)+1 "
	"elseif o=='LIMIT' then i=i+1 elseif o~='NOMKSTREAM' then break end i=i+1 end return i,cut end "
	/* An id of ours, for "*" and "ms-*": above what is there. Beyond what Lua counts exactly Redis chooses. */
	"local function above(k,id) local part=type(id)=='string' and id:match('^(%d+)%-%*$') if id~='*' and not part then return id end "
	"local top,x,b,gm,gs='0-0',q('xinfo','STREAM',k),g:match('(%d+):(%d+)-(%d+)') b,gm,gs=tonumber(b),tonumber(gm),tonumber(gs) local place=gs%b "
	"for i=1,#x,2 do if x[i]=='last-generated-id' then top=x[i+1] end end "
	"local tm,ts=top:match('(%d+)-(%d+)') tm,ts=tonumber(tm),tonumber(ts) local ms=tonumber(part) or tm "
	"if not part then gs,Q.n=gs+(Q.n or 0)*b,(Q.n or 0)+1 if gm>tm or gm==tm and gs>ts then return string.format('%.0f-%.0f',gm,gs) end end "
	"if ms>tm then return ms<2^52 and string.format('%.0f-%.0f',ms,place) or id end "
	"if ms<tm or tm>=2^52 or ts>=2^52 then return id end return string.format('%.0f-%.0f',tm,(math.floor(ts/b)+1)*b+place) end "
	"local function X(...) "
	"local a={...} local c=a[1] "
	"if type(c)~='string' then return p(...) end "
	"c=string.lower(c) "
	"local _,j=K:find(' '..c..':',1,true) local k=j and K:sub(j+1,j+1) or 'r' "
	"if not j then local i=q('command','info',c) i=type(i)=='table' and i[1] and i[1][3] or {} "
	"for _,g in ipairs(i) do if g=='write' or type(g)=='table' and g.ok=='write' then k='x' end end end "
	"local y,at if k=='y' then y=sorted(a) k=y and k or 'r' end "
	"if k=='r' then return p(...) end "
	"if k=='x' then return {err=\"HOMEPORT unsupported command '\"..c..\"' in a script (docs/scripts.md)\"} end "
	"if k=='d' and tonumber(a[2])==tonumber(d) then return {err='ERR DB index is out of range'} end "
	"if k=='j' and type(a[4])=='string' and a[4]~='' and not I:find(' '..a[4]:byte()..' ',1,true) then "
	"return {err='HOMEPORT unsupported RESTORE of this type in a script (docs/scripts.md)'} end "
	/* Does a dump bring consumer groups? It is looked at under a name of ours. */
	"if k=='j' and type(a[4])=='string' and (' 15 19 21 '):find(' '..(a[4]:byte() or 0)..' ',1,true) and p('restore','homeport~restored',0,a[4]).ok then "
	"local n=#q('xinfo','GROUPS','homeport~restored') p('del','homeport~restored') "
	"if n>0 then return {err='HOMEPORT unsupported RESTORE of a stream with consumer groups (docs/commands.md): not by a script'} end end "
	"if Q.H and k~='g' then Y() end "
	"if k=='F' then return flushall(a) end "
	"if k=='w' or k=='k' then at=database(c,a) end "
	"local b,w,i={} "
	"local function B(...) b[#b+1]=q(...) end "
	"if k=='c' or k=='a' then i=3 while a[i] do local o=U(a[i]) "
	"if o=='NX' or o=='XX' or o=='GT' or o=='LT' then w=true elseif o=='INCR' then w=nil break elseif o~='CH' then break end i=i+1 end "
	"if k=='a' and not w then w=false end end "
	"local function scores() local s,step={'zmscore',a[2]},k=='a' and 3 or 2 for e=i+step-1,#a,step do s[#s+1]=a[e] end return q(unpack(s)) end "
	"if w then b[1]=scores() end "
	"if k=='b' and #a==4 then if c=='zremrangebyrank' then B('zrange',a[2],a[3],a[4]) "
	"else B('zrange',a[2],a[3],a[4],c=='zremrangebyscore' and 'BYSCORE' or 'BYLEX') end end "
	"if k=='l' or k=='n' or k=='v' or k=='q' or k=='i' then B('llen',a[2]) if type(b[1])=='table' then b[1]=0 end end "
	"if k=='n' then B('lpos',a[2],a[4]) elseif k=='q' then B('lpos',a[2],a[4],'COUNT','0') end "
	"local cut if k=='A' then at,cut=entry(a) if #a-at>=3900 then return {err='HOMEPORT unsupported XADD of so many fields (docs/limits.md): 1949 go with one entry'} end "
	"if a[at] then a[at]=above(a[2],a[at]) end end "
	"if cut or k=='T' then B('xrange',a[2],'-','+','COUNT','1') end "
	"local moved if k=='k' then moved=whole(a[2]) end "
	"local r if at then r=p(unpack(a)) else r=p(...) end "
	"if type(r)=='table' and r.err then return r end "
	"if k=='h' then if r then popped(c,a,r) end return r end "
	"if k=='A' then if not r then return r end a[at]=r end if (k=='e' or k=='l' or k=='q' or k=='k' or k=='T') and (r==0 or not r) or k=='n' and r<1 or k=='t' and (r==0 or c=='getex' and #a<3) then return r end "
	"if k=='s' and #a>3 and not r then local g for e=4,#a do g=g or U(a[e])=='GET' end if not g then return r end end "
	"local m=#L+1 L[m]=1 L[m+1]=W(a) for e=1,#b do also(b[e]) end also(J(r,a)) "
	"if k=='e' or k=='b' or k=='l' or k=='q' then also(q('exists',a[2])) "
	"elseif k=='t' then also(q('pexpiretime',a[2])) "
	"elseif k=='s' and #a>3 or k=='f' then also(q('pexpiretime',a[2])) also(q('get',a[2])) "
	"elseif k=='g' then also('') Q.O=Q.O or {} Q.O[a[2]]=#L Q.H=true "
	"elseif k=='o' then also(q('get',a[3])) "
	"elseif k=='m' then also(q('smembers',a[2])) "
	"elseif k=='z' then also(q('zrange',a[2],'0','-1','WITHSCORES')) "
	"elseif k=='i' then also(q('llen',a[2])) also(q('exists',a[2])) "
	"elseif cut or k=='T' then also(q('xrange',a[2],'-','+','COUNT','1')) "
	"elseif k=='y' then also(q('lrange',y,'0','-1')) "
	"elseif k=='u' then local e=c=='georadius' and 7 or 6 "
	"while e<#a do local o=U(a[e]) if o=='STORE' or o=='STOREDIST' then e=e+1 y=a[e] elseif o=='COUNT' then e=e+1 end e=e+1 end "
	"if y then also(q('zrange',y,'0','-1','WITHSCORES')) end "
	/* Elsewhere it is what it is, or was, here. */
	"elseif k=='w' or k=='j' or k=='k' then if at then also('') end "
	"for _,e in ipairs(moved or whole((at or k=='j') and a[2] or a[3])) do also(e) end if at then also('') end "
	"elseif (k=='c' or k=='a') and w~=nil then also(scores()) end "
	"L[m]=#L-m-1 "
	"return r end ";
/* The log: L[1] is the token; then, of each write, how many replies follow (missing: one), its words, its replies. */

/* An error of a call names the line of the script that called. Where that is gone (return redis.call(…)), the line of such a call is looked up. */
const char wrapper_call_part[] =
	"local function fail(r,c) Q.E=r local _,at=pcall(error,'',4) local l=at:match(':(%d+): ?$') "
	"if not l or at:sub(1,5)~='user_' or tonumber(l)>Z then l=T:match(' (%d+)[\"\\']'..tostring(c):gsub('%W','')..'[\"\\']') or T:match(' (%d+)') end "
	"Q.EL=l error(r,0) end Q.W,Q.J,Q.X,Q.Y,Q.fail=W,J,X,Y,fail return Q end ";

/* A plain write: with its reply. Only numbers that Redis may write otherwise need more. */
const char wrapper_plain_part[] =
	"if Q and Q.H then Q.Y() end r=p(c,...) if type(r)~='table' or not r.err then local a={c,...} "
	"for i=2,#a do local x=a[i] if type(x)=='number' and (x%1~=0 or x>=1e15 or x<=-1e15 or 1/x==-1/0) then Q=Q or M() Q.W(a) break end end "
	"local n=#L L[n+1]=a if type(r)=='number' and (r>=2^53 or r<=-2^53) then Q=Q or M() L[n+2]=Q.J(r,a) else L[n+2]=r or false end end ";

const char wrapper_proxy_part[] =
	"local s={call=call,setresp=function(x) R.setresp(x) Q=Q or M() Q.v=x end,pcall=run} "
	"setmetatable(s,{__index=R,__newindex=function() error('Attempt to modify a readonly table',2) end}) ";

const char wrapper_globals_part[] =
	"local sv=rawget(_G,'server') and s local G={redis=s,server=sv,KEYS=KEYS,ARGV=ARGV} G._G=G "
	"setmetatable(G,{__index=_G,__newindex=function() error('Attempt to modify a readonly table',2) end}) "
	"local function ld(x,y) if type(x)=='function' then local t={} for z in x do if z=='' then break end t[#t+1]=z end x=table.concat(t) end "
	"x=tostring(x) if x:byte()==27 then return nil,'bytecode is not loaded' end "
	"local f,e=loadstring(x,y or x) if not f then return f,e end "
	"return loadstring('local redis,server,_G,loadstring,load,getfenv,setfenv=... return function(...) '..x..'\\nend',y or x)"
	"(s,sv,G,G.loadstring,G.load) end "
	"rawset(G,'loadstring',ld) rawset(G,'load',ld) ";

const char wrapper_end_part[] =
	"if not ok then Q=Q or M() local E,EL=Q.E,Q.EL "
	"if E and e==E.err then e={err=e,line=EL} end "
	"if type(e)~='table' then local x=tostring(e) e={err='ERR '..x,line=x:match('^user_%l+:(%d+): ')} end "
	"local line=e.line if E==e and (not line or tonumber(line)>Q.Z) then line=EL end "
	"e={err=tostring(e.err)..(line and ' script: '..S..', on @'..N..':'..line..'.' or '')} end "
	"if e==nil then e=p end "
	"if t=='r' then return e end "
	"if #L==1 then return {e,''} end "
	"local v if Q then if Q.H then Q.Y() end v=Q.v end "
	"local l=cmsgpack.pack(L) "
	"if v==3 then R.setresp(2) end "
	"if d:byte()==43 then p('select',d:sub(2)) p('xadd','" CORE_OUTBOX_KEY "','*','s',l) "
	"else p('select',d) p('xadd','" CORE_OUTBOX_KEY "','NOMKSTREAM','*','s',l) end "
	"if v==3 then R.setresp(3) end "
	"return {e,l}";

/* In front of a library's text. It stays: what belongs to one run is set when that begins. */
const char wrapper_library_start[] = "local redis,server=(function() local R,p,g,d,t,S,L local T,N,Z='','user_function',1e9 ";
const char wrapper_library_run[] =
	"local Q=M() local F={} "
	"local function run(c,...) if not R then return redis.call(c,...) end local k=F[c] if k=='r' then return p(c,...) end "
	"local r if k=='p' then ";
const char wrapper_library_slow[] =
	"return r end "
	"if c==nil then return p() end "
	"r=Q.X(c,...) "
	"if type(c)=='string' then local l=c:lower() local _,j=K:find(' '..l..':',1,true) k=j and K:sub(j+1,j+1) "
	"if k=='p' or not k and not (type(r)=='table' and r.err) then F[c]=k or 'r' end end return r end ";
const char wrapper_library_end[] =
	"local function finish(ok,e) ";
/* While a library is loaded, nothing of Lua's own is there but its syntax. */
const char wrapper_library_register[] =
	" end "
	"local M local s={call=call,pcall=run,setresp=function(x) R.setresp(x) Q.v=x end,log=redis.log,LOG_DEBUG=redis.LOG_DEBUG,LOG_VERBOSE=redis.LOG_VERBOSE,"
	"LOG_NOTICE=redis.LOG_NOTICE,LOG_WARNING=redis.LOG_WARNING,REDIS_VERSION=redis.REDIS_VERSION,REDIS_VERSION_NUM=redis.REDIS_VERSION_NUM} "
	"local function wrap(f,name) return function(keys,args) R=redis p=R.pcall "
	"if not M then M={__index=function(_,k) return redis[k] end,__newindex=function() error('Attempt to modify a readonly table',2) end} setmetatable(s,M) end "
	"local z=#args g,d,t=args[z-2],args[z-1],args[z] args[z]=nil args[z-1]=nil args[z-2]=nil S=name Q.O,Q.H,Q.v,Q.E,Q.EL,Q.n=nil,nil,nil,nil,nil,nil L={t} return finish(pcall(f,keys,args)) end end "
	"s.register_function=function(a,b,c) "
	"if c==nil and b~=nil then return redis.register_function(a,wrap(b,a)) end "
	"if c==nil and a and a.callback then a.callback=wrap(a.callback,a.function_name) return redis.register_function(a) end "
	"if c~=nil then return redis.register_function(a,b,c) end return redis.register_function(a) end "
	"return s,s end)() ";
