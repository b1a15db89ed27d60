/* Notices: keyspace notifications. Redis has one setting for all (notify-keyspace-events), and the sidecar needs some of them on for itself (expired keys). So
 * what clients turned on is kept apart: they read that, and get notifications of that alone. It is written down in the reserved database, beside what
 * Redis was told, so that it is known after a restart which of these flags are clients' own. */
#ifndef PROXY_NOTICES_H
#define PROXY_NOTICES_H

#include "base/bytes.h"

struct notices {
	uint32_t own;                /* flags that clients turned on, as bits */
	uint32_t full;               /* those that Redis has */
	bool is_known;               /* the two above were read since the start */
	unsigned changes;            /* how often a client has changed them: an answer from before that is old */
};

#define NOTICES_KEY "homeport:notices"
#define NOTICES_TEXT_MAX 64

uint32_t notices_flags(struct slice text);                       /* "KEx" as bits; A stands for many */
void notices_text(uint32_t flags, char text[NOTICES_TEXT_MAX]);  /* as CONFIG GET writes them */
/* What Redis has to be told, so that the sidecar has what it needs. */
uint32_t notices_merged(uint32_t own);
/* STORED: what notices_stored wrote, or nothing. FULL: what Redis has now. FOUND: what it had when it was last connected to, before the sidecar added
 * anything. */
void notices_read(struct notices *notices, struct slice stored, struct slice full, struct slice found);
void notices_stored(const struct notices *notices, char text[2 * NOTICES_TEXT_MAX]);
/* Does this PUSH of a subscription tell something that no client asked for? */
bool notices_hide(const struct notices *notices, uint32_t reserved_db, struct slice push);

#endif
