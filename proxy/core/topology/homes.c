#include "homes.h"

#include "proxy/core/scripting/libraries.h"

/* One of our own: everything is written as we write it, or is taken for unknown. */
static struct explicit_home home_read(const struct topology *topology, struct slice value)
{
	struct explicit_home home = { .dc = CORE_DC_UNKNOWN, .epoch = HOME_EPOCH_MAX };
	struct slice epoch = slice_take_until(&value, ' '), dc = slice_take_until(&value, ' ');
	int64_t number;
	if (!slice_to_int64(epoch, &number) || number <= 0 || (uint64_t)number > HOME_EPOCH_MAX)
		return home;
	int index = origins_dc(&topology->causes->origins, dc);
	home.epoch = (uint64_t)number;
	home.dc = index < 0 ? CORE_DC_UNKNOWN : (unsigned)index;
	home.is_forced = slice_equal(value, SLICE("forced"));
	return home;
}

void homes_read(const struct topology *topology, struct slice value, struct home *home)
{
	struct explicit_home read = home_read(topology, value);
	*home = (struct home){ .dc = read.dc, .epoch = read.epoch, .is_explicit = true, .is_forced = read.is_forced };
}

void homes_write(const struct topology *topology, struct buffer *out, uint64_t epoch, unsigned dc, bool is_forced)
{
	buffer_add_uint64(out, epoch);
	buffer_add_byte(out, ' ');
	buffer_add_text(out, topology->causes->origins.dcs[dc]);
	buffer_add_text(out, is_forced ? " forced" : "");
}

void homes_find(const struct topology *topology, const struct user *user, struct user_hash hash, struct home *home)
{
	struct explicit_home found;
	*home = (struct home){ .is_explicit = home_map_get(&topology->map, hash, &found) };
	if (home->is_explicit) {
		home->dc = found.dc;
		home->epoch = found.epoch;
		home->is_forced = found.is_forced;
	} else {
		home->dc = patterns_default(user, hash);
		home->is_nobodys = home->dc == CORE_DC_UNKNOWN;
	}
	const struct move *move = moves_find(&topology->moves, hash);
	bool is_held = move != NULL && move->phase != MOVE_AWAITING && move->phase != MOVE_FLIPPED;
	home->is_moving = move != NULL;
	home->is_here = home->dc == 0 && topology->is_settled && topology->missed_count == 0 && !topology_is_leaving(topology, hash) && !is_held &&
	                (home->is_explicit || topology->doubted_ms == 0);
}

void homes_tell_of(struct topology *topology, struct slice user, const struct home *home)
{
	struct effect *effect = effects_add(topology->step->effects, EFFECT_HOME);
	effect->home.user = user;
	effect->home.dc = home->dc;
	effect->home.epoch = home->epoch;
	effect->home.is_forced = home->is_forced;
}

bool homes_named(const struct topology *topology, struct slice text, struct home *home)
{
	struct user user;
	if (!patterns_named(&topology->patterns, text, &user))
		return false;
	homes_find(topology, &user, patterns_hash(&user), home);
	return true;
}

/* Whoever is told of a new home goes there, and reads. So we name ourselves until it is known to have what was written here. */
bool homes_told(const struct topology *topology, struct slice text, struct home *home)
{
	struct user user;
	if (!patterns_named(&topology->patterns, text, &user))
		return false;
	struct user_hash hash = patterns_hash(&user);
	const struct move *move = moves_find(&topology->moves, hash);
	homes_find(topology, &user, hash, home);
	if (move != NULL && move->phase == MOVE_FLIPPED && home->epoch == move->epoch) {
		home->dc = 0;
		home->epoch--;
		home->is_explicit = home->epoch > 0;
	}
	return true;
}

struct slice homes_dc_name(const struct topology *topology, unsigned dc)
{
	return dc == CORE_DC_UNKNOWN ? SLICE("a datacenter that is not configured here") : slice_of(topology->causes->origins.dcs[dc]);
}

/* The user's name need not be one of a pattern here: another datacenter may have more of them. */
static void take_pair(struct topology *topology, struct slice text, struct slice value, bool is_news)
{
	struct slice id = text, name = slice_take_until(&id, ':');
	struct explicit_home home = home_read(topology, value);
	if (scripts_are_field(text)) {
		scripts_learn(topology->scripts, text, value);
		return;
	}
	if (libraries_are_field(text)) {
		libraries_learn(&topology->scripts->libraries, text, value);
		return;
	}
	if (topology->is_on)
		home_map_set(&topology->map, user_hash(name, id), &home);
	if (!is_news)
		return;
	homes_tell_of(topology, text, &(struct home){ .dc = home.dc, .epoch = home.epoch, .is_forced = home.is_forced });
}

void homes_load(struct topology *topology, const struct event *event)
{
	if (event->homes.is_first) {
		home_map_clear(&topology->map);
		scripts_clear(topology->scripts);
		libraries_clear(&topology->scripts->libraries);
	}
	for (unsigned i = 0; i < event->homes.count; i++)
		if (!slice_equal(event->homes.pairs[i].field, SLICE(CORE_MARK)))
			take_pair(topology, event->homes.pairs[i].field, event->homes.pairs[i].value, false);
}

/* Nobody but the home writes this, unless by force. Whoever waits because a peer knew more than we did is looked at again. */
void homes_learn(struct topology *topology, struct slice user, struct slice value)
{
	struct slice id = user, name = slice_take_until(&id, ':');
	struct move *move = moves_find(&topology->moves, user_hash(name, id));
	if (move != NULL && move->phase != MOVE_FLIPPING)
		move->is_overtaken = true;
	/* Who gives him away tells of that when the new home is known to have it. */
	take_pair(topology, user, value, move == NULL || move->phase != MOVE_FLIPPING || move->dc == 0);
	held_list_move(&topology->waiting, &topology->ready);
}

void homes_learn_all(struct topology *topology, const struct home_news *news)
{
	struct slice pairs = buffer_slice(&news->pairs), user, value;
	while (home_news_next(&pairs, &user, &value))
		homes_learn(topology, user, value);
}

bool homes_are_in(uint32_t db, struct slice key)
{
	return db == DB_RESERVED && slice_equal(key, SLICE(CORE_HOMES_KEY));
}

void homes_note_arrived(struct topology *topology, struct slice user)
{
	topology->arrived = array_reserve(topology->arrived, topology->arrived_count, &topology->arrived_cap, sizeof *topology->arrived);
	topology->arrived[topology->arrived_count++] = buffer_copy(user);
}

bool homes_take_over(const struct topology *topology, const struct change *change, uint64_t user[2])
{
	struct slice id = change->element, name = slice_take_until(&id, ':');
	if (change->kind != CHANGE_FIELD_SET || !homes_are_in(change->db, change->key) || !home_read(topology, change->value).is_forced)
		return false;
	struct user_hash hash = user_hash(name, id);
	user[0] = hash.low;
	user[1] = hash.high;
	return true;
}

bool homes_user_of(const void *context, struct slice key, uint64_t user[2])
{
	const struct topology *topology = context;
	struct user found;
	if (!topology->is_on || !patterns_user(&topology->patterns, key, &found) || found.pattern->away == HOME_ACCEPT)
		return false;
	struct user_hash hash = patterns_hash(&found);
	user[0] = hash.low;
	user[1] = hash.high;
	return true;
}
