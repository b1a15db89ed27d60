/* Rooms: where each room finds what it uses of the rooms below it. The core fills it from the lowest to the highest; a room copies what it needs when
 * it is made. Those above are not there yet by then, and cannot be reached. */
#ifndef CORE_ROOMS_H
#define CORE_ROOMS_H

struct rooms {
	const struct core_options *options;
	struct step *step;
	struct policies *policies;
	struct keyspace *keyspace;
	struct conflicts *conflicts;
	struct onlookers *onlookers;
	struct causes *causes;
	struct topology *topology;
	struct scripts *scripts;
	struct rereads *rereads;
	struct suspects *suspects;
	struct groups *groups;
	struct books *books;
	struct apply *apply;
	struct outbox *outbox;
	struct local *local;
	struct asks *asks;
	struct remote *remote;
};

#endif
