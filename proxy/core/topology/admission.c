#include "admission.h"

#include "homes.h"
#include "move_orders.h"
#include "proxy/core/commands/command.h"
#include "waiting.h"

#define NAMED_MAX 100                /* bytes of a key that an error names */

/* What is known of a request so far. */
struct looking {
	struct topology *topology;
	const struct event *event;
	const struct command *row;           /* of the command that is looked at */
	struct user last;                    /* the same user again tells nothing new, … */
	const struct command *last_row;      /* … of the same command */
	bool has_last;
	bool is_waiting;                     /* it waited before */
	bool is_held;
	enum held_why why;
	struct move *move;
	bool has_here, has_away, is_mixed;
	bool is_mixed_accepted;              /* by every pattern so far */
	unsigned accepted;                   /* users who live elsewhere, under a pattern that accepts */
	unsigned strays;                     /* users who live elsewhere, under one that does not */
	struct home away;                    /* the first such home, … */
	enum home_away policy;               /* … what becomes of a request that has to go there, … */
	struct user user;                    /* … whose it is, … */
	struct slice key, other_key;         /* … his key; and one of another home's */
	unsigned other_dc;
};

static void hold(struct looking *looking, enum held_why why, struct move *move)
{
	if (looking->is_held)
		return;
	looking->is_held = true;
	looking->why = why;
	looking->move = move;
}

/* Whatever else the pattern says, what pops goes home. A script may pop: nobody knows before it has run. */
static enum home_away policy_for(const struct looking *looking, const struct user *user)
{
	const struct command *row = looking->row;
	bool may_pop = row->class == COMMAND_WRITE && (plan_is_pop(row->plan) || row->plan == PLAN_SCRIPT);
	return user->pattern->is_pop_home && may_pop ? HOME_FORWARD : user->pattern->away;
}

static void note_place(struct looking *looking, const struct home *home, const struct user *user, struct slice key)
{
	bool is_here = home->dc == 0, is_first = !looking->has_here && !looking->has_away;
	looking->is_mixed_accepted &= user->pattern->is_mixed_accepted && policy_for(looking, user) == user->pattern->away;
	if (is_here ? looking->has_away : looking->has_here || (looking->has_away && looking->away.dc != home->dc)) {
		looking->is_mixed = true;
		looking->other_key = key;
		looking->other_dc = home->dc;
	}
	looking->strays += !is_here;
	if (is_first)
		looking->key = key;
	if (is_here || looking->has_away) {
		looking->has_here |= is_here;
		return;
	}
	looking->has_away = true;
	looking->away = *home;
	looking->policy = policy_for(looking, user);
	looking->user = *user;
	if (!looking->has_here)
		looking->key = key;
}

/* Who is redirected to a home that has not heard of that yet would be sent back. */
static bool is_redirected_too_early(const struct looking *looking, const struct move *move, const struct user *user, const struct home *home)
{
	return move->phase == MOVE_FLIPPED && home->dc == move->dc && policy_for(looking, user) == HOME_REDIRECT && !looking->event->request.is_forwarded;
}

/* Nobody is known to have written for this user: whoever does becomes his home. A read makes nobody that. */
static void look_at_nobodys(struct looking *looking, const struct user *user, struct user_hash hash, struct slice key)
{
	struct topology *topology = looking->topology;
	if (looking->row->class != COMMAND_WRITE) {
		looking->has_last = false;
		note_place(looking, &(struct home){ .dc = 0 }, user, key);
		return;
	}
	/* Others may be home of him, by what is not read yet, or as they have another default. */
	if (!topology->is_settled)
		hold(looking, HELD_START, NULL);
	else if (topology->missed_count > 0)
		hold(looking, HELD_MISSED, NULL);
	else if (topology->doubted_ms != 0)
		hold(looking, HELD_DOUBT, NULL);
	else if (looking->is_held || (!looking->is_waiting && !waiting_has_room(topology, looking->event)))
		hold(looking, HELD_MOVE, NULL);
	else
		hold(looking, HELD_MOVE, move_claim(topology, user, hash));
}

