/* Homes list (see homes_list.h). */
#include "homes_list.h"

#include "homes_room.h"
#include "homes_words.h"

struct listing {
	struct homes_lister lister;
};

static const char *query_complaint(struct homes_query *query, struct slice name, struct slice value)
{
	int64_t number;
	if (slice_equal_nocase(name, SLICE("MATCH"))) {
		query->match = value;
	} else if (slice_equal_nocase(name, SLICE("CURSOR"))) {
		/* 64 bits without a sign. */
		bool is_number = value.len > 0 && value.len <= 20;
		for (size_t i = 0; i < value.len; i++)
			is_number &= value.ptr[i] >= '0' && value.ptr[i] <= '9';
		query->cursor = value;
		return is_number ? NULL : "a cursor is a number, as the answer before gave it";
	} else if (slice_equal_nocase(name, SLICE("COUNT"))) {
		if (!slice_to_int64(value, &number) || number < 1 || number > HOMES_LIST_MAX)
			return "COUNT is a number from 1 to 10000";
		query->count = (uint32_t)number;
	} else {
		return "unknown word, there are CURSOR, MATCH and COUNT";
	}
	return NULL;
}

bool homes_query_set(struct homes_query *query, struct slice name, struct slice value, const char **error)
{
	const char *complaint = query_complaint(query, name, value);
	if (complaint != NULL)
		*error = complaint;
	return complaint == NULL;
}

static void on_fetched(void *context, enum errand_end end, struct slice reply)
{
	struct listing *listing = context;
	const struct homes_lister lister = listing->lister;
	memory_free(listing);
	switch (end) {
	case ERRAND_ANSWERED:
		if (reply_is_error(reply))
			lister.listed(lister.context, NULL, (struct slice){ reply.ptr + 1, reply.len - 3 });
		else
			lister.listed(lister.context, &reply, (struct slice){ "", 0 });
		return;
	case ERRAND_REFUSED: lister.listed(lister.context, NULL, reply); return;
	case ERRAND_LOST: lister.listed(lister.context, NULL, SLICE(CORE_STORE_AWAY)); return;
	}
}

void homes_fetch(struct homes *homes, uint32_t db, struct slice command, const struct homes_lister *lister)
{
	struct listing *listing = memory_new(sizeof(*listing));
	listing->lister = *lister;
	turn_fetch_from(homes->turn, db, command, &(struct errand){ listing, on_fetched });
}

void homes_list(struct homes *homes, const struct homes_query *query, const struct homes_lister *lister)
{
	struct buffer command = { 0 }, count = { 0 };
	buffer_add_uint64(&count, query->count > 0 ? query->count : 1000);
	resp_add_command(&command, 7, (struct slice[]){ SLICE("HSCAN"), SLICE(CORE_HOMES_KEY), query->cursor.len > 0 ? query->cursor : SLICE("0"),
	                                                SLICE("MATCH"), query->match.len > 0 ? query->match : SLICE("*"), SLICE("COUNT"), buffer_slice(&count) });
	homes_fetch(homes, (uint32_t)homes->options.status->settings->redis_database, buffer_slice(&command), lister);
	buffer_free(&command);
	buffer_free(&count);
}

/* "EPOCH DC", and " forced" behind it. */
static void tell_stored(const struct sidecar_status *status, struct slice user, struct slice value, struct teller *teller)
{
	int64_t number;
	struct slice epoch = slice_take_until(&value, ' '), name = slice_take_until(&value, ' ');
	struct buffer address = { 0 };
	tell_object(teller, NULL);
	tell_bytes(teller, "user", user);
	tell_bytes(teller, "home", name);
	for (unsigned dc = 0; dc < status->dc_count; dc++)
		if (slice_equal(name, slice_of(status->dcs[dc])))
			homes_add_address(&address, status, dc);
	tell_bytes(teller, "address", buffer_slice(&address));
	buffer_free(&address);
	tell_number(teller, "epoch", slice_to_int64(epoch, &number) ? (uint64_t)number : 0);
	tell_truth(teller, "forced", slice_equal(value, SLICE("forced")));
	tell_end(teller);
}

bool homes_list_tell(const struct homes *homes, struct slice reply, struct teller *teller)
{
	struct reply head, cursor, pairs, user, value;
	if (!reply_read(&reply, &head) || !reply_read(&reply, &cursor) || !reply_read(&reply, &pairs) || pairs.type != REPLY_ARRAY)
		return false;
	tell_object(teller, NULL);
	tell_bytes(teller, "cursor", cursor.text);
	tell_list(teller, "homes");
	for (int64_t i = 0; i + 1 < pairs.integer; i += 2)
		if (reply_read(&reply, &user) && reply_read(&reply, &value))
			tell_stored(homes->options.status, user.text, value.text, teller);
	tell_end(teller);
	tell_end(teller);
	return true;
}
