/* Asked: what a client that deals with versions itself asks for (HOMEPORT GET, SET, RESOLVE and so on), or what a handler returned.
 * For the files of this room. */
#ifndef CORE_ASKED_H
#define CORE_ASKED_H

#include "asks_state.h"

enum ask_phase { ASK_WAITING, ASK_LOADING, ASK_WRITING };

struct asked {                       /* EVENT_ASKED; also a handler's result, with a token of the core's own */
	struct asked *next;
	struct onlooker onlooker;                  /* touched: the store's answer about the key is out of date */
	uint64_t token;
	bool is_internal;                    /* nobody waits for the answer */
	enum ask ask;
	bool is_removal;                     /* what it writes: ASK_DELETE, or the decision of an ASK_RESOLVE, takes the element away */
	enum ask_phase phase;
	uint32_t db;
	enum kind kind;                      /* which of the key's elements */
	bool is_explicit;
	bool is_keeping_ttl;
	enum choice choice;
	enum write_choice write_choice;
	struct slice key, element, value, id, by, client;  /* owned */
	struct context *context;             /* what it has seen; held. NULL: all that is applied */
	/* what the store said of a key without metadata; forgotten when the ask has to wait after all */
	bool is_loaded, has_value, has_dot;
	bool is_other_type;                  /* the key is no string, or no hash where a field is asked for */
	struct slice loaded;                 /* owned */
	unsigned origin;
	uint64_t seq, hlc;
	bool is_written;                     /* the write took place: what is left is to tell what there is now */
};

struct asked **asks_link(struct asks *asks, uint64_t token);         /* the link to the ask with this token, or to NULL */
void asks_add(struct asks *asks, struct asked *asked);               /* takes it over */
void asks_remove(struct asks *asks, struct asked *asked);
void asks_refuse(struct asks *asks, const struct asked *asked, const char *text);
void asked_free(struct asked *asked);
/* ask_write.c */
void ask_write(struct asks *asks, struct asked *asked, struct element *element);
/* ask_reply.c */
void ask_reply_siblings(struct asks *asks, const struct asked *asked, const struct element *element);
void ask_reply_explain(struct asks *asks, const struct asked *asked, const struct element *element);
void ask_reply_ok(struct asks *asks, const struct asked *asked);
void ask_reply_built(struct asks *asks, uint64_t token);             /* what was added to the step's replies since the last one */
/* wait.c */
void waits_close(struct asks *asks);
/* resolve.c */
const char *ask_name_conflict(struct asks *asks, struct asked *asked);       /* finds the element of conflict ASKED->id; NULL, or an error */
const char *ask_choose(struct asks *asks, struct asked *asked, const struct element *element);   /* what is to be written; NULL, or an error */
/* handle.c */
void handle_forget(struct asks *asks);                               /* gives up the run; its result will be ignored */
void handle_written(struct element *element);                        /* its handler's result was written */
/* spill.c */
bool spill_is_waiting(const struct asks *asks, uint32_t db, struct slice key);
void spill_read(struct asks *asks, struct script *script, uint32_t db, enum kind kind, struct slice key, struct slice element);
/* Makes a field's name the removal of that field. False: we write no such name. */
bool spill_parse_field(const struct asks *asks, struct slice field, struct spill *removal);
bool spill_parse(struct asks *asks, struct slice raw, unsigned *origin, uint64_t *seq, uint64_t *hlc);
/* token.c */
struct context *token_read(struct asks *asks, struct slice token, const char **error);
void token_write(struct asks *asks, struct buffer *out);             /* all that is applied now */
/* A session token: a context, and a check that it is one. Read: NULL, and POSITIONS is owned by the caller; or an error. */
void session_token_write(struct slice positions, struct buffer *out);
const char *session_token_read(struct slice token, struct slice *positions);

#endif
