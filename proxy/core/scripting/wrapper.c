/* Wrapper (see wrapper.h). Names that stand in the script as literals are told apart without a look at the list of all. */
#include "wrapper.h"

#include "library_dump.h"
#include "logging.h"
#include "proxy/core/commands/dump.h"
#include "wrapper_text.h"

#define LITERALS_MAX 16

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

bool wrapper_may_add(struct slice body)
{
	return has_word(body, "xadd") || has_word(body, "XADD") || has_word(body, "XAdd") || has_word(body, "xAdd") || has_word(body, "Xadd");
}

/* ---- the text ---- */

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
	buffer_add_text(out, "]] local I=' ");
	for (unsigned type = 0; type < 256; type++)
		if (dump_type_is_known((unsigned char)type))
			add_number(out, "", type);
	buffer_add_text(out, "' ");
}

static unsigned add_condition(struct buffer *out, const struct literal *literals, unsigned count, enum logging logging)
{
	unsigned added = 0;
	for (unsigned i = 0; i < count; i++) {
		if (literals[i].logging != logging)
			continue;
		buffer_add_text(out, added++ == 0 ? "c=='" : " or c=='");
		buffer_add(out, literals[i].word);
		buffer_add_byte(out, '\'');
	}
	return added;
}

/* What a script most often calls is told apart at once. START: what the function begins with; END: what it does with the reply. */
static void add_run(struct buffer *out, const struct literal *literals, unsigned count, const char *start, const char *end)
{
	buffer_add_text(out, start);
	buffer_add_text(out, "(c,...) local r if ");
	if (add_condition(out, literals, count, LOG_READ) > 0)
		buffer_add_text(out, " then r=p(c,...) elseif ");
	if (add_condition(out, literals, count, LOG_PLAIN) > 0)
		buffer_add_text(out, " or ");
	buffer_add_text(out, "select('#',...)==2 and (");
	if (add_condition(out, literals, count, LOG_SET) > 0)
		buffer_add_text(out, " or ");
	buffer_add_text(out, "c=='SET') then ");
	buffer_add_text(out, wrapper_plain_part);
	buffer_add_text(out, "elseif c==nil then r=p() else Q=Q or M() r=Q.X(c,...) end ");
	buffer_add_text(out, end);
}

