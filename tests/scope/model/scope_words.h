/* Words: an operation of the outcome table, taken apart: "HSET k f 1; DEL q" is two commands. */
#ifndef SCOPE_WORDS_H
#define SCOPE_WORDS_H

#include <stdbool.h>

#define SCOPE_WORDS_MAX 8

struct scope_words { char text[96]; char *words[SCOPE_WORDS_MAX]; unsigned count; };

/* Takes the next command off *OPERATION (NULL when there is none left). */
bool scope_next_command(const char **operation, struct scope_words *command);
bool scope_is_flush(const char *operation);
bool scope_is_expiry(const char *operation);

#endif
