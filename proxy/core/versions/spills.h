/* Spills: dots that outlive their metadata. Where a rule keeps versions, the dot of an element's last live version is stored beside the data when the
 * element's metadata is dropped (a dot store, as causal contexts are called in the literature on dotted version vectors). Here they wait for the
 * next transaction; asks/spill.c writes and reads them. */
#ifndef CORE_SPILLS_H
#define CORE_SPILLS_H

#include "proxy/core/commands/change.h"

/* The last live version of an element whose rule keeps versions, when its metadata goes: its dot stays beside the data. */
struct spill {
	uint32_t db;
	enum kind kind;              /* string or hash */
	struct slice key, element;   /* owned */
	unsigned origin;
	uint64_t seq, hlc;
	bool is_present;
};

struct spills {
	struct spill *items;         /* owned */
	unsigned count, cap;
};
void spill_free(struct spill *spill);
void spills_add(struct spills *spills, const struct spill *spill);   /* takes it over */
void spills_free(struct spills *spills);

#endif
