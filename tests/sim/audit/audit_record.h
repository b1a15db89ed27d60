/* Conflict records: the expected ones, from the auditor's own model, and the written ones, as found in stores. */
#ifndef SIM_AUDIT_RECORD_H
#define SIM_AUDIT_RECORD_H

#include "tests/sim/proto/proto_conflict.h"
#include "audit_outcome.h"

/* The first six are enum sim_type. */
enum subject_kind { SUBJECT_STRING, SUBJECT_HASH, SUBJECT_SET, SUBJECT_ZSET, SUBJECT_LIST, SUBJECT_STREAM, SUBJECT_TTL, SUBJECT_KEY, SUBJECT_KINDS };

struct record_side_dot {
	unsigned origin;
	uint64_t seq;
	bool is_again;               /* the sole survivor of an earlier conflict, and here a side of a new one: a later write did not cover it */
};

struct expected_record {
	struct record_side_dot *sides;   /* owned */
	unsigned side_count, side_cap;
	bool is_stranded;            /* a take-over has not seen a side, nor the side the take-over; or a side is such a take-over */
	uint64_t pairs;              /* how many pairs of changes; a write may change one element several times */
};

/* What conflicts are about (an element, a deadline or a key), all conflicting pairs on it, and the records that these pairs make. */
struct audited_subject {
	uint32_t db, key, element;
	enum subject_kind kind;
	struct pairs pairs;          /* of changes */
	struct pairs links;          /* of changes and take-overs: these are not counted */
	struct expected_record *records; /* owned */
	unsigned record_count, record_cap;
};
struct audited_subjects { struct audited_subject *items; unsigned count, cap; };

struct written_record {
	struct slice bytes;
	struct proto_conflict record;
	bool is_expected, is_in_hash, is_in_stream;
};
struct written_records { struct written_record *items; unsigned count, cap, undecodable; };

/* audit_record.c */
void audit_subjects_gather(const struct auditor *auditor, const struct audited_keys *keys, struct audited_subjects *subjects);
void audit_subjects_free(struct audited_subjects *subjects);
void audit_records_read(const struct auditor *auditor, unsigned dc, struct written_records *records);
void audit_records_free(struct written_records *records);
/* audit_record_judge.c */
void audit_records(struct auditor *auditor, const struct audited_keys *keys);

#endif
