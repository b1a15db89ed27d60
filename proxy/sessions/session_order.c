#include "session_order.h"

static bool is_ordered(void *turn, struct slice key)
{
	return turn_reads_in_order(turn, key);
}

bool session_may_order(const struct session *session)
{
	const struct settings *settings = session->sessions->status->settings;
	for (unsigned i = 0; i < settings->rule_count; i++)
		if (settings->rules[i].is_stream_ordered)
			return true;
	return false;
}

bool session_in_order(struct session *session, struct slice reply, uint64_t until_ms, struct stream_cut *cut)
{
	struct sessions *sessions = session->sessions;
	*cut = (struct stream_cut){ .until_ms = until_ms, .context = sessions->turn, .is_ordered = is_ordered };
	buffer_reset(&sessions->reply);
	return stream_cut(cut, reply, &sessions->reply);
}
