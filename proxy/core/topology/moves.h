/* Moves: users that are being given away to another datacenter, and what waits for that.
 *
 *   holding    their writes wait; what was gathered before is still to be sent
 *   awaiting   the new home is not known yet to have what was sent before
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

enum move_phase { MOVE_HOLDING, MOVE_AWAITING, MOVE_FLIPPING, MOVE_FLIPPED };

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
	bool is_gathered;                    /* flipping: its write was gathered */
	bool is_overtaken;                   /* somebody took him over meanwhile */
	uint64_t number;                     /* which move: counted up */
	uint64_t token;                      /* whose order it is. 0: he was answered */
	uint64_t epoch;                      /* the new one */
	uint64_t mark;                       /* our write that the new home is to have: awaiting, the newest of before; flipped, the flip itself */
	uint64_t learnt;                     /* how many messages of the new home had been applied when the hold began */
	uint64_t since_ms, until_ms;
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
void move_free(struct moves *moves, struct move *move);       /* it is on no list; nothing is held for it */

#endif
