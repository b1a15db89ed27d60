/* Session info (see session_info.h). */
#include "session_info.h"

#include "info_view.h"

#include <stdio.h>
#include <string.h>

static void line_add(struct buffer *text, const char *name, uint64_t number)
{
	buffer_add_text(text, name);
	buffer_add_byte(text, ':');
	buffer_add_uint64(text, number);
	buffer_add_text(text, "\r\n");
}

/* One line a peer, as Redis writes its replicas: homeport_peer0:name=us,state=following,… */
static void peer_add(struct buffer *text, const struct sidecar_status *status, unsigned dc, const struct core_peer_status *peer, const struct moment *now)
{
	char line[300];
	int64_t lag_events = status_lag_events(status, peer, now); /* -1: unknown */
	int64_t staleness_ms = status_staleness_ms(peer, now);
	snprintf(line, sizeof(line), "homeport_peer%u:name=%s,state=%s,staleness_ms=%lld,lag_events=%lld,held_events=%llu,owed_events=%llu\r\n",
	         dc - 1, status->dcs[dc], peer_state_text(peer->state), (long long)staleness_ms, (long long)lag_events,
	         (unsigned long long)peer->held_events, (unsigned long long)peer->owed_events);
	buffer_add_text(text, line);
}

void session_info_add_section(struct sessions *sessions, struct buffer *text)
{
	const struct sidecar_status *status = sessions->status;
	buffer_add_text(text, "# Homeport\r\nhomeport_dc:");
	buffer_add_text(text, status->dcs[0]);
	buffer_add_text(text, "\r\nhomeport_role:leader\r\n");
	line_add(text, "homeport_clients", status->counters.clients);
	if (status->core == NULL)
		return;
	const struct core_status *core = core_status(status->core);
	line_add(text, "homeport_store_open", core->is_open);
	line_add(text, "homeport_recalling", core->is_recalling);
	line_add(text, "homeport_seq", core->seq);
	line_add(text, "homeport_outbox_events", core->outbox_events);
	line_add(text, "homeport_unstable_elements", core->unstable_elements);
	line_add(text, "homeport_peers", core->peer_count - 1);
	const struct turn_clock *clock = turn_clock_now(sessions->clock);
	const struct moment now = { clock->unix_ms, clock->steady_us / 1000 };
	for (unsigned i = 1; i < core->peer_count; i++)
		peer_add(text, status, i, &core->peers[i], &now);
}

/* Redis answers an INFO about a section that it does not know with an empty text, so INFO HOMEPORT gets our section alone. */
struct slice session_info_adapt(struct sessions *sessions, struct slice reply, bool with_our_section)
{
	struct slice cursor = reply;
	struct reply info;
	if (!reply_read(&cursor, &info) || info.type != REPLY_STRING)
		return reply;
	bool is_verbatim = reply.ptr[0] == '=';
	struct buffer text = { 0 };
	info_view_add(sessions, info.text, &text);
	if (with_our_section && text.len > 0)
		buffer_add_text(&text, "\r\n");
	if (with_our_section)
		session_info_add_section(sessions, &text);

	struct buffer *adapted = &sessions->reply;
	buffer_reset(adapted);
	if (is_verbatim) {
		buffer_add_byte(adapted, '=');
		buffer_add_uint64(adapted, text.len + 4);
		buffer_add_text(adapted, "\r\ntxt:");
		buffer_add(adapted, buffer_slice(&text));
		buffer_add_text(adapted, "\r\n");
	} else {
		resp_add_bulk(adapted, buffer_slice(&text));
	}
	buffer_free(&text);
	return buffer_slice(adapted);
}

bool session_info_is_ours(const struct request *request)
{
	if (request->argc == 1)
		return true;
	for (uint32_t i = 1; i < request->argc; i++) {
		struct slice section = request->argv[i];
		if (word_is(section, "HOMEPORT") || word_is(section, "ALL") || word_is(section, "EVERYTHING") ||
		    word_is(section, "DEFAULT"))
			return true;
	}
	return false;
}

bool sessions_server_is(const struct sessions *sessions, unsigned major, unsigned minor)
{
	unsigned has_major = 0, has_minor = 0;
	int count = sscanf(store_facts(sessions->status->store)->version, "%u.%u", &has_major, &has_minor);
	return count == 2 && (has_major > major || (has_major == major && has_minor >= minor));
}
