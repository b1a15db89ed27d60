/* Conflicts tell: writes conflict records as names and values, by a teller, as much of them as the asker may see. */
#ifndef PROXY_CONFLICTS_TELL_H
#define PROXY_CONFLICTS_TELL_H

#include "conflicts_list.h"
#include "teller.h"

struct conflicts_view {
	bool is_redacted;            /* values are hidden; their lengths are told */
	size_t value_bytes_max;      /* longer ones are cut; 0: whole */
};

/* CURSOR: where a list goes on after this record; may be empty. NAME is NULL within a list. */
void conflict_tell(const struct record *record, const struct conflicts_view *view, struct slice cursor, struct teller *teller, const char *name);
/* A list of records. */
void conflicts_page_tell(const struct conflicts_page *page, const struct conflicts_view *view, struct teller *teller, const char *name);
/* An object: the records under "conflicts", and where a list goes on under "cursor". */
void conflicts_answer_tell(const struct conflicts_page *page, const struct conflicts_view *view, struct teller *teller);

#endif
