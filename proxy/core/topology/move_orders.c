#include "move_orders.h"

#include "homes.h"
#include "missed.h"
#include "moving_tell.h"

#include <assert.h>

#define HOLD_MS_MAX 3600000          /* that an order may ask for */

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
	move->bound_ms = bound_ms < HOLD_MS_MAX ? bound_ms : HOLD_MS_MAX;
	move->until_ms = move->since_ms + move->bound_ms;
	move->mark = topology->causes->next_seq - 1;
	move_list_add(&topology->moves.awaiting[dc], move);
	topology->is_asking = true;
}

struct move *move_claim(struct topology *topology, const struct user *user, struct user_hash hash)
{
	struct buffer name = { 0 };
	patterns_add_user(&name, user);
	struct move *move = move_begin(topology, hash, buffer_slice(&name), 0);
	buffer_free(&name);
	move->is_claim = true;
	moves_flip(&topology->moves, move);
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
	moves_flip(&topology->moves, move);
}

void move_order(struct topology *topology, const struct event *event)
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
		moving_tell(topology, token, event->asked.key, &(struct moved){ home, true, 0 });
	else
		begin(topology, event, &home, (unsigned)dc);
}
