/* Peers: a stage whose core, of datacenter a, reads the logs of two others, b and c. Their writes are made up by the test. */
#ifndef UNIT_PEERS_H
#define UNIT_PEERS_H

#include "proxy/core/commands/change.h"
#include "stage.h"

enum { PEER_A, PEER_B, PEER_C, PEERS };

#define PEERS_FORGET_PER_TURN 100
#define PEERS_ELEMENTS_PER_TURN 100

/* One write of B's or C's. */
struct remote {
	unsigned dc;
	uint64_t seq;
	uint64_t ms;                 /* its clock, counted from the stage's start */
	uint64_t seen[PEERS];        /* what had been applied there, of B and of C */
	const struct change *changes;
	unsigned change_count;
};

/* One change of the key k. Texts that are not given are empty; a deadline of 0 is none. */
struct said {
	enum change_kind kind;       /* 0: no change */
	const char *element, *value, *result;
	int64_t number;
	double score;
	int64_t deadline;
	uint64_t length, amount;     /* of a change of a list */
	uint64_t sibling;            /* of a sibling: which of the other peer's writes it is */
};

/* RULE decides about all keys: "lww", "merge", …; under priority c comes before b, and b before a. */
void peers_open(struct stage *stage, const char *rule);
/* Likewise, but the store is not opened yet. */
void peers_start(struct stage *stage, const char *rule);
/* Likewise, with these homes configured. */
void peers_start_with_homes(struct stage *stage, const struct core_home *homes, unsigned count);
/* Its connection is made, of the server run RUN; it remembers these positions. */
void peers_connect(struct stage *stage, const char *run, const struct stored_pair *positions, unsigned count);
/* The next message of that DC's log holds the write. */
void peers_tell(struct stage *stage, const struct remote *remote);
/* Likewise, PART of PARTS of its bytes. */
void peers_tell_part(struct stage *stage, const struct remote *remote, unsigned part, unsigned parts);
/* DC's first write says this of k, MS after the stage's start, and has seen nothing, or so much of the other peer. */
void peers_say(struct stage *stage, unsigned dc, uint64_t ms, const struct said *said, unsigned count);
void peers_say_after(struct stage *stage, unsigned dc, uint64_t ms, const struct said *said, unsigned count, uint64_t seen);
/* Bytes that are whatever they are. */
void peers_tell_bytes(struct stage *stage, unsigned dc, struct slice bytes);
/* The store is told what waits for it and answers, until nothing is left. Appends to TOLD, unless it is NULL, what it was
 * told of clients' keys: "SET k v; DEL q". */
void peers_settle(struct stage *stage, struct buffer *told);

#endif
