/* Errands: a list in the order of asking (see turn_errands.h). It is short, since those who ask are bounded. */
#include "turn_errands.h"

#include <assert.h>
#include <event2/event.h>

#define TOKENS_END (UINT64_C(1) << 32)

struct pending {
	uint64_t token;
	struct errand errand;
	bool is_ended;
	enum errand_end end;
	struct slice reply;          /* owned; once ended */
};

struct turn_errands {
	struct event *due;           /* libevent's */
	struct pending *list;        /* owned */
	unsigned count, cap;
	uint64_t last_token;
};

static void errands_on_due(evutil_socket_t fd, short what, void *context);

struct turn_errands *turn_errands_new(struct event_base *loop)
{
	struct turn_errands *errands = memory_new(sizeof(*errands));
	errands->due = event_new(loop, -1, 0, errands_on_due, errands);
	return errands;
}

void turn_errands_free(struct turn_errands *errands)
{
	if (errands == NULL)
		return;
	event_free(errands->due);
	for (unsigned i = 0; i < errands->count; i++)
		memory_free((void *)errands->list[i].reply.ptr);
	memory_free(errands->list);
	memory_free(errands);
}

bool turn_errands_are_meant(uint64_t token)
{
	return token > 0 && token < TOKENS_END;
}

uint64_t turn_errands_add(struct turn_errands *errands, const struct errand *errand)
{
	errands->list = array_reserve(errands->list, errands->count, &errands->cap, sizeof(*errands->list));
	errands->last_token = errands->last_token + 1 == TOKENS_END ? 1 : errands->last_token + 1;
	errands->list[errands->count++] = (struct pending){ .token = errands->last_token, .errand = *errand };
	return errands->last_token;
}

static void pending_end(struct turn_errands *errands, struct pending *pending, enum errand_end end, struct slice reply)
{
	pending->is_ended = true;
	pending->end = end;
	pending->reply = buffer_copy(reply);
	event_active(errands->due, EV_TIMEOUT, 0);
}

void turn_errands_end(struct turn_errands *errands, uint64_t token, enum errand_end end, struct slice reply)
{
	assert(turn_errands_are_meant(token));
	for (unsigned i = 0; i < errands->count; i++) {
		struct pending *pending = &errands->list[i];
		if (pending->token != token || pending->is_ended)
			continue;
		pending_end(errands, pending, end, reply);
		return;
	}
}

void turn_errands_lose(struct turn_errands *errands)
{
	for (unsigned i = 0; i < errands->count; i++) {
		if (!errands->list[i].is_ended)
			pending_end(errands, &errands->list[i], ERRAND_LOST, (struct slice){ "", 0 });
	}
}

static void errands_remove(struct turn_errands *errands, unsigned index)
{
	memory_free((void *)errands->list[index].reply.ptr);
	errands->count--;
	for (unsigned i = index; i < errands->count; i++)
		errands->list[i] = errands->list[i + 1];
}

void turn_errands_drop(struct turn_errands *errands, const void *context)
{
	for (unsigned i = errands->count; i-- > 0;) {
		if (errands->list[i].errand.context == context)
			errands_remove(errands, i);
	}
}

static struct pending *errands_first_ended(struct turn_errands *errands)
{
	for (unsigned i = 0; i < errands->count; i++) {
		if (errands->list[i].is_ended)
			return &errands->list[i];
	}
	return NULL;
}

/* An errand is taken off the list before its asker is told, because the asker may then ask again, or drop others. */
static void errands_on_due(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct turn_errands *errands = context;
	uint64_t last_token = errands->last_token;
	for (struct pending *found = errands_first_ended(errands); found != NULL; found = errands_first_ended(errands)) {
		struct pending pending = *found;
		found->reply = (struct slice){ NULL, 0 };
		errands_remove(errands, (unsigned)(found - errands->list));
		pending.errand.done(pending.errand.context, pending.end, pending.reply);
		memory_free((void *)pending.reply.ptr);
		/* Errands added meanwhile wait for the next pass of the loop, so that clients have a turn first. */
		if (errands->last_token != last_token && errands_first_ended(errands) != NULL) {
			event_active(errands->due, EV_TIMEOUT, 0);
			return;
		}
	}
}
