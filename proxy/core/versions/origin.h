/* Origins: who writes (a DC in one incarnation), and contexts: vectors of seqs over origins.
 * An origin's index is local to this process, and used again once nothing here names the origin (proxy/core/reuse.c); what is durable or on the
 * wire names the DC and incarnation.
 * Invariant: an origin's stable seq never exceeds its applied seq, and recalled never exceeds applied. */
#ifndef CORE_ORIGIN_H
#define CORE_ORIGIN_H

#include "base/bytes.h"
#include "proxy/core/vocabulary/options.h"


struct context;
struct element;

/* Unstable marks of one origin, in the order they were made, which is that of their seqs but for what is recalled, or was latent (latent.h): what to
 * forget when the origin's stable seq moves. A mark that stands behind a later one waits for it, which does no harm: what is stable may be forgotten at any time. */
struct ledger_entry { uint64_t seq; struct element *element; };
struct ledger {
	struct ledger_entry *entries;    /* a ring, owned */
	uint32_t head, len, cap;
};
void ledger_add(struct ledger *ledger, uint64_t seq, struct element *element);
/* The first entry, if its seq <= LIMIT; else NULL. */
struct element *ledger_take(struct ledger *ledger, uint64_t limit);
/* The one that is taken after COUNT others; NULL when there are not so many. */
const struct element *ledger_ahead(const struct ledger *ledger, uint32_t count);

struct origin {
	unsigned dc;
	uint64_t incarnation;
	uint64_t applied;            /* everything up to here is in the store, or on its way there in the pipeline */
	uint64_t confirmed;          /* everything up to here is in the store, which has answered */
	uint64_t was_confirmed;      /* CONFIRMED at the end of the opening before this one */
	uint64_t recalled;           /* everything up to here that is not stable has its metadata in memory */
	uint64_t stable;             /* every DC has applied this */
	uint64_t floor;              /* what precedes the position from which the DC's log must be read again after a restart */
	struct context *before;      /* of this DC's: what others had heard of us when this incarnation began. All its writes count as having seen
	                              * it, although the store may have lost it. NULL: nothing, or not known yet */
	uint64_t before_hlc;         /* of this DC's: write SEQ is at this time + SEQ or later. 0: nothing is known */
	bool is_begun;               /* of this DC's: its first hello has got into the own log, before or behind the position that is read from */
	bool is_logged_whole;        /* of this DC's: read back from the own log without a gap since the floor, or since its first hello */
	uint64_t kept;               /* what was stable a round of stability ago: recovery reads metadata back from here on (stability.c) */
	uint64_t round_stable, round_applied;    /* when the present round began */
	uint64_t known[CORE_DCS_MAX];            /* what each DC is known to have applied of it */
	uint64_t seen;                           /* of this DC's: the most that a message of another DC has said to have seen of it, applied here or not */
	uint64_t announced;                      /* the most that others may have heard of us that we had seen of it */
	uint64_t logged;                         /* of this DC's: what the own log holds */
	/* of this opening */
	uint64_t heard;                          /* what the own log has said so far that we had seen of it */
	uint64_t opened_applied;                 /* what was applied at its beginning: up to here metadata has to be recalled */
	bool is_named;                           /* its log has told the id of its DC: it is no stranger */
	bool is_stranger;                        /* its log says that another datacenter of that name wrote it: nothing of it is applied (identity.h) */
	bool is_unused;                          /* past, and no context, write, or record here names it: its index may be given to another */
	bool is_past;                            /* below its DC's floor, and nothing in the store names it any more: all the seqs above are SEQ_WHOLE */
	struct ledger ledger;
};

static inline bool origin_lacks_metadata(const struct origin *origin) { return origin->recalled < origin->opened_applied; }

#define SEQ_WHOLE UINT64_MAX         /* all that an origin ever wrote */
#define SEQ_NONE (UINT64_MAX - 1)    /* in struct context's seqs only: nothing of it, although it is below the floor */

/* Of each DC a floor: an incarnation below which all are over, and every DC has applied all that they wrote. Shared by reference count. */
struct floors {
	uint32_t refs;
	const struct origins *origins;
	uint64_t at[CORE_DCS_MAX];   /* by DC; 0: none */
};

struct origins {
	const char *const *dcs;      /* names; [0] is this DC */
	unsigned dc_count;
	struct origin *items;
	unsigned count, cap;
	struct context *contexts;    /* all there are that may name an origin */
	/* NULL: all 0 */
	struct floors *floors;       /* what this DC has applied up to; a reference */
	struct floors *announced;    /* the highest that others may have heard of us */
	struct floors *heard;        /* of this opening: the highest that the own log has said so far */
};