/* What stands between a library's first line and the rest of it. */
static void add_library_part(struct buffer *out)
{
	buffer_add_text(out, wrapper_library_start);
	add_names(out);
	buffer_add_text(out, "local function M() ");
	buffer_add_text(out, wrapper_slow_part);
	buffer_add_text(out, wrapper_call_part);
	buffer_add_text(out, wrapper_library_run);
	buffer_add_text(out, wrapper_plain_part);
	buffer_add_text(out, wrapper_library_slow);
	buffer_add_text(out, "local function call(...) local r=run(...) if type(r)=='table' and r.err then Q.fail(r,(...)) end return r end ");
	buffer_add_text(out, wrapper_library_end);
	buffer_add_text(out, wrapper_end_part);
	buffer_add_text(out, wrapper_library_register);
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

/* TEXT without PART behind its first line. False: it does not stand there. */
static bool part_remove(struct slice text, struct slice part, struct buffer *out)
{
	const char *line = memchr(text.ptr, '\n', text.len);
	size_t before = line == NULL ? text.len : (size_t)(line + 1 - text.ptr);
	if (text.len - before < part.len || memcmp(text.ptr + before, part.ptr, part.len) != 0)
		return false;
	buffer_add(out, (struct slice){ text.ptr, before });
	buffer_add(out, (struct slice){ text.ptr + before + part.len, text.len - before - part.len });
	return true;
}

static bool dump_remove(struct slice dump, struct slice part, struct buffer *out)
{
	struct slice libraries, version;
	struct buffer form = { 0 }, code = { 0 };
	bool is_read = library_dump_open(dump, &libraries, &version);
	while (is_read && libraries.len > 0) {
		form.len = code.len = 0;
		is_read = library_dump_next(&libraries, SIZE_MAX, &form);
		bool is_ours = is_read && part_remove(buffer_slice(&form), part, &code);
		library_dump_add(out, buffer_slice(is_ours ? &code : &form));
	}
	buffer_free(&form);
	buffer_free(&code);
	if (is_read)
		dump_end(out, 0, version);
	return is_read;
}

void wrapper_remove(struct buffer *out, struct slice reply)
{
	struct buffer part = { 0 }, text = { 0 };
	struct slice rest = reply;
	struct reply piece;
	add_library_part(&part);
	while (rest.len > 0) {
		const char *start = rest.ptr;
		if (!reply_read(&rest, &piece))
			break;
		text.len = 0;
		if (piece.type == REPLY_STRING && (part_remove(piece.text, buffer_slice(&part), &text) || dump_remove(piece.text, buffer_slice(&part), &text)))
			resp_add_bulk(out, buffer_slice(&text));
		else
			buffer_add(out, (struct slice){ start, (size_t)(rest.ptr - start) });
	}
	buffer_free(&part);
	buffer_free(&text);
}

static bool is_word_part(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

static bool begins_with(struct slice text, struct slice start)
{
	return text.len >= start.len && memcmp(text.ptr, start.ptr, start.len) == 0;
}

/* Does it take nothing of `redis` but its functions call and pcall? */
static bool has_calls_only(struct slice body)
{
	static const struct slice name = SLICE("redis"), call = SLICE(".call"), pcall = SLICE(".pcall");
	for (size_t at = 0; at + name.len <= body.len; at++) {
		if (memcmp(body.ptr + at, name.ptr, name.len) != 0)
			continue;
		struct slice rest = { body.ptr + at + name.len, body.len - at - name.len };
		bool is_call = begins_with(rest, call), is_pcall = begins_with(rest, pcall);
		size_t end = is_call ? call.len : pcall.len;
		if ((!is_call && !is_pcall) || (end < rest.len && is_word_part(rest.ptr[end])))
			return false;
		while (end < rest.len && (rest.ptr[end] == ' ' || rest.ptr[end] == '\t' || rest.ptr[end] == '\n' || rest.ptr[end] == '\r'))
			end++;
		if (end < rest.len && rest.ptr[end] == '=')
			return false;
	}
	return true;
}

/* Which words stand in a script. */
struct words { bool has_globals, has_errors, has_server, has_pcall, has_calls_only; };

static struct words words_of(struct slice body)
{
	struct words words = {
		.has_globals = has_word(body, "_G") || has_word(body, "load") || has_word(body, "getfenv") || has_word(body, "setfenv"),
		.has_errors = has_word(body, "error") || has_word(body, "assert"),
		.has_server = has_word(body, "server"),
		.has_pcall = has_word(body, "pcall"),
	};
	words.has_calls_only = !words.has_globals && !words.has_server && has_calls_only(body);
	return words;
}

/* Its `redis`, and the call of its function. */
static void add_call(struct buffer *out, const struct words *words)
{
	const char *simple = words->has_pcall ? "local s={call=call,pcall=run} " : "local s={call=call} ";
	buffer_add_text(out, words->has_calls_only ? simple : wrapper_proxy_part);
	buffer_add_text(out, words->has_globals ? wrapper_globals_part : words->has_server ? "local sv=rawget(_G,'server') and s " : "");
	buffer_add_text(out, words->has_errors ? "local ok,e=xpcall(function() return f(" : "local ok,e=pcall(f,");
	buffer_add_text(out, words->has_globals ? "s,sv,G,G.loadstring,G.load" : words->has_server ? "s,sv" : "s");
	buffer_add_text(out, words->has_errors ? ") end,rawget(_G,'__redis__err__handler') or rawget(_G,'__server__err__handler') or function(x) return x end) " : ") ");
}

/* A first line that only tells Redis something goes in front; returns in which line the rest begins. */
static size_t add_first_line(struct buffer *out, struct slice *body)
{
	if (body->len < 2 || body->ptr[0] != '#' || body->ptr[1] != '!')
		return 1;
	const char *end = memchr(body->ptr, '\n', body->len);
	size_t len = end == NULL ? body->len : (size_t)(end - body->ptr);
	buffer_add(out, (struct slice){ body->ptr, len });
	buffer_add_byte(out, '\n');
	*body = (struct slice){ body->ptr + len + (end != NULL), body->len - len - (end != NULL) };
	return 2;
}

/* What is slow stands in a function, which makes it when it is needed: making a function costs more than calling one. */
void wrapper_add(struct buffer *out, struct slice body, struct slice sha)
{
	struct literal literals[LITERALS_MAX];
	unsigned count = literals_find(body, literals);
	size_t lines = 1;
	for (size_t i = 0; i < body.len; i++)
		lines += body.ptr[i] == '\n';
	size_t first_line = add_first_line(out, &body);
	struct words words = words_of(body);
	buffer_add_text(out, words.has_globals ? "local f=function(redis,server,_G,loadstring,load,getfenv,setfenv,...) " : "local f=function(redis,server,...) ");
	buffer_add(out, body);
	buffer_add_text(out, "\nend local R,N,S=redis,'user_script','");
	buffer_add(out, sha);
	buffer_add_text(out, "' local p,z=R.pcall,#ARGV local g,d,t=ARGV[z-2],ARGV[z-1],ARGV[z] ARGV[z]=nil ARGV[z-1]=nil ARGV[z-2]=nil local Q,L=nil,{t,nil,nil,nil,nil,nil,nil,nil} ");
	buffer_add_text(out, "local function M() local R,p=redis,redis.pcall ");
	add_number(out, "local Z=", lines);
	add_tail_calls(out, body, first_line);
	add_names(out);
	buffer_add_text(out, wrapper_slow_part);
	buffer_add_text(out, wrapper_call_part);
	add_run(out, literals, count, "local function call", "if type(r)=='table' and r.err then Q=Q or M() Q.fail(r,c) end return r end ");
	if (words.has_pcall || !words.has_calls_only)
		add_run(out, literals, count, "local function run", "return r end ");
	add_call(out, &words);
	buffer_add_text(out, wrapper_end_part);
}
