/* Complaints: what is wrong with a configuration file, one line each: FILE:LINE:COL: what, remedy. */
#ifndef CONFIG_COMPLAINTS_H
#define CONFIG_COMPLAINTS_H

#include "base/bytes.h"

struct place {                  /* in the file; both from 1 */
	unsigned line;
	unsigned col;
};

struct complaints {
	const char *path;       /* borrowed */
	struct buffer *out;     /* borrowed */
	unsigned count;
};

void complain(struct complaints *complaints, struct place place, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
