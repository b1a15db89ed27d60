/* Plans of keys and databases, before the reply. */
#include "dump.h"
#include "plan_parts.h"

/* ---- removals ---- */

const char *plan_build_clear(struct plan_build *build)
{
	const struct request *request = build->request;
	for (uint32_t i = 1; i < request->argc; i++)
		build_intend(build, CHANGE_CLEAR, request->argv[i]);
	build_send(build);
	return NULL;
}

/* NULL for FLUSHDB and FLUSHALL as Redis takes them. */
static const char *flush_error(const struct request *request)
{
	bool is_plain = request->argc == 1;
	bool has_mode = request->argc == 2 && (slice_equal_nocase(request->argv[1], SLICE("SYNC")) ||
	                                       slice_equal_nocase(request->argv[1], SLICE("ASYNC")));
	return is_plain || has_mode ? NULL : "ERR syntax error";
}

const char *plan_build_flushdb(struct plan_build *build)
{
	const char *error = flush_error(build->request);
	if (error != NULL)
		return error;
	build_intend(build, CHANGE_FLUSH, SLICE(""));
	build_send(build);
	return NULL;
}

static void select_db(struct plan_build *build, uint32_t db)
{
	build->planned->replies++;
	resp_add_array(build->store_commands, 2);
	resp_add_bulk(build->store_commands, SLICE("SELECT"));
	resp_add_bulk_int(build->store_commands, db);
}

/* FLUSHALL would take the reserved database along. Any of the FLUSHDBs may answer for all. */
const char *plan_build_flushall(struct plan_build *build)
{
	const struct request *request = build->request;
	const char *error = flush_error(request);
	if (error != NULL)
		return error;
	changes_add(build->changes, CHANGE_FLUSH, DB_ALL, SLICE(""));
	const struct slice flushdb[] = { SLICE("FLUSHDB"), request->argc == 2 ? request->argv[1] : SLICE("") };
	for (uint32_t db = 0; db < build->world->databases; db++) {
		if (db == build->world->reserved_db)
			continue;
		select_db(build, db);
		build_send_instead(build, request->argc, flushdb);
	}
	select_db(build, build->world->db);
	return NULL;
}

/* ---- moves ---- */

const char *plan_build_rename(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	if (slice_equal(argv[1], argv[2]))
		return build_void(build);
	build_intend(build, CHANGE_CLEAR, argv[1]);
	build_intend(build, CHANGE_CLEAR, argv[2]);
	build_send(build);
	build_read_whole_key(build, argv[2]);
	return NULL;
}

/* Sends the command, and reads back whole what it has made of KEY in another database. */
static const char *build_elsewhere(struct plan_build *build, enum plan plan, struct slice key, uint32_t db)
{
	build->planned->plan = plan;
	changes_add(build->changes, CHANGE_CLEAR, db, key);
	build_send(build);
	select_db(build, db);
	build_read_whole_key(build, key);
	select_db(build, build->world->db);
	return NULL;
}

/* Our database does not exist for clients: the command names one instead of which the store says so. */
static const char *build_nowhere(struct plan_build *build, uint32_t db_at)
{
	const struct request *request = build->request;
	build->planned->plan = PLAN_VOID;
	build->planned->answer = build->planned->replies++;
	resp_add_array(build->store_commands, request->argc);
	for (uint32_t i = 0; i < request->argc; i++) {
		if (i == db_at)
			resp_add_bulk_int(build->store_commands, build->world->databases);
		else
			resp_add_bulk(build->store_commands, request->argv[i]);
	}
	return NULL;
}

/* Where COPY names the destination's database (the last DB counts); 0: nowhere. */
static uint32_t copy_db_at(const struct request *request)
{
	uint32_t found = 0;
	for (uint32_t i = 3; i + 1 < request->argc; i++)
		if (slice_equal_nocase(request->argv[i], SLICE("DB")))
			found = ++i;
	return found;
}

/* A database that a client may name. The store words the error where it is none. */
static bool db_read(const struct plan_world *world, struct slice text, uint32_t *db)
{
	int64_t number;
	if (!slice_to_int64(text, &number) || number < 0 || number >= world->databases)
		return false;
	*db = (uint32_t)number;
	return true;
}

