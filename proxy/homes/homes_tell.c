/* Homes tell (see homes_tell.h). */
#include "homes_tell.h"

#include "homes_room.h"
#include "homes_words.h"

static void tell_place(const struct sidecar_status *status, unsigned dc, struct teller *teller)
{
	struct buffer address = { 0 };
	if (dc >= status->dc_count) {
		tell_nothing(teller, "home");
		tell_nothing(teller, "address");
		return;
	}
	homes_add_address(&address, status, dc);
	tell_text(teller, "home", status->dcs[dc]);
	tell_bytes(teller, "address", buffer_slice(&address));
	buffer_free(&address);
}

bool homes_tell_user(const struct homes *homes, const char *name, struct slice user, struct teller *teller)
{
	const struct sidecar_status *status = homes->options.status;
	struct home home;
	if (status->core == NULL || !core_home_of_user(status->core, user, &home))
		return false;
	tell_object(teller, name);
	tell_bytes(teller, "user", user);
	tell_place(status, home.dc, teller);
	tell_number(teller, "epoch", home.epoch);
	tell_truth(teller, "explicit", home.is_explicit);
	tell_truth(teller, "moving", home.is_moving);
	tell_end(teller);
	return true;
}

bool homes_tell_key(const struct homes *homes, struct slice key, struct teller *teller)
{
	struct buffer user = { 0 };
	bool is_told = homes->options.status->core != NULL && core_user_of_key(homes->options.status->core, key, &user) &&
	               homes_tell_user(homes, NULL, buffer_slice(&user), teller);
	buffer_free(&user);
	return is_told;
}

const char *homes_place(const struct homes *homes, struct slice user)
{
	const struct sidecar_status *status = homes->options.status;
	struct home home;
	bool is_known = status->core != NULL && core_home_of_user(status->core, user, &home) && home.dc < status->dc_count;
	return is_known ? status->dcs[home.dc] : NULL;
}

const char *homes_unknown_user(const struct homes *homes)
{
	return homes->options.status->core == NULL
	               ? CORE_STORE_AWAY
	               : "HOMEPORT there is no such user: write NAME:ID, as in user:42, with a name that a pattern under `homes` has";
}

void homes_tell_counts(const struct homes *homes, struct teller *teller)
{
	const struct sidecar_status *status = homes->options.status;
	const struct core_status *core = status->core != NULL ? core_status(status->core) : NULL;
	tell_object(teller, NULL);
	for (unsigned dc = 0; dc < status->dc_count; dc++)
		tell_number(teller, status->dcs[dc], core != NULL ? core->homes[dc] : 0);
	tell_end(teller);
}

void homes_tell_changes(const struct homes *homes, bool is_known, uint64_t version, struct teller *teller)
{
	const struct homes_changes *changes = homes->changes;
	struct buffer tag = { 0 };
	homes_changes_add_tag(&tag, changes);
	tell_object(teller, NULL);
	tell_bytes(teller, "version", buffer_slice(&tag));
	tell_truth(teller, "reset", !is_known);
	tell_list(teller, "changes");
	for (; is_known && version < homes_changes_version(changes); version++) {
		const struct home_change *change = homes_changes_at(changes, version + 1);
		tell_object(teller, NULL);
		tell_bytes(teller, "user", change->user);
		tell_place(homes->options.status, change->dc, teller);
		tell_number(teller, "epoch", change->epoch);
		tell_truth(teller, "forced", change->is_forced);
		tell_end(teller);
	}
	tell_end(teller);
	tell_end(teller);
	buffer_free(&tag);
}

void homes_move_tell(struct slice reply, struct teller *teller)
{
	static const char *const names[] = { "user", "home", "epoch", "result", "taken_from", "unseen_ms" };
	struct reply head, part;
	int64_t number;
	bool is_list = reply_read(&reply, &head) && head.type == REPLY_ARRAY;
	tell_object(teller, NULL);
	for (unsigned i = 0; is_list && i < sizeof(names) / sizeof(*names) && reply_read(&reply, &part); i++) {
		bool is_number = slice_to_int64(part.text, &number);
		if (i == 4 && head.integer == 5)
			tell_number(teller, "held_ms", is_number ? (uint64_t)number : 0);
		else if (i == 2 || (i == 5 && is_number))
			tell_number(teller, names[i], is_number ? (uint64_t)number : 0);
		else if (i == 5)
			tell_nothing(teller, names[i]);
		else
			tell_bytes(teller, names[i], part.text);
	}
	tell_end(teller);
}

struct homes_changes *homes_changes_of(const struct homes *homes)
{
	return homes->changes;
}

void homes_note(struct homes *homes, const struct effect *home)
{
	homes_changes_add(homes->changes, &(struct home_change){ home->home.user, home->home.dc, home->home.epoch, home->home.is_forced });
}