/* Whether we act as home (docs/replication-model.md, H4), and what else there is to say. */
static void look_at_user(struct looking *looking, const struct user *user, struct slice key)
{
	struct topology *topology = looking->topology;
	struct user_hash hash = patterns_hash(user);
	struct move *move = moves_find(&topology->moves, hash);
	struct home home;
	homes_find(topology, user, hash, &home);
	bool is_behind = looking->event->request.is_forwarded && home.epoch < looking->event->request.forwarded_epoch;
	/* 1. He is being moved away. */
	if (move != NULL && move->phase != MOVE_AWAITING && (move->phase != MOVE_FLIPPED || is_redirected_too_early(looking, move, user, &home)))
		hold(looking, HELD_MOVE, move);
	/* 2. Somebody knows of a newer home than we do, or his write is about to be applied. */
	else if (is_behind || (topology->leaving_count > 0 && topology_is_leaving(topology, hash)))
		hold(looking, HELD_EPOCH, NULL);
	else if (home.is_nobodys)
		look_at_nobodys(looking, user, hash, key);
	/* 3. We would be home, but may have given him away. */
	else if (home.dc == 0 && !topology->is_settled)
		hold(looking, HELD_START, NULL);
	/* 4. … or somebody may have taken him over. */
	else if (home.dc == 0 && topology->missed_count > 0)
		hold(looking, HELD_MISSED, NULL);
	/* 5. We would be home by default, where others may have another default. */
	else if (home.dc == 0 && !home.is_explicit && topology->doubted_ms != 0)
		hold(looking, HELD_DOUBT, NULL);
	/* 6. He lives elsewhere, which is accepted. */
	else if (home.dc != 0 && policy_for(looking, user) == HOME_ACCEPT)
		looking->accepted++;
	else
		note_place(looking, &home, user, key);
}

static void look_at_key(void *context, struct slice key)
{
	struct looking *looking = context;
	struct user user;
	if (!patterns_user(&looking->topology->patterns, key, &user))
		return;
	if (looking->row->class != COMMAND_WRITE && !user.pattern->is_read_home)
		return;
	if (looking->has_last && looking->last_row == looking->row && looking->last.pattern == user.pattern && slice_equal(looking->last.id, user.id))
		return;
	looking->has_last = true;
	looking->last_row = looking->row;
	looking->last = user;
	look_at_user(looking, &user, key);
}

static void add_key(struct buffer *text, struct slice key)
{
	for (size_t i = 0; i < key.len && i < NAMED_MAX; i++)
		buffer_add_byte(text, key.ptr[i] < ' ' || key.ptr[i] == 127 ? '?' : key.ptr[i]);
}

static void refuse_mixed(const struct looking *looking)
{
	struct topology *topology = looking->topology;
	struct buffer text = { 0 };
	buffer_add_text(&text, "HOMEPORT MIXED nothing was written, as this names users with different homes: key ");
	add_key(&text, looking->key);
	buffer_add_text(&text, " and key ");
	add_key(&text, looking->other_key);
	buffer_add_text(&text, ", whose user lives in ");
	buffer_add(&text, homes_dc_name(topology, looking->other_dc));
	char *kept = arena_take(&topology->step->seqs, text.len);
	memcpy(kept, text.ptr, text.len);
	topology->step->status.refused_writes++;
	step_refuse(topology->step, looking->event->request.token, (struct slice){ kept, text.len });
	buffer_free(&text);
}

static struct slice keep_user(struct topology *topology, const struct user *user)
{
	struct buffer text = { 0 };
	patterns_add_user(&text, user);
	char *kept = arena_take(&topology->step->seqs, text.len);
	struct slice name = { memcpy(kept, text.ptr, text.len), text.len };
	buffer_free(&text);
	return name;
}

/* Who was sent here by a peer is not sent on by us. Nobody can be sent where nobody knows the way. */
static enum home_away policy_of(const struct looking *looking)
{
	if (looking->away.dc == CORE_DC_UNKNOWN)
		return HOME_REFUSE;
	return looking->policy == HOME_FORWARD && looking->event->request.is_forwarded ? HOME_REDIRECT : looking->policy;
}

/* The home may not have heard of a script that was loaded here: its text goes there once, later its name is enough. Whoever does not know it all the same says
 * so, and gets the text. A transaction would be executed without it, so it brings it each time. */
static const struct request *with_scripts(struct topology *topology, const struct event *event, unsigned dc)
{
	struct request *commands = NULL;
	bool is_always = event->request.brings_scripts || event->request.is_transaction;
	for (unsigned i = 0; i < event->request.count; i++) {
		struct request with_text;
		if (!scripts_bring(topology->scripts, event->request.rows[i], &event->request.commands[i], dc, is_always, &topology->step->seqs, &with_text))
			continue;
		if (commands == NULL) {
			commands = arena_take(&topology->step->seqs, event->request.count * sizeof *commands);
			memcpy(commands, event->request.commands, event->request.count * sizeof *commands);
		}
		commands[i] = with_text;
	}
	return commands != NULL ? commands : event->request.commands;
}

