/* Teller: writes names and values as JSON or RESP. Code that knows facts tells them to a teller and does not know which form it writes; whoever asked
 * for the facts has chosen the teller. Values stand in objects and lists, which are begun and ended. Inside a list names are NULL. */
#ifndef PROXY_TELLER_H
#define PROXY_TELLER_H

#include "base/bytes.h"

#define TELLER_DEPTH_MAX 8

struct teller;

struct teller_class {
	void (*begin)(struct teller *teller, const char *name, bool is_list);
	void (*end)(struct teller *teller);
	void (*bytes)(struct teller *teller, const char *name, struct slice bytes);  /* any bytes; in JSON, base64 if they are not UTF-8 */
	void (*number)(struct teller *teller, const char *name, uint64_t number);
	void (*truth)(struct teller *teller, const char *name, bool truth);
	void (*nothing)(struct teller *teller, const char *name);
};

/* The first member of each implementation. */
struct teller {
	const struct teller_class *class;
	unsigned depth;
};

static inline void tell_object(struct teller *teller, const char *name)
{
	teller->class->begin(teller, name, false);
}

static inline void tell_list(struct teller *teller, const char *name)
{
	teller->class->begin(teller, name, true);
}

static inline void tell_end(struct teller *teller)
{
	teller->class->end(teller);
}

static inline void tell_bytes(struct teller *teller, const char *name, struct slice bytes)
{
	teller->class->bytes(teller, name, bytes);
}

static inline void tell_text(struct teller *teller, const char *name, const char *text)
{
	teller->class->bytes(teller, name, slice_of(text));
}

static inline void tell_number(struct teller *teller, const char *name, uint64_t number)
{
	teller->class->number(teller, name, number);
}

static inline void tell_truth(struct teller *teller, const char *name, bool truth)
{
	teller->class->truth(teller, name, truth);
}

static inline void tell_nothing(struct teller *teller, const char *name)
{
	teller->class->nothing(teller, name);
}

#endif
