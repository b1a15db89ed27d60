/* Stream end: what a writer asks of its stream when a connection is made: where it ends, and up to where it is whole. What stands behind an entry that
 * Redis refused is cut off on the way (stream_cut.h). */
#ifndef CONNECTORS_STREAM_END_H
#define CONNECTORS_STREAM_END_H

#include "stream_link.h"

struct stream_end {
	struct stream_link *link;
	/* Not called if the connection breaks first. FOUND: the last entry, 0: there is none; SOUND: the last one of which none before it is missing. */
	void (*found)(void *context, struct stream_socket *redis, int64_t found, int64_t sound);
	void *context;
	int64_t sound;                       /* -1: the stream is empty */
};

/* END is borrowed until `found` was called, or the connection broke. UNSURE: how many of the last entries may lack one before them. */
void stream_end_ask(struct stream_end *end, struct stream_socket *redis, int64_t unsure);

#endif
