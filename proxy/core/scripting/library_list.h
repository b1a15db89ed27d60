/* Library list: which libraries there are, and what is under way about them. Private to the files about libraries (libraries.h). */
#ifndef CORE_LIBRARY_LIST_H
#define CORE_LIBRARY_LIST_H

#include "libraries.h"

struct library {
	struct slice name, code;     /* owned */
	bool is_loaded;              /* the store has it, or was told to */
	bool is_refused;             /* the store did not take it */
	bool is_news;                /* others do not know it yet */
};

/* A command under way that changes which there are: what it names or holds. ADOPT: the store is told of one that it may lack; SORTED: of all, by name. */
struct library_order {
	uint64_t token;
	enum { ORDER_LOAD, ORDER_DELETE, ORDER_FLUSH, ORDER_RESTORE, ORDER_RESTORE_ALONE, ORDER_ADOPT, ORDER_ADOPT_SORTED } kind;
	struct slice text;
};

struct library *library_find(const struct libraries *libraries, struct slice name);
void library_set(struct libraries *libraries, struct slice name, struct slice code, bool is_here);
void library_remove(struct libraries *libraries, struct library *library);
void library_order_note(struct libraries *libraries, unsigned kind, struct slice text, char by_text[SCRIPTED_BY]);
/* A list of names in one buffer. */
void library_names_add(struct buffer *names, struct slice name);
/* Takes the first one off. */
bool library_names_read(struct slice *names, struct slice *name);
bool library_names_take(struct buffer *names, struct buffer *name);

bool library_is_adopted(const struct library_order *order);
/* Did the store refuse any? */
bool library_clash_any(const struct libraries *libraries);
void library_clash_answered(struct libraries *libraries, const struct library_order *order, struct slice reply);

#endif
