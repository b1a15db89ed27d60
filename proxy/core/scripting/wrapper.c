/* Wrapper (see wrapper.h). Names that stand in the script as literals are told apart without a look at the list of all. */
#include "wrapper.h"

#include "proxy/core/commands/command.h"
#include "proxy/core/vocabulary/event.h"

#define LITERALS_MAX 16

/* How a script's call of a command is logged, one letter each. */
enum logging {
	LOG_READ = 'r',              /* not at all */
	LOG_PLAIN = 'p',             /* with its reply */
	LOG_EMPTYING = 'e',          /* … and whether the key is still there */
	LOG_SET = 's',               /* with options: what is there afterwards */
	LOG_SET_FOR = 'f',           /* SETEX, PSETEX: likewise */
	LOG_DEADLINE = 't',          /* the deadline afterwards */
	LOG_VALUE = 'g',             /* the string afterwards */
	LOG_DESTINATION = 'o',       /* likewise, of the second argument */
	LOG_MEMBERS = 'm',           /* the set afterwards */
	LOG_SCORES = 'z',            /* the sorted set afterwards */
	LOG_ADDING = 'c',            /* ZADD: with a condition, the scores before and afterwards */
	LOG_PLACING = 'a',           /* GEOADD: likewise, and without one afterwards */
	LOG_RANGE = 'b',             /* what is in the range before it is removed */
	LOG_POP = 'l',               /* of a list: how long it was, and whether it is still there */
	LOG_WHOLE = 'w',             /* the whole second key afterwards */
	LOG_STORING = 'u',           /* GEORADIUS: the destination afterwards */
	LOG_SORTING = 'y',           /* SORT: not at all, as it only reads; with STORE it is refused */
	LOG_SELECT = 'd',
	LOG_REFUSED = 'x',
};

static enum logging logging_of_plan(enum plan plan)
{
	switch (plan) {
	case PLAN_REPLACE: case PLAN_SET_IF: case PLAN_MSET: case PLAN_MSET_IF: case PLAN_INCREMENT: case PLAN_DECREMENT: case PLAN_INCREMENT_FLOAT:
	case PLAN_FIELDS_SET: case PLAN_FIELD_SET_IF: case PLAN_FIELD_INCREMENT: case PLAN_FIELD_INCREMENT_FLOAT: case PLAN_MEMBERS_ADD:
	case PLAN_SCORE_INCREMENT: case PLAN_SCORES_POP_FIRST: case PLAN_CLEAR: case PLAN_GETDEL: case PLAN_FLUSHDB:
	case PLAN_LIST_PUSH_HEAD: case PLAN_LIST_PUSH_TAIL: case PLAN_LIST_PUSHX_HEAD: case PLAN_LIST_PUSHX_TAIL:
		return LOG_PLAIN;
	case PLAN_FIELDS_REMOVE: case PLAN_MEMBERS_REMOVE: case PLAN_MEMBERS_POP: case PLAN_MEMBER_MOVE: case PLAN_SCORES_REMOVE: case PLAN_SCORES_POP:
		return LOG_EMPTYING;
	case PLAN_SET: return LOG_SET;
	case PLAN_SETEX: case PLAN_PSETEX: return LOG_SET_FOR;
	case PLAN_EXPIRE: case PLAN_GETEX: return LOG_DEADLINE;
	case PLAN_VALUE: case PLAN_PFADD: case PLAN_APPEND: case PLAN_SETRANGE: case PLAN_SETBIT: case PLAN_BITFIELD: return LOG_VALUE;
	case PLAN_BITOP: return LOG_DESTINATION;
	case PLAN_MEMBERS_STORE: return LOG_MEMBERS;
	case PLAN_SCORES_STORE: return LOG_SCORES;
	case PLAN_SCORES_SET: return LOG_ADDING;
	case PLAN_SCORES_SEEN: return LOG_PLACING;
	case PLAN_SCORES_REMOVE_RANK: case PLAN_SCORES_REMOVE_SCORE: case PLAN_SCORES_REMOVE_LEX: return LOG_RANGE;
	case PLAN_RENAME: case PLAN_COPY: return LOG_WHOLE;
	case PLAN_LIST_POP_HEAD: case PLAN_LIST_POP_TAIL: case PLAN_LIST_MOVE: case PLAN_LIST_ROTATE: return LOG_POP;
	case PLAN_GEORADIUS: return LOG_STORING;
	case PLAN_SORT: return LOG_SORTING;
	case PLAN_SCRIPT: case PLAN_SCRIPT_LOAD: return LOG_READ;    /* Redis lets no script call them */
	default: return LOG_REFUSED;
	}
}

