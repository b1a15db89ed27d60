/* Glob: patterns of keys, as in Redis's KEYS. */
#ifndef CORE_GLOB_H
#define CORE_GLOB_H

#include "base/bytes.h"

/* Does TEXT match the glob PATTERN, as Redis's KEYS would? (?, *, [a-z], [^a], backslash) */
bool glob_match(struct slice pattern, struct slice text);

#endif
