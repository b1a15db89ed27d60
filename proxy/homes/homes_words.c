/* Homes words (see homes_words.h). */
#include "homes_words.h"

#include "base/text.h"
#include "config/value.h"

#define NOT_CONFIGURED "a datacenter that is not configured here, add it to peers"

static bool is_configured(const struct sidecar_status *status, unsigned dc)
{
	return dc < status->dc_count;
}

void homes_add_address(struct buffer *out, const struct sidecar_status *status, unsigned dc)
{
	const struct settings *settings = status->settings;
	value_add_address(out, dc == 0 ? &settings->listen : &settings->peers[dc - 1].address);
}

void homes_add_redirect(struct buffer *out, const struct sidecar_status *status, unsigned dc)
{
	if (!is_configured(status, dc)) {
		buffer_add_text(out, "HOMEPORT AWAY the home is " NOT_CONFIGURED);
		return;
	}
	buffer_add_format(out, "HOMEPORT HOME %s ", status->dcs[dc]);
	homes_add_address(out, status, dc);
}

void homes_add_refusal(struct buffer *out, const struct sidecar_status *status, const struct effect *away)
{
	bool is_forward = away->away.policy == HOME_FORWARD;
	buffer_add_text(out, "HOMEPORT AWAY ");
	buffer_add(out, away->away.user);
	buffer_add_text(out, " lives in ");
	if (!is_configured(status, away->away.dc)) {
		buffer_add_text(out, NOT_CONFIGURED);
		return;
	}
	buffer_add_format(out, "%s (", status->dcs[away->away.dc]);
	homes_add_address(out, status, away->away.dc);
	buffer_add_text(out, is_forward ? "), and what was watched here cannot be guarded there: WATCH and EXEC there" : "), and is written there only");
}

void homes_add_unreachable(struct buffer *out, const struct sidecar_status *status, unsigned dc, const char *why, bool is_unknown)
{
	buffer_add_format(out, "HOMEPORT UNREACHABLE %s ", status->dcs[dc]);
	homes_add_address(out, status, dc);
	buffer_add_format(out, ": %s; %s", why, is_unknown ? "whether the command was executed is unknown" : "the command was not executed");
}
