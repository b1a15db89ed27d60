#include "moving.h"

#include "homes.h"
#include "missed.h"
#include "moving_tell.h"
#include "waiting.h"

#include <assert.h>

#define HOLD_MS_MAX 3600000          /* that an order may ask for */

/* ---- how a move ends ---- */

static struct slice late_text(struct topology *topology, const struct move *move)
{
	struct slice dc = homes_dc_name(topology, move->dc);
	if (move->is_overtaken)
		return TEXT(topology, SLICE("HOMEPORT MOVE "), move->user, SLICE(" was taken over by another datacenter meanwhile: HOMEPORT HOME tells by which"));
	if (move->phase == MOVE_HOLDING)
		return TEXT(topology, SLICE("HOMEPORT MOVE "), move->user, SLICE(" stays here: Redis did not execute in time what was written before; try again"));
	return TEXT(topology, SLICE("HOMEPORT MOVE "), move->user, SLICE(" stays here: "), dc,
	            SLICE(" did not confirm in time that it has what was written here; try again once homeport_replication_lag_seconds of it is low, or with a longer HOLD"));
}

/* ---- ends ---- */

static void end(struct topology *topology, struct move *move, enum move_result result)
{
	topology->step->status.moves_ended[result]++;
	topology->step->status.moves--;
	assert(move->held.first == NULL);
	move_free(&topology->moves, move);
}

/* The user stays. What waited is taken here. */
static void undo(struct topology *topology, struct move *move, enum move_result result, struct slice error)
{
	held_list_move(&move->held, &topology->ready);
	if (move->token != 0)
		step_refuse(topology->step, move->token, error);
	end(topology, move, result);
}

static void finish(struct topology *topology, struct move *move, bool is_confirmed)
{
	struct home home = { .dc = move->dc, .epoch = move->epoch };
	held_list_move(&move->held, &topology->ready);
	moving_tell(topology, move->token, move->user, &home, is_confirmed);
	end(topology, move, is_confirmed ? MOVE_DONE : MOVE_UNCONFIRMED);
}

/* ---- orders ---- */

static struct slice unready_error(const struct topology *topology)
{
	if (!topology->is_settled)
		return SLICE("HOMEPORT HELD this datacenter has not caught up since its start (/readyz?verbose says what it waits for): try again");
	if (topology->missed_count > 0)
		return SLICE("HOMEPORT HELD this datacenter was away, or cut off, and has not read yet whether another one has taken users over meanwhile: try again");
	return (struct slice){ NULL, 0 };
}

static struct slice epoch_error(struct topology *topology, const struct event *event, const struct home *home)
{
	if (home->epoch < HOME_EPOCH_MAX)
		return (struct slice){ NULL, 0 };
	return TEXT(topology, SLICE("HOMEPORT MOVE the epoch of "), event->asked.key, SLICE(" is the highest that there is, or cannot be read: correct the field of homeport:homes"));
}

static struct slice order_error(struct topology *topology, const struct event *event, const struct home *home, int dc)
{
	const struct slice user = event->asked.key;
	if (dc < 0)
		return TEXT(topology, SLICE("HOMEPORT MOVE there is no datacenter "), event->asked.value, SLICE(" here: name this one or a peer"));
	if (home->is_moving)
		return TEXT(topology, SLICE("HOMEPORT MOVE "), user, SLICE(" is being moved already: wait until that has ended"));
	if (home->is_nobodys)
		return TEXT(topology, SLICE("HOMEPORT MOVE "), user, SLICE(" has no home yet: the first datacenter that writes for him becomes it (default: first)"));
	if (home->dc != 0)
		return TEXT(topology, SLICE("HOMEPORT HOME "), homes_dc_name(topology, home->dc), SLICE(" is the home of "), user, SLICE(": order the move there"));
	if (!home->is_explicit && topology->doubted_ms != 0)
		return SLICE("HOMEPORT HELD not every peer was heard with the same homes configured (/readyz?verbose): try again once it is");
	struct slice error = unready_error(topology);
	return error.len > 0 ? error : epoch_error(topology, event, home);
}

