/* Isolation: this datacenter is cut off for a drill: it exchanges nothing with others, and refuses clients, as a dead one would. It lasts only as long as whoever ordered
 * it goes on saying so, and never longer than limits.isolation. It is remembered in memory only: a restart ends it. The rules stand here; proxy/turn cuts and heals. */
#ifndef PROXY_ISOLATION_H
#define PROXY_ISOLATION_H

#include "base/bytes.h"

#define ISOLATION_KEEP_MS_MAX 60000  /* an order may ask for: how long it lasts without another word */

enum isolation_end {
	ISOLATION_HEALED,            /* as was ordered */
	ISOLATION_LAPSED,            /* nobody said in time that it shall go on */
	ISOLATION_OVER,              /* its time was over */
	ISOLATION_LOST,              /* Redis was lost */
	ISOLATION_END_COUNT
};

struct isolation_status {
	uint64_t id;                 /* of the one that is on, as whoever ordered it named it; 0: none is */
	uint64_t since_ms, until_ms; /* our steady clock */
	uint64_t kept_ms, keep_ms;   /* when it was last said that it shall go on, and for how long that counts */
	char by[100];
	uint64_t ended[ISOLATION_END_COUNT];     /* since the start */
};

enum isolation_verb { ISOLATION_BEGIN, ISOLATION_KEEP, ISOLATION_HEAL };

struct isolation_order {
	enum isolation_verb verb;
	uint64_t id;                 /* not 0 */
	uint64_t for_ms, keep_ms;    /* BEGIN; FOR_MS 0: limits.isolation */
	struct slice by;
};

/* NULL: it was done. Else why not, without '-'. LONGEST_MS: limits.isolation. */
MUST_CHECK const char *isolation_order(struct isolation_status *isolation, const struct isolation_order *order, uint64_t longest_ms, uint64_t now_ms);
/* One that is on ends. */
void isolation_stop(struct isolation_status *isolation, enum isolation_end end);
/* Is it time for that? Then *END says why. */
bool isolation_is_due(const struct isolation_status *isolation, uint64_t now_ms, enum isolation_end *end);
const char *isolation_end_text(enum isolation_end end);
const char *isolation_verb_text(enum isolation_verb verb);
/* False: there is no such word. */
MUST_CHECK bool isolation_verb_read(struct slice word, enum isolation_verb *verb);

#endif
