/* Libraries: those of functions, by name. Redis keeps them itself, in our form (wrapper.h); so that a datacenter which did not get them from a client has
 * them, too, their own texts stand beside the scripts (scripts.h). The last one of a name that was loaded anywhere counts.
 *   libraries.c  requests        library_dump.c  dumps        library_store.c  what stands in the store */
#ifndef CORE_LIBRARIES_H
#define CORE_LIBRARIES_H

#include "scripts.h"

#define LIBRARIES_FIELD "library/"   /* … and the name: a field of CORE_HOMES_KEY */

bool libraries_are_meant(const struct command *row);
/* As scripts_command does. Returns NULL, or why it is refused: nothing has been appended then. */
const char *libraries_command(struct libraries *libraries, const struct command *row, const struct request *request, const struct scripts_place *place,
                              struct buffer *out, struct scripted *scripted);
void libraries_answered(struct libraries *libraries, struct slice by, struct slice reply);
/* The store may have forgotten them, and what is under way is lost. */
void libraries_unload(struct libraries *libraries);
bool libraries_are_field(struct slice field);
void libraries_learn(struct libraries *libraries, struct slice field, struct slice code);
void libraries_clear(struct libraries *libraries);
/* The next one that is to be written down, or removed (CODE.ptr NULL), which FIELD names. False: none is. FIELD is empty before. */
bool libraries_next_news(struct libraries *libraries, struct buffer *field, struct slice *code);
/* What the store is to be told, so that it has them; false: nothing more. BY_TEXT: as in struct scripted; empty: whatever it answers. */
bool libraries_next_order(struct libraries *libraries, struct buffer *command, char by_text[SCRIPTED_BY]);
/* How many the store refused; FIRST: the name of one. */
unsigned libraries_refused(const struct libraries *libraries, struct slice *first);
/* FUNCTION STATS, without the arguments that were put behind those of the function that runs. Good as long as OUT is. */
struct slice libraries_adapt_stats(struct slice reply, struct buffer *out);
void libraries_free(struct libraries *libraries);

#endif
