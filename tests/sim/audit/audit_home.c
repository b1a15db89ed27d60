/* Homes (docs/replication-model.md, "Homes"): what stores hold of them, who executes writes of a user's keys, and whether these writes follow each
 * other. A user is a number here. */
#include <stdlib.h>
#include <string.h>

#include "audit_parts.h"

#define HOMES_KEY "homeport:homes"
#define MARK "made"                  /* no user, but a field by which a core sees that the hash is still there */

/* "user:7" */
static bool user_read(struct slice name, unsigned *user)
{
	int64_t number;

	if (name.len < 6 || memcmp(name.ptr, "user:", 5) != 0 || !slice_to_int64((struct slice){ name.ptr + 5, name.len - 5 }, &number))
		return false;
	*user = (unsigned)number;
	return number >= 0 && number < AUDIT_USERS;
}

static const char *name_of(const struct auditor *auditor, unsigned dc)
{
	return dc == AUDIT_NOBODY ? "nobody's" : auditor->options.dc_names[dc];
}

/* "<epoch> <dc>", and " forced" behind it */
static bool home_read(const struct auditor *auditor, struct slice value, struct audited_home *home)
{
	int64_t epoch;
	struct slice first = slice_take_until(&value, ' '), name = slice_take_until(&value, ' ');
	int dc = audit_dc(auditor, name);

	if (dc < 0 || !slice_to_int64(first, &epoch) || (value.len > 0 && !slice_equal(value, SLICE("forced"))))
		return false;
	*home = (struct audited_home){ (unsigned)dc, (uint64_t)epoch, value.len > 0 };
	return true;
}

static void homes_read(struct auditor *auditor, const struct sim_store *store, struct audited_home *homes)
{
	const struct sim_key *hash = sim_store_find(store, SIM_RESERVED_DB, pool_intern(auditor->options.pool, SLICE(HOMES_KEY)));
	unsigned user;

	for (user = 0; user < AUDIT_USERS; user++)
		homes[user] = (struct audited_home){ auditor->options.home_of(user), 0, false };
	for (unsigned i = 0; hash != NULL && i < hash->count; i++) {
		struct slice name = pool_text(auditor->options.pool, hash->elements[i].name), value = pool_text(auditor->options.pool, hash->elements[i].value);

		if (!slice_equal(name, SLICE(MARK)) && (!user_read(name, &user) || !home_read(auditor, value, &homes[user])))
			auditor_find(auditor, "a store holds the home \"%s\" of %s", value.ptr, name.ptr);
	}
}

/* ---- as it happens ---- */

void auditor_homes_before(struct auditor *auditor, unsigned dc, const struct sim_store *store)
{
	homes_read(auditor, store, auditor->dcs[dc].homes);
	auditor->dcs[dc].flip_count = 0;
}

void audit_home_written(struct auditor *auditor, struct audited_dc *watched, const struct sim_executed *executed)
{
	for (unsigned i = 2; auditor->options.user_of != NULL && i + 1 < executed->argc; i += 2) {
		struct audited_flip flip;

		if (slice_equal(executed->argv[i], SLICE(MARK)))
			continue;
		if (!user_read(executed->argv[i], &flip.user) || !home_read(auditor, executed->argv[i + 1], &flip.to)) {
			auditor_find(auditor, "a core writes the home \"%.*s\"", (int)executed->argv[i + 1].len, executed->argv[i + 1].ptr);
			continue;
		}
		flip.from = watched->homes[flip.user];
		watched->homes[flip.user] = flip.to;
		watched->flips = array_grow(watched->flips, watched->flip_count, &watched->flip_cap, sizeof(*watched->flips));
		watched->flips[watched->flip_count++] = flip;
	}
}

/* H1: who lives elsewhere, by the store itself, gets no write of a client here. */
void audit_home_command(struct auditor *auditor, unsigned dc, const struct sim_executed *executed)
{
	const struct audited_home *homes = auditor->dcs[dc].homes;
	unsigned user;

	/* A store that was emptied does not know where they live, and tells no client that it has written. */
	for (unsigned i = 1; auditor->options.user_of != NULL && !auditor->dcs[dc].is_doubtful && i < executed->argc; i++)
		if (auditor->options.user_of(executed->argv[i], &user) && homes[user].dc != dc)
			auditor_find(auditor, "%s writes %.*s for a client; user %u lives at %s since epoch %llu", auditor->options.dc_names[dc],
			             (int)executed->argv[i].len, executed->argv[i].ptr, user, name_of(auditor, homes[user].dc),
			             (unsigned long long)homes[user].epoch);
}

static bool are_of(const struct auditor *auditor, const struct facts *facts, unsigned user)
{
	unsigned other;

	for (unsigned i = 0; i < facts->count; i++)
		if (facts->items[i].kind != FACT_FLUSH && auditor->options.user_of(pool_text(auditor->options.pool, facts->items[i].key), &other) && other == user)
			return true;
	return false;
}

void auditor_home_ordered(struct auditor *auditor, unsigned dc, unsigned user)
{
	struct audited_dc *watched = &auditor->dcs[dc];

	if (!watched->ordered[user].is)
		vector_copy(&watched->ordered[user].had, &watched->applied);
	watched->ordered[user].is = true;        /* an order of before may not have ended */
}

