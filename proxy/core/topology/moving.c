#include "moving.h"

#include "homes.h"
#include "missed.h"
#include "moving_tell.h"
#include "waiting.h"

#include <assert.h>

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
	struct moved moved = { { .dc = move->dc, .epoch = move->epoch }, is_confirmed, topology->step->steady_ms - move->since_ms };
	struct home now;
	held_list_move(&move->held, &topology->ready);
	if (move->phase == MOVE_FLIPPED && homes_named(topology, move->user, &now) && now.epoch == move->epoch)
		homes_tell_of(topology, TEXT(topology, move->user), &moved.home);
	moving_tell(topology, move->token, move->user, &moved);
	end(topology, move, is_confirmed ? MOVE_DONE : MOVE_UNCONFIRMED);
}

/* ---- step after step ---- */

/* The store may have refused what came before the mark. Its seqs are given again then, to writes that are made after the answer. */
static uint64_t mark_of(const struct topology *topology, const struct move *move)
{
	uint64_t newest = topology->causes->next_seq - 1;
	return move->mark < newest ? move->mark : newest;
}

/* The new home is there, and near: from now on his writes wait. Nothing that was gathered before may be executed behind the flip, not even if the store refuses it at first. */
static void hold(struct topology *topology, struct move *move)
{
	move->phase = MOVE_HOLDING;
	move->since_ms = topology->step->steady_ms;
	move->until_ms = move->since_ms + move->bound_ms;
	move_list_add(&topology->moves.holding, move);
}

static void flip_drained(struct topology *topology)
{
	struct move_list *list = &topology->moves.holding;
	while (list->first != NULL && list->first->is_marked && topology->causes->answered_seq >= mark_of(topology, list->first)) {
		struct move *move = move_list_take(list);
		if (move->is_overtaken)
			undo(topology, move, MOVE_LATE, late_text(topology, move));
		else
			moves_flip(&topology->moves, move);
	}
}

void moving_mark(struct topology *topology)
{
	for (struct move *move = topology->moves.holding.first; move != NULL; move = move->next) {
		if (move->is_marked)
			continue;
		move->is_marked = true;
		move->mark = topology->causes->next_seq - 1;
		topology->step->is_unfinished = true;
	}
}

/* Heard since the order: where it is now is told, and that it is there. */
static bool is_near(const struct topology *topology, const struct move *move)
{
	const struct causes *causes = topology->causes;
	return causes->peers[move->dc].learnt > move->learnt && causes->origins.items[causes->self].known[move->dc] >= mark_of(topology, move);
}

void moving_pump(struct topology *topology)
{
	struct moves *moves = &topology->moves;
	if (moves->table.count == 0)
		return;
	for (unsigned dc = 1; dc < topology->causes->origins.dc_count; dc++) {
		while (moves->awaiting[dc].first != NULL && is_near(topology, moves->awaiting[dc].first))
			hold(topology, move_list_take(&moves->awaiting[dc]));
		const struct origin *self = &topology->causes->origins.items[topology->causes->self];
		while (moves->flipped[dc].first != NULL && self->known[dc] >= moves->flipped[dc].first->mark)
			finish(topology, move_list_take(&moves->flipped[dc]), true);
	}
	flip_drained(topology);
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
