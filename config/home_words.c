/* Home words (see home_words.h). */
#include "home_words.h"

#include <string.h>

static const char *const away_words[] = {
	[SETTINGS_AWAY_ACCEPT] = "accept",
	[SETTINGS_AWAY_REDIRECT] = "redirect",
	[SETTINGS_AWAY_FORWARD] = "forward",
	[SETTINGS_AWAY_REFUSE] = "refuse",
};

bool home_away_read(const char *text, enum settings_away *away)
{
	for (unsigned i = 0; i < sizeof(away_words) / sizeof(*away_words); i++) {
		if (strcmp(text, away_words[i]) != 0)
			continue;
		*away = (enum settings_away)i;
		return true;
	}
	return false;
}

const char *home_away_text(enum settings_away away)
{
	return away_words[away];
}

/* An id ends where the byte behind it in the pattern comes: so that byte, and the one before, have to be known. */
const char *home_match_complaint(const char *match)
{
	static const char unclear[] = "*?[]\\{}";
	const char *id = strstr(match, HOME_PLACEHOLDER);

	if (id == NULL)
		return "it has no {id}, write {id} where the user's id stands: user:{id}:*";
	const char *behind = id + strlen(HOME_PLACEHOLDER);

	if (strstr(behind, HOME_PLACEHOLDER) != NULL)
		return "it has {id} twice, a key has one user: keep one, write * for the other";
	if ((id > match && strchr(unclear, id[-1]) != NULL) || (*behind != '\0' && strchr(unclear, *behind) != NULL))
		return "what stands beside {id} must be a plain byte or the end, or nothing tells where an id ends: user:{id}:* "
		       "({id} stands for 42 and for {42})";
	return NULL;
}
