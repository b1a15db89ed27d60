/* Freshness: a core may only claim to have of a peer what its own store has executed. */
#include "audit_parts.h"

#define STALENESS_ROUNDING_MS 3
#define STALENESS_DRIFT_DIVISOR 1000

/* The oldest write of ORIGIN that its own store has and DC's lacks; NULL: DC's store has them all. */
static const struct audited_write *first_missing(const struct auditor *auditor, unsigned dc, unsigned origin)
{
	uint64_t seq = vector_at(&auditor->dcs[dc].applied, origin) + 1;
	const struct audited_write *write;

	if (seq > vector_at(&auditor->dcs[auditor->origins[origin].dc].applied, origin))
		return NULL;
	write = audit_find(auditor, origin, seq);
	if (write == NULL || !write->is_executed)
		return NULL;
	/* Deleted with the outbox, it counts no more. */
	return write->is_rewound && write->is_at_risk && !write->is_shipped ? NULL : write;
}

void auditor_time(struct auditor *auditor, uint64_t now_us)
{
	auditor->now_us = now_us;
}

/* A steady clock that goes slow makes it a little less. */
void auditor_staleness(struct auditor *auditor, unsigned dc, unsigned peer, uint64_t staleness_ms)
{
	for (unsigned origin = 0; origin < auditor->origin_count; origin++) {
		const struct audited_write *missing;
		uint64_t age_ms;

		if (auditor->origins[origin].dc != peer)
			continue;
		missing = first_missing(auditor, dc, origin);
		age_ms = missing == NULL ? 0 : (auditor->now_us - missing->executed_us) / 1000;
		if (age_ms <= staleness_ms + STALENESS_ROUNDING_MS + age_ms / STALENESS_DRIFT_DIVISOR)
			continue;
		auditor_find(auditor, "dc %u says that it has all that %s committed until %llu ms ago, but its store lacks %s of %llu ms ago", dc,
		             auditor->options.dc_names[peer], (unsigned long long)staleness_ms, audit_dot(auditor, origin, missing->seq),
		             (unsigned long long)age_ms);
	}
}
