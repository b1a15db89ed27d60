/* Conflicts tell (see conflicts_tell.h). */
#include "conflicts_tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static void tell_dot(struct teller *teller, const char *name, const struct record_dot *dot);
static void tell_time(struct teller *teller, const char *name, uint64_t hlc);
static void tell_hex(struct teller *teller, const char *name, uint64_t number);
static void tell_value(const struct conflicts_view *view, struct teller *teller, struct slice value, bool is_there);
static void tell_side(const struct record_side *side, const struct conflicts_view *view, struct teller *teller);
static void tell_context(struct teller *teller, const char *name, struct slice context);

void conflict_tell(const struct record *record, const struct conflicts_view *view, struct slice cursor, struct teller *teller, const char *name)
{
	tell_object(teller, name);
	tell_bytes(teller, "id", record->id);
	tell_text(teller, "kind", record_kind_text(record_told_kind(record)));
	tell_text(teller, "status", record_status_text(record->status));
	tell_number(teller, "db", record->db);
	tell_bytes(teller, "key", record->key);
	tell_bytes(teller, "element", record->element);
	tell_bytes(teller, "type", record->type);
	tell_bytes(teller, "rule", record->rule);
	tell_hex(teller, "rules_digest", record->rules_digest);
	tell_time(teller, "opened", record->opened_hlc);
	tell_time(teller, "ended", record->ended_hlc);
	tell_number(teller, "pairs", record->pairs);
	tell_dot(teller, "winner", &record->winner);
	tell_value(view, teller, record->value, record->winner.seq != 0 || record->value.len > 0);
	tell_dot(teller, "resolution", &record->resolution);
	tell_bytes(teller, "resolved_by", record->resolved_by);
	tell_number(teller, "attempts", record->attempts);
	tell_bytes(teller, "last_error", record->last_error);
	if (record->merged_into.len > 0)
		tell_bytes(teller, "merged_into", record->merged_into);
	tell_list(teller, "sides");
	for (unsigned i = 0; i < record->side_count; i++)
		tell_side(&record->sides[i], view, teller);
	tell_end(teller);
	if (cursor.len > 0)
		tell_bytes(teller, "cursor", cursor);
	tell_end(teller);
}

static void tell_side(const struct record_side *side, const struct conflicts_view *view, struct teller *teller)
{
	tell_object(teller, NULL);
	tell_bytes(teller, "dc", side->dot.dc);
	tell_dot(teller, "dot", &side->dot);
	tell_time(teller, "written", side->hlc);
	tell_hex(teller, "hlc", side->hlc);
	tell_context(teller, "context", side->context);
	tell_bytes(teller, "command", side->command);
	tell_bytes(teller, "client", side->client);
	tell_truth(teller, "is_live", side->is_live);
	tell_truth(teller, "is_removal", side->is_removal);
	tell_number(teller, "value_len", side->value_len);
	/* The hash of a short value would give the value away. */
	if (view->is_redacted || side->is_removal)
		tell_nothing(teller, "value_hash");
	else
		tell_hex(teller, "value_hash", side->value_hash);
	tell_value(view, teller, side->value, !side->is_removal);
	tell_end(teller);
}

static void tell_value(const struct conflicts_view *view, struct teller *teller, struct slice value, bool is_there)
{
	if (view->is_redacted || !is_there) {
		tell_nothing(teller, "value");
	} else {
		if (view->value_bytes_max > 0 && value.len > view->value_bytes_max)
			value.len = view->value_bytes_max;
		tell_bytes(teller, "value", value);
	}
}

static void tell_dot(struct teller *teller, const char *name, const struct record_dot *dot)
{
	if (dot->seq == 0) {
		tell_nothing(teller, name);
		return;
	}
	struct buffer text = { 0 };
	buffer_add(&text, dot->dc);
	buffer_add_byte(&text, '/');
	buffer_add_uint64(&text, dot->incarnation);
	buffer_add_byte(&text, '/');
	buffer_add_uint64(&text, dot->seq);
	tell_bytes(teller, name, buffer_slice(&text));
	buffer_free(&text);
}

/* "2026-01-31T12:00:00.250Z". */
static void tell_time(struct teller *teller, const char *name, uint64_t hlc)
{
	uint64_t ms = hlc >> 16;
	time_t seconds = (time_t)(ms / 1000);
	struct tm parts;
	char day[40], text[56];
	if (hlc == 0 || gmtime_r(&seconds, &parts) == NULL) {
		tell_nothing(teller, name);
		return;
	}
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text, sizeof(text), "%s.%03uZ", day, (unsigned)(ms % 1000));
	tell_text(teller, name, text);
}

static void tell_hex(struct teller *teller, const char *name, uint64_t number)
{
	char text[20];
	snprintf(text, sizeof(text), "%016" PRIx64, number);
	tell_text(teller, name, text);
}

/* "dc/incarnation/seq": up to that seq; "dc/<incarnation": all of earlier incarnations, but for those that are named. */
static void tell_position(struct teller *teller, const struct record_dot *position)
{
	struct buffer text = { 0 };
	buffer_add(&text, position->dc);
	buffer_add_text(&text, position->is_floor ? "/<" : "/");
	buffer_add_uint64(&text, position->incarnation);
	if (!position->is_floor) {
		buffer_add_byte(&text, '/');
		buffer_add_uint64(&text, position->seq);
	}
	tell_bytes(teller, NULL, buffer_slice(&text));
	buffer_free(&text);
}

static void tell_context(struct teller *teller, const char *name, struct slice context)
{
	struct record_dot position;
	tell_list(teller, name);
	while (record_position_next(&context, &position))
		tell_position(teller, &position);
	tell_end(teller);
}

void conflicts_page_tell(const struct conflicts_page *page, const struct conflicts_view *view, struct teller *teller, const char *name)
{
	struct record_scratch scratch = { 0 };
	struct record record;
	tell_list(teller, name);
	for (unsigned i = 0; i < page->count; i++) {
		if (record_decode(page->items[i].bytes, &scratch, &record))
			conflict_tell(&record, view, page->items[i].cursor, teller, NULL);
	}
	tell_end(teller);
	memory_free(scratch.sides);
}

void conflicts_answer_tell(const struct conflicts_page *page, const struct conflicts_view *view, struct teller *teller)
{
	tell_object(teller, NULL);
	conflicts_page_tell(page, view, teller, "conflicts");
	if (page->has_more)
		tell_bytes(teller, "cursor", page->items[page->count - 1].cursor);
	else
		tell_nothing(teller, "cursor");
	tell_end(teller);
}
