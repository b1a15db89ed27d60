/* Site: the keyspace of one datacenter of three, without a core around it, and the writes that arrive there. Conflict records are read back as they
 * would be stored. */
#ifndef UNIT_SITE_H
#define UNIT_SITE_H

#include "proxy/core/conflicts/conflict.h"
#include "proxy/core/records/episode_pack.h"
#include "proxy/core/records/episode_record.h"

enum { SITE_LWW, SITE_RECORD, SITE_PRIORITY, SITE_MERGE, SITE_POLICIES };
extern struct policy site_policies[SITE_POLICIES];

struct site {
	struct origins origins;
	struct keyspace keyspace;
	struct conflicts conflicts;
	struct effects effects;
	struct arena arena;
};

void site_open(struct site *site, struct policy *policy);
void site_close(struct site *site);

/* A write of DC, its SEQth, that had seen so much of each. */
struct write {
	unsigned dc;
	uint64_t seq, hlc;
	uint64_t seen[3];
	struct change change;
	const char *command;
	enum write_choice choice;
};

void site_apply(struct site *site, const struct write *write);
/* Changes of the key k: it is set, or, by kind, its element e. */
struct change set_of(const char *value);
struct change of_kind(enum change_kind kind);
const struct element *site_element(struct site *site, enum kind kind, struct slice name);
unsigned episode_count(const struct element *element);

/* The record of an episode, with what it is made of. */
struct read { struct buffer bytes; struct record_scratch scratch; struct record record; };

void site_read(const struct site *site, const struct episode *episode, struct read *read);
void read_free(struct read *read);

#endif