static enum logging logging_of(const struct command *row)
{
	if (strcmp(row->name, "select") == 0)
		return LOG_SELECT;
	if (row->class == COMMAND_UNSUPPORTED || row->is_blocking || strcmp(row->name, "xgroup") == 0)
		return LOG_REFUSED;
	return row->class == COMMAND_WRITE ? logging_of_plan(row->plan) : LOG_READ;
}

/* ---- literals ---- */

struct literal { struct slice word; enum logging logging; };

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static unsigned literals_find(struct slice body, struct literal *literals)
{
	unsigned count = 0;
	for (size_t at = 0; at < body.len && count < LITERALS_MAX; at++) {
		if (body.ptr[at] != '\'' && body.ptr[at] != '"')
			continue;
		size_t end = at + 1;
		while (end < body.len && (is_letter(body.ptr[end]) || (body.ptr[end] >= '0' && body.ptr[end] <= '9')))
			end++;
		struct slice word = { body.ptr + at + 1, end - at - 1 };
		const struct command *row = end < body.len && body.ptr[end] == body.ptr[at] ? command_find(1, &word) : NULL;
		bool is_new = row != NULL && !row->is_container;
		for (unsigned i = 0; is_new && i < count; i++)
			is_new = !slice_equal(literals[i].word, word);
		if (is_new)
			literals[count++] = (struct literal){ word, logging_of(row) };
	}
	return count;
}

static bool has_word(struct slice body, const char *text)
{
	struct slice word = slice_of(text);
	for (size_t at = 0; at + word.len <= body.len; at++)
		if (memcmp(body.ptr + at, word.ptr, word.len) == 0)
			return true;
	return false;
}

/* ---- the text ---- */

