/* Homes order (see homes_order.h). */
#include "homes_order.h"

#include "base/text.h"
#include "forwards.h"
#include "homes_asked.h"
#include "homes_room.h"
#include "homes_words.h"

/* ---- at the home ---- */

static void on_done(void *context, enum errand_end end, struct slice reply)
{
	switch (end) {
	case ERRAND_ANSWERED: homes_asked_answer(context, reply); return;
	case ERRAND_REFUSED: homes_asked_refuse(context, reply); return;
	case ERRAND_LOST: homes_asked_refuse(context, SLICE(CORE_STORE_AWAY)); return;
	}
}

static void order_here(struct homes *homes, const struct homes_order *words, struct order *order)
{
	struct event event = {
		.type = EVENT_ASKED,
		.asked = { .ask = words->is_forced ? ASK_TAKE_OVER : ASK_REHOME, .key = words->user, .value = words->dc, .hold_ms = words->hold_ms, .is_now = words->is_now, .by = words->by },
	};
	turn_ask_for(homes->turn, &event, &(struct errand){ order, on_done });
}

/* ---- elsewhere ---- */

static bool order_pass_on(struct homes *homes, unsigned dc, const struct homes_order *words, struct order *order, struct buffer *error)
{
	const char *force = words->is_now ? "NOW" : words->is_forced ? "FORCE" : "";
	struct buffer hold = { 0 };
	buffer_add_uint64(&hold, words->hold_ms);
	struct homes_asker asker = homes_asked_elsewhere(order);
	bool is_sent = forwards_send_order(homes, dc, &(struct forward_order){ FORWARD_REHOME, { words->user, words->dc, buffer_slice(&hold), slice_of(force) } },
	                                   &asker, error);
	buffer_free(&hold);
	return is_sent;
}

/* Which datacenter has to carry it out; *epoch: since when, if it is the home. */
static unsigned order_place(const struct sidecar_status *status, const struct homes_order *words, uint64_t *epoch)
{
	struct home home;
	for (unsigned dc = 1; words->is_forced && dc < status->dc_count; dc++)
		if (slice_equal(words->dc, slice_of(status->dcs[dc])))
			return dc;
	if (words->is_forced || !core_home_of_user(status->core, words->user, &home) || home.is_nobodys)
		return 0;            /* the core words what is wrong with it */
	*epoch = home.epoch;
	return home.dc;
}

void homes_order(struct homes *homes, const struct homes_order *words, const struct homes_asker *asker)
{
	const struct sidecar_status *status = homes->options.status;
	struct order *order = homes_asked_new(homes, asker);
	struct buffer error = { 0 };
	bool is_away = status->core == NULL || !turn_is_open(homes->turn), is_sent = false;
	uint64_t epoch = 0;
	unsigned dc = is_away ? 0 : order_place(status, words, &epoch);
	if (is_away)
		buffer_add_text(&error, CORE_STORE_AWAY);
	else if (words->is_forced && dc == 0 && !slice_equal(words->dc, slice_of(status->dcs[0])))
		buffer_add_text(&error, "HOMEPORT MOVE there is no datacenter of that name: name this one or a peer");
	else if (dc == 0)
		order_here(homes, words, order);
	else if (words->is_passed_on)
		forwards_add_moved(&error, status, dc, epoch);
	else
		is_sent = order_pass_on(homes, dc, words, order, &error);
	if (!is_sent && error.len > 0)
		homes_asked_refuse(order, buffer_slice(&error));
	buffer_free(&error);
}

bool homes_hold_read(struct slice text, uint32_t *hold_ms)
{
	int64_t number;
	if (!slice_to_int64(text, &number) || number < 0 || number > HOMES_HOLD_MS_MAX)
		return false;
	*hold_ms = (uint32_t)number;
	return true;
}
