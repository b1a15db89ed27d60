/* Asked: what clients that deal with versions themselves ask for (HOMEPORT GET, SET, RESOLVE, …), and what handlers return.
 *
 *   ask.c        waits until it can be answered         resolve.c  which versions a decision chooses
 *   ask_write.c  its write                              handle.c   conflicts are given to handlers
 *   ask_reply.c  its answer                             spill.c    dots of settled versions, in the store
 *   token.c      a context as clients are told it */
#ifndef CORE_ASKED_H
#define CORE_ASKED_H

#include "proxy/core/core.h"
#include "proxy/core/commands/plan.h"
#include "proxy/core/conflicts/render.h"

struct group;

enum ask_phase { ASK_WAITING, ASK_LOADING, ASK_WRITING };

struct asked {                       /* EVENT_ASKED; also a handler's result, with a token of the core's own */
	struct asked *next;
	uint64_t token;
	bool is_internal;                    /* nobody waits for the answer */
	enum ask ask;
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
	bool is_outdated;                    /* the key was settled anew while the store was asked: ask again */
	struct slice loaded;                 /* owned */
	unsigned origin;
	uint64_t seq, hlc;
	bool is_written;                     /* the write took place: what is left is to tell what there is now */
};

/* ask.c */
void ask_take(struct core *core, const struct event *event);
void ask_add(struct core *core, struct asked *asked);                /* takes it over */
void ask_pump(struct core *core);
void ask_answered(struct core *core, const struct group *group, const struct event *event);
void ask_written(struct core *core, uint64_t token, struct slice reply);
bool ask_refused(struct core *core, uint64_t token, struct slice error);    /* false: no ask has this token */
void ask_outdate(struct core *core, uint32_t db, struct slice key);  /* what the store said of this key no longer holds */
void ask_outdate_changed(struct core *core, const struct changes *changes);  /* … of what was written meanwhile */
void ask_drop_all(struct core *core);
/* ask_write.c */
void ask_write(struct core *core, struct asked *asked, struct element *element);
/* ask_reply.c */
void ask_reply_siblings(struct core *core, const struct asked *asked, const struct element *element);
void ask_reply_explain(struct core *core, const struct asked *asked, const struct element *element);
void ask_reply_ok(struct core *core, const struct asked *asked);
void ask_refuse(struct core *core, const struct asked *asked, const char *text);
/* resolve.c */
const char *ask_name_conflict(struct core *core, struct asked *asked);       /* which element the conflict ASKED->id is about; NULL, or an error */
const char *ask_choose(struct core *core, struct asked *asked, const struct element *element);   /* what its choice comes to */
/* handle.c */
void handle_pump(struct core *core);
void handle_ended(struct core *core, const struct event *event);
void handle_written(struct element *element);                        /* a result about it: what is open now is another question */
void handle_forget(struct core *core);
/* spill.c */
void spill_write(struct core *core, struct group *group);            /* dots of settled versions, beside the data for good */
void spill_retry(struct core *core, struct group *group);
bool spill_is_waiting(const struct core *core, uint32_t db, struct slice key);
void spill_read(struct core *core, struct script *script, uint32_t db, enum kind kind, struct slice key, struct slice element);
/* A field's name: as the removal of it. False: it is none of those that we write. */
bool spill_parse_field(const struct core *core, struct slice field, struct spill *removal);
bool spill_parse(struct core *core, struct slice raw, unsigned *origin, uint64_t *seq, uint64_t *hlc);
/* token.c */
struct context *token_read(struct core *core, struct slice token, const char **error);
void token_write(struct core *core, struct buffer *out);             /* all that is applied now */

#endif
