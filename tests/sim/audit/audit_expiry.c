/* Expiries: keys that a store removed because their deadline had passed. The sidecar is notified a little later and writes that down; until then
 * only the store knows. */
#include <stdlib.h>

#include "audit_outcome.h"
#include "audit_parts.h"

/* ---- expiries whose notification was lost ---- */

void auditor_expiry_lost(struct auditor *auditor, uint32_t db, uint32_t key)
{
	if (audit_is_exempt(auditor, db, key))
		return;
	auditor->exempt = array_grow(auditor->exempt, auditor->exempt_count, &auditor->exempt_cap, sizeof(*auditor->exempt));
	auditor->exempt[auditor->exempt_count].db = db;
	auditor->exempt[auditor->exempt_count++].key = key;
}

bool audit_is_exempt(const struct auditor *auditor, uint32_t db, uint32_t key)
{
	for (unsigned i = 0; i < auditor->exempt_count; i++)
		if (auditor->exempt[i].db == db && auditor->exempt[i].key == key)
			return true;
	return false;
}

/* ---- keys that were gone before their sidecar could say so ---- */

void auditor_expired(struct auditor *auditor, unsigned dc, uint32_t db, uint32_t key)
{
	struct audited_expiry *expiry;

	auditor->expiries = array_grow(auditor->expiries, auditor->expiry_count, &auditor->expiry_cap, sizeof(*auditor->expiries));
	expiry = &auditor->expiries[auditor->expiry_count++];
	*expiry = (struct audited_expiry){ .dc = dc, .db = db, .key = key };
	vector_copy(&expiry->applied, &auditor->dcs[dc].applied);
}

bool audit_has_expired(const struct auditor *auditor, unsigned dc, const struct touch *touch, const struct vector *seen)
{
	for (unsigned i = 0; i < auditor->expiry_count; i++) {
		const struct audited_expiry *expiry = &auditor->expiries[i];

		if (expiry->dc == dc && expiry->db == touch->fact->db && expiry->key == touch->fact->key &&
		    vector_at(&expiry->applied, touch->write->origin) >= touch->write->seq && vector_reaches(seen, &expiry->applied))
			return true;
	}
	return false;
}

void audit_expiries_free(struct auditor *auditor)
{
	for (unsigned i = 0; i < auditor->expiry_count; i++)
		vector_free(&auditor->expiries[i].applied);
	free(auditor->expiries);
	free(auditor->exempt);
}
