/* Choices: when a client resolves an open conflict, the write must be what was chosen, cover every live version, and be marked as a resolution. */
#include <stdio.h>
#include <string.h>

#include "audit_outcome.h"

/* The change by which a write resolves: its last value or removal. NULL: it has none. */
static const struct fact *decision_of(const struct audited_write *write, uint32_t key)
{
	const struct fact *decision = NULL;

	for (unsigned i = 0; i < write->shipped.count; i++)
		if (write->shipped.items[i].key == key && write->shipped.items[i].kind != FACT_DEADLINE)
			decision = &write->shipped.items[i];
	return decision;
}

/* The newest live version. Where the rule says so, a present one counts before every removal. */
static const struct touch *newest(const struct auditor *auditor, const struct touch *const *live, unsigned count, bool is_add_winning)
{
	const struct touch *best = NULL;

	for (unsigned i = 0; i < count; i++) {
		bool is_present = live[i]->fact->kind == FACT_SET, was_present = best != NULL && best->fact->kind == FACT_SET;

		if (best == NULL || (is_add_winning && is_present && !was_present) ||
		    (!(is_add_winning && !is_present && was_present) && audit_compare(auditor, live[i]->write, best->write) > 0))
			best = live[i];
	}
	return best;
}

static const struct touch *named(const struct auditor *auditor, const struct touch *const *live, unsigned count, struct slice dot)
{
	for (unsigned i = 0; i < count; i++) {
		const struct audited_origin *origin = &auditor->origins[live[i]->write->origin];
		char room[120];

		snprintf(room, sizeof(room), "%s/%llu/%llu", auditor->options.dc_names[origin->dc], (unsigned long long)origin->incarnation,
		         (unsigned long long)live[i]->write->seq);
		if (slice_equal(slice_of(room), dot))
			return live[i];
	}
	return NULL;
}

/* The version that the client chose. NULL: it chose no version but gave a value, or removed the element. */
static const struct touch *chosen(const struct auditor *auditor, const struct client_request *request, const struct touch *const *live, unsigned count)
{
	struct slice value = pool_text(auditor->options.pool, request->ask.value);

	switch (request->ask.choice) {
	case PICK_WINNER:
		return newest(auditor, live, count, false);
	case PICK_SIDE:
		return named(auditor, live, count, value);
	case PICK_RULE:
		return newest(auditor, live, count, slice_equal(value, SLICE("merge")));
	case PICK_VALUE:
	case PICK_REMOVAL:
		return NULL;
	}
	return NULL;
}

static bool is_right(const struct client_request *request, const struct fact *decision, const struct touch *version)
{
	bool is_present = decision->kind == FACT_SET;

	if (request->ask.choice == PICK_REMOVAL)
		return !is_present;
	if (request->ask.choice == PICK_VALUE)
		return is_present && (decision->type == SIM_ZSET || decision->value == request->ask.value);
	if (version == NULL || version->fact->kind != FACT_SET)
		return version != NULL && !is_present;
	return is_present && decision->value == version->fact->value && decision->score == version->fact->score;
}

void audit_choice(struct auditor *auditor, const struct audited_key *key, const struct client_request *request, const struct audited_write *write)
{
	const struct fact *decision = decision_of(write, request->ask.key);
	const struct audit_contest contest = {
		.type = decision == NULL || decision->kind == FACT_CLEAR ? SIM_STRING : decision->type, .element = request->ask.element,
	};
	struct touch *subset = memory_new((key->count + 1) * sizeof(*subset));
	const struct touch **live = memory_new((key->count + 1) * sizeof(*live));
	unsigned count = 0;

	if (decision != NULL && audit_all_shipped(auditor, &write->executed_at)) {
		bool is_plain = touches_select(key, &write->executed_at, &contest, subset, &count);

		count = audit_live(auditor, subset, count, &contest, live);
		if (is_plain && !is_right(request, decision, chosen(auditor, request, live, count)))
			auditor_find(auditor, "%s is not what request %llu chose", audit_dot(auditor, write->origin, write->seq), (unsigned long long)request->token);
		if (write->choice != (request->ask.choice == PICK_WINNER ? PROTO_IGNORES : PROTO_RESOLVES))
			auditor_find(auditor, "%s does not say how it decides", audit_dot(auditor, write->origin, write->seq));
		for (unsigned i = 0; i < count; i++)
			if (!audit_covers(write, live[i]->write))
				auditor_find(auditor, "%s decides, and leaves %s alive", audit_dot(auditor, write->origin, write->seq),
				             audit_dot(auditor, live[i]->write->origin, live[i]->write->seq));
	}
	memory_free(subset);
	memory_free(live);
}
