/* Stream cut: what XREAD has answered, without the entries in front of which others may still come (a rule's `stream: ordered`). */
#ifndef CORE_STREAM_CUT_H
#define CORE_STREAM_CUT_H

#include "base/bytes.h"

struct stream_cut {
	uint64_t until_ms;           /* entries of earlier ids are all there */
	void *context;
	bool (*is_ordered)(void *context, struct slice key);     /* other streams are shown as they are */
	uint64_t hidden_ms;          /* set: the earliest time of an entry that is not shown; 0: all are */
};

/* Appends to OUT what of REPLY is shown. False: no entry is, and nothing is appended. What is no answer with entries is shown as it is. */
bool stream_cut(struct stream_cut *cut, struct slice reply, struct buffer *out);

#endif
