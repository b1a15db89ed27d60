#include "waiting.h"

static const char *late_text(enum held_why why)
{
	switch (why) {
	case HELD_START:
		return "HOMEPORT HELD this datacenter is home of this user, but has not read yet what it may have done before it started (/readyz?verbose says "
		       "what it waits for): nothing was written, try again";
	case HELD_MISSED:
		return "HOMEPORT HELD this datacenter is home of this user, but was away, or cut off, and has not read yet whether another one has taken the user "
		       "over meanwhile: nothing was written, try again";
	case HELD_DOUBT:
		return "HOMEPORT HELD this datacenter would be home of this user, but has not heard from every peer that it has the same homes configured "
		       "(/readyz?verbose): nothing was written, try again";
	case HELD_EPOCH:
		return "HOMEPORT HELD a peer knows of a newer home of this user, which this datacenter has not applied yet: nothing was written, try again";
	case HELD_MOVE:
		break;
	}
	return "HOMEPORT HELD this user is being moved: nothing was written, try again";
}

static void refuse(struct topology *topology, uint64_t token, const char *text)
{
	topology->step->status.refused_writes++;
	step_refuse(topology->step, token, slice_of(text));
}

/* Clients watch again at once when they are told of a touch: that is for what is over soon. */
static void refuse_guarded(struct topology *topology, uint64_t token, enum held_why why)
{
	if (why == HELD_MOVE || why == HELD_EPOCH)
		step_refuse(topology->step, token, (struct slice){ 0 });
	else
		refuse(topology, token, CORE_HELD_GUARDED);
}

bool waiting_has_room(const struct topology *topology, const struct event *request)
{
	return topology->step->status.held_bytes + held_size(request) <= topology->options->held_bytes_max;
}

void waiting_hold(struct topology *topology, const struct event *request, struct held *held, enum held_why why, struct move *move)
{
	struct core_status *status = &topology->step->status;
	if (held == NULL && request->request.guard != 0) {
		refuse_guarded(topology, request->request.token, why);
		return;
	}
	if (held == NULL && !waiting_has_room(topology, request)) {
		refuse(topology, request->request.token, CORE_HELD_FULL);
		return;
	}
	if (held == NULL) {
		held = held_new(request);
		held->since_ms = topology->step->steady_ms;
		status->held_writes++;
		status->held_bytes += held->bytes;
		effects_add(topology->step->effects, EFFECT_HELD)->held.token = request->request.token;
	}
	held->why = why;
	held_list_add(move != NULL ? &move->held : &topology->waiting, held);
}

struct held *waiting_take_ready(struct topology *topology)
{
	return held_list_take(&topology->ready);
}

void waiting_let_go(struct topology *topology, struct held *held)
{
	topology->step->status.held_writes--;
	topology->step->status.held_bytes -= held->bytes;
	held_list_add(&topology->done, held);
}

void waiting_free_done(struct topology *topology)
{
	for (struct held *held = held_list_take(&topology->done); held != NULL; held = held_list_take(&topology->done))
		memory_free(held);
}

void waiting_refuse_all(struct topology *topology, struct held_list *list, const char *why)
{
	for (struct held *held = held_list_take(list); held != NULL; held = held_list_take(list)) {
		refuse(topology, held->event.request.token, why);
		waiting_let_go(topology, held);
	}
}

void waiting_refuse_late(struct topology *topology)
{
	struct held_list still;
	held_list_init(&still);
	for (struct held *held = held_list_take(&topology->waiting); held != NULL; held = held_list_take(&topology->waiting)) {
		if (topology->step->steady_ms - held->since_ms < topology->options->hold_ms_max) {
			held_list_add(&still, held);
			continue;
		}
		refuse(topology, held->event.request.token, late_text(held->why));
		waiting_let_go(topology, held);
	}
	held_list_move(&still, &topology->waiting);
}
