#include "proto_batch.h"

#include <stdlib.h>

#include "tests/sim/store/pool.h"

static bool change_read(struct slice bytes, struct proto_change *change)
{
	static const struct proto_row rows[] = {
		PROTO_ROW(1, PROTO_UINT32, struct proto_change, kind),
		PROTO_ROW(2, PROTO_UINT32, struct proto_change, db),
		PROTO_ROW(3, PROTO_TEXT, struct proto_change, key),
		PROTO_ROW(4, PROTO_TEXT, struct proto_change, element),
		PROTO_ROW(5, PROTO_TEXT, struct proto_change, value),
		PROTO_ROW(6, PROTO_SINT64, struct proto_change, number),
		PROTO_ROW(7, PROTO_FIXED64, struct proto_change, score),
		PROTO_ROW(8, PROTO_SINT64, struct proto_change, expire_at_ms),
		PROTO_ROW(9, PROTO_TEXT, struct proto_change, result),
		PROTO_ROW(10, PROTO_TEXT, struct proto_change, version.dc),
		PROTO_ROW(11, PROTO_UINT64, struct proto_change, version.incarnation),
		PROTO_ROW(12, PROTO_UINT64, struct proto_change, version.seq),
		PROTO_ROW(13, PROTO_UINT64, struct proto_change, hlc),
		PROTO_ROW(14, PROTO_UINT64, struct proto_change, length),
		PROTO_ROW(15, PROTO_UINT64, struct proto_change, amount),
	};

	*change = (struct proto_change){ .key = { bytes.ptr, 0 }, .element = { bytes.ptr, 0 }, .value = { bytes.ptr, 0 } };
	return proto_read(bytes, rows, PROTO_COUNT(rows), change) && change->kind >= PROTO_SET && change->kind < PROTO_KINDS;
}

/* A write while it is read. Its changes and positions are appended to its batch's lists. */
struct reading {
	struct proto_write write;
	struct proto_batch *batch;
};

static bool take_change(void *message, struct slice bytes)
{
	struct proto_batch *batch = ((struct reading *)message)->batch;

	batch->changes = array_grow(batch->changes, batch->change_count, &batch->change_cap, sizeof(*batch->changes));
	((struct reading *)message)->write.change_count++;
	return change_read(bytes, &batch->changes[batch->change_count++]);
}

static bool take_claim(void *message, struct slice bytes)
{
	struct proto_batch *batch = ((struct reading *)message)->batch;

	batch->claims = array_grow(batch->claims, batch->claim_count, &batch->claim_cap, sizeof(*batch->claims));
	((struct reading *)message)->write.context_count++;
	return proto_position_read(bytes, &batch->claims[batch->claim_count++]);
}

static bool take_write(void *message, struct slice bytes)
{
	static const struct proto_row rows[] = {
		PROTO_ROW(1, PROTO_UINT32, struct reading, write.pending),
		{ 2, PROTO_MESSAGE, 0, take_change },
		PROTO_ROW(3, PROTO_TEXT, struct reading, write.command),
		PROTO_ROW(4, PROTO_TEXT, struct reading, write.client),
		{ 5, PROTO_MESSAGE, 0, take_claim },
		PROTO_ROW(6, PROTO_BOOL, struct reading, write.is_explicit),
		PROTO_ROW(7, PROTO_UINT32, struct reading, write.choice),
		PROTO_ROW(8, PROTO_TEXT, struct reading, write.by),
	};
	struct proto_batch *batch = message;
	struct reading reading = { .batch = batch };

	if (!proto_read(bytes, rows, PROTO_COUNT(rows), &reading))
		return false;
	batch->writes = array_grow(batch->writes, batch->write_count, &batch->write_cap, sizeof(*batch->writes));
	batch->writes[batch->write_count++] = reading.write;
	return reading.write.choice <= PROTO_IGNORES && (reading.write.context_count == 0 || reading.write.is_explicit);
}

static bool take_position(void *message, struct slice bytes)
{
	struct proto_batch *batch = message;

	batch->context = array_grow(batch->context, batch->context_count, &batch->context_cap, sizeof(*batch->context));
	return proto_position_read(bytes, &batch->context[batch->context_count++]);
}

/* The lists grow no more, so they stay where they are in memory, and writes can point into them. */
static void writes_point(struct proto_batch *batch)
{
	unsigned change = 0, claim = 0;

	for (unsigned i = 0; i < batch->write_count; i++) {
		struct proto_write *write = &batch->writes[i];

		write->changes = batch->changes + change;
		write->context = batch->claims + claim;
		change += write->change_count;
		claim += write->context_count;
	}
}

bool proto_batch_read(struct slice bytes, struct proto_batch *batch)
{
	static const struct proto_row rows[] = {
		PROTO_ROW(1, PROTO_UINT32, struct proto_batch, format),
		PROTO_ROW(2, PROTO_TEXT, struct proto_batch, dc),
		PROTO_ROW(3, PROTO_UINT64, struct proto_batch, incarnation),
		PROTO_ROW(5, PROTO_UINT64, struct proto_batch, first_seq),
		PROTO_ROW(6, PROTO_UINT64, struct proto_batch, hlc),
		{ 7, PROTO_MESSAGE, 0, take_position },
		PROTO_ROW(11, PROTO_UINT32, struct proto_batch, part),
		PROTO_ROW(12, PROTO_UINT32, struct proto_batch, part_count),
		PROTO_ROW(13, PROTO_TEXT, struct proto_batch, part_bytes),
		{ 14, PROTO_MESSAGE, 0, take_write },
	};

	*batch = (struct proto_batch){
		.context = batch->context, .context_cap = batch->context_cap, .writes = batch->writes, .write_cap = batch->write_cap,
		.changes = batch->changes, .change_cap = batch->change_cap, .claims = batch->claims, .claim_cap = batch->claim_cap,
	};
	if (!proto_read(bytes, rows, PROTO_COUNT(rows), batch))
		return false;
	writes_point(batch);
	return batch->format == 1 && batch->dc.len > 0 && batch->first_seq > 0;
}

void proto_batch_free(struct proto_batch *batch)
{
	free(batch->context);
	free(batch->writes);
	free(batch->changes);
	free(batch->claims);
	*batch = (struct proto_batch){ .format = 0 };
}