static inline uint64_t floor_at(const struct floors *floors, unsigned dc) { return floors == NULL ? 0 : floors->at[dc]; }
/* Raises what *FLOORS says of DC, for those who read it from now on; whoever holds it keeps what it said. */
void floors_raise(struct floors **floors, const struct origins *origins, unsigned dc, uint64_t incarnation);
void floors_join(struct floors **floors, const struct floors *other);          /* to what OTHER says of each, where that is more */
struct floors *floors_hold(struct floors *floors);     /* NULL is fine, here and below */
void floors_drop(struct floors *floors);
bool floors_reach(const struct floors *floors, const struct floors *other);    /* nothing in OTHER is above */

static inline bool origin_is_below(const struct origins *origins, const struct floors *floors, unsigned index)
{
	const struct origin *origin = &origins->items[index];
	return floors != NULL && origin->incarnation < floors->at[origin->dc];
}
/* Nothing of it has to be remembered from now on. */
void origin_pass(struct origin *origin);

int origins_dc(const struct origins *origins, struct slice name);       /* -1: unknown */
/* Finds or adds. -1: DC unknown or CORE_INCARNATIONS_KNOWN_MAX reached. */
int origins_get(struct origins *origins, struct slice dc, uint64_t incarnation);
/* NULL: it is not known here. */
const struct origin *origins_find(const struct origins *origins, unsigned dc, uint64_t incarnation);
unsigned origins_remembered(const struct origins *origins);            /* how many there are that are not past */
unsigned origins_indexed(const struct origins *origins);               /* how many there are, but for indexes that wait to be used again */
int origins_get_dc(struct origins *origins, unsigned dc, uint64_t incarnation);
void origins_free(struct origins *origins);

/* A vector by origin index, as context_at reads it: what is beyond count is 0. Where that is 0, an origin below the context's floors was seen whole.
 * Shared by reference count: every version of a batch holds the same one. */
struct context {
	uint32_t refs : 31;
	uint32_t is_explicit : 1;    /* what a client had seen when it wrote, not all that was applied: counts for the own origin, too */
	uint32_t count;
	struct context *applied;     /* held; explicit: all that was applied where it was made. NULL otherwise */
	struct floors *floors;       /* held; NULL: all 0 */
	struct context *next, **link;        /* in origins.contexts; NULL: it is not there */
	uint64_t seqs[];
};
struct context *context_new(struct origins *origins, uint32_t count);  /* refs = 1; all 0. ORIGINS NULL: it will never name any */
struct context *context_copy(const struct context *context, uint32_t count);   /* COUNT entries of it: as many as it has, or more, which are 0 */
/* Sets one entry while nobody else has it yet; makes room where it has none. */
void context_set(struct context **context, unsigned origin, uint64_t seq);
/* The same, for one that may be below the floors: no more than SEQ was seen of it. */
void context_cut(struct context **context, unsigned origin, uint64_t seq);
struct context *context_hold(struct context *context);
void context_drop(struct context *context);
uint64_t context_below(const struct context *context, unsigned origin);        /* SEQ_WHOLE if it is below the floors; else 0 */
static inline uint64_t context_at(const struct context *context, unsigned origin)
{
	uint64_t seq = origin < context->count ? context->seqs[origin] : 0;
	if (seq == 0 && context->floors != NULL)
		return context_below(context, origin);
	return seq == SEQ_NONE ? 0 : seq;
}

/* Names a write and places it in time and causality. */
struct stamp {
	uint64_t seq;
	uint64_t hlc;
	struct context *context;     /* the own origin's entry is not used unless it is explicit: seq - 1 says it */
	unsigned origin;
};
/* Everything of ORIGIN up to the returned seq happened before, or is, this write. */
static inline uint64_t stamp_sees(const struct stamp *stamp, unsigned origin)
{
	return origin == stamp->origin && !stamp->context->is_explicit ? stamp->seq : context_at(stamp->context, origin);
}
/* Did OLDER happen before NEWER? (No write covers itself.) */
static inline bool stamp_covers(const struct stamp *newer, const struct stamp *older)
{
	if (newer->origin == older->origin && !newer->context->is_explicit)
		return older->seq < newer->seq;
	return context_at(newer->context, older->origin) >= older->seq;
}
/* Of increments: those that were applied where it was made happened before it, whatever its client had seen. They leave no version that could
 * stay beside it where their metadata is gone. */
static inline uint64_t stamp_follows(const struct stamp *stamp, unsigned origin)
{
	const struct context *applied = stamp->context->applied != NULL ? stamp->context->applied : stamp->context;
	return origin == stamp->origin ? stamp->seq : context_at(applied, origin);
}
/* Order by (HLC, DC name, incarnation, seq); 0 only for the same write. */
int stamp_compare(const struct origins *origins, const struct stamp *a, const struct stamp *b);

/* Hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): 48 bits of Unix milliseconds, 16 of counter. */
static inline uint64_t hlc_ms(uint64_t hlc) { return hlc >> 16; }
static inline uint64_t hlc_next(uint64_t hlc, uint64_t now_ms)
{
	uint64_t wall = now_ms << 16;
	return wall > hlc ? wall : hlc + 1;
}

#endif
