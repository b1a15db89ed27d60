/* Telling as JSON. */
#include "teller.h"

#include "base64.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>

struct teller_json {
	struct teller teller;
	json_t *levels[TELLER_DEPTH_MAX + 1];     /* [0]: the whole, owned; the others belong to the one before */
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

struct teller *teller_json_new(void)
{
	struct teller_json *json = memory_new(sizeof(*json));
	json->teller.class = &teller_json;
	return &json->teller;
}

void teller_json_finish(struct teller *teller, bool is_indented, struct buffer *out)
{
	struct teller_json *json = (struct teller_json *)teller;
	assert(teller->depth == 0);
	assert(json->levels[0] != NULL);
	char *text = json_dumps(json->levels[0], is_indented ? JSON_INDENT(2) : JSON_COMPACT);
	assert(text != NULL);        /* all strings were checked to be UTF-8 */
	buffer_add_text(out, text);
	free(text);
	json_decref(json->levels[0]);
	memory_free(json);
}

/* Takes VALUE over. */
static void json_place(struct teller *teller, const char *name, json_t *value)
{
	struct teller_json *json = (struct teller_json *)teller;
	json_t *around = teller->depth == 0 ? NULL : json->levels[teller->depth - 1];
	if (around == NULL)
		json->levels[0] = value;
	else if (name != NULL)
		json_object_set_new(around, name, value);
	else
		json_array_append_new(around, value);
}

static void json_begin(struct teller *teller, const char *name, bool is_list)
{
	assert(teller->depth < TELLER_DEPTH_MAX);
	json_t *value = is_list ? json_array() : json_object();
	json_place(teller, name, value);
	((struct teller_json *)teller)->levels[teller->depth++] = value;
}

static void json_end(struct teller *teller)
{
	assert(teller->depth > 0);
	teller->depth--;
}

static json_t *json_base64(struct slice bytes)
{
	struct buffer text = { 0 };
	base64_encode(bytes, &text);
	json_t *string = json_stringn(text.ptr, text.len);
	buffer_free(&text);
	return string;
}

static void json_bytes(struct teller *teller, const char *name, struct slice bytes)
{
	json_t *string = json_stringn(bytes.len > 0 ? bytes.ptr : "", bytes.len);
	if (string != NULL) {
		json_place(teller, name, string);
	} else if (name != NULL) {
		char marker[64];
		snprintf(marker, sizeof(marker), "%s_encoding", name);
		json_place(teller, name, json_base64(bytes));
		json_place(teller, marker, json_string("base64"));
	} else {
		json_t *object = json_object();
		json_object_set_new(object, "base64", json_base64(bytes));
		json_place(teller, name, object);
	}
}

static void json_number(struct teller *teller, const char *name, uint64_t number)
{
	json_place(teller, name, number <= INT64_MAX ? json_integer((json_int_t)number) : json_sprintf("%llu", (unsigned long long)number));
}

static void json_truth(struct teller *teller, const char *name, bool truth)
{
	json_place(teller, name, json_boolean(truth));
}

static void json_nothing(struct teller *teller, const char *name)
{
	json_place(teller, name, json_null());
}