/* H6: by then the new home has had all of the user's writes that were executed here before the order. (It may have lost them since.) */
static void near_check(struct auditor *auditor, unsigned dc, const struct audited_flip *flip)
{
	const struct vector *had = &auditor->dcs[dc].ordered[flip->user].had, *ever = &auditor->dcs[flip->to.dc].ever;

	if (!auditor->dcs[dc].ordered[flip->user].is)
		auditor_find(auditor, "%s gives user %u away, and was not told to", auditor->options.dc_names[dc], flip->user);
	for (unsigned origin = 0; origin < had->count; origin++) {
		for (uint64_t seq = vector_at(ever, origin) + 1; auditor->origins[origin].dc == dc && seq <= vector_at(had, origin); seq++) {
			const struct audited_write *write = audit_find(auditor, origin, seq);

			if (write != NULL && write->token != 0 && are_of(auditor, &write->derived, flip->user))
				auditor_find(auditor, "%s gives user %u to %s, which has not had %s", auditor->options.dc_names[dc], flip->user,
				             auditor->options.dc_names[flip->to.dc], audit_dot(auditor, origin, seq));
		}
	}
	auditor->dcs[dc].ordered[flip->user].is = false;
}

/* H6: a home is given away by whoever has it, with the next epoch; H8: or is taken by somebody else for himself; H11: or, if he had none, by whoever writes for him. */
static bool may_write(unsigned dc, const struct audited_flip *flip)
{
	bool is_next = flip->to.epoch == flip->from.epoch + 1, is_ours = flip->from.dc == dc;

	if (flip->from.dc == AUDIT_NOBODY)
		return is_next && flip->to.dc == dc;

	return is_next && (flip->to.is_forced ? !is_ours && flip->to.dc == dc : is_ours && flip->to.dc != dc);
}

/* Elsewhere epochs only go up, unless somebody has taken the user over while others gave him away. */
static void flip_check(struct auditor *auditor, unsigned dc, const struct audited_flip *flip, bool is_own)
{
	bool is_newer = flip->to.epoch > flip->from.epoch || (flip->to.epoch == flip->from.epoch && flip->to.dc == flip->from.dc);

	/* Of two who claim him at once, the later one counts. */
	if (is_own && flip->from.dc == AUDIT_NOBODY && auditor->claimed_by[flip->user] != dc + 1) {
		auditor->is_taken[flip->user] |= auditor->claimed_by[flip->user] != 0;
		auditor->claimed_by[flip->user] = dc + 1;
	}
	if (flip->to.is_forced)
		auditor->is_taken[flip->user] = true;
	if (is_own ? !may_write(dc, flip) : !is_newer && !auditor->is_taken[flip->user])
		auditor_find(auditor, "%s %s: user %u, at %s since epoch %llu, lives at %s since %llu", auditor->options.dc_names[dc],
		             is_own ? "gives away what it may not" : "goes back", flip->user, name_of(auditor, flip->from.dc),
		             (unsigned long long)flip->from.epoch, auditor->options.dc_names[flip->to.dc], (unsigned long long)flip->to.epoch);
}

void audit_homes_ran(struct auditor *auditor, unsigned dc, struct audited_group *ran, bool is_own)
{
	const struct audited_dc *watched = &auditor->dcs[dc];

	for (unsigned i = 0; i < watched->flip_count; i++)
		flip_check(auditor, dc, &watched->flips[i], is_own);
	for (unsigned i = 0; is_own && i < watched->flip_count; i++)
		if (!watched->flips[i].to.is_forced && watched->flips[i].from.dc != AUDIT_NOBODY)
			near_check(auditor, dc, &watched->flips[i]);
	ran->flips = is_own ? watched->flip_count : 0;
	auditor->flips += ran->flips;
}

unsigned auditor_flips(const struct auditor *auditor)
{
	return auditor->flips;
}

unsigned auditor_flips_unanswered(const struct auditor *auditor)
{
	return auditor->flips - auditor->flips_answered;
}

static bool is_among(const struct audited_taking *takings, unsigned count, const struct audited_taking *taking)
{
	for (unsigned i = 0; i < count; i++)
		if (takings[i].origin == taking->origin && takings[i].seq == taking->seq)
			return true;
	return false;
}

void audit_home_shipped(struct auditor *auditor, struct audited_write *write, const struct proto_change *change)
{
	struct audited_taking taking = { .origin = write->origin, .seq = write->seq };
	struct audited_home home;

	if (change->kind != PROTO_FIELD_SET || !slice_equal(change->key, SLICE(HOMES_KEY)) || !user_read(change->element, &taking.user) ||
	    !home_read(auditor, change->value, &home))
		return;
	write->is_home = true;
	if (home.is_forced) {
		if (!is_among(auditor->takings, auditor->taking_count, &taking)) {
			auditor->takings = array_grow(auditor->takings, auditor->taking_count, &auditor->taking_cap, sizeof(*auditor->takings));
			auditor->takings[auditor->taking_count++] = taking;
		}
	} else if (home.dc == auditor->origins[write->origin].dc && !is_among(auditor->claims, auditor->claim_count, &taking)) {
		auditor->claims = array_grow(auditor->claims, auditor->claim_count, &auditor->claim_cap, sizeof(*auditor->claims));
		auditor->claims[auditor->claim_count++] = taking;
	}
}

