/* Nearest: which known name did the operator mean? */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

/* The name that takes the fewest edits (insert, remove, replace, swap neighbours) to get to from WORD; NULL: none is near. */
const char *nearest_name(const char *word, const char *const *names, unsigned count);

#endif
