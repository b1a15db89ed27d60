/* Scripts (see scripts.h). */
#include "scripts.h"

#include "wrapper.h"
#include "proxy/core/commands/stream_id.h"
#include "proxy/core/vocabulary/options.h"

#include <string.h>

#define WORDS_FIRST 3                /* EVAL, the script, the number of keys */

struct script_entry {
	struct table_node node;      /* first */
	struct script_entry *newer, *older;
	char sha[SHA1_HEX], form[SHA1_HEX];
	struct slice body;           /* owned */
	bool may_add;                /* entries to streams, by the words in it */
	bool is_good;                /* the store, or another one, has compiled it */
	bool is_formed;              /* FORM is known */
	bool is_loaded;              /* the store has our form */
	uint32_t given;              /* a bit for each datacenter that was sent its text */
};

static const char nothing[] = "0000000000000000000000000000000000000000";

bool scripts_are_meant(const struct command *row)
{
	const char *name = row->name;
	if (name[0] == 'e')
		return name[1] == 'v';
	return name[0] == 's' && name[1] == 'c' && (strcmp(name, "script|exists") == 0 || strcmp(name, "script|flush") == 0 || strcmp(name, "script|load") == 0);
}

/* ---- which there are ---- */

static uint64_t size_of(const struct script_entry *entry)
{
	return sizeof *entry + entry->body.len;
}

static struct script_entry *entry_find(const struct scripts *scripts, struct slice sha)
{
	char name[SHA1_HEX];
	if (sha.len != SHA1_HEX)
		return NULL;
	for (unsigned i = 0; i < SHA1_HEX; i++)
		name[i] = sha.ptr[i] >= 'A' && sha.ptr[i] <= 'F' ? (char)(sha.ptr[i] - 'A' + 'a') : sha.ptr[i];
	struct table_node *node = table_first(&scripts->table, slice_hash((struct slice){ name, SHA1_HEX }));
	while (node != NULL && memcmp(((struct script_entry *)(void *)node)->sha, name, SHA1_HEX) != 0)
		node = table_same(node);
	return (struct script_entry *)(void *)node;
}

static void list_remove(struct scripts *scripts, struct script_entry *entry)
{
	*(entry->newer == NULL ? &scripts->newest : &entry->newer->older) = entry->older;
	*(entry->older == NULL ? &scripts->oldest : &entry->older->newer) = entry->newer;
}

static void list_add(struct scripts *scripts, struct script_entry *entry)
{
	entry->newer = NULL;
	entry->older = scripts->newest;
	*(scripts->newest == NULL ? &scripts->oldest : &scripts->newest->newer) = entry;
	scripts->newest = entry;
}

static void entry_remove(struct scripts *scripts, struct script_entry *entry)
{
	list_remove(scripts, entry);
	table_remove(&scripts->table, &entry->node);
	scripts->bytes -= size_of(entry);
	scripts->count--;
	memory_free((void *)(uintptr_t)entry->body.ptr);
	memory_free(entry);
}

static void news_add(struct scripts *scripts, char what, const char *sha)
{
	buffer_add_byte(&scripts->news, what);
	buffer_add(&scripts->news, (struct slice){ sha, SHA1_HEX });
}

static struct script_entry *entry_add(struct scripts *scripts, const char *sha, struct slice body)
{
	struct script_entry *entry = memory_new(sizeof *entry);
	memcpy(entry->sha, sha, SHA1_HEX);
	entry->body = buffer_copy(body);
	entry->may_add = wrapper_may_add(body);
	table_add(&scripts->table, &entry->node, slice_hash((struct slice){ sha, SHA1_HEX }));
	list_add(scripts, entry);
	scripts->bytes += size_of(entry);
	scripts->count++;
	/* At the limit that one goes which was used longest ago. */
	while (scripts->bytes > scripts->bytes_max && scripts->oldest != entry) {
		if (scripts->oldest->is_good)
			news_add(scripts, '-', scripts->oldest->sha);
		entry_remove(scripts, scripts->oldest);
		scripts->dropped++;
	}
	return entry;
}

