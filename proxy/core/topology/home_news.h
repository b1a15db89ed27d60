/* Home news: homes that a group writes to the store, as text, until it has answered. */
#ifndef CORE_HOME_NEWS_H
#define CORE_HOME_NEWS_H

#include "base/bytes.h"

struct home_news { struct buffer pairs; };       /* owned. Zero-initialised is empty */

void home_news_add(struct home_news *news, struct slice user, struct slice value);
/* Takes the next one off *PAIRS. False at the end. */
bool home_news_next(struct slice *pairs, struct slice *user, struct slice *value);

#endif
