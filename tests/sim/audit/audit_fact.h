/* Facts, vectors and pairs: what the auditor's knowledge is made of. */
#ifndef SIM_AUDIT_FACT_H
#define SIM_AUDIT_FACT_H

#include "tests/sim/store/sim_store.h"

#define ANY_DB UINT32_MAX
#define PLACE_TAIL INT64_C(-1)

enum fact_kind { FACT_SET, FACT_REMOVE, FACT_DELTA, FACT_DEADLINE, FACT_CLEAR, FACT_FLUSH, FACT_PLACE, FACT_TRIM, FACT_REACH };

/* Which part of a string a delta changes; PART_NONE: it adds a number. */
enum fact_part { PART_NONE, PART_END, PART_BYTES, PART_BITS, PART_UNION, PART_INSERT, PART_TAKE, PART_PUT };

/* A HyperLogLog that has seen nothing, as Redis makes it. */
#define AUDIT_UNION_NONE ((struct slice){ "HYLL\1\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", 18 })

/* What a write did to one element or key. */
struct fact {
	enum fact_kind kind;
	enum sim_type type;          /* of a set, remove or delta */
	uint32_t db;                 /* ANY_DB: a flush of every database */
	uint32_t key, element, value;
	double score;
	long double amount;          /* of a delta */
	bool is_fraction;
	enum fact_part part;         /* of a delta of a string: writes VALUE (bits: a number) at PLACE (bits: 64 * first bit + width - 1); of a
	                              * union PLACE is 0, words, or 1, a HyperLogLog */
	int64_t place;
	/* Of a list: a delta inserts VALUE before PLACE (PLACE_TAIL: behind all), a PLACE takes AMOUNT elements from there on, or puts VALUE there. There
	 * were LENGTH elements. */
	uint64_t length;
	/* Of a stream: a REMOVE with PLACE 1 is an acknowledgement. A TRIM removes all below the id VALUE, and that one, too, if PLACE is 1; a REACH says that it is there, and got to VALUE. */
	bool is_expiry;              /* of a clear: a deadline had passed */
	bool is_of_set;              /* of a deadline: it is part of a string's SET */
	int64_t deadline_ms;         /* 0: none */
};

struct facts {
	struct fact *items;          /* owned */
	unsigned count, cap;
};

/* A vector of seqs by the auditor's origin index. */
struct vector {
	uint64_t *seqs;              /* owned */
	unsigned count;
};

/* Two dots, the smaller (origin, seq) first. */
struct pair {
	uint32_t origin, other_origin;
	uint64_t seq, other_seq;
};

struct pairs {
	struct pair *items;          /* owned */
	unsigned count, cap;
};

uint64_t vector_at(const struct vector *vector, unsigned origin);
void vector_raise(struct vector *vector, unsigned origin, uint64_t seq);
void vector_set(struct vector *vector, unsigned origin, uint64_t seq);
void vector_join(struct vector *vector, const struct vector *other);
bool vector_reaches(const struct vector *vector, const struct vector *other);    /* holds all of OTHER */
void vector_copy(struct vector *to, const struct vector *from);
void vector_free(struct vector *vector);
struct fact *facts_add(struct facts *facts, enum fact_kind kind, uint32_t db, uint32_t key);
void facts_free(struct facts *facts);
bool facts_equal(const struct facts *a, const struct facts *b);
void pairs_add(struct pairs *pairs, unsigned origin, uint64_t seq, unsigned other_origin, uint64_t other_seq);

#endif
