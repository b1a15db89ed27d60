/* Plans of streams, before the reply. An entry travels under its id, with its fields as RESP: as the command and the replies have them. What a trim removed
 * is told by the first entry that is left. */
#include "plan_parts.h"

#include "stream_id.h"

#define FIELDS_MAX 3900              /* arguments that Redis's Lua can hand to a command: a late entry is put into its place by a script */

/* ---- XADD ---- */

struct add {
	uint32_t id_at;              /* where the id stands; the fields follow */
	bool is_trimming, must_exist;
};

/* As Redis reads options: whatever is none is the id. False: it will refuse them. */
static bool add_read(const struct request *request, struct add *add)
{
	uint32_t i = 2;
	*add = (struct add){ 0 };
	for (; i < request->argc; i++) {
		struct slice word = request->argv[i];
		if (slice_equal_nocase(word, SLICE("NOMKSTREAM"))) {
			add->must_exist = true;
		} else if (slice_equal_nocase(word, SLICE("MAXLEN")) || slice_equal_nocase(word, SLICE("MINID"))) {
			add->is_trimming = true;
			bool has_sign = i + 1 < request->argc && (slice_equal(request->argv[i + 1], SLICE("~")) || slice_equal(request->argv[i + 1], SLICE("=")));
			i += 1 + has_sign;
		} else if (slice_equal_nocase(word, SLICE("LIMIT"))) {
			i++;
		} else {
			break;
		}
	}
	add->id_at = i;
	return i + 3 <= request->argc && (request->argc - i - 1) % 2 == 0;
}

/* The id that the entry gets, unless the server refuses it. False: it will, as it is no id. */
static bool choose_id(struct plan_build *build, struct slice text, struct stream_id *id)
{
	struct slice ms = { text.ptr, text.len < 2 ? 0 : text.len - 2 };
	if (build->world->again != ID_GIVEN) {
		build->planned->choice = build->world->again;
		return stream_id_read(text, id);
	}
	if (build->world->ids != NULL && slice_equal(text, SLICE("*"))) {
		build->planned->choice = ID_CHOSEN;
		*id = stream_ids_next(build->world->ids);
		return true;
	}
	if (build->world->ids != NULL && text.len > 2 && memcmp(text.ptr + text.len - 2, "-*", 2) == 0 && stream_id_read_short(ms, 0, id) && memchr(ms.ptr, '-', ms.len) == NULL) {
		build->planned->choice = ID_SEQ_CHOSEN;
		*id = stream_ids_next_at(build->world->ids, id->ms);
		return true;
	}
	return stream_id_read_short(text, 0, id);
}

/* Above what is there, by a script: of the next millisecond, or, for "ms-*", of that one. It gives the command itself where another id is not what is
 * wrong. Ids beyond what Lua counts exactly are left to Redis. ARGV: the id, bits and place of the datacenter, whether ms is the client's, where the id stands, the command behind its key. */
static const char above_text[] =
	"local k,id,b,p,part,at=KEYS[1],ARGV[1],2^tonumber(ARGV[2]),tonumber(ARGV[3]),ARGV[4]=='1',tonumber(ARGV[5]) "
	"local c={'XADD',k} for i=6,#ARGV do c[#c+1]=ARGV[i] end c[at]=id "
	"local r=redis.pcall(unpack(c)) "
	"if type(r)~='table' or not r.err or not string.find(r.err,'equal or smaller',1,true) then return r end "
	"local top for i,v in ipairs(redis.call('XINFO','STREAM',k)) do if v=='last-generated-id' then top=redis.call('XINFO','STREAM',k)[i+1] end end "
	"local tm,ts=string.match(top,'(%d+)-(%d+)') local im=string.match(id,'%d+') tm,ts=tonumber(tm),tonumber(ts) "
	"if part and tonumber(im)<tm then return r end "
	"if part then c[at]=ts<2^52 and string.format('%s-%.0f',im,(math.floor(ts/b)+1)*b+p) or im..'-*' "
	"else c[at]=tm<2^52 and string.format('%.0f-%.0f',tm+1,p) or '*' end "
	"return redis.pcall(unpack(c))";

/* Where in the store commands what was sent stands. */
struct sent { size_t id_at, fields_at, end_at; };

static void send_arguments(struct plan_build *build, uint32_t first, const struct add *add, struct slice id, struct sent *sent)
{
	const struct request *request = build->request;
	struct buffer *out = build->store_commands;
	for (uint32_t i = first; i < request->argc; i++) {
		if (i == add->id_at)
			sent->id_at = out->len;
		if (i == add->id_at + 1)
			sent->fields_at = out->len;
		resp_add_bulk(out, i == add->id_at ? id : request->argv[i]);
	}
	sent->end_at = out->len;
}

static void send_above(struct plan_build *build, const struct add *add, struct slice id, struct sent *sent)
{
	struct buffer *out = build->store_commands;
	build->planned->answer = build->planned->replies++;
	resp_add_array(out, 9 + (uint64_t)build->request->argc - 2);
	resp_add_bulk(out, SLICE("EVAL"));
	resp_add_bulk(out, slice_of(above_text));
	resp_add_bulk_int(out, 1);
	resp_add_bulk(out, build->request->argv[1]);
	resp_add_bulk(out, id);
	resp_add_bulk_int(out, build->world->ids->bits);
	resp_add_bulk_int(out, build->world->ids->place);
	resp_add_bulk_int(out, build->planned->choice == ID_SEQ_CHOSEN);
	resp_add_bulk_int(out, add->id_at + 1);
	send_arguments(build, 2, add, id, sent);
}

