/* Conflicts choice: how a conflict is to be ended, in words: winner, side DOT, value VALUE, remove, rule NAME. */
#ifndef PROXY_CONFLICTS_CHOICE_H
#define PROXY_CONFLICTS_CHOICE_H

#include "conflicts_bulk.h"

/* WITH is what follows the word; its ptr is NULL if nothing does. Fills in ask, choice and value of ORDER. False: ERROR says what is wrong and
 * what to write. */
MUST_CHECK bool conflicts_choice_read(struct slice word, struct slice with, struct conflicts_order *order, struct buffer *error);

#endif