/* All that is not called as it stands in the script. */
static const char slow_part[] =
	/* Words as Redis has them: only Redis knows what text it makes of a number that is none of the small whole ones. */
	"local function W(a) for i=2,#a do local x=a[i] "
	"if type(x)=='number' and (x%1~=0 or x>=1e15 or x<=-1e15 or 1/x==-1/0) then a[i]=p('echo',x) end end return a end "
	/* A reply as Redis has it: Lua knows no greater integers. */
	"local function J(r,a) if type(r)~='number' or r<2^53 and r>-2^53 then return r end "
	"if a[1]:lower()=='hincrby' then return {int=p('hget',a[2],a[3])} end return {int=p('get',a[2])} end "
	"local function q(...) if v~=3 then return p(...) end R.setresp(2) local r=p(...) R.setresp(3) return r end "
	/* Strings that were written into are read once: before another kind of command writes, and at the end. */
	"local function Y() H=nil for k,i in pairs(O) do local r=q('get',k) if r==nil then r=false end L[i]=r end O={} end "
	"local function X(...) "
	"local a={...} local c=a[1] "
	"if type(c)~='string' then return p(...) end "
	"c=string.lower(c) "
	"local _,j=K:find(' '..c..':',1,true) local k=j and K:sub(j+1,j+1) or 'r' "
	"if not j then local i=q('command','info',c) i=type(i)=='table' and i[1] and i[1][3] or {} "
	"for _,g in ipairs(i) do if g=='write' or type(g)=='table' and g.ok=='write' then k='x' end end end "
	"if k=='x' then return {err=\"HOMEPORT unsupported command '\"..c..\"' in a script (docs/scripts.md)\"} end "
	"if k=='d' and tonumber(a[2])==tonumber(d) then return {err='ERR DB index is out of range'} end "
	"if k=='w' and c=='copy' then for i=4,#a do if string.upper(a[i])=='DB' then "
	"return {err=\"HOMEPORT unsupported COPY to another database in a script (docs/scripts.md)\"} end end end "
	"if k=='y' then for i=3,#a do if string.upper(a[i])=='STORE' then "
	"return {err=\"HOMEPORT unsupported SORT with STORE in a script (docs/scripts.md)\"} end end k='r' end "
	"if H and k~='r' and k~='g' then Y() end "
	"local before,w,i "
	"if k=='c' or k=='a' then i=3 while a[i] do local o=string.upper(a[i]) "
	"if o=='NX' or o=='XX' or o=='GT' or o=='LT' then w=true elseif o=='INCR' then w=nil break elseif o~='CH' then break end i=i+1 end "
	"if k=='a' and not w then w=false end end "
	"local function scores() local s,step={'zmscore',a[2]},k=='a' and 3 or 2 for e=i+step-1,#a,step do s[#s+1]=a[e] end return q(unpack(s)) end "
	"if w then before=scores() end "
	"if k=='b' and #a==4 then if c=='zremrangebyrank' then before=q('zrange',a[2],a[3],a[4]) "
	"else before=q('zrange',a[2],a[3],a[4],c=='zremrangebyscore' and 'BYSCORE' or 'BYLEX') end end "
	"if k=='l' then before=q('llen',a[2]) if type(before)=='table' then before=0 end end "
	"local r=p(...) "
	"if k=='r' or type(r)=='table' and r.err then return r end "
	"if (k=='e' or k=='l') and (r==0 or not r) or k=='t' and (r==0 or c=='getex' and #a<3) then return r end "
	"if k=='s' and #a>3 and not r then local g for e=4,#a do g=g or string.upper(a[e])=='GET' end if not g then return r end end "
	"local m=n+3 n=n+2 L[n]=W(a) n=n+1 "
	"local function also(y) n=n+1 if y==nil then y=false end L[n]=y end "
	"n=n-1 if before then also(before) end also(J(r,a)) "
	"if k=='e' or k=='b' or k=='l' then also(q('exists',a[2])) "
	"elseif k=='t' then also(q('pexpiretime',a[2])) "
	"elseif k=='s' and #a>3 or k=='f' then also(q('pexpiretime',a[2])) also(q('get',a[2])) "
	"elseif k=='g' then also('') O[a[2]]=n H=true "
	"elseif k=='o' then also(q('get',a[3])) "
	"elseif k=='m' then also(q('smembers',a[2])) "
	"elseif k=='z' then also(q('zrange',a[2],'0','-1','WITHSCORES')) "
	"elseif k=='u' then local y local e=c=='georadius' and 7 or 6 "
	"while e<#a do local o=string.upper(a[e]) if o=='STORE' or o=='STOREDIST' then e=e+1 y=a[e] elseif o=='COUNT' then e=e+1 end e=e+1 end "
	"if y then also(q('zrange',y,'0','-1','WITHSCORES')) end "
	"elseif k=='w' then also(q('pexpiretime',a[3])) also(q('get',a[3])) also(q('hgetall',a[3])) also(q('smembers',a[3])) "
	"also(q('zrange',a[3],'0','-1','WITHSCORES')) also(q('lrange',a[3],'0','-1')) "
	"elseif (k=='c' or k=='a') and w~=nil then also(scores()) end "
	"L[m-2]=n-m+1 "
	"return r end ";
/* The log: L[1] is the token; then, of each write, how many replies follow (missing: one), its words, its replies. */

/* An error of a call names the line of the script that called. Where that is gone (return redis.call(…)), the line of such a call is looked up. */
static const char call_part[] =
	"local E,EL "
	"local function fail(r,c) E=r local _,at=pcall(error,'',4) EL=at:match(':(%d+): ?$') "
	"if not EL or at:sub(1,5)~='user_' or tonumber(EL)>Z then EL=T:match(' (%d+)[\"\\']'..tostring(c):gsub('%W','')..'[\"\\']') or T:match(' (%d+)') end "
	"error(r,0) end ";

static const char proxy_part[] =
	"local s={call=call,setresp=function(x) R.setresp(x) v=x end,pcall=pc} "
	"setmetatable(s,{__index=R,__newindex=function() error('Attempt to modify a readonly table',2) end}) ";