const char *plan_build_copy(struct plan_build *build)
{
	struct slice key = build->request->argv[2];
	uint32_t db_at = copy_db_at(build->request), db = build->world->db;
	if (db_at != 0 && !db_read(build->world, build->request->argv[db_at], &db))
		return build_void(build);
	if (db == build->world->reserved_db)
		return build_nowhere(build, db_at);
	/* A script does not tell in which database it is. */
	if (db != build->world->db || (db_at != 0 && build->world->is_scripted))
		return build_elsewhere(build, PLAN_COPY_TO, key, db);
	build_intend(build, CHANGE_CLEAR, key);
	build_send(build);
	build_read_whole_key(build, key);
	return NULL;
}

const char *plan_build_move(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	uint32_t db;
	if (!db_read(build->world, argv[2], &db) || db == build->world->db)
		return build_void(build);
	if (db == build->world->reserved_db)
		return build_nowhere(build, 2);
	build_intend(build, CHANGE_CLEAR, argv[1]);
	return build_elsewhere(build, PLAN_MOVE, argv[1], db);
}

/* ---- lists made of others ---- */

/* Where the destination stands, as Redis reads options, which may hold anything; 0: nothing is stored. */
static uint32_t sort_store_at(const struct request *request)
{
	for (uint32_t i = 2; i < request->argc; i++) {
		struct slice word = request->argv[i];
		if (slice_equal_nocase(word, SLICE("STORE")))
			return i + 1 < request->argc ? i + 1 : 0;
		if (slice_equal_nocase(word, SLICE("LIMIT")))
			i += 2;
		else if (slice_equal_nocase(word, SLICE("BY")) || slice_equal_nocase(word, SLICE("GET")))
			i++;
	}
	return 0;
}

const char *plan_build_sort(struct plan_build *build)
{
	uint32_t at = sort_store_at(build->request);
	if (at == 0)
		return build_void(build);
	struct slice key = build->request->argv[at];
	build_intend(build, CHANGE_CLEAR, key);
	build_send(build);
	build_read(build, 4, (const struct slice[]){ SLICE("LRANGE"), key, SLICE("0"), SLICE("-1") });
	return NULL;
}

const char *plan_build_restore(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	bool is_foreign = argv[3].len > 0 && !dump_type_is_known((unsigned char)argv[3].ptr[0]);
	if (is_foreign && dump_is_whole(argv[3]))
		return "HOMEPORT unsupported RESTORE of this type (docs/commands.md): types of modules are not replicated";
	if (is_foreign)
		return build_void(build);
	build_intend(build, CHANGE_CLEAR, argv[1]);
	build_send(build);
	build_read_whole_key(build, argv[1]);
	return NULL;
}

/* ---- deadlines ---- */

const char *plan_build_expire(struct plan_build *build)
{
	struct slice key = build->request->argv[1];
	build_intend(build, CHANGE_EXPIRE, key);
	build_send(build);
	build_read(build, 2, (const struct slice[]){ SLICE("PEXPIRETIME"), key });
	return NULL;
}

const char *plan_build_getex(struct plan_build *build)
{
	return build->request->argc > 2 ? plan_build_expire(build) : build_void(build);
}

/* ---- internal writes ---- */

void plan_readback(const struct plan_world *world, struct slice key, bool is_expired, const struct plan_output *output)
{
	struct plan_build build = { .world = world, .store_commands = output->store_commands, .changes = output->changes, .planned = output->planned };
	*output->planned = (struct planned){ .plan = PLAN_READBACK };
	build_intend(&build, CHANGE_CLEAR, key)->is_expiry = is_expired;
	build_read_whole_key(&build, key);
}

void plan_round(const struct plan_world *world, enum change_kind kind, struct slice key, struct slice element, const struct plan_output *output)
{
	struct plan_build build = { .world = world, .store_commands = output->store_commands, .changes = output->changes, .planned = output->planned };
	*output->planned = (struct planned){ .plan = PLAN_ROUND };
	build_intend(&build, kind, key)->element = element;
	if (kind == CHANGE_SET)
		build_read(&build, 2, (const struct slice[]){ SLICE("GET"), key });
	else
		build_read(&build, 3, (const struct slice[]){ kind == CHANGE_FIELD_SET ? SLICE("HGET") : SLICE("ZSCORE"), key, element });
}