static void send_away(const struct looking *looking)
{
	struct topology *topology = looking->topology;
	const struct event *event = looking->event;
	struct effect *effect = effects_add(topology->step->effects, EFFECT_AWAY);
	effect->away.token = event->request.token;
	effect->away.dc = looking->away.dc;
	effect->away.epoch = looking->away.epoch;
	effect->away.policy = policy_of(looking);
	effect->away.user = keep_user(topology, &looking->user);
	effect->away.key = looking->key;
	effect->away.commands = effect->away.policy == HOME_FORWARD ? with_scripts(topology, event, looking->away.dc) : event->request.commands;
	effect->away.brings_scripts = event->request.brings_scripts;
	effect->away.rows = event->request.rows;
	effect->away.count = event->request.count;
	effect->away.db = event->request.db;
	effect->away.is_in_many = event->request.dbs != NULL;
	effect->away.protocol = event->request.protocol;
	effect->away.is_transaction = event->request.is_transaction;
	effect->away.is_guarded = event->request.guard != 0;
	effect->away.client = event->request.client;
	topology->step->status.off_home_writes[effect->away.policy]++;
}

bool admission_ask(struct topology *topology, const struct event *event, struct held *held)
{
	struct looking looking = { .topology = topology, .event = event, .is_mixed_accepted = true, .is_waiting = held != NULL };
	for (unsigned i = 0; i < event->request.count; i++) {
		looking.row = event->request.rows[i];
		if (looking.row->class == COMMAND_WRITE || topology->patterns.has_read_home)
			command_keys(looking.row, &event->request.commands[i], look_at_key, &looking);
	}
	if (looking.is_held) {
		waiting_hold(topology, event, held, looking.why, looking.move);
		return false;
	}
	if (!looking.has_away || (looking.is_mixed && looking.is_mixed_accepted)) {
		topology->step->status.off_home_writes[HOME_ACCEPT] += looking.accepted + looking.strays;
		return true;
	}
	if (looking.is_mixed)
		refuse_mixed(&looking);
	else
		send_away(&looking);
	if (held != NULL)
		waiting_let_go(topology, held);
	return false;
}

static void note_read(void *context, struct slice key)
{
	struct looking *looking = context;
	struct user user;
	looking->has_here |= patterns_user(&looking->topology->patterns, key, &user) && user.pattern->is_read_home;
}

bool admission_concerns_read(struct topology *topology, const struct command *row, const struct request *request)
{
	struct looking looking = { .topology = topology };
	if (topology->patterns.has_read_home)
		command_keys(row, request, note_read, &looking);
	return looking.has_here;
}

struct watching { struct topology *topology; unsigned dc; bool is_first, is_mixed; };

static void note_watched(void *context, struct slice key)
{
	struct watching *watching = context;
	struct user user;
	struct home home = { 0 };
	if (patterns_user(&watching->topology->patterns, key, &user) && user.pattern->away == HOME_FORWARD)
		homes_find(watching->topology, &user, patterns_hash(&user), &home);
	unsigned dc = home.dc == CORE_DC_UNKNOWN ? 0 : home.dc;
	watching->is_mixed |= !watching->is_first && dc != watching->dc;
	watching->is_first = false;
	watching->dc = dc;
}

unsigned admission_forwarded_to(struct topology *topology, const struct command *row, const struct request *request)
{
	struct watching watching = { .topology = topology, .is_first = true };
	if (topology->is_on)
		command_keys(row, request, note_watched, &watching);
	return watching.is_mixed ? CORE_DC_UNKNOWN : watching.dc;
}

const char *admission_error(const struct topology *topology, struct slice key)
{
	struct user user;
	struct home home;
	if (!topology->is_on || !patterns_user(&topology->patterns, key, &user))
		return NULL;
	homes_find(topology, &user, patterns_hash(&user), &home);
	if (home.is_nobodys)
		return "HOMEPORT HELD nobody is home of the user of this key yet (default: first): write one of his keys with a plain command first; nothing was written";
	if (home.is_here || (home.dc != 0 && user.pattern->away == HOME_ACCEPT))
		return NULL;
	return home.dc == 0 ? "HOMEPORT HELD the user of this key is being moved, or this datacenter is starting: nothing was written, try again"
			    : "HOMEPORT AWAY another datacenter is home of the user of this key (HOMEPORT HOME): nothing was written; write it there";
}
