/* Episode: a conflict about one element, as long as it is in memory: a connected component of the relation "concurrent" on the writes to it,
 * without the pairs of two increments, which lose nothing (docs/replication-model.md, "Records").
 *
 *   episode.c          pairs join writes into episodes; which writes they are, and whether a decision is open
 *   episode_side.c     what is remembered of them
 *   episode_end.c      whether a decision is open, and what ends that
 *   episode_record.c   what an episode looks like as a record
 *   episode_pack.c     records that stand together in the store
 *   episode_store.c    when they are written there
 *   episode_restore.c  and read back from it
 *
 * An element's episodes are in order: all of one happened before all of the next. So of one origin each has a stretch of seqs.
 * Invariant: all of it is a function of the writes that are applied, not of their order: what a record tells is the same at every DC. */
#ifndef CORE_EPISODE_H
#define CORE_EPISODE_H

#include "proxy/core/versions/note.h"
#include "proxy/core/wire/record.h"

/* What a version is to who has seen some writes: alive, killed by a write of another type, or covered. */
enum life { LIFE_LED, LIFE_KILLED, LIFE_OVER };

struct side {
	struct stamp stamp;          /* its context is the note's */
	struct note *note;           /* a reference */
	unsigned flags;              /* of its mark */
	enum life life;              /* for every write that is still to come */
	bool is_again;               /* it was alone when a write left it alive: the conflict that it was in before is another one */
	bool is_clearing;            /* it cleared the key before it wrote: killed, it is a removal still */
};

/* The side with this dot is covered by, or, being of another type, killed by … : the first such of that origin. */
struct cover { unsigned origin, by_origin; uint64_t seq, by_seq; bool is_kill; };

struct dot { unsigned origin; uint64_t seq; };

struct stretch { unsigned origin; uint64_t first_seq, last_seq; };

enum episode_trait { EPISODE_TYPE_CLASH = 1, EPISODE_REMOVAL = 2, EPISODE_PRESENT = 4, EPISODE_EXPIRY = 8, EPISODE_POP = 16, EPISODE_DOUBLE_POP = 32 };

enum episode_list { EPISODES_WAITING, EPISODES_KEPT, EPISODE_LISTS };   /* kept: several versions live on until a write covers them */

/* What stands in one field of the hash: the records of one transaction, of which the store takes several at once for little more than one. They leave it
 * together, when all are over or one has changed. One that has changed by itself stands alone from then on, as it may do so often. */
struct pack {
	struct slice name;           /* owned: the field, the id of its first record */
	struct slice records;        /* owned: as they will be told at last, unless one, or a rule, changes; empty: not known */
	uint64_t digest;             /* the rules that they tell of … */
	struct pack *before, *after; /* in its list */
	enum episode_list list;      /* of its episodes, when they were written */
	struct episode *first;
	unsigned count;
	unsigned changed;            /* of them, in the transaction that is being written */
};

#define EPISODE_SIDES_FIRST 2        /* most have no more, nor more origins */

