/* Home words: the words that a pattern under `homes:` may use, for reading and for showing it. */
#ifndef CONFIG_HOME_WORDS_H
#define CONFIG_HOME_WORDS_H

#include "settings.h"

#define HOME_PLACEHOLDER "{id}"
#define HOME_NAME_DEFAULT "user"

/* False: TEXT is no such word. */
bool home_away_read(const char *text, enum settings_away *away);
const char *home_away_text(enum settings_away away);
/* What is wrong with MATCH as a pattern of keys, and the remedy; NULL: nothing. */
const char *home_match_complaint(const char *match);

#endif
