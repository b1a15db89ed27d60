/* Round: one round of all checks; how they tell what they find. */
#ifndef PROXY_READY_ROUND_H
#define PROXY_READY_ROUND_H

#include "ready.h"

struct round {
	const struct sidecar_status *status;
	const struct core_status *core;      /* NULL: there is none yet */
	const struct moment *now;
	finding_visit *visit;
	void *context;
	enum finding_weight gravest;
};

struct finding {
	enum finding_weight weight;
	const char *check;
	const char *dc;
};

/* How long ago SINCE_MS was, by our steady clock. */
uint64_t round_age_ms(const struct round *round, uint64_t since_ms);
/* SINCE_MS: 0 where whoever finds it has looked at the bound, or where there is none. */
struct finding round_waiting(const struct round *round, enum wait wait, const char *dc, uint64_t since_ms);
void round_find(struct round *round, struct finding finding, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
