/* Homes words: errors that clients get about homes. A client may rely on their first words. */
#ifndef PROXY_HOMES_WORDS_H
#define PROXY_HOMES_WORDS_H

#include "proxy/core/vocabulary/effect.h"
#include "proxy/ops/status.h"

/* As clients connect to it: HOST:PORT. Of DC 0: this one. */
void homes_add_address(struct buffer *out, const struct sidecar_status *status, unsigned dc);
/* Which datacenter, and its address; of one that is not configured here, why that cannot be said. */
void homes_add_redirect(struct buffer *out, const struct sidecar_status *status, unsigned dc);
/* The request of AWAY is refused: why, and where it would be taken. */
void homes_add_refusal(struct buffer *out, const struct sidecar_status *status, const struct effect *away);
/* DC cannot be reached. IS_UNKNOWN: nor is it known whether it has executed the command. */
void homes_add_unreachable(struct buffer *out, const struct sidecar_status *status, unsigned dc, const char *why, bool is_unknown);

#endif