struct episode {
	struct element *element;     /* NULL: it is gone, only the list of dirty ones still holds it */
	struct episode *next;        /* of the element */
	struct episode *listed_before, *listed_after;
	enum episode_list list;
	bool is_dirty;               /* the store has an older record of it, or none */
	bool is_told;                /* that it is open */
	bool was_told;               /* … or may have been: before a restart it may have been open for a while */
	bool is_counted;             /* as open */
	bool has_poor;               /* some side was known by a mention only, or still is */
	struct side *sides;          /* owned, or first_sides; in the order of their stamps */
	unsigned side_count, side_cap;
	struct stretch *stretches;   /* owned, or first_stretches */
	unsigned stretch_count, stretch_cap;
	struct side first_sides[EPISODE_SIDES_FIRST];
	struct stretch first_stretches[EPISODE_SIDES_FIRST];
	struct cover *covers;        /* owned; under rules that keep */
	unsigned cover_count, cover_cap;
	struct dot *others;          /* owned: writes of it that are no longer sides, and cannot be told by their stretch */
	unsigned other_count, other_cap;
	uint64_t subject_hash;       /* as in its id */
	struct stamp first;          /* the smallest stamp that is not of an earlier episode; no context held */
	uint64_t pairs, opened_hlc;
	unsigned traits;             /* of sides that are no longer here, and of pairs */
	unsigned pop_origin;         /* EPISODE_POP: whose */
	/* what ended an open one: the smallest stamp of those that have seen all of it; seq 0: nothing has */
	struct stamp resolution;     /* holds its batch's context; NULL: it came with a record */
	struct note *resolution_note;
	struct slice stored_id;      /* owned: how the store knows it; empty: not yet */
	struct pack *pack;           /* in which its record stands there; NULL: in none */
	struct episode *packed_before, *packed_after;        /* in the same one */
	const struct policy *packed_policy;  /* its key's when it was written */
	bool has_company;            /* may have: the others in its pack have changed, too */
	struct buffer told_ids;      /* RESP strings: ids that were told to be open and are no more */
	uint32_t attempts;           /* of a handler */
	bool is_retried;             /* somebody wants it run now, here */
	uint64_t retry_ms;           /* not before */
	struct slice last_error;     /* owned */
	uint64_t bytes;
};

/* Records on their way into the stream. */
struct entries {
	struct buffer commands;      /* RESP */
	unsigned command_count;
	struct buffer last;          /* records that are in no command yet */
	unsigned last_count;
};

struct episodes {
	struct episode *lists[EPISODE_LISTS];
	struct pack *packs[EPISODE_LISTS];
	struct episode **dirty;      /* owned */
	unsigned dirty_count, dirty_cap;
	uint64_t count, kept_count, open_count, bytes;
	uint64_t covered_count;      /* those kept that remember covers: mostly in front of those that do not */
	uint64_t ended;              /* written as ended, since the start of this opening */
	/* what is to be written with the next group: */
	struct buffer gone;          /* fields whose records stand there no more, as RESP strings */
	unsigned gone_count;
	struct entries finals;       /* records that ended */
	struct buffer id, record, pairs;     /* scratch: what is written is made in them */
	bool is_swept;               /* nothing has become stable since the waiting ones were looked at */
	uint64_t swept_ms;
};

/* The records of KEYSPACE: to be opened after it and closed before it is freed. Closing drops all, without a word to the store. */
void episodes_open(struct keyspace *keyspace);
void episodes_close(struct keyspace *keyspace);
/* The open one with this id; NULL: none. */
struct episode *episodes_find_open(const struct keyspace *keyspace, struct slice id);
/* The open one of an element; NULL: none. */
struct episode *element_open_episode(const struct element *element);

/* A and B are concurrent and both concern SUBJECT: the element that both are about; its key's TTL or KEY element where deadlines or types
 * clash. */
void episodes_pair(struct keyspace *keyspace, struct element *subject, const struct party *a, const struct party *b);
/* WRITE has left SIBLING alive. BITS: enum sibling_bit; one that was the only version alive where WRITE was made begins a conflict with it: whatever
 * conflict it was in before is over. */
void episodes_name(struct keyspace *keyspace, struct element *subject, const struct party *write, const struct party *sibling, unsigned bits);
/* As episodes_pair for the arriving write and all marks of HISTORY from FIRST on that have one of the flags WANTED (0: whatever) and none UNWANTED. */
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
/* Before an absolute write competes for ELEMENT. */
void episodes_compete(struct keyspace *keyspace, struct element *element, const struct party *party);
/* A write of another type is about to kill what is smaller of ELEMENT. */
void episodes_kill(struct keyspace *keyspace, struct element *element, const struct party *party);
/* Is this write of the element in a conflict that is known here? */
bool episodes_know(const struct element *element, const struct stamp *stamp);
/* Does a conflict about anything of this key tell of the write with this dot? */
bool episodes_tell(const struct key *key, unsigned origin, uint64_t seq);

/* ---- for the other files of episodes ---- */

