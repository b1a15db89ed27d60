/* Reading: one pass over a configuration file: from its tree into struct settings, with complaints on the way. Private to config/. */
#ifndef CONFIG_READING_H
#define CONFIG_READING_H

#include "settings.h"
#include "tree.h"

#define COUNT_OF(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

struct reading {
	const struct tree *root;
	const char *directory;          /* of the file, for the files it names */
	struct settings *settings;
	struct complaints *complaints;
};

/* log:, peers: and rules:, which settings.def cannot describe. PATH is what complaints call a log. */
void log_read_own(struct reading *reading, const struct tree *node);   /* NODE NULL: the default */
void log_read(struct reading *reading, const struct tree *node, const char *path, struct settings_log *log);
void log_free(struct settings_log *log);
void peers_read(struct reading *reading, const struct tree *node);
void peers_free(struct settings *settings);
void rules_read(struct reading *reading, const struct tree *node);
void rules_free(struct settings *settings);
/* Things that are right by themselves and wrong together. */
void contradictions_find(struct reading *reading);

/* Fills *TARGET with a copy of a scalar's text; complains about anything else. PATH is what the complaint calls it. */
MUST_CHECK bool reading_take_text(struct reading *reading, const struct tree *node, const char *path, char **target);
/* Complains unless NODE is a mapping. Nothing at all ("name:") is an empty one. */
MUST_CHECK bool reading_is_mapping(struct reading *reading, const struct tree *node, const char *path);
/* Complains about a key that is not among NAMES, with the nearest one as the remedy. PARENT: "" at the top. */
void reading_refuse_key(struct reading *reading, const struct tree *item, const char *parent, const char *const *names, unsigned count);

#endif