static void send_add(struct plan_build *build, const struct add *add, struct slice id, struct sent *sent)
{
	build->planned->answer = build->planned->replies++;
	resp_add_array(build->store_commands, build->request->argc);
	send_arguments(build, 0, add, id, sent);
}

static void read_first(struct plan_build *build, struct slice key)
{
	build_read(build, 6, (const struct slice[]){ SLICE("XRANGE"), key, SLICE("-"), SLICE("+"), SLICE("COUNT"), SLICE("1") });
}

/* What stands there, as RESP. */
static struct slice bulk_at(const struct buffer *out, size_t at)
{
	struct slice cursor = { out->ptr + at, out->len - at };
	struct reply bulk;
	return reply_read(&cursor, &bulk) ? bulk.text : (struct slice){ "", 0 };
}

/* Has the id that was chosen to be found by a script? Not if all that the stream holds is known to be below it. */
static bool is_doubtful(struct plan_build *build, struct slice key, struct stream_id id)
{
	const struct plan_world *world = build->world;
	enum id_choice choice = build->planned->choice;
	if (world->ids == NULL)
		return false;
	if (choice != ID_CHOSEN)
		stream_tops_forget(world->ids->tops, world->db, key);
	if (choice == ID_GIVEN)
		return false;
	if (!world->is_careful && choice == ID_CHOSEN && stream_tops_know(world->ids->tops, world->db, key))
		return false;
	if (choice == ID_CHOSEN)
		stream_tops_ask(world->ids->tops, world->db, key, id.ms, id.seq);
	return true;
}

const char *plan_build_stream_add(struct plan_build *build)
{
	const struct request *request = build->request;
	const struct buffer *out = build->store_commands;
	struct buffer text = { 0 };
	struct add add;
	struct sent sent;
	struct stream_id id;
	if (!add_read(request, &add) || !choose_id(build, request->argv[add.id_at], &id))
		return build_void(build);
	if (request->argc - add.id_at > FIELDS_MAX)
		return "HOMEPORT unsupported XADD of so many fields (docs/limits.md): 1949 go with one entry";
	bool is_above = is_doubtful(build, request->argv[1], id);
	if (add.is_trimming || add.must_exist || is_above)
		build->planned->plan = PLAN_STREAM_ADD_SEEN;
	stream_id_add(&text, id);
	if (add.is_trimming)
		read_first(build, request->argv[1]);
	(is_above ? send_above : send_add)(build, &add, buffer_slice(&text), &sent);
	if (add.is_trimming)
		read_first(build, request->argv[1]);
	/* The script finds one that fits: it is not run again. */
	if (is_above)
		build->planned->choice = ID_GIVEN;
	buffer_free(&text);
	struct change *change = build_intend(build, CHANGE_STREAM_ADD, request->argv[1]);
	change->element = bulk_at(out, sent.id_at);
	change->value = (struct slice){ out->ptr + sent.fields_at, sent.end_at - sent.fields_at };
	if (add.is_trimming)
		build_intend(build, CHANGE_STREAM_TRIM, request->argv[1]);
	return NULL;
}

/* XSETID key id: elsewhere the stream reaches that id, too. What is told of its counters beside that is for this store. */
const char *plan_build_stream_setid(struct plan_build *build)
{
	const struct request *request = build->request;
	struct buffer text = { 0 };
	struct stream_id id;
	if (!stream_id_read_short(request->argv[2], 0, &id))
		return build_void(build);
	if (build->world->ids != NULL)
		stream_tops_forget(build->world->ids->tops, build->world->db, request->argv[1]);
	size_t at = build->store_commands->len;
	stream_id_add(&text, id);
	build->planned->answer = build->planned->replies++;
	resp_add_array(build->store_commands, request->argc);
	for (uint32_t i = 0; i < request->argc; i++) {
		at = i == 2 ? build->store_commands->len : at;
		resp_add_bulk(build->store_commands, i == 2 ? buffer_slice(&text) : request->argv[i]);
	}
	buffer_free(&text);
	build_intend(build, CHANGE_STREAM_REACH, request->argv[1])->value = bulk_at(build->store_commands, at);
	return NULL;
}

/* ---- XDEL, XTRIM ---- */

const char *plan_build_stream_remove(struct plan_build *build)
{
	const struct request *request = build->request;
	struct buffer *out = build->store_commands;
	struct stream_id id;
	for (uint32_t i = 2; i < request->argc; i++)
		if (!stream_id_read_short(request->argv[i], 0, &id))
			return build_void(build);
	size_t at = out->len;
	build->planned->answer = build->planned->replies++;
	resp_add_array(out, request->argc);
	for (uint32_t i = 0; i < request->argc; i++) {
		struct buffer text = { 0 };
		if (i >= 2 && stream_id_read_short(request->argv[i], 0, &id))
			stream_id_add(&text, id);
		resp_add_bulk(out, i >= 2 ? buffer_slice(&text) : request->argv[i]);
		buffer_free(&text);
	}
	struct slice cursor = { out->ptr + at, out->len - at };
	struct reply word;
	for (int64_t i = -1; reply_read(&cursor, &word); i++)
		if (i >= 2)
			build_intend(build, CHANGE_STREAM_REMOVE, request->argv[1])->element = word.text;
	return NULL;
}

const char *plan_build_stream_trim(struct plan_build *build)
{
	struct slice key = build->request->argv[1];
	build_intend(build, CHANGE_STREAM_TRIM, key);
	read_first(build, key);
	build_send(build);
	read_first(build, key);
	return NULL;
}