struct episode *episode_new(struct keyspace *keyspace, struct element *element);
void episode_free(struct keyspace *keyspace, struct episode *episode);
void episode_count_bytes(struct keyspace *keyspace, struct episode *episode, int64_t bytes);
void episode_recheck_resolution(struct keyspace *keyspace, struct episode *episode);
void episode_take_resolution(struct keyspace *keyspace, struct episode *episode, struct episode *other);
/* More writes are in it than before: is what ends it here already? */
void episode_find_resolution(struct keyspace *keyspace, struct episode *episode);
void episode_drop_resolution(struct keyspace *keyspace, struct episode *episode);
/* False: it is known, or one before it. */
bool episode_add_cover(struct keyspace *keyspace, struct episode *episode, const struct cover *cover);
/* Of a side that was just added: what covers it already. */
void episode_find_covers(struct keyspace *keyspace, struct episode *episode, const struct side *side);
/* Of a side that was met: is its version gone, and nobody knows by what? Then all have what took it. */
void episode_find_life(const struct keyspace *keyspace, struct episode *episode, const struct party *party);
/* All have all of it, and what covers its sides: nobody will ask any more by what. False: there is nothing to forget. */
bool episode_forget_covers(struct keyspace *keyspace, struct episode *episode);
bool episode_covers_are_stable(const struct keyspace *keyspace, const struct episode *episode);
void episode_touch(struct keyspace *keyspace, struct episode *episode);
void episode_move(struct episodes *episodes, struct episode *episode, enum episode_list list);
void episode_bring_forward(struct episodes *episodes, struct episode *episode);      /* it is the first in its list */
/* As its record was written, or read: it is counted, and listed, as that. */
void episode_note_status(struct episodes *episodes, struct episode *episode, enum record_status status, bool is_kept);
/* One of another episode. */
void episode_take_side(struct keyspace *keyspace, struct episode *episode, const struct side *side);
void episode_add_other(struct keyspace *keyspace, struct episode *episode, unsigned origin, uint64_t seq);
/* Takes it out of its pack. The others stay where they are, but for the last one, with whom the pack goes. */
void pack_leave(struct keyspace *keyspace, struct episode *episode);
/* What stands in it is no longer true: the store is told so, and whoever is left in it is written anew, in another place. */
void pack_break(struct keyspace *keyspace, struct pack *pack);
const struct side *episode_side(const struct keyspace *keyspace, const struct episode *episode, const struct stamp *stamp);  /* NULL: none */
/* Lets PARTY tell of a side if it tells more of that write. */
bool episode_upgrade_side(struct keyspace *keyspace, struct episode *episode, const struct party *party);
void episode_add_side(struct keyspace *keyspace, struct episode *episode, const struct party *party);
void episode_reach(struct keyspace *keyspace, struct episode *episode, unsigned origin, uint64_t seq);
enum record_status episode_status(const struct episode *episode);
bool episode_is_kept(const struct episode *episode);
/* The side as a version; NULL: it is covered, or outdone by a write of another type. */
const struct version *episode_live_version(const struct episode *episode, const struct side *side);
/* Did another absolute of the episode see this side? */
bool episode_covers(const struct episode *episode, const struct side *side);
enum record_kind episode_kind(const struct episode *episode);
/* Adds traits to *traits. Pops of two origins removed the same element. */
void episode_add_traits(unsigned *traits, unsigned *pop_origin, unsigned more, unsigned origin);
/* Is every write that is concurrent with this one, and concerns ELEMENT, a pair with it? Not so for two increments, two clears, nor for the
 * deadline two SETs; nor for anything under the whole key. */
bool element_meets_all(const struct element *element, const struct note *note, unsigned flags);
/* Fills IS_SHOWN, one for each side: those that a record tells of: the newest, and older ones that may still decide. IS_KEPT: the episode is. */
void episode_choose(const struct episode *episode, bool is_kept, bool *is_shown);
/* Of what its id names it by besides its smallest dot. */
uint64_t episode_subject_hash(struct episodes *episodes, const struct element *element);

#endif