static struct move *move_begin(struct topology *topology, struct user_hash hash, struct slice user, uint64_t epoch)
{
	struct move *move = moves_add(&topology->moves, hash, user);
	move->epoch = epoch + 1;
	move->since_ms = topology->step->steady_ms;
	topology->step->status.moves++;
	return move;
}

static struct move *move_new(struct topology *topology, const struct event *event, const struct home *home)
{
	struct user user;
	bool is_named = patterns_named(&topology->patterns, event->asked.key, &user);
	assert(is_named);
	struct move *move = move_begin(topology, patterns_hash(&user), event->asked.key, home->epoch);
	move->token = event->asked.token;
	return move;
}

static void begin(struct topology *topology, const struct event *event, const struct home *home, unsigned dc)
{
	struct move *move = move_new(topology, event, home);
	uint64_t bound_ms = event->asked.hold_ms != 0 ? event->asked.hold_ms : topology->options->hold_ms_max;
	move->dc = dc;
	move->learnt = topology->causes->peers[dc].learnt;
	move->until_ms = move->since_ms + (bound_ms < HOLD_MS_MAX ? bound_ms : HOLD_MS_MAX);
	move_list_add(&topology->moves.holding, move);
}

static void add_flipping(struct moves *moves, struct move *move)
{
	move->phase = MOVE_FLIPPING;
	move_list_add(&moves->flipping, move);
	if (moves->next_flip == NULL)
		moves->next_flip = move;
}

struct move *moving_claim(struct topology *topology, const struct user *user, struct user_hash hash)
{
	struct buffer name = { 0 };
	patterns_add_user(&name, user);
	struct move *move = move_begin(topology, hash, buffer_slice(&name), 0);
	buffer_free(&name);
	move->is_claim = true;
	add_flipping(&topology->moves, move);
	return move;
}

/* Is the home dead, as far as we can tell? */
static struct slice alive_error(struct topology *topology, const struct event *event, const struct home *home)
{
	uint64_t dead_ms = home->dc == CORE_DC_UNKNOWN ? 0 : missed_dead_ms(topology, home->dc);
	if (event->asked.is_now || dead_ms <= topology->step->steady_ms)
		return (struct slice){ NULL, 0 };
	struct buffer number = { 0 };
	buffer_add_uint64(&number, dead_ms - topology->step->steady_ms);
	struct slice text = TEXT(topology, SLICE("HOMEPORT MOVE "), homes_dc_name(topology, home->dc), SLICE(" may be alive. It is taken to be dead if it is silent for "),
	                         buffer_slice(&number), SLICE(" ms more: try again then. If it is alive, move the user without FORCE. FORCE NOW takes the user over at once"));
	buffer_free(&number);
	return text;
}

/* Nobody gives him away, so nothing is waited for. What the old home wrote and did not send is not known here: it will be concurrent. */
static void take_over(struct topology *topology, const struct event *event, const struct home *home)
{
	struct slice error = unready_error(topology);
	if (error.len == 0 && home->is_moving)
		error = TEXT(topology, SLICE("HOMEPORT MOVE "), event->asked.key, SLICE(" is being taken over already: wait until that has ended"));
	if (error.len == 0)
		error = epoch_error(topology, event, home);
	if (error.len == 0)
		error = alive_error(topology, event, home);
	if (error.len > 0) {
		step_refuse(topology->step, event->asked.token, error);
		return;
	}
	struct move *move = move_new(topology, event, home);
	move->is_forced = true;
	move->from = home->dc;
	add_flipping(&topology->moves, move);
}

