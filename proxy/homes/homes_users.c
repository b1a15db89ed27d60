/* Homes users (see homes_users.h). */
#include "homes_users.h"

#include "homes_room.h"
#include "proxy/core/rules/glob.h"

void homes_users(struct homes *homes, uint32_t db, const struct homes_query *query, const struct homes_lister *lister)
{
	struct buffer command = { 0 }, count = { 0 };
	buffer_add_uint64(&count, query->count > 0 ? query->count : 1000);
	resp_add_command(&command, 4, (struct slice[]){ SLICE("SCAN"), query->cursor.len > 0 ? query->cursor : SLICE("0"), SLICE("COUNT"), buffer_slice(&count) });
	homes_fetch(homes, db, buffer_slice(&command), lister);
	buffer_free(&command);
	buffer_free(&count);
}

/* USER is where a user's name may be written. */
static void tell_owner(const struct sidecar_status *status, struct slice key, unsigned dc, struct slice match, struct buffer *user, struct teller *teller)
{
	struct home home;
	buffer_reset(user);
	if (!core_user_of_key(status->core, key, user) || !core_home_of_user(status->core, buffer_slice(user), &home) || home.dc != dc)
		return;
	if (match.len == 0 || glob_match(match, buffer_slice(user)))
		tell_bytes(teller, NULL, buffer_slice(user));
}

bool homes_users_tell(const struct homes *homes, struct slice reply, unsigned dc, struct slice match, struct teller *teller)
{
	struct reply head, cursor, keys, key;
	struct buffer user = { 0 };
	if (homes->options.status->core == NULL || !reply_read(&reply, &head) || !reply_read(&reply, &cursor) || !reply_read(&reply, &keys) || keys.type != REPLY_ARRAY)
		return false;
	tell_object(teller, NULL);
	tell_bytes(teller, "cursor", cursor.text);
	tell_list(teller, "users");
	for (int64_t i = 0; i < keys.integer && reply_read(&reply, &key); i++)
		tell_owner(homes->options.status, key.text, dc, match, &user, teller);
	tell_end(teller);
	tell_end(teller);
	buffer_free(&user);
	return true;
}
