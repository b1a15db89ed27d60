/* Moves: users that are being given away to another datacenter, and what waits for that.
 *
 *   awaiting   the new home is not known yet to have what was sent before the order. Their writes go on
 *   holding    their writes wait from now on; what was gathered before is still to be executed
 *   flipping   the write that gives them away was gathered, or is about to be
 *   flipped    the store has it: the new home is not known yet to have applied it
 *
 * A take-over of a user whose home is dead goes the same way, from flipping on, and ends when the store has it. So does a claim: nobody was home of him, and we write for him.
 * This is what is remembered of them; moving.c makes them go on. In memory only: after a loss of the store its table of homes tells what became of them. */
#ifndef CORE_MOVES_H
#define CORE_MOVES_H

#include "base/table.h"
#include "held.h"
#include "user_hash.h"

enum move_phase { MOVE_AWAITING, MOVE_HOLDING, MOVE_FLIPPING, MOVE_FLIPPED };

struct move {
	struct move *next;
	struct table_node node;
	struct user_hash hash;
	struct slice user;                   /* owned: name:id */
	unsigned dc;                         /* the new home */
	unsigned from;                       /* of a take-over: the old one */
	enum move_phase phase;
	bool is_claim;                       /* he was nobody's, and is to be ours (default: first): it begins with flipping, and nobody has ordered it */
	bool is_forced;                      /* the user is taken over by us: it begins with flipping */
	bool is_marked;                      /* holding: all that was gathered before was sent; the mark is the newest of it */
	bool is_gathered;                    /* flipping: its write was gathered */
	bool is_overtaken;                   /* somebody took him over meanwhile */
	uint64_t number;                     /* which move: counted up */
	uint64_t token;                      /* whose order it is. 0: he was answered */
	uint64_t epoch;                      /* the new one */
	uint64_t mark;                       /* our write that the new home is to have: awaiting, the newest of before the order; flipped, the flip itself */
	uint64_t learnt;                     /* how many messages of the new home had been applied when it was ordered */
	uint64_t since_ms, until_ms;         /* our steady clock: when its writes began to wait, or it to wait for the new home; and how long it may */
	uint64_t bound_ms;
	struct held_list held;
};

struct move_list { struct move *first, **end; };

struct moves {
	struct table table;
	struct move_list holding, awaiting[CORE_DCS_MAX], flipping, flipped[CORE_DCS_MAX];
	struct move *next_flip;              /* of those flipping: the first whose write was not gathered */
	uint64_t number;                     /* of the last one */
};

void moves_init(struct moves *moves);
void moves_free(struct moves *moves);
void move_list_add(struct move_list *list, struct move *move);
struct move *move_list_take(struct move_list *list);         /* the first; NULL: there is none */
/* NULL: nobody is being moved whose hash this is. */
struct move *moves_find(const struct moves *moves, struct user_hash hash);
struct move *moves_add(struct moves *moves, struct user_hash hash, struct slice user);
void moves_flip(struct moves *moves, struct move *move);             /* it is on no list: its write is to be gathered */
void move_free(struct moves *moves, struct move *move);       /* it is on no list; nothing is held for it */

#endif