void moving_order(struct topology *topology, const struct event *event)
{
	const struct causes *causes = topology->causes;
	struct home home;
	uint64_t token = event->asked.token;
	const char *error = causes->is_open ? NULL : causes->trouble != NULL ? causes->trouble : CORE_STORE_AWAY;
	if (error == NULL && !homes_named(topology, event->asked.key, &home))
		error = "HOMEPORT MOVE no pattern of homes has users of that name: they are named as in user:42 (HOMEPORT HOME)";
	if (error != NULL) {
		step_refuse(topology->step, token, slice_of(error));
		return;
	}
	if (event->asked.ask == ASK_TAKE_OVER && home.dc != 0) {
		take_over(topology, event, &home);
		return;
	}
	int dc = event->asked.ask == ASK_TAKE_OVER ? 0 : origins_dc(&causes->origins, event->asked.value);
	struct slice refusal = order_error(topology, event, &home, dc);
	if (refusal.len > 0)
		step_refuse(topology->step, token, refusal);
	else if (dc == 0)
		moving_tell(topology, token, event->asked.key, &home, true);
	else
		begin(topology, event, &home, (unsigned)dc);
}

/* ---- step after step ---- */

void moving_mark(struct topology *topology)
{
	for (struct move *move = move_list_take(&topology->moves.holding); move != NULL; move = move_list_take(&topology->moves.holding)) {
		move->phase = MOVE_AWAITING;
		move->mark = topology->causes->next_seq - 1;
		move_list_add(&topology->moves.awaiting[move->dc], move);
		topology->is_asking = true;
	}
}

/* The store may have refused what came before the mark. Its seqs are given again then, to writes that are made after the answer. */
static bool has_mark(const struct topology *topology, const struct move *move)
{
	const struct causes *causes = topology->causes;
	uint64_t mark = move->mark < causes->next_seq ? move->mark : causes->next_seq - 1;
	return causes->peers[move->dc].learnt > move->learnt && causes->origins.items[causes->self].known[move->dc] >= mark;
}

static void go_on(struct topology *topology, struct move *move)
{
	if (move->is_overtaken)
		undo(topology, move, MOVE_LATE, late_text(topology, move));
	else
		add_flipping(&topology->moves, move);
}

void moving_pump(struct topology *topology)
{
	struct moves *moves = &topology->moves;
	if (moves->table.count == 0)
		return;
	for (unsigned dc = 1; dc < topology->causes->origins.dc_count; dc++) {
		while (moves->awaiting[dc].first != NULL && has_mark(topology, moves->awaiting[dc].first))
			go_on(topology, move_list_take(&moves->awaiting[dc]));
		const struct origin *self = &topology->causes->origins.items[topology->causes->self];
		while (moves->flipped[dc].first != NULL && self->known[dc] >= moves->flipped[dc].first->mark)
			finish(topology, move_list_take(&moves->flipped[dc]), true);
	}
}

/* Answers come in the order of the groups. What was refused, and is run again, comes late. */
static struct move *take_flipping(struct topology *topology, uint64_t number)
{
	struct move_list *list = &topology->moves.flipping;
	for (struct move **link = &list->first; *link != NULL; link = &(*link)->next) {
		struct move *move = *link;
		if (move->number != number)
			continue;
		*link = move->next;
		if (list->end == &move->next)
			list->end = link;
		return move;
	}
	return NULL;
}

/* Who was taken over meanwhile is not ours to give away. */
static void undo_leaving(struct topology *topology)
{
	struct move *move = topology->moves.next_flip;
	for (struct move *next; topology->leaving_count > 0 && move != NULL; move = next) {
		next = move->next;
		if (!topology_is_leaving(topology, move->hash))
			continue;
		if (move == topology->moves.next_flip)
			topology->moves.next_flip = next;
		move->is_overtaken = true;
		undo(topology, take_flipping(topology, move->number), MOVE_LATE, late_text(topology, move));
	}
}

/* He is taken, not given away. */
static bool is_taking(const struct move *move)
{
	return move->is_forced || move->is_claim;
}

/* What the store says of the user by now counts: somebody may have given him to us since the order. False: the take-over is over. */
static bool take_on(struct topology *topology, struct move *move)
{
	struct home home;
	homes_named(topology, move->user, &home);
	move->from = home.dc;
	move->epoch = home.epoch + 1;
	if (move->is_claim ? home.is_nobodys : home.dc != 0)
		return true;
	topology->moves.next_flip = move->next;
	move->epoch = home.epoch;
	if (move->is_claim)
		undo(topology, take_flipping(topology, move->number), MOVE_LATE, (struct slice){ NULL, 0 });
	else
		finish(topology, take_flipping(topology, move->number), true);
	return false;
}

