/* Episode writing: see episode_writing.h. */
#include "episode_writing.h"

/* Writes the gathered records as one XADD. The stream is trimmed once a transaction (retention.c). */
void entries_close(struct books *books, struct entries *entries)
{
	if (entries->last_count == 0)
		return;
	resp_add_command(&entries->commands, 5,
	                 (struct slice[]){ SLICE("XADD"), SLICE(CORE_CONFLICTS_KEY), SLICE("*"), SLICE("c"), buffer_slice(&entries->last) });
	retention_add(books, entries->last_count, entries->last.len);
	entries->last.len = 0;
	entries->last_count = 0;
	entries->command_count++;
}

/* Closes the entry if LEN more bytes would make it too long. */
void entries_reserve(struct books *books, struct entries *entries, size_t len)
{
	if (entries->last.len + len > RECORDS_LEN_MAX)
		entries_close(books, entries);
}

void entries_add(struct books *books, struct entries *entries, struct slice record)
{
	entries_reserve(books, entries, record.len);
	records_add(&entries->last, record);
	entries->last_count++;
}

/* A conflict is named after its first write. If an earlier one is found, the id changes, and so does the field in the hash. */
void episode_set_stored(struct episode *episode, struct slice id)
{
	struct slice old = episode->stored_id;
	if (slice_equal(old, id))
		return;
	if (episode->was_told && old.len > 0)
		resp_add_bulk(&episode->told_ids, old);
	episode->is_told = episode->was_told = false;
	bytes_free(old);
	episode->stored_id = buffer_copy(id);
}

void writing_begin(struct writing *writing, const struct books *books, bool is_last)
{
	struct episodes *episodes = books->keyspace->episodes;
	*writing = (struct writing){ .id = &episodes->id, .record = &episodes->record, .pairs = &episodes->pairs };
	telling_begin(&writing->telling, books->keyspace, books->policies->current->digest, is_last);
	buffer_reset(writing->record);
	buffer_reset(writing->pairs);
}

void writing_end(struct writing *writing)
{
	telling_end(&writing->telling);
	for (unsigned list = 0; list < EPISODE_LISTS; list++)
		buffer_free(&writing->fillings[list].records);
	buffer_free(&writing->opened.commands);
	buffer_free(&writing->opened.last);
}

/* Makes its id and its record. */
void writing_fill(struct writing *writing, const struct episode *episode)
{
	writing->id->len = writing->record->len = 0;
	episode_add_id(writing->telling.keyspace, episode, writing->id);
	episode_encode(&writing->telling, episode, buffer_slice(writing->id), writing->record);
}

/* Conflicts that were announced as open have become part of this one: announces that they no longer exist. */
void episode_tell_merged(struct books *books, struct episode *episode, struct slice id)
{
	const struct element *element = episode->element;
	struct slice left = buffer_slice(&episode->told_ids);
	struct reply old;
	while (left.len > 0 && reply_read(&left, &old)) {
		struct buffer bytes = { 0 };
		struct record record = {
			.id = old.text, .kind = episode_kind(episode), .status = RECORD_SUPERSEDED, .db = element->key->db, .key = element->key->name,
			.element = element->name, .type = slice_of(kind_text(element->kind)), .rule = slice_of(element->key->policy->rule->name),
			.rules_digest = books->policies->current->digest, .merged_into = id,
		};
		/* The joined conflict bears this name itself: it is known. */
		if (slice_equal(old.text, id)) {
			episode->was_told = true;
			continue;
		}
		record_encode(&bytes, &record);
		entries_add(books, &books->keyspace->episodes->finals, buffer_slice(&bytes));
		buffer_free(&bytes);
	}
	buffer_free(&episode->told_ids);
}
