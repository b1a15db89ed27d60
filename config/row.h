/* Row: a row of settings.def as data: how one setting is named, read, limited and described. */
#ifndef CONFIG_ROW_H
#define CONFIG_ROW_H

#include "settings.h"

#include <stddef.h>

enum row_type { ROW_NAME, ROW_TEXT, ROW_SECRET, ROW_PATHS, ROW_LIST, ROW_WORD, ROW_FILE, ROW_ADDRESS, ROW_ENDPOINT, ROW_COUNT, ROW_DURATION, ROW_SIZE, ROW_BOOL, ROW_LEVEL };
enum row_when { ROW_REQUIRED, ROW_START, ROW_RELOAD };

struct row {
	const char *path;       /* "limits.clients" */
	size_t offset;          /* of its member in struct settings */
	enum row_type type;
	enum row_when when;
	const char *preset;     /* "": none */
	const char *min, *max;  /* "": none. Of a word, MIN lists those that there are */
	const char *prose;
};

struct section {
	const char *name;
	const char *prose;
};

unsigned row_count(void);
const struct row *row_at(unsigned index);
/* NULL: unknown. NAME may be in SECTION, or at the top where that is "". */
const struct row *row_find(const char *section, const char *name);
unsigned section_count(void);
const struct section *section_at(unsigned index);

/* Reads TEXT into the row's member of *settings. False: WHY says what is expected, and the member is as it was.
 * FILE names are relative to DIRECTORY. */
MUST_CHECK bool row_assign(const struct row *row, struct settings *settings, const char *text, const char *directory, struct buffer *why);
/* Does the member differ? */
bool row_differs(const struct row *row, const struct settings *a, const struct settings *b);
/* Swaps the member between the two. */
void row_swap(const struct row *row, struct settings *a, struct settings *b);
void row_clear(const struct row *row, struct settings *settings);
/* The type in a word, as in the documentation. */
const char *row_type_text(enum row_type type);

#endif
