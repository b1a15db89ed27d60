/* Writes: the auditor's record of each, found by datacenter, incarnation and seq; and which of two is newer, or had seen the other. */
#include <stdio.h>
#include <string.h>

#include "audit_parts.h"

int audit_dc(const struct auditor *auditor, struct slice name)
{
	for (unsigned i = 0; i < auditor->options.dc_count; i++)
		if (strlen(auditor->options.dc_names[i]) == name.len && memcmp(auditor->options.dc_names[i], name.ptr, name.len) == 0)
			return (int)i;
	return -1;
}

unsigned audit_origin(struct auditor *auditor, unsigned dc, uint64_t incarnation)
{
	for (unsigned i = 0; i < auditor->origin_count; i++)
		if (auditor->origins[i].dc == dc && auditor->origins[i].incarnation == incarnation)
			return i;
	auditor->origins = array_grow(auditor->origins, auditor->origin_count, &auditor->origin_cap, sizeof(*auditor->origins));
	auditor->origins[auditor->origin_count] = (struct audited_origin){ .dc = dc, .incarnation = incarnation };
	return auditor->origin_count++;
}

struct audited_write *audit_find(const struct auditor *auditor, unsigned origin, uint64_t seq)
{
	const struct audited_origin *owner = &auditor->origins[origin];

	return seq == 0 || seq > owner->count ? NULL : owner->writes[seq - 1];
}

struct audited_write *audit_write(struct auditor *auditor, unsigned origin, uint64_t seq)
{
	struct audited_origin *owner = &auditor->origins[origin];

	while (owner->count < seq) {
		owner->writes = array_grow(owner->writes, owner->count, &owner->cap, sizeof(struct audited_write *));
		owner->writes[owner->count++] = NULL;
	}
	if (owner->writes[seq - 1] == NULL) {
		struct audited_write *write = memory_new(sizeof(*write));

		write->origin = origin;
		write->seq = seq;
		owner->writes[seq - 1] = write;
	}
	return owner->writes[seq - 1];
}

static uint64_t shipped_up_to(const struct audited_origin *origin)
{
	uint64_t seq = origin->count;

	while (seq > 0 && (origin->writes[seq - 1] == NULL || !origin->writes[seq - 1]->is_shipped))
		seq--;
	return seq;
}

bool audit_is_heard(const struct auditor *auditor, unsigned origin, uint64_t seq)
{
	return seq <= shipped_up_to(&auditor->origins[origin]);
}

void audit_take_floor(struct auditor *auditor, struct vector *vector, unsigned dc, uint64_t incarnation)
{
	for (unsigned i = 0; i < auditor->origin_count; i++)
		if (auditor->origins[i].dc == dc && auditor->origins[i].incarnation < incarnation)
			vector_raise(vector, i, shipped_up_to(&auditor->origins[i]));
}

const char *audit_dot(const struct auditor *auditor, unsigned origin, uint64_t seq)
{
	static char rooms[8][80];
	static unsigned turn;
	char *room = rooms[turn++ % 8];
	const struct audited_origin *owner = &auditor->origins[origin];

	snprintf(room, sizeof(rooms[0]), "%s/%llu:%llu", auditor->options.dc_names[owner->dc], (unsigned long long)owner->incarnation,
	         (unsigned long long)seq);
	return room;
}

bool audit_covers(const struct audited_write *newer, const struct audited_write *older)
{
	if (newer->is_explicit)
		return vector_at(&newer->claimed, older->origin) >= older->seq;
	return audit_follows(newer, older);
}

bool audit_follows(const struct audited_write *newer, const struct audited_write *older)
{
	if (newer->origin == older->origin)
		return newer->seq > older->seq;
	return vector_at(&newer->seen, older->origin) >= older->seq;
}

int audit_compare(const struct auditor *auditor, const struct audited_write *a, const struct audited_write *b)
{
	const struct audited_origin *mine = &auditor->origins[a->origin], *theirs = &auditor->origins[b->origin];
	int order;

	if (a->hlc != b->hlc)
		return a->hlc > b->hlc ? 1 : -1;
	order = strcmp(auditor->options.dc_names[mine->dc], auditor->options.dc_names[theirs->dc]);
	if (order != 0)
		return order;
	if (mine->incarnation != theirs->incarnation)
		return mine->incarnation > theirs->incarnation ? 1 : -1;
	return a->seq > b->seq ? 1 : a->seq < b->seq ? -1 : 0;
}