static const char globals_part[] =
	"local sv=rawget(_G,'server') and s local G={redis=s,server=sv,KEYS=KEYS,ARGV=ARGV} G._G=G "
	"setmetatable(G,{__index=_G,__newindex=function() error('Attempt to modify a readonly table',2) end}) "
	"local function ld(x,y) if type(x)=='function' then local t={} for z in x do if z=='' then break end t[#t+1]=z end x=table.concat(t) end "
	"x=tostring(x) if x:byte()==27 then return nil,'bytecode is not loaded' end "
	"local f,e=loadstring(x,y or x) if not f then return f,e end "
	"return loadstring('local redis,server,_G,loadstring,load,getfenv,setfenv=... return function(...) '..x..'\\nend',y or x)"
	"(s,sv,G,G.loadstring,G.load) end "
	"rawset(G,'loadstring',ld) rawset(G,'load',ld) ";

static const char end_part[] =
	"if not ok then "
	"if E and e==E.err then e={err=e,line=EL} end "
	"if type(e)~='table' then local x=tostring(e) e={err='ERR '..x,line=x:match('^user_%l+:(%d+): ')} end "
	"local line=e.line if E==e and (not line or tonumber(line)>Z) then line=EL end "
	"e={err=tostring(e.err)..(line and ' script: '..S..', on @'..N..':'..line..'.' or '')} end "
	"if e==nil then e=p end "
	"if t=='r' then return e end "
	"if n==1 then return {e,''} end "
	"if H then Y() end "
	"local l=cmsgpack.pack(L) "
	"if v==3 then R.setresp(2) end "
	"if d:byte()==43 then p('select',d:sub(2)) p('xadd','" CORE_OUTBOX_KEY "','*','s',l) "
	"else p('select',d) p('xadd','" CORE_OUTBOX_KEY "','NOMKSTREAM','*','s',l) end "
	"if v==3 then R.setresp(3) end "
	"return {e,l}";

/* In front of a library's text. It stays: what belongs to one run is set when that begins. */
static const char library_start[] = "local redis,server=(function() local R,p,v,d,t,S,L,O,H local n,T,N,Z=1,'','user_function',1e9 ";
static const char library_run[] =
	"local F={} "
	"local function run(c,...) if not R then return redis.call(c,...) end local k=F[c] if k=='r' then return p(c,...) end "
	"if k=='p' then if H then Y() end local r=p(c,...) if type(r)~='table' or not r.err then L[n+1]=W({c,...}) n=n+2 if r==nil then L[n]=false else L[n]=J(r,L[n-1]) end end return r end "
	"if c==nil then return p() end "
	"local r=X(c,...) "
	"if type(c)=='string' then local l=c:lower() local _,j=K:find(' '..l..':',1,true) k=j and K:sub(j+1,j+1) "
	"if k=='p' or not k and not (type(r)=='table' and r.err) then F[c]=k or 'r' end end return r end ";
static const char library_end[] =
	"local function finish(ok,e) ";
/* While a library is loaded, nothing of Lua's own is there but its syntax. */
static const char library_register[] =
	" end "
	"local M local s={call=call,pcall=run,setresp=function(x) R.setresp(x) v=x end,log=redis.log,LOG_DEBUG=redis.LOG_DEBUG,LOG_VERBOSE=redis.LOG_VERBOSE,"
	"LOG_NOTICE=redis.LOG_NOTICE,LOG_WARNING=redis.LOG_WARNING} "
	"local function wrap(f,name) return function(keys,args) R=redis p=R.pcall "
	"if not M then M={__index=function(_,k) return redis[k] end,__newindex=function() error('Attempt to modify a readonly table',2) end} setmetatable(s,M) end "
	"local z=#args d,t=args[z-1],args[z] args[z]=nil args[z-1]=nil n,L,O,H,v,S,E,EL=1,{t},{},nil,2,name,nil,nil return finish(pcall(f,keys,args)) end end "
	"s.register_function=function(a,b,c) "
	"if c==nil and b~=nil then return redis.register_function(a,wrap(b,a)) end "
	"if c==nil and a and a.callback then a.callback=wrap(a.callback,a.function_name) return redis.register_function(a) end "
	"if c~=nil then return redis.register_function(a,b,c) end return redis.register_function(a) end "
	"return s,s end)() ";