/* ---- the end ---- */

static bool concerns(const struct auditor *auditor, const struct audited_write *write, unsigned user)
{
	return write != NULL && write->is_shipped && write->token != 0 && are_of(auditor, &write->shipped, user);
}

struct homed { const struct audited_write **writes; unsigned count, cap; };

static void homed_add(const struct auditor *auditor, struct homed *homed, const struct audited_write *write)
{
	unsigned at;

	homed->writes = array_grow(homed->writes, homed->count, &homed->cap, sizeof(const struct audited_write *));
	for (at = homed->count++; at > 0 && audit_compare(auditor, homed->writes[at - 1], write) > 0; at--)
		homed->writes[at] = homed->writes[at - 1];
	homed->writes[at] = write;
}

const struct audited_write *audit_take_over(const struct auditor *auditor, unsigned number, unsigned *user)
{
	if (number >= auditor->taking_count)
		return NULL;
	*user = auditor->takings[number].user;
	return audit_find(auditor, auditor->takings[number].origin, auditor->takings[number].seq);
}

bool audit_is_stranded_by(const struct audited_write *write, const struct audited_write *take_over)
{
	return take_over->origin != write->origin && !audit_follows(write, take_over) && !audit_follows(take_over, write);
}

static bool is_stranded_by_one(const struct auditor *auditor, const struct audited_taking *takings, unsigned count, const struct audited_write *write, unsigned user)
{
	for (unsigned i = 0; i < count; i++)
		if (takings[i].user == user && audit_is_stranded_by(write, audit_find(auditor, takings[i].origin, takings[i].seq)))
			return true;
	return false;
}

/* H8: was it written without knowing that the user was taken over, and the take-over without knowing of it? H11: or likewise, that somebody had claimed him? */
static bool is_stranded(const struct auditor *auditor, const struct audited_write *write, unsigned user)
{
	return is_stranded_by_one(auditor, auditor->takings, auditor->taking_count, write, user) ||
	       is_stranded_by_one(auditor, auditor->claims, auditor->claim_count, write, user);
}

/* I1, I2: each of a user's writes had seen the one before it. Their times go up with what they had seen, so it is enough to look at neighbours. */
static void judge_order(struct auditor *auditor, unsigned user)
{
	struct homed homed = { .count = 0 };

	for (unsigned origin = 0; origin < auditor->origin_count; origin++)
		for (uint64_t seq = 1; seq <= auditor->origins[origin].count; seq++)
			if (concerns(auditor, audit_find(auditor, origin, seq), user))
				homed_add(auditor, &homed, audit_find(auditor, origin, seq));
	for (unsigned i = 1; i < homed.count; i++) {
		const struct audited_write *older = homed.writes[i - 1], *newer = homed.writes[i];

		if (!audit_follows(newer, older) && !is_stranded(auditor, older, user) && !is_stranded(auditor, newer, user))
			auditor_find(auditor, "%s [%s] had not seen %s [%s], both of user %u", audit_dot(auditor, newer->origin, newer->seq),
			             audit_facts_text(auditor, &newer->shipped), audit_dot(auditor, older->origin, older->seq),
			             audit_facts_text(auditor, &older->shipped), user);
	}
	free(homed.writes);
}

void auditor_home_told(struct auditor *auditor, unsigned dc, unsigned user, unsigned home, uint64_t epoch)
{
	struct audited_home homes[AUDIT_USERS];

	homes_read(auditor, auditor->dcs[dc].store, homes);
	if (homes[user].dc != home || homes[user].epoch != epoch)
		auditor_find(auditor, "%s says that user %u lives at %s since epoch %llu; its store says %s since %llu", auditor->options.dc_names[dc], user,
		             name_of(auditor, home), (unsigned long long)epoch, name_of(auditor, homes[user].dc),
		             (unsigned long long)homes[user].epoch);
}

void audit_homes(struct auditor *auditor)
{
	struct audited_home first[AUDIT_USERS], other[AUDIT_USERS];

	if (auditor->options.user_of == NULL)
		return;
	homes_read(auditor, auditor->dcs[0].store, first);
	for (unsigned dc = 1; dc < auditor->options.dc_count; dc++) {
		homes_read(auditor, auditor->dcs[dc].store, other);
		for (unsigned user = 0; user < AUDIT_USERS; user++)
			if (first[user].dc != other[user].dc || first[user].epoch != other[user].epoch)
				auditor_find(auditor, "%s and %s have different homes of user %u: epochs %llu and %llu", auditor->options.dc_names[0],
				             auditor->options.dc_names[dc], user, (unsigned long long)first[user].epoch,
				             (unsigned long long)other[user].epoch);
	}
	for (unsigned user = 0; user < AUDIT_USERS; user++)
		judge_order(auditor, user);
}
