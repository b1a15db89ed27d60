/* Plan reply: what plans read in the store's replies, of RESP2 and RESP3 alike. Private to the plans. */
#ifndef CORE_PLAN_REPLY_H
#define CORE_PLAN_REPLY_H

#include "plan_parts.h"

struct reply reply_of(struct slice bytes);       /* nil where it makes no sense */
bool reply_is_text(const struct reply *reply);
/* Not nil, not 0: the command did what it was asked to. */
bool reply_is_done(struct slice reply);
/* Opens a list: CURSOR is at its first element. False: it is none (nil, an error). */
bool reply_list(struct slice reply, struct slice *cursor, int64_t *count);
bool reply_text_next(struct slice *cursor, struct slice *text);
/* Takes a member and its score off the list: nested pairs (RESP3) or flat ones. COUNT is the list's, counted down. */
bool reply_scored_next(struct slice *cursor, int64_t *count, struct slice *member, double *score);
/* Nil (-2: no key, -1: no deadline) and numbers as PEXPIRETIME has them. */
int64_t reply_deadline(struct slice reply);
/* A change to the key of LIKE, with no content yet. */
struct change *result_add(struct changes *result, enum change_kind kind, const struct change *like);

#endif
