/* Plan build: what a build function is given, and the pieces it is made of. A build function is the half of a plan before the store's reply.
 * Private to the plans. */
#ifndef CORE_PLAN_BUILD_H
#define CORE_PLAN_BUILD_H

#include "command.h"
#include "plan.h"

struct plan_build {
	const struct request *request;
	const struct plan_world *world;
	struct buffer *store_commands;
	struct changes *changes;
	struct planned *planned;     /* .plan is the command's own until a build function chooses a simpler one */
};

/* NULL, or an error line for the client; plan_command then takes back what was appended. */
typedef const char *plan_build_function(struct plan_build *build);

/* The client's command, as it is or rewritten: its reply is the client's answer. */
void build_send(struct plan_build *build);
void build_send_instead(struct plan_build *build, unsigned argc, const struct slice *argv);
/* A command of ours beside it. */
void build_read(struct plan_build *build, unsigned argc, const struct slice *argv);
/* PEXPIRETIME, GET, HGETALL, SMEMBERS, ZRANGE WITHSCORES, LRANGE, XINFO STREAM, XRANGE, and a script that tells groups: whatever type the key is of, the reads of other types do no harm. */
void build_read_whole_key(struct plan_build *build, struct slice key);
/* A change in the request's database. */
struct change *build_intend(struct plan_build *build, enum change_kind kind, struct slice key);
/* The command cannot change anything, or the store will refuse it and word the error. */
const char *build_void(struct plan_build *build);

#endif
