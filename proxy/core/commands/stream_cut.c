#include "stream_cut.h"

#include "proxy/core/resp/resp.h"
#include "stream_id.h"

/* One stream's part: its name and its entries, which CURSOR stands before. SHOWN: how many entries are. */
struct part { struct slice key, entries; uint64_t shown; };

static bool part_read(struct stream_cut *cut, struct slice *cursor, bool is_map, struct part *part)
{
	struct reply pair, key, list, entry, id;
	struct stream_id at;
	if (!is_map && (!reply_read(cursor, &pair) || pair.type != REPLY_ARRAY || pair.integer != 2))
		return false;
	if (!reply_read(cursor, &key) || !reply_read(cursor, &list) || list.type != REPLY_ARRAY)
		return false;
	bool is_cut = cut->is_ordered(cut->context, key.text), is_over = false;
	*part = (struct part){ .key = key.text, .entries = { cursor->ptr, 0 } };
	for (int64_t i = 0; i < list.integer; i++) {
		struct slice whole = *cursor;
		if (!reply_read(cursor, &entry) || entry.type != REPLY_ARRAY || !reply_read(cursor, &id) || !stream_id_read(id.text, &at) || !reply_skip(cursor))
			return false;
		is_over = is_over || (is_cut && at.ms >= cut->until_ms);
		if (is_over && (cut->hidden_ms == 0 || at.ms < cut->hidden_ms))
			cut->hidden_ms = at.ms;
		if (is_over)
			continue;
		part->shown++;
		part->entries.len += (size_t)(cursor->ptr - whole.ptr);
	}
	return true;
}

bool stream_cut(struct stream_cut *cut, struct slice reply, struct buffer *out)
{
	struct slice cursor = reply;
	struct reply head;
	bool is_map = reply.len > 0 && reply.ptr[0] == '%';
	struct buffer shown = { 0 };
	uint64_t streams = 0;
	cut->hidden_ms = 0;
	if (!reply_read(&cursor, &head) || head.type != REPLY_ARRAY) {
		buffer_add(out, reply);
		return true;
	}
	for (int64_t i = is_map ? head.integer / 2 : head.integer; i > 0; i--) {
		struct part part;
		if (!part_read(cut, &cursor, is_map, &part)) {
			buffer_free(&shown);
			buffer_add(out, reply);
			return true;
		}
		if (part.shown == 0)
			continue;
		if (!is_map)
			resp_add_array(&shown, 2);
		resp_add_bulk(&shown, part.key);
		resp_add_array(&shown, part.shown);
		buffer_add(&shown, part.entries);
		streams++;
	}
	if (streams > 0) {
		buffer_add_byte(out, is_map ? '%' : '*');
		buffer_add_uint64(out, streams);
		buffer_add(out, SLICE("\r\n"));
		buffer_add(out, buffer_slice(&shown));
	}
	buffer_free(&shown);
	return streams > 0;
}
