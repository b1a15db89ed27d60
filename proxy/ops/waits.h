/* Waits: the states in which something waits, how long that is borne, and as what it is reported then (waits.def). */
#ifndef PROXY_WAITS_H
#define PROXY_WAITS_H

#include "base/bytes.h"
#include "config/settings.h"

/* Graver ones last. */
enum finding_weight {
	FINDING_NONE,
	FINDING_WARNING,     /* everything is served; it heals by itself or an operator should look at it: /readyz stays 200 */
	FINDING_BROKEN,      /* clients are served, but a peer's writes will not be seen until someone acts: /readyz 503, /healthz 200 */
	FINDING_OUTAGE,      /* clients get errors: /readyz and /healthz 503 */
};

enum wait {
#define WAIT(name, state, ends, bound, before, after, finding) WAIT_##name,
#include "waits.def"
#undef WAIT
	WAIT_COUNT
};

enum wait_bound {
	BOUND_ONCE,          /* none: it is reported at once */
	BOUND_FULL,          /* from 80 % of a limit on; reached, it is graver */
	BOUND_HEARTBEAT_AGE,
	BOUND_STALENESS,
	BOUND_WAITING,
	BOUND_COUNT
};

struct wait_row {
	const char *state, *ends;
	enum wait_bound bound;
	enum finding_weight before, after;
	const char *finding;
};

const char *finding_weight_text(enum finding_weight weight);
const struct wait_row *wait_row(enum wait wait);
/* The weight of a wait that has lasted for AGE_MS. */
enum finding_weight wait_weight(enum wait wait, const struct settings *settings, uint64_t age_ms);
/* The second part of docs/recovery.md. */
void waits_describe(struct buffer *out);

#endif