struct move *moving_next_flip(struct topology *topology)
{
	undo_leaving(topology);
	struct move *move = topology->moves.next_flip;
	/* A home that is on its way to the store may be this user's. */
	while (move != NULL && is_taking(move) && !topology->is_learning && !take_on(topology, move))
		move = topology->moves.next_flip;
	if (move == NULL || (is_taking(move) && topology->is_learning))
		return NULL;
	topology->moves.next_flip = move->next;
	move->is_gathered = true;
	topology->is_asking = true;
	return move;
}

void moving_flipped(struct topology *topology, uint64_t number, uint64_t seq)
{
	struct move *move = take_flipping(topology, number);
	struct buffer value = { 0 };
	assert(move != NULL && move->phase == MOVE_FLIPPING);
	homes_write(topology, &value, move->epoch, move->dc, move->is_forced);
	/* The effect that tells it has to find the name until the next step. */
	homes_learn(topology, TEXT(topology, move->user), buffer_slice(&value));
	buffer_free(&value);
	held_list_move(&move->held, &topology->ready);
	if (move->is_claim) {
		end(topology, move, MOVE_CLAIMED);
		return;
	}
	if (move->is_forced) {
		moving_tell_taken(topology, move);
		end(topology, move, MOVE_FORCED);
		return;
	}
	move->phase = MOVE_FLIPPED;
	move->mark = seq;
	move_list_add(&topology->moves.flipped[move->dc], move);
}

void moving_flip_refused(struct topology *topology, uint64_t number)
{
	struct move *move = take_flipping(topology, number);
	assert(move != NULL);
	/* Looked at again, they would only have the user claimed again. */
	if (move->is_claim)
		waiting_refuse_all(topology, &move->held, "HOMEPORT HELD Redis refused to write down that this user lives here (default: first): nothing was written, try again");
	undo(topology, move, MOVE_REFUSED, TEXT(topology, SLICE("HOMEPORT MOVE "), move->user, SLICE(" stays here: Redis refused to write his new home down")));
}

/* ---- ends without success ---- */

static void end_late(struct topology *topology, struct move_list *list)
{
	struct move_list all = *list;
	if (all.first == NULL)
		return;
	list->first = NULL;
	list->end = &list->first;
	for (struct move *move = all.first, *next; move != NULL; move = next) {
		next = move->next;
		if (topology->step->steady_ms < move->until_ms && !(move->is_overtaken && move->phase != MOVE_FLIPPED))
			move_list_add(list, move);
		else if (move->phase == MOVE_FLIPPED)
			finish(topology, move, false);
		else
			undo(topology, move, MOVE_LATE, late_text(topology, move));
	}
}

void moving_tick(struct topology *topology)
{
	end_late(topology, &topology->moves.holding);
	for (unsigned dc = 1; dc < topology->causes->origins.dc_count; dc++) {
		end_late(topology, &topology->moves.awaiting[dc]);
		end_late(topology, &topology->moves.flipped[dc]);
	}
}

static void lose(struct topology *topology, struct move_list *list)
{
	for (struct move *move = move_list_take(list); move != NULL; move = move_list_take(list)) {
		waiting_refuse_all(topology, &move->held, CORE_STORE_AWAY);
		if (move->phase == MOVE_FLIPPED)
			finish(topology, move, false);
		else
			undo(topology, move, MOVE_LOST, TEXT(topology, SLICE("HOMEPORT MOVE the connection to Redis was lost while "), move->user,
			                                     SLICE(" was being moved: HOMEPORT HOME tells where he lives once it is back")));
	}
}

void moving_lose_all(struct topology *topology)
{
	topology->moves.next_flip = NULL;
	lose(topology, &topology->moves.holding);
	lose(topology, &topology->moves.flipping);
	for (unsigned dc = 1; dc < topology->causes->origins.dc_count; dc++) {
		lose(topology, &topology->moves.awaiting[dc]);
		lose(topology, &topology->moves.flipped[dc]);
	}
}
