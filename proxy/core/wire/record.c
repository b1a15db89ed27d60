/* Record: names of its kinds and statuses, and the hash that ids and values are told by. */
#include "record.h"

const char *record_kind_text(enum record_kind kind)
{
	static const char *const texts[RECORD_KIND_COUNT] = {
		[RECORD_WRITE_WRITE] = "write-write", [RECORD_WRITE_DELETE] = "write-delete", [RECORD_TYPE_CLASH] = "type-clash",
		[RECORD_EXPIRY_WRITE] = "expiry-write", [RECORD_DOUBLE_POP] = "double-pop", [RECORD_HANDLER_FAILED] = "handler-failed",
		[RECORD_STRANDED] = "stranded",
	};
	return kind < RECORD_KIND_COUNT ? texts[kind] : NULL;
}

const char *record_status_text(enum record_status status)
{
	static const char *const texts[RECORD_STATUS_COUNT] = {
		[RECORD_AUTO] = "auto", [RECORD_OPEN] = "open", [RECORD_RESOLVED] = "resolved", [RECORD_SUPERSEDED] = "superseded",
		[RECORD_IGNORED] = "ignored",
	};
	return status < RECORD_STATUS_COUNT ? texts[status] : NULL;
}

uint64_t record_hash(uint64_t start, struct slice bytes)
{
	uint64_t hash = start;
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.ptr[i]) * UINT64_C(0x100000001b3);
	return hash;
}

enum record_kind record_told_kind(const struct record *record)
{
	bool has_failed = record->status == RECORD_OPEN && record->last_error.len > 0;
	return has_failed ? RECORD_HANDLER_FAILED : record->kind;
}
