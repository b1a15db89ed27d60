/* Teller RESP (see teller_resp.h). The header of an array tells how many elements follow, so each array is put together in a buffer of its own and
 * then added to the array around it. */
#include "teller_resp.h"

#include "proxy/core/resp/resp.h"

#include <assert.h>

struct teller_resp {
	struct teller teller;
	struct level {
		struct buffer bytes;
		uint64_t count;
	} levels[TELLER_DEPTH_MAX + 1];   /* [0] gets everything in the end */
};

static void resp_begin(struct teller *teller, const char *name, bool is_list);
static void resp_end(struct teller *teller);
static void resp_bytes(struct teller *teller, const char *name, struct slice bytes);
static void resp_number(struct teller *teller, const char *name, uint64_t number);
static void resp_truth(struct teller *teller, const char *name, bool truth);
static void resp_nothing(struct teller *teller, const char *name);

static const struct teller_class teller_resp = {
	.begin = resp_begin,
	.end = resp_end,
	.bytes = resp_bytes,
	.number = resp_number,
	.truth = resp_truth,
	.nothing = resp_nothing,
};

struct teller *teller_resp_new(void)
{
	struct teller_resp *resp = memory_new(sizeof(*resp));
	resp->teller.class = &teller_resp;
	return &resp->teller;
}

void teller_resp_finish(struct teller *teller, struct buffer *out)
{
	struct teller_resp *resp = (struct teller_resp *)teller;
	assert(teller->depth == 0);
	buffer_add(out, buffer_slice(&resp->levels[0].bytes));
	for (unsigned i = 0; i <= TELLER_DEPTH_MAX; i++)
		buffer_free(&resp->levels[i].bytes);
	memory_free(resp);
}

/* The bytes that the next value goes to, after they got its name. */
static struct buffer *resp_place(struct teller *teller, const char *name)
{
	struct level *level = &((struct teller_resp *)teller)->levels[teller->depth];
	level->count++;
	if (name != NULL && teller->depth > 0) {
		resp_add_bulk(&level->bytes, slice_of(name));
		level->count++;
	}
	return &level->bytes;
}

static void resp_begin(struct teller *teller, const char *name, bool is_list)
{
	(void)is_list;
	assert(teller->depth < TELLER_DEPTH_MAX);
	resp_place(teller, name);
	struct level *level = &((struct teller_resp *)teller)->levels[++teller->depth];
	buffer_reset(&level->bytes);
	level->count = 0;
}

static void resp_end(struct teller *teller)
{
	struct teller_resp *resp = (struct teller_resp *)teller;
	assert(teller->depth > 0);
	struct level *level = &resp->levels[teller->depth--];
	struct buffer *around = &resp->levels[teller->depth].bytes;
	resp_add_array(around, level->count);
	buffer_add(around, buffer_slice(&level->bytes));
}

static void resp_bytes(struct teller *teller, const char *name, struct slice bytes)
{
	resp_add_bulk(resp_place(teller, name), bytes);
}

static void resp_number(struct teller *teller, const char *name, uint64_t number)
{
	struct buffer *out = resp_place(teller, name);
	if (number <= INT64_MAX) {
		resp_add_integer(out, (int64_t)number);
		return;
	}
	struct buffer text = { 0 };
	buffer_add_uint64(&text, number);
	resp_add_bulk(out, buffer_slice(&text));
	buffer_free(&text);
}

static void resp_truth(struct teller *teller, const char *name, bool truth)
{
	resp_add_integer(resp_place(teller, name), truth);
}

static void resp_nothing(struct teller *teller, const char *name)
{
	buffer_add_text(resp_place(teller, name), "$-1\r\n");
}
