/* Breaks of connections, sidecars and stores. After one, some writes may be lost, or be shipped in another form than they were executed in. */
#include <stdlib.h>
#include <string.h>

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

static void oldest_silenced(struct audited_dc *watched)
{
	watched->silent = array_grow(watched->silent, watched->silent_count, &watched->silent_cap, sizeof(*watched->silent));
	watched->silent[watched->silent_count++] = watched->groups[0];
	memmove(watched->groups, watched->groups + 1, --watched->group_count * sizeof(*watched->groups));
}

static void write_unsettled(struct audited_dc *watched, struct audited_write *write)
{
	(void)watched;
	write->is_unsure = write->is_unsure || !write->is_shipped;
}

static void write_outbox_lost(struct audited_dc *watched, struct audited_write *write)
{
	(void)watched;
	write->is_rewound = write->is_rewound || !write->is_shipped;
}

void auditor_outbox_lost(struct auditor *auditor, unsigned dc)
{
	each_write(auditor, dc, write_outbox_lost);
}

void auditor_store_doubted(struct auditor *auditor, unsigned dc, bool is_doubtful)
{
	struct audited_dc *watched = &auditor->dcs[dc];

	watched->is_doubtful = is_doubtful;
	watched->was_doubtful = watched->was_doubtful || is_doubtful;
	each_write(auditor, dc, write_unsettled);
	vector_copy(&watched->answered, &watched->applied);
}

void auditor_group_dropped(struct auditor *auditor, unsigned dc)
{
	oldest_silenced(&auditor->dcs[dc]);
}

void auditor_connection_broke(struct auditor *auditor, unsigned dc)
{
	struct audited_dc *watched = &auditor->dcs[dc];

	while (watched->group_count > 0)
		oldest_silenced(watched);
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
