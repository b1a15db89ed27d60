/* Status (see status.h). */
#include "status.h"

const char *forward_result_text(enum forward_result result)
{
	static const char *const texts[FORWARD_RESULT_COUNT] = {
		[FORWARD_RESULT_ANSWERED] = "answered",
		[FORWARD_RESULT_MOVED] = "moved",
		[FORWARD_RESULT_UNREACHABLE] = "unreachable",
		[FORWARD_RESULT_UNKNOWN] = "unknown",
	};
	return texts[result];
}

const char *command_result_text(enum command_result result)
{
	static const char *const texts[COMMAND_RESULT_COUNT] = {
		[COMMAND_RESULT_OK] = "ok",
		[COMMAND_RESULT_ERROR] = "error",
		[COMMAND_RESULT_REFUSED] = "refused",
		[COMMAND_RESULT_UNSUPPORTED] = "unsupported",
	};

	return texts[result];
}

int64_t status_staleness_ms(const struct core_peer_status *peer, const struct moment *now)
{
	if (peer->fresh_at_ms == 0)
		return -1;
	return peer->fresh_at_ms > now->steady_ms ? 0 : (int64_t)(now->steady_ms - peer->fresh_at_ms);
}

uint64_t status_heard_age_ms(const struct sidecar_status *status, const struct core_peer_status *peer, const struct moment *now)
{
	uint64_t since_ms = peer->heard_ms != 0 ? peer->heard_ms : status->started.steady_ms;

	return since_ms > now->steady_ms ? 0 : now->steady_ms - since_ms;
}

static bool is_overdue(const struct sidecar_status *status, const struct core_peer_status *peer, const struct moment *now)
{
	return status_heard_age_ms(status, peer, now) > status->settings->alarms_heartbeat_age_ms;
}

bool status_is_silent(const struct sidecar_status *status, const struct core_peer_status *peer, const struct moment *now)
{
	bool is_listening = peer->listening_since_ms != 0 && now->steady_ms > peer->listening_since_ms + status->settings->alarms_heartbeat_age_ms;

	return is_listening && is_overdue(status, peer, now);
}

int64_t status_lag_events(const struct sidecar_status *status, const struct core_peer_status *peer, const struct moment *now)
{
	if (peer->heard_ms == 0 || is_overdue(status, peer, now))
		return -1;
	return peer->known_seq > peer->applied_seq ? (int64_t)(peer->known_seq - peer->applied_seq) : 0;
}
