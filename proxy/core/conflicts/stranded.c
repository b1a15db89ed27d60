#include "stranded.h"

#include "proxy/core/records/episode.h"

static bool is_user(const struct conflicts *conflicts, const struct key *key, const struct take_over *take_over)
{
	uint64_t user[2];
	return key->db != DB_RESERVED && conflicts->user_of(conflicts->user_context, key->name, user) && user[0] == take_over->user[0] && user[1] == take_over->user[1];
}

/* WRITE's stamp has its batch's context. Our store had lost it, and what we wrote afterwards counts as having seen it: then it has. */
static bool is_unseen(const struct conflicts *conflicts, const struct take_over *take_over, const struct stamp *write)
{
	const struct origin *origins = conflicts->keyspace->origins->items;
	const struct context *before = origins[take_over->stamp.origin].before, *own_before = origins[write->origin].before;
	if (write->origin == take_over->stamp.origin || stamp_covers(&take_over->stamp, write) || stamp_sees(write, take_over->stamp.origin) >= take_over->stamp.seq)
		return false;
	return (before == NULL || context_at(before, write->origin) < write->seq) &&
	       (own_before == NULL || context_at(own_before, take_over->stamp.origin) < take_over->stamp.seq);
}

/* WRITE is of KEY. IS_NEW: it is told in a record from now on. */
static void strand(struct conflicts *conflicts, const struct take_over *take_over, struct key *key, const struct party *write, bool is_new)
{
	struct keyspace *keyspace = conflicts->keyspace;
	conflicts->stranded += is_new && !write->note->is_stranded;
	write->note->is_stranded = true;
	if (is_new)
		episodes_strand(keyspace, keyspace_element(keyspace, key, KIND_KEY, (struct slice){ "", 0 }), write, &(struct party){ &take_over->stamp, take_over->note, 0 });
}

struct stranding { struct conflicts *conflicts; const struct take_over *take_over; bool is_new; };

static void strand_marks(const struct stranding *stranding, struct element *element, const struct history *history)
{
	struct conflicts *conflicts = stranding->conflicts;
	for (uint32_t i = history_upto(history, stamp_sees(&stranding->take_over->stamp, history->origin)); i < history->len; i++) {
		const struct mark *mark = history_mark(history, i);
		struct stamp stamp = history_stamp(history, i);
		stamp.context = mark->note->context;
		if (stamp.context->is_explicit && stamp.context->applied != NULL)
			stamp.context = stamp.context->applied;
		if ((mark->flags & MARK_EXPIRY) || !is_unseen(conflicts, stranding->take_over, &stamp))
			continue;
		const struct party party = { &stamp, mark->note, mark->flags & ~(unsigned)MARK_DELTA };
		strand(conflicts, stranding->take_over, element->key, &party, stranding->is_new);
		if (stranding->is_new)
			episodes_tell_stranded(conflicts->keyspace, element, &party);
	}
}

static void strand_key(void *context, struct key *key)
{
	const struct stranding *stranding = context;
	if (key->elements == NULL || !is_user(stranding->conflicts, key, stranding->take_over))
		return;
	for (struct element *element = key->elements; element != NULL; element = element->next)
		for (unsigned i = 0; i < element->history_count; i++)
			strand_marks(stranding, element, &element->histories[i]);
}

void stranded_begin(struct conflicts *conflicts, const struct arriving_write *write, const struct change *change, const uint64_t user[2])
{
	struct keyspace *keyspace = conflicts->keyspace;
	struct note *note = note_new(keyspace, change, write->facts, write->stamp->context);
	note->is_take_over = true;
	keyspace_add_take_over(keyspace, write->stamp, note, user);
	note_drop(keyspace, note);
	/* Nothing is applied here while one of our own is under way. */
	if (write->mode == APPLY_LOCAL)
		return;
	keyspace_visit_keys(keyspace, strand_key,
	                    &(struct stranding){ conflicts, &keyspace->take_overs[keyspace->take_over_count - 1], write->mode == APPLY_REMOTE });
}

void stranded_meet(struct conflicts *conflicts, const struct arrival *arriving)
{
	const struct keyspace *keyspace = conflicts->keyspace;
	for (unsigned i = 0; i < keyspace->take_over_count && !(arriving->party.flags & MARK_EXPIRY); i++) {
		const struct take_over *take_over = &keyspace->take_overs[i];
		const struct party party = { arriving->party.stamp, arriving->party.note, arriving->party.flags & ~(unsigned)MARK_DELTA };
		if (is_unseen(conflicts, take_over, party.stamp) && is_user(conflicts, arriving->key, take_over))
			strand(conflicts, take_over, arriving->key, &party, arrival_is_remote(arriving));
	}
}
