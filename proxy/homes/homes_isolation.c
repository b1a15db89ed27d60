/* Homes isolation (see homes_isolation.h). */
#include "homes_isolation.h"

#include "base/text.h"
#include "forwards.h"
#include "homes_asked.h"
#include "homes_room.h"

static bool count_read(struct slice text, uint64_t *count)
{
	int64_t number;
	if (!slice_to_int64(text, &number) || number < 0)
		return false;
	*count = (uint64_t)number;
	return true;
}

bool homes_isolation_read(const struct slice *words, struct isolation_order *order)
{
	*order = (struct isolation_order){ .id = 0 };
	return isolation_verb_read(words[0], &order->verb) && count_read(words[1], &order->id) && order->id != 0 && count_read(words[2], &order->for_ms) &&
	       count_read(words[3], &order->keep_ms);
}

static bool pass_on(struct homes *homes, unsigned dc, const struct isolation_order *order, struct order *asked, struct buffer *error)
{
	struct buffer numbers[3] = { { 0 } };
	const uint64_t values[3] = { order->id, order->for_ms, order->keep_ms };
	struct forward_order forward = { FORWARD_ISOLATE, { slice_of(isolation_verb_text(order->verb)) } };
	for (unsigned i = 0; i < 3; i++) {
		buffer_add_uint64(&numbers[i], values[i]);
		forward.words[i + 1] = buffer_slice(&numbers[i]);
	}
	struct homes_asker asker = homes_asked_elsewhere(asked);
	bool is_sent = forwards_send_order(homes, dc, &forward, &asker, error);
	for (unsigned i = 0; i < 3; i++)
		buffer_free(&numbers[i]);
	return is_sent;
}

void homes_isolate(struct homes *homes, struct slice name, const struct isolation_order *order, const struct homes_asker *asker)
{
	const struct sidecar_status *status = homes->options.status;
	struct order *asked = homes_asked_new(homes, asker);
	struct buffer error = { 0 };
	unsigned dc = 0;
	while (dc < status->dc_count && !slice_equal(name, slice_of(status->dcs[dc])))
		dc++;
	const char *why = dc == status->dc_count ? "HOMEPORT ISOLATION there is no datacenter of that name: name this one or a peer" : dc == 0 ? turn_isolate(homes->turn, order) : NULL;
	bool is_sent = why == NULL && dc > 0 && pass_on(homes, dc, order, asked, &error);
	if (why != NULL)
		homes_asked_refuse(asked, slice_of(why));
	else if (dc == 0)
		homes_asked_answer(asked, SLICE("+OK\r\n"));
	else if (!is_sent)
		homes_asked_refuse(asked, buffer_slice(&error));
	buffer_free(&error);
}
