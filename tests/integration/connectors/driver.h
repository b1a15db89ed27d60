/* Driver: what the programs here share. They put a connector at the hands of a test: commands come as lines on standard input, what the
 * connector tells goes as lines to standard output. They end when the input does. */
#ifndef TESTS_CONNECTORS_DRIVER_H
#define TESTS_CONNECTORS_DRIVER_H

#include "base/bytes.h"

#define DRIVER_WORDS_MAX 64

struct event_base;

/* Calls COMMAND for each line, split at blanks (words borrowed for the call), and ENDED when there are no more. */
void driver_listen(struct event_base *loop, void (*command)(unsigned count, char **words), void (*ended)(void));
/* One line out at once, as by printf. */
void driver_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* BYTES with what cannot be printed, blanks and backslashes as \xNN; valid until the next call but three. */
const char *driver_escape(struct slice bytes);

#endif
