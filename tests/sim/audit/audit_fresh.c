/* Freshness: a core may only claim to have of a peer what its own store has executed. */
#include "audit_parts.h"

/* What an incarnation writes before it has read its own log is given a later time when it is shipped: the log may hold later writes, which its store
 * had lost. */
static bool has_final_time(const struct auditor *auditor, const struct audited_write *write)
{
	const struct audited_write *first = audit_find(auditor, write->origin, 1);

	return write->is_shipped || (first != NULL && first->is_shipped);
}

/* The oldest write of ORIGIN that its own store has and DC's lacks; 0: DC's store has them all. */
static uint64_t first_missing_ms(const struct auditor *auditor, unsigned dc, unsigned origin)
{
	uint64_t seq = vector_at(&auditor->dcs[dc].applied, origin) + 1;
	const struct audited_write *write;

	if (seq > vector_at(&auditor->dcs[auditor->origins[origin].dc].applied, origin))
		return 0;
	write = audit_find(auditor, origin, seq);
	return write == NULL || !write->is_executed || !has_final_time(auditor, write) ? 0 : write->hlc >> 16;
}

void auditor_fresh(struct auditor *auditor, unsigned dc, unsigned peer, uint64_t fresh_ms)
{
	for (unsigned origin = 0; origin < auditor->origin_count; origin++) {
		uint64_t missing_ms;

		if (auditor->origins[origin].dc != peer)
			continue;
		missing_ms = first_missing_ms(auditor, dc, origin);
		if (missing_ms == 0 || missing_ms >= fresh_ms)
			continue;
		auditor_find(auditor, "dc %u says that it has all that %s committed before %llu, but its store lacks %s of %llu", dc,
		             auditor->options.dc_names[peer], (unsigned long long)fresh_ms,
		             audit_dot(auditor, origin, vector_at(&auditor->dcs[dc].applied, origin) + 1), (unsigned long long)missing_ms);
	}
}