static struct script_entry *entry_of_body(struct scripts *scripts, struct slice body)
{
	char sha[SHA1_HEX];
	sha1_hex(body, sha);
	struct script_entry *entry = entry_find(scripts, (struct slice){ sha, SHA1_HEX });
	return entry != NULL ? entry : entry_add(scripts, sha, body);
}

static void entry_use(struct scripts *scripts, struct script_entry *entry)
{
	list_remove(scripts, entry);
	list_add(scripts, entry);
}

static void unload(void *context, struct table_node *node)
{
	(void)context;
	((struct script_entry *)(void *)node)->is_loaded = false;
}

void scripts_unload(struct scripts *scripts)
{
	table_each(&scripts->table, unload, NULL);
}

void scripts_clear(struct scripts *scripts)
{
	while (scripts->oldest != NULL)
		entry_remove(scripts, scripts->oldest);
	scripts->news.len = 0;
}

void scripts_free(struct scripts *scripts)
{
	scripts_clear(scripts);
	table_free(&scripts->table);
	buffer_free(&scripts->news);
}

/* ---- what the store does for them ---- */

static void add_raw(struct buffer *out, const struct request *request)
{
	if (request->raw.len > 0)
		buffer_add(out, request->raw);
	else
		resp_add_command(out, request->argc, request->argv);
}

/* Redis refuses it, in its own words, whatever the script is. */
static bool is_refused(const struct request *request)
{
	int64_t keys;
	return !slice_to_int64(request->argv[2], &keys) || keys < 0 || keys > (int64_t)request->argc - WORDS_FIRST;
}

static void add_words(struct buffer *out, const struct request *request, uint32_t first)
{
	for (uint32_t i = first; i < request->argc; i++)
		resp_add_bulk(out, request->argv[i]);
}

static void add_refused(struct buffer *out, const struct request *request, bool is_sha, struct scripted *scripted)
{
	resp_add_array(out, request->argc);
	resp_add_bulk(out, request->argv[0]);
	resp_add_bulk(out, is_sha ? (struct slice){ nothing, SHA1_HEX } : SLICE(""));
	add_words(out, request, 2);
	scripted->replies = 1;
}

static void add_script(struct buffer *out, struct script_entry *entry, bool is_reading)
{
	if (entry->is_loaded) {
		resp_add_bulk(out, is_reading ? SLICE("EVALSHA_RO") : SLICE("EVALSHA"));
		resp_add_bulk(out, (struct slice){ entry->form, SHA1_HEX });
		return;
	}
	struct buffer form = { 0 };
	wrapper_add(&form, entry->body, (struct slice){ entry->sha, SHA1_HEX });
	if (!entry->is_formed)
		sha1_hex(buffer_slice(&form), entry->form);
	entry->is_formed = true;
	entry->is_loaded = true;
	resp_add_bulk(out, is_reading ? SLICE("EVAL_RO") : SLICE("EVAL"));
	resp_add_bulk(out, buffer_slice(&form));
	buffer_free(&form);
}

