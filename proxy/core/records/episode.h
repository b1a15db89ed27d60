/* Episode: a conflict about one element, as long as it is in memory: a connected component of the relation "concurrent" on the writes to it,
 * without the pairs of two increments, which lose nothing (docs/replication-model.md, "Records"). This is the room's map; each file uses only those above it.
 *
 *   episode_list.c     lists of all episodes, and which are to be written
 *   episode_open.c     do live versions wait for a decision?
 *   episode_id.c       what a record is called
 *   episode_pack.c     records that are stored together
 *   episode_side.c     what is remembered of an episode's writes
 *   episode_cover.c    what replaced them
 *   episode_end.c      which write ended an open one
 *   episode.c          pairs of concurrent writes join episodes
 *   episode_record.c   an episode as a record
 *
 * When records are written to the store and read back is ledger/'s.
 * An element's episodes are in order: all of one happened before all of the next. So of one origin each has a stretch of seqs.
 * Invariant: all of it is a function of the writes that are applied, not of their order: what a record tells is the same at every DC. */
#ifndef CORE_EPISODE_H
#define CORE_EPISODE_H

#include "episode_cover.h"
#include "episode_end.h"
#include "episode_id.h"
#include "episode_list.h"
#include "episode_open.h"
#include "episode_side.h"

struct stretch { unsigned origin; uint64_t first_seq, last_seq; };

#define EPISODE_SIDES_FIRST 2        /* most have no more, nor more origins */

struct episode {
	struct element *element;     /* NULL: it is gone, only the list of dirty ones still holds it */
	struct episode *next;        /* of the element */
	struct episode *listed_before, *listed_after;
	enum episode_list list;
	bool is_dirty;               /* the store has an older record of it, or none */
	bool is_told;                /* a record that says that it is open was written */
	bool was_told;               /* such a record may have been written: before a restart it may have been open for a while */
	bool is_counted;             /* as open */
	bool has_poor;               /* some side was known by a mention only, or still is */
	struct side *sides;          /* owned, or first_sides; in the order of their stamps */
	unsigned side_count, side_cap;
	struct stretch *stretches;   /* owned, or first_stretches */
	unsigned stretch_count, stretch_cap;
	struct side first_sides[EPISODE_SIDES_FIRST];
	struct stretch first_stretches[EPISODE_SIDES_FIRST];
	struct cover *covers;        /* owned; only under rules that keep versions */
	unsigned cover_count, cover_cap;
	struct other *others;        /* owned: writes of it that are no longer sides, and cannot be told by their stretch */
	unsigned other_count, other_cap;
	uint64_t subject_hash;       /* as in its id */
	struct stamp first;          /* the smallest stamp that is not of an earlier episode; no context held */
	uint64_t pairs, opened_hlc;
	unsigned traits;             /* enum episode_trait: of sides that are no longer here, and of pairs */
	unsigned pop_origin;         /* EPISODE_POP: who popped */
	/* what ended an open one (episode_end.h); seq 0: nothing has */
	struct stamp resolution;     /* holds its batch's context; NULL: it came with a record */
	struct note *resolution_note;
	struct slice stored_id;      /* owned: how the store knows it; empty: not yet */
	struct pack *pack;           /* in which its record is stored; NULL: in none */
	struct episode *packed_before, *packed_after;        /* in the same pack */
	const struct policy *packed_policy;  /* its key's when the record was written */
	bool has_company;            /* the others in its pack may have changed, too */
	struct buffer told_ids;      /* RESP strings: ids that were told to be open and are no more */
	uint32_t attempts;           /* of a handler */
	bool is_retried;             /* somebody wants it run now, here */
	uint64_t retry_ms;           /* not before */
	struct slice last_error;     /* owned */
	uint64_t bytes;
};

/* The records of KEYSPACE: to be opened after it and closed before it is freed. Closing drops all, without a word to the store. */
void episodes_open(struct keyspace *keyspace);
void episodes_close(struct keyspace *keyspace);
struct episode *episode_new(struct keyspace *keyspace, struct element *element);
void episode_free(struct keyspace *keyspace, struct episode *episode);

/* A and B are concurrent and both concern SUBJECT: the element that both are about; its key's TTL or KEY element where deadlines or types
 * clash. */
void episodes_pair(struct keyspace *keyspace, struct element *subject, const struct party *a, const struct party *b);
/* WRITE was stranded by TAKE_OVER: the record about SUBJECT, its key, tells of both. Nothing is counted, so it may be said again. */
void episodes_strand(struct keyspace *keyspace, struct element *subject, const struct party *write, const struct party *take_over);
/* The record that WRITE is in, if any, tells that it was stranded. */
void episodes_tell_stranded(struct keyspace *keyspace, struct element *element, const struct party *write);
/* WRITE has left SIBLING alive. BITS: enum sibling_bit; one that was the only version alive where WRITE was made begins a conflict with it: whatever
 * conflict it was in before is over. */
void episodes_name(struct keyspace *keyspace, struct element *subject, const struct party *write, const struct party *sibling, unsigned bits);
/* As episodes_pair for the arriving write and all marks of HISTORY from FIRST on that have one of the flags WANTED (0: any mark) and none UNWANTED. */
struct meeting {
	struct keyspace *keyspace;
	struct element *subject;
	const struct party *arriving;
	const struct history *history;
	uint32_t first;
	unsigned wanted, unwanted;
	bool is_own;                 /* the history is the subject's own */
	bool is_type_clash;
};
void episodes_meet(const struct meeting *meeting);
/* Is this write of the element in a conflict that is known here? */
bool episodes_know(const struct element *element, const struct stamp *stamp);
/* Does a conflict about anything of this key tell of the write with this dot? */
bool episodes_tell(const struct key *key, unsigned origin, uint64_t seq);
void episode_add_side(struct keyspace *keyspace, struct episode *episode, const struct party *party);
/* The episode's stretch of ORIGIN reaches to SEQ at least. */
void episode_reach(struct keyspace *keyspace, struct episode *episode, unsigned origin, uint64_t seq);

#endif