static void add_number(struct buffer *out, const char *name, size_t number)
{
	buffer_add_text(out, name);
	buffer_add_uint64(out, number);
	buffer_add_byte(out, ' ');
}

/* Where calls stand whose line Lua forgets: " 3'incr' 7'set'". */
static void add_tail_calls(struct buffer *out, struct slice body, size_t line)
{
	static const struct slice start = SLICE("return");
	buffer_add_text(out, "local T=[[");
	for (size_t at = 0; at < body.len; at++) {
		line += body.ptr[at] == '\n';
		if (body.len - at < start.len || memcmp(body.ptr + at, start.ptr, start.len) != 0)
			continue;
		size_t end = at;
		while (end < body.len && body.ptr[end] != '(' && body.ptr[end] != '\n' && end - at < 40)
			end++;
		size_t word = end + 1;
		while (word < body.len && body.ptr[word] == ' ')
			word++;
		if (end >= body.len || body.ptr[end] != '(')
			continue;
		buffer_add_byte(out, ' ');
		buffer_add_uint64(out, line);
		size_t last = word + 1;
		while (last < body.len && is_letter(body.ptr[last]))
			last++;
		if (word < body.len && (body.ptr[word] == '"' || body.ptr[word] == '\'') && last < body.len && body.ptr[last] == body.ptr[word])
			buffer_add(out, (struct slice){ body.ptr + word, last + 1 - word });
	}
	buffer_add_text(out, "]] ");
}

/* Every name that is not only read by. */
static void add_names(struct buffer *out)
{
	buffer_add_text(out, "local K=[[ ");
	for (unsigned i = 0; i < command_count(); i++) {
		const struct command *row = command_at(i);
		enum logging logging = logging_of(row);
		if (logging == LOG_READ || strchr(row->name, '|') != NULL)
			continue;
		buffer_add_text(out, row->name);
		buffer_add_byte(out, ':');
		buffer_add_byte(out, (char)logging);
		buffer_add_byte(out, ' ');
	}
	buffer_add_text(out, "]] ");
}

static unsigned add_condition(struct buffer *out, const struct literal *literals, unsigned count, enum logging logging)
{
	unsigned added = 0;
	for (unsigned i = 0; i < count; i++) {
		if (literals[i].logging != logging)
			continue;
		buffer_add_text(out, added++ == 0 ? "if c=='" : " or c=='");
		buffer_add(out, literals[i].word);
		buffer_add_byte(out, '\'');
	}
	return added;
}

/* What a script most often calls is told apart at once. */
static void add_run(struct buffer *out, const struct literal *literals, unsigned count)
{
	buffer_add_text(out, "local function run(c,...) local r ");
	if (add_condition(out, literals, count, LOG_READ) > 0)
		buffer_add_text(out, " then return p(c,...) end ");
	if (add_condition(out, literals, count, LOG_PLAIN) > 0)
		buffer_add_text(out, " then if H then Y() end r=p(c,...) if type(r)~='table' or not r.err then L[n+1]=W({c,...}) n=n+2 if r==nil then L[n]=false else L[n]=J(r,L[n-1]) end end return r end ");
	if (add_condition(out, literals, count, LOG_SET) > 0)
		buffer_add_text(out, " and select('#',...)==2 then if H then Y() end r=p(c,...) if type(r)~='table' or not r.err then L[n+1]=W({c,...}) n=n+2 if r==nil then L[n]=false else L[n]=J(r,L[n-1]) end end return r end ");
	buffer_add_text(out, "if c==nil then return p() end return X(c,...) end ");
}

/* What stands between a library's first line and the rest of it. */
static void add_library_part(struct buffer *out)
{
	buffer_add_text(out, library_start);
	add_names(out);
	buffer_add_text(out, slow_part);
	buffer_add_text(out, library_run);
	buffer_add_text(out, call_part);
	buffer_add_text(out, "local function call(...) local r=run(...) if type(r)=='table' and r.err then fail(r,(...)) end return r end ");
	buffer_add_text(out, library_end);
	buffer_add_text(out, end_part);
	buffer_add_text(out, library_register);
}