static void add_run(struct scripts *scripts, struct script_entry *entry, const struct request *request, const struct scripts_place *place,
                    struct buffer *out, struct scripted *scripted)
{
	bool is_reading = !scripted->is_write;
	struct buffer text = { 0 };
	entry_use(scripts, entry);
	if (!entry->is_good) {
		resp_add_command(out, 3, (struct slice[]){ SLICE("SCRIPT"), SLICE("LOAD"), entry->body });
		scripted->answer = 1;
		scripted->is_new = true;
	}
	resp_add_array(out, request->argc + WRAPPER_HIDDEN);
	add_script(out, entry, is_reading);
	add_words(out, request, 2);
	stream_ids_reserve(place->ids, entry->may_add ? SCRIPTS_IDS : 0, &text);
	resp_add_bulk(out, buffer_slice(&text));
	text.len = 0;
	if (!place->is_outbox_whole)
		buffer_add_byte(&text, '+');
	buffer_add_uint64(&text, place->reserved_db);
	resp_add_bulk(out, buffer_slice(&text));
	text.len = 0;
	buffer_add_uint64(&text, ++scripts->next_token);
	resp_add_bulk(out, is_reading ? SLICE("r") : buffer_slice(&text));
	scripted->replies = scripted->answer + 1;
	buffer_add_byte(&text, ' ');
	buffer_add(&text, (struct slice){ entry->sha, SHA1_HEX });
	buffer_add_byte(&text, ' ');
	buffer_add_uint64(&text, place->db);
	slice_to_text(scripted->by_text, sizeof scripted->by_text, buffer_slice(&text));
	buffer_free(&text);
}

static bool is_by_sha(const struct command *row)
{
	return strncmp(row->name, "evalsha", strlen("evalsha")) == 0;
}

bool scripts_bring(struct scripts *scripts, const struct command *row, const struct request *request, unsigned dc, bool is_always, struct arena *room,
                   struct request *with_text)
{
	struct script_entry *entry = is_by_sha(row) ? entry_find(scripts, request->argv[1]) : NULL;
	if (entry == NULL || dc >= CORE_DCS_MAX || (!is_always && (entry->given >> dc & 1) != 0))
		return false;
	entry->given |= UINT32_C(1) << dc;
	struct slice *argv = arena_take(room, request->argc * sizeof *argv);
	memcpy(argv, request->argv, request->argc * sizeof *argv);
	argv[0] = row->class == COMMAND_WRITE ? SLICE("EVAL") : SLICE("EVAL_RO");
	argv[1] = entry->body;
	*with_text = (struct request){ .argv = argv, .argc = request->argc };
	return true;
}

/* Such as EVAL, EVALSHA_RO. */
static void take_run(struct scripts *scripts, const struct command *row, const struct request *request, const struct scripts_place *place,
                     struct buffer *out, struct scripted *scripted)
{
	bool is_sha = is_by_sha(row);
	struct script_entry *entry = NULL;
	scripted->is_write = row->class == COMMAND_WRITE;
	if (!is_refused(request))
		entry = is_sha ? entry_find(scripts, request->argv[1]) : entry_of_body(scripts, request->argv[1]);
	if (entry == NULL)
		add_refused(out, request, is_sha, scripted);
	else
		add_run(scripts, entry, request, place, out, scripted);
}

static void take_load(struct scripts *scripts, const struct request *request, struct buffer *out, struct scripted *scripted)
{
	struct script_entry *entry = entry_of_body(scripts, request->argv[2]);
	entry_use(scripts, entry);
	add_raw(out, request);
	scripted->replies = 1;
	scripted->is_new = true;
	scripted->by_text[0] = ' ';
	slice_to_text(scripted->by_text + 1, sizeof scripted->by_text - 1, (struct slice){ entry->sha, SHA1_HEX });
}

/* Redis knows only our forms. */
static void take_exists(struct scripts *scripts, const struct request *request, struct buffer *out, struct scripted *scripted)
{
	resp_add_array(out, request->argc + 1);
	resp_add_bulk(out, SLICE("EVAL"));
	resp_add_bulk(out, SLICE("for i=1,#ARGV do ARGV[i]=tonumber(ARGV[i]) end return ARGV"));
	resp_add_bulk(out, SLICE("0"));
	for (uint32_t i = 2; i < request->argc; i++)
		resp_add_bulk(out, entry_find(scripts, request->argv[i]) != NULL ? SLICE("1") : SLICE("0"));
	scripted->replies = 1;
}

