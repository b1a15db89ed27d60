/* Plans of hashes and sets, before the reply. */
#include "plan_parts.h"

const char *plan_build_fields_set(struct plan_build *build)
{
	const struct request *request = build->request;
	if (request->argc % 2 != 0)
		return build_void(build);
	for (uint32_t i = 2; i < request->argc; i += 2) {
		struct change *change = build_intend(build, CHANGE_FIELD_SET, request->argv[1]);
		change->element = request->argv[i];
		change->value = request->argv[i + 1];
	}
	build_send(build);
	return NULL;
}

/* KEY ELEMENT [ELEMENT ...]: the same change for every element. */
static const char *build_each(struct plan_build *build, enum change_kind kind)
{
	const struct request *request = build->request;
	for (uint32_t i = 2; i < request->argc; i++)
		build_intend(build, kind, request->argv[1])->element = request->argv[i];
	build_send(build);
	return NULL;
}

const char *plan_build_fields_remove(struct plan_build *build)
{
	return build_each(build, CHANGE_FIELD_REMOVE);
}

const char *plan_build_members_add(struct plan_build *build)
{
	return build_each(build, CHANGE_MEMBER_ADD);
}

const char *plan_build_members_remove(struct plan_build *build)
{
	return build_each(build, CHANGE_MEMBER_REMOVE);
}

const char *plan_build_scores_remove(struct plan_build *build)
{
	return build_each(build, CHANGE_SCORE_REMOVE);
}

const char *plan_build_field_increment(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	int64_t number;
	if (!slice_to_int64(argv[3], &number))
		return build_void(build);
	struct change *change = build_intend(build, CHANGE_FIELD_INCREMENT, argv[1]);
	change->element = argv[2];
	change->number = number;
	build_send(build);
	return NULL;
}

const char *plan_build_field_increment_float(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	long double number;
	if (!slice_to_long_double(argv[3], &number))
		return build_void(build);
	struct change *change = build_intend(build, CHANGE_FIELD_INCREMENT_FLOAT, argv[1]);
	change->element = argv[2];
	change->value = argv[3];
	build_send(build);
	return NULL;
}

/* Only the reply says which members were popped, so the intent names just the key. */
const char *plan_build_members_pop(struct plan_build *build)
{
	build_intend(build, CHANGE_MEMBER_REMOVE, build->request->argv[1]);
	build_send(build);
	return NULL;
}

const char *plan_build_member_move(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	build_intend(build, CHANGE_MEMBER_REMOVE, argv[1])->element = argv[3];
	build_intend(build, CHANGE_MEMBER_ADD, argv[2])->element = argv[3];
	build_send(build);
	return NULL;
}

const char *plan_build_members_store(struct plan_build *build)
{
	struct slice key = build->request->argv[1];
	build_intend(build, CHANGE_CLEAR, key);
	build_send(build);
	build_read(build, 2, (const struct slice[]){ SLICE("SMEMBERS"), key });
	return NULL;
}