void wrapper_add_library(struct buffer *out, struct slice code)
{
	const char *end = code.len >= 2 && code.ptr[0] == '#' && code.ptr[1] == '!' ? memchr(code.ptr, '\n', code.len) : NULL;
	size_t len = end == NULL ? code.len : (size_t)(end - code.ptr) + 1;
	buffer_add(out, (struct slice){ code.ptr, len });
	/* Without a first line Redis says what is missing. */
	if (end == NULL)
		return;
	add_library_part(out);
	buffer_add(out, (struct slice){ code.ptr + len, code.len - len });
}

void wrapper_remove(struct buffer *out, struct slice reply)
{
	struct buffer part = { 0 };
	struct slice rest = reply;
	struct reply piece;
	add_library_part(&part);
	while (rest.len > 0) {
		const char *start = rest.ptr;
		if (!reply_read(&rest, &piece))
			break;
		/* It stands behind the first line. */
		const char *line = piece.type == REPLY_STRING ? memchr(piece.text.ptr, '\n', piece.text.len) : NULL;
		const char *found = line == NULL ? NULL : line + 1;
		if (found == NULL || (size_t)(piece.text.ptr + piece.text.len - found) < part.len || memcmp(found, part.ptr, part.len) != 0) {
			buffer_add(out, (struct slice){ start, (size_t)(rest.ptr - start) });
			continue;
		}
		size_t before = (size_t)(found - piece.text.ptr);
		resp_add_bulk_len(out, piece.text.len - part.len);
		buffer_add(out, (struct slice){ piece.text.ptr, before });
		buffer_add(out, (struct slice){ found + part.len, piece.text.len - before - part.len });
		buffer_add_text(out, "\r\n");
	}
	buffer_free(&part);
}

void wrapper_add(struct buffer *out, struct slice body, struct slice sha)
{
	struct literal literals[LITERALS_MAX];
	unsigned count = literals_find(body, literals);
	bool has_globals = has_word(body, "_G") || has_word(body, "load") || has_word(body, "getfenv") || has_word(body, "setfenv");
	bool has_errors = has_word(body, "error") || has_word(body, "assert");
	size_t lines = 1, first_line = 1;
	for (size_t i = 0; i < body.len; i++)
		lines += body.ptr[i] == '\n';
	if (body.len >= 2 && body.ptr[0] == '#' && body.ptr[1] == '!') {
		const char *end = memchr(body.ptr, '\n', body.len);
		size_t len = end == NULL ? body.len : (size_t)(end - body.ptr);
		buffer_add(out, (struct slice){ body.ptr, len });
		buffer_add_byte(out, '\n');
		body = (struct slice){ body.ptr + len + (end != NULL), body.len - len - (end != NULL) };
		first_line = 2;
	}
	buffer_add_text(out, has_globals ? "local f=function(redis,server,_G,loadstring,load,getfenv,setfenv,...) " : "local f=function(redis,server,...) ");
	buffer_add(out, body);
	buffer_add_text(out, "\nend local N='user_script' local R,S=redis,'");
	buffer_add(out, sha);
	buffer_add_text(out, "' local p,v=R.pcall,2 local z=#ARGV local d,t=ARGV[z-1],ARGV[z] ARGV[z]=nil ARGV[z-1]=nil local n,L,O,H=1,{t},{} ");
	add_number(out, "local Z=", lines);
	add_tail_calls(out, body, first_line);
	add_names(out);
	buffer_add_text(out, slow_part);
	add_run(out, literals, count);
	buffer_add_text(out, call_part);
	buffer_add_text(out, "local function call(...) local r=run(...) if type(r)=='table' and r.err then fail(r,(...)) end return r end local pc=run ");
	buffer_add_text(out, proxy_part);
	buffer_add_text(out, has_globals ? globals_part : "local sv=rawget(_G,'server') and s ");
	const char *arguments = has_globals ? "s,sv,G,G.loadstring,G.load" : "s,sv";
	buffer_add_text(out, has_errors ? "local ok,e=xpcall(function() return f(" : "local ok,e=pcall(f,");
	buffer_add_text(out, arguments);
	buffer_add_text(out, has_errors ? ") end,rawget(_G,'__redis__err__handler') or rawget(_G,'__server__err__handler') or function(x) return x end) " : ") ");
	buffer_add_text(out, end_part);
}
