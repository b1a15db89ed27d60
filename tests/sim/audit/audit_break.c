/* Breaks of connections, sidecars and stores. After one, some writes may be lost, or be shipped in another form than they were executed in. */
#include <stdlib.h>

#include "audit_parts.h"

static void each_write(struct auditor *auditor, unsigned dc, void (*visit)(struct audited_dc *watched, struct audited_write *write))
{
	for (unsigned origin = 0; origin < auditor->origin_count; origin++) {
		if (auditor->origins[origin].dc != dc)
			continue;
		for (uint64_t seq = 1; seq <= auditor->origins[origin].count; seq++) {
			struct audited_write *write = audit_find(auditor, origin, seq);

			if (write != NULL)
				visit(&auditor->dcs[dc], write);
		}
	}
}

static void write_doubted(struct audited_dc *watched, struct audited_write *write)
{
	(void)watched;
	write->is_doubted = write->is_doubted || !write->is_shipped;
}

void auditor_connection_broke(struct auditor *auditor, unsigned dc)
{
	struct audited_dc *watched = &auditor->dcs[dc];

	for (unsigned i = 0; i < watched->group_count; i++) {
		watched->silent = array_grow(watched->silent, watched->silent_count, &watched->silent_cap, sizeof(*watched->silent));
		watched->silent[watched->silent_count++] = watched->groups[i];
	}
	watched->group_count = 0;
	each_write(auditor, dc, write_doubted);
}

static void write_crashed(struct audited_dc *watched, struct audited_write *write)
{
	(void)watched;
	write->is_at_risk = write->is_at_risk || !write->is_shipped || write->is_log_lost;
}

void auditor_sidecar_crashed(struct auditor *auditor, unsigned dc)
{
	buffer_reset(&auditor->dcs[dc].parts);
	each_write(auditor, dc, write_crashed);
}

static void write_rewound(struct audited_dc *watched, struct audited_write *write)
{
	write->is_rewound = write->is_rewound || write->seq > vector_at(&watched->applied, write->origin);
}

void auditor_store_rewound(struct auditor *auditor, unsigned dc, unsigned journal)
{
	struct audited_dc *watched = &auditor->dcs[dc];

	while (watched->point_count > 0 && watched->points[watched->point_count - 1].journal > journal)
		vector_free(&watched->points[--watched->point_count].applied);
	vector_free(&watched->applied);
	if (watched->point_count > 0)
		vector_copy(&watched->applied, &watched->points[watched->point_count - 1].applied);
	vector_copy(&watched->answered, &watched->applied);
	each_write(auditor, dc, write_rewound);
}

static bool is_applied(const struct auditor *auditor, const struct audited_write *write)
{
	for (unsigned dc = 0; dc < auditor->options.dc_count; dc++)
		if (vector_at(&auditor->dcs[dc].applied, write->origin) >= write->seq)
			return true;
	return false;
}

bool audit_is_forgotten(const struct auditor *auditor, const struct audited_write *write)
{
	return write->is_log_lost && write->is_at_risk && !is_applied(auditor, write);
}

void audit_drop_forgotten(struct auditor *auditor)
{
	for (unsigned origin = 0; origin < auditor->origin_count; origin++) {
		for (uint64_t seq = 1; seq <= auditor->origins[origin].count; seq++) {
			struct audited_write *write = audit_find(auditor, origin, seq);

			if (write != NULL && audit_is_forgotten(auditor, write))
				write->is_shipped = false;
		}
	}
}
