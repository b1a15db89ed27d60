/* Plan build: the pieces that build functions are made of (see plan_build.h). */
#include "plan_build.h"

#include "group_script.h"
#include "plan_parts.h"

#include <assert.h>

/* Plans that are only reached from others have no command: no row of command.def leads here. */
const char *plan_build_none(struct plan_build *build)
{
	assert(build == NULL);
	return NULL;
}

void build_send(struct plan_build *build)
{
	const struct request *request = build->request;
	build->planned->answer = build->planned->replies++;
	if (request->raw.len > 0)
		buffer_add(build->store_commands, request->raw);
	else
		resp_add_command(build->store_commands, request->argc, request->argv);
}

void build_send_instead(struct plan_build *build, unsigned argc, const struct slice *argv)
{
	build->planned->answer = build->planned->replies;
	build_read(build, argc, argv);
}

void build_read(struct plan_build *build, unsigned argc, const struct slice *argv)
{
	build->planned->replies++;
	resp_add_command(build->store_commands, argc, argv);
}

void build_read_whole_key(struct plan_build *build, struct slice key)
{
	build_read(build, 2, (const struct slice[]){ SLICE("PEXPIRETIME"), key });
	build_read(build, 2, (const struct slice[]){ SLICE("GET"), key });
	build_read(build, 2, (const struct slice[]){ SLICE("HGETALL"), key });
	build_read(build, 2, (const struct slice[]){ SLICE("SMEMBERS"), key });
	build_read(build, 5, (const struct slice[]){ SLICE("ZRANGE"), key, SLICE("0"), SLICE("-1"), SLICE("WITHSCORES") });
	build_read(build, 4, (const struct slice[]){ SLICE("LRANGE"), key, SLICE("0"), SLICE("-1") });
	build_read(build, 3, (const struct slice[]){ SLICE("XINFO"), SLICE("STREAM"), key });
	build_read(build, 4, (const struct slice[]){ SLICE("XRANGE"), key, SLICE("-"), SLICE("+") });
	build_read(build, 4, (const struct slice[]){ SLICE("EVAL"), slice_of(group_script_of_all), SLICE("1"), key });
}

struct change *build_intend(struct plan_build *build, enum change_kind kind, struct slice key)
{
	return changes_add(build->changes, kind, build->world->db, key);
}

const char *build_void(struct plan_build *build)
{
	build->planned->plan = PLAN_VOID;
	build_send(build);
	return NULL;
}
