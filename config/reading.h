/* Reading: what every part of the configuration's reader uses: the file's tree, the settings being filled, the complaints so far. */
#ifndef CONFIG_READING_H
#define CONFIG_READING_H

#include "settings.h"
#include "tree.h"

#define COUNT_OF(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

struct reading {
	const struct tree *root;
	const char *directory;          /* the configuration file's: relative file names start there */
	struct settings *settings;
	const struct settings_checks *checks;   /* NULL: what only somebody above can judge is not checked */
	struct complaints *complaints;
};

/* Fills *TARGET with a copy of a scalar's text; complains about anything else. PATH is what the complaint calls it. */
MUST_CHECK bool reading_take_text(struct reading *reading, const struct tree *node, const char *path, char **target);
/* Complains unless NODE is a mapping. Nothing at all ("name:") is an empty one. */
MUST_CHECK bool reading_is_mapping(struct reading *reading, const struct tree *node, const char *path);
/* Complains about a key that is not among NAMES, with the nearest one as the remedy. PARENT: "" at the top. */
void reading_refuse_key(struct reading *reading, const struct tree *item, const char *parent, const char *const *names, unsigned count);
/* Where FIRST.SECOND stands, or FIRST (SECOND may be NULL), or the file's beginning where it was left out. */
struct place reading_place(const struct reading *reading, const char *first, const char *second);

#endif
