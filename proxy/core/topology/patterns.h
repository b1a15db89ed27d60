/* Patterns: which user a key belongs to, and where users live by default, as the operator configured it (docs/replication-model.md, "Homes"). */
#ifndef CORE_PATTERNS_H
#define CORE_PATTERNS_H

#include "user_hash.h"
#include "proxy/core/versions/origin.h"
#include "proxy/core/vocabulary/options.h"

struct home_default { struct slice match; unsigned dc; uint32_t weight; uint64_t draw; };

struct home_pattern {
	struct slice text, name;             /* owned; the glob, and whose users these are */
	struct user_hash name_hash;
	struct slice before, behind;         /* parts of TEXT */
	bool is_before_plain;                /* BEFORE has no wildcard: the id begins where it ends */
	int stop_before, stop_behind;        /* the literal bytes beside the id; -1: it is at that end */
	enum home_away away;
	bool is_read_home, is_pop_home, is_mixed_accepted;
	bool is_hash, is_first;
	struct home_default *defaults;       /* owned; those of the first pattern of this name count for all */
	unsigned default_count;
	const struct home_pattern *first;    /* of this name */
};

struct patterns {
	struct home_pattern *items;          /* owned */
	unsigned count;
	uint64_t digest;                     /* of all this; 0: no homes are configured */
	bool has_read_home;
};

struct user { const struct home_pattern *pattern; struct slice id; };    /* the id is borrowed from the key */

/* NULL, or what is wrong and what to do; then PATTERNS is only good to be freed. */
const char *patterns_init(struct patterns *patterns, const struct origins *origins, const struct core_home *homes, unsigned count);
void patterns_free(struct patterns *patterns);
/* Whose is this key? False: nobody's. */
bool patterns_user(const struct patterns *patterns, struct slice key, struct user *user);
/* USER is written as name:id. False: no pattern has that name, or there is no id. */
bool patterns_named(const struct patterns *patterns, struct slice text, struct user *user);
struct user_hash patterns_hash(const struct user *user);
/* Where the user lives without a home of his own; HASH is his. CORE_DC_UNKNOWN: nowhere, until somebody writes for him. */
unsigned patterns_default(const struct user *user, struct user_hash hash);
void patterns_add_user(struct buffer *out, const struct user *user);     /* name:id */

#endif
