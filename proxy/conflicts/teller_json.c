/* Teller JSON (see teller_json.h): written straight into text, without a tree of values, because a page of records has many thousand values and
 * the loop does nothing else meanwhile. */
#include "teller_json.h"

#include "base/base64.h"

#include <assert.h>
#include <stdio.h>

struct teller_json {
	struct teller teller;
	struct buffer text;
	bool is_indented;
	bool is_list[TELLER_DEPTH_MAX + 1];
	bool is_empty[TELLER_DEPTH_MAX + 1];
};

static void json_begin(struct teller *teller, const char *name, bool is_list);
static void json_end(struct teller *teller);
static void json_bytes(struct teller *teller, const char *name, struct slice bytes);
static void json_number(struct teller *teller, const char *name, uint64_t number);
static void json_truth(struct teller *teller, const char *name, bool truth);
static void json_nothing(struct teller *teller, const char *name);

static const struct teller_class teller_json = {
	.begin = json_begin,
	.end = json_end,
	.bytes = json_bytes,
	.number = json_number,
	.truth = json_truth,
	.nothing = json_nothing,
};

struct teller *teller_json_new(bool is_indented)
{
	struct teller_json *json = memory_new(sizeof(*json));
	json->teller.class = &teller_json;
	json->is_indented = is_indented;
	return &json->teller;
}

void teller_json_finish(struct teller *teller, struct buffer *out)
{
	struct teller_json *json = (struct teller_json *)teller;
	assert(teller->depth == 0);
	buffer_add(out, buffer_slice(&json->text));
	teller_json_drop(teller);
}

void teller_json_drop(struct teller *teller)
{
	struct teller_json *json = (struct teller_json *)teller;
	buffer_free(&json->text);
	memory_free(json);
}

/* ---- text ---- */

/* How many bytes the character at AT takes, of the LEFT bytes that remain; 0: it is not UTF-8. */
static unsigned utf8_len(const unsigned char *at, size_t left)
{
	static const struct { unsigned char mask, lead; uint32_t min; } forms[] = { { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	if (at[0] < 0x80)
		return 1;
	for (unsigned extra = 1; extra <= 3; extra++) {
		if ((at[0] & forms[extra - 1].mask) != forms[extra - 1].lead)
			continue;
		uint32_t code = at[0] & (unsigned char)~forms[extra - 1].mask;
		for (unsigned i = 1; i <= extra; i++) {
			if (i >= left || (at[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (at[i] & 0x3fu);
		}
		bool is_surrogate = code >= 0xd800 && code < 0xe000;
		return code < forms[extra - 1].min || code > 0x10ffff || is_surrogate ? 0 : extra + 1;
	}
	return 0;
}

static bool is_utf8(struct slice bytes)
{
	for (size_t i = 0; i < bytes.len;) {
		unsigned len = utf8_len((const unsigned char *)bytes.ptr + i, bytes.len - i);
		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

static void add_string(struct buffer *text, struct slice string)
{
	size_t from = 0;
	buffer_add_byte(text, '"');
	for (size_t i = 0; i < string.len; i++) {
		unsigned char c = (unsigned char)string.ptr[i];
		char escape[8];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buffer_add(text, (struct slice){ string.ptr + from, i - from });
		snprintf(escape, sizeof(escape), c < 0x20 ? "\\u%04x" : "\\%c", c);
		buffer_add_text(text, escape);
		from = i + 1;
	}
	buffer_add(text, (struct slice){ string.ptr + from, string.len - from });
	buffer_add_byte(text, '"');
}

/* ---- telling ---- */

static void add_break(struct teller_json *json)
{
	if (!json->is_indented || json->teller.depth == 0)
		return;
	buffer_add_byte(&json->text, '\n');
	for (unsigned i = 0; i < json->teller.depth; i++)
		buffer_add_text(&json->text, "  ");
}

/* The text, after it got all that stands before the next value: comma, line break, name. */
static struct buffer *json_place(struct teller *teller, const char *name)
{
	struct teller_json *json = (struct teller_json *)teller;
	bool *is_empty = &json->is_empty[teller->depth];
	if (teller->depth > 0 && !*is_empty)
		buffer_add_byte(&json->text, ',');
	*is_empty = false;
	add_break(json);
	if (teller->depth > 0 && !json->is_list[teller->depth]) {
		assert(name != NULL);
		add_string(&json->text, slice_of(name));
		buffer_add_text(&json->text, json->is_indented ? ": " : ":");
	}
	return &json->text;
}

static void json_begin(struct teller *teller, const char *name, bool is_list)
{
	struct teller_json *json = (struct teller_json *)teller;
	assert(teller->depth < TELLER_DEPTH_MAX);
	buffer_add_byte(json_place(teller, name), is_list ? '[' : '{');
	teller->depth++;
	json->is_list[teller->depth] = is_list;
	json->is_empty[teller->depth] = true;
}

static void json_end(struct teller *teller)
{
	struct teller_json *json = (struct teller_json *)teller;
	assert(teller->depth > 0);
	bool is_list = json->is_list[teller->depth], is_empty = json->is_empty[teller->depth];
	teller->depth--;
	if (!is_empty && json->is_indented && teller->depth == 0)
		buffer_add_byte(&json->text, '\n');
	else if (!is_empty)
		add_break(json);
	buffer_add_byte(&json->text, is_list ? ']' : '}');
}

static void add_base64(struct buffer *text, struct slice bytes)
{
	buffer_add_byte(text, '"');
	base64_encode(bytes, text);
	buffer_add_byte(text, '"');
}

static void json_bytes(struct teller *teller, const char *name, struct slice bytes)
{
	if (is_utf8(bytes)) {
		add_string(json_place(teller, name), bytes);
	} else if (name != NULL) {
		char marker[64];
		snprintf(marker, sizeof(marker), "%s_encoding", name);
		add_base64(json_place(teller, name), bytes);
		add_string(json_place(teller, marker), SLICE("base64"));
	} else {
		json_begin(teller, NULL, false);
		add_base64(json_place(teller, "base64"), bytes);
		json_end(teller);
	}
}

/* A number that is larger than what readers of JSON take for an integer is written as a string. */
static void json_number(struct teller *teller, const char *name, uint64_t number)
{
	struct buffer *text = json_place(teller, name);
	const char *quote = number > INT64_MAX ? "\"" : "";
	buffer_add_text(text, quote);
	buffer_add_uint64(text, number);
	buffer_add_text(text, quote);
}

static void json_truth(struct teller *teller, const char *name, bool truth)
{
	buffer_add_text(json_place(teller, name), truth ? "true" : "false");
}

static void json_nothing(struct teller *teller, const char *name)
{
	buffer_add_text(json_place(teller, name), "null");
}