static void take_flush(struct scripts *scripts, const struct request *request, struct buffer *out, struct scripted *scripted)
{
	add_raw(out, request);
	scripted->replies = 1;
	bool is_good = request->argc == 2 || (request->argc == 3 && (slice_equal_nocase(request->argv[2], SLICE("ASYNC")) ||
	                                                            slice_equal_nocase(request->argv[2], SLICE("SYNC"))));
	while (is_good && scripts->oldest != NULL) {
		if (scripts->oldest->is_good)
			news_add(scripts, '-', scripts->oldest->sha);
		entry_remove(scripts, scripts->oldest);
	}
}

void scripts_command(struct scripts *scripts, const struct command *row, const struct request *request, const struct scripts_place *place,
                     struct buffer *out, struct scripted *scripted)
{
	*scripted = (struct scripted){ 0 };
	if (row->plan == PLAN_SCRIPT_LOAD)
		take_load(scripts, request, out, scripted);
	else if (strcmp(row->name, "script|exists") == 0)
		take_exists(scripts, request, out, scripted);
	else if (strcmp(row->name, "script|flush") == 0)
		take_flush(scripts, request, out, scripted);
	else
		take_run(scripts, row, request, place, out, scripted);
}

/* ---- what came of it ---- */

uint32_t scripts_db(struct slice by)
{
	int64_t db;
	slice_take_until(&by, ' ');
	slice_take_until(&by, ' ');
	return slice_to_int64(by, &db) ? (uint32_t)db : 0;
}

void scripts_answered(struct scripts *scripts, struct slice by, struct slice first, struct slice reply)
{
	struct slice token = slice_take_until(&by, ' ');
	struct script_entry *entry = entry_find(scripts, slice_take_until(&by, ' '));
	bool is_load = token.len == 0;
	if (entry == NULL)
		return;
	if (!entry->is_good && first.len > 0 && first.ptr[0] == '$') {
		entry->is_good = true;
		news_add(scripts, '+', entry->sha);
	} else if (!entry->is_good && first.len > 0) {
		entry_remove(scripts, entry);        /* Redis cannot compile it */
		return;
	}
	if (!is_load && reply_is_error(reply))
		entry->is_loaded = false;            /* NOSCRIPT, or it did not even begin */
}

bool scripts_are_field(struct slice field)
{
	return field.len == sizeof SCRIPTS_FIELD - 1 + SHA1_HEX && memcmp(field.ptr, SCRIPTS_FIELD, sizeof SCRIPTS_FIELD - 1) == 0;
}

void scripts_learn(struct scripts *scripts, struct slice field, struct slice body)
{
	struct slice sha = { field.ptr + sizeof SCRIPTS_FIELD - 1, SHA1_HEX };
	struct script_entry *entry = entry_find(scripts, sha);
	if (body.ptr == NULL) {
		if (entry != NULL)
			entry_remove(scripts, entry);
		return;
	}
	if (entry == NULL)
		entry = entry_of_body(scripts, body);
	entry->is_good = true;
}

bool scripts_next_news(struct scripts *scripts, char field[sizeof SCRIPTS_FIELD + SHA1_HEX], struct slice *body)
{
	while (scripts->news.len > 0) {
		bool is_removal = scripts->news.ptr[0] == '-';
		memcpy(field, SCRIPTS_FIELD, sizeof SCRIPTS_FIELD - 1);
		memcpy(field + sizeof SCRIPTS_FIELD - 1, scripts->news.ptr + 1, SHA1_HEX);
		field[sizeof SCRIPTS_FIELD - 1 + SHA1_HEX] = '\0';
		scripts->news.len -= 1 + SHA1_HEX;
		memmove(scripts->news.ptr, scripts->news.ptr + 1 + SHA1_HEX, scripts->news.len);
		struct script_entry *entry = entry_find(scripts, (struct slice){ field + sizeof SCRIPTS_FIELD - 1, SHA1_HEX });
		if (is_removal != (entry == NULL))
			continue;            /* it has come back, or is gone again */
		*body = is_removal ? (struct slice){ NULL, 0 } : entry->body;
		return true;
	}
	return false;
}
