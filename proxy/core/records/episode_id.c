#include "episode_id.h"

#include "episode.h"

static struct record_dot dot_of(const struct keyspace *keyspace, unsigned origin, uint64_t seq)
{
	const struct origin *item = &keyspace->origins->items[origin];
	return (struct record_dot){ slice_of(keyspace->origins->dcs[item->dc]), item->incarnation, seq, false };
}

uint64_t episode_subject_hash(struct episodes *episodes, const struct element *element)
{
	struct buffer *head = &episodes->id;
	buffer_reset(head);
	buffer_add_uint64(head, element->key->db);
	buffer_add_byte(head, ':');
	buffer_add_text(head, kind_text(element->kind));
	buffer_add_byte(head, ':');
	buffer_add_uint64(head, element->key->name.len);
	buffer_add_byte(head, ':');
	uint64_t hash = record_hash(RECORD_HASH_START, buffer_slice(head));
	return record_hash(record_hash(hash, element->key->name), element->name);
}

/* Ids begin with a dot: most others differ in the seq already. */
struct episode *episodes_find_open(const struct keyspace *keyspace, struct slice id)
{
	for (struct episode *episode = keyspace->episodes->lists[EPISODES_KEPT]; episode != NULL; episode = episode->listed_after) {
		struct buffer own = { 0 };
		episode_add_id(keyspace, episode, &own);
		bool is_it = slice_equal(buffer_slice(&own), id);
		buffer_free(&own);
		if (is_it)
			return episode_status(episode) == RECORD_OPEN ? episode : NULL;
	}
	return NULL;
}

void episode_add_id(const struct keyspace *keyspace, const struct episode *episode, struct buffer *out)
{
	static const char digits[] = "0123456789abcdef";
	struct record_dot first = dot_of(keyspace, episode->first.origin, episode->first.seq);
	uint64_t hash = episode->subject_hash;
	buffer_add(out, first.dc);
	buffer_add_byte(out, '-');
	buffer_add_uint64(out, first.incarnation);
	buffer_add_byte(out, '-');
	buffer_add_uint64(out, first.seq);
	buffer_add_byte(out, '-');
	char *at = buffer_grow(out, 16);
	for (unsigned shift = 64; shift > 0; shift -= 4)
		*at++ = digits[hash >> (shift - 4) & 15];
}
