/* Facts about conflict records as they are asked for and told: filters, choices, rights, JSON and RESP. */
#include "base/base64.h"
#include "proxy/conflicts/conflicts_access.h"
#include "proxy/conflicts/conflicts_choice.h"
#include "proxy/conflicts/conflicts_query.h"
#include "proxy/conflicts/conflicts_tell.h"
#include "proxy/conflicts/teller_json.h"
#include "proxy/conflicts/teller_resp.h"

#include <CUnit/CUnit.h>
#include <jansson.h>
#include <string.h>

void suite_conflicts(void);

#define NOW_MS 100000u

static struct record_side sides[2];
static struct record record;

static void fill(void)
{
	sides[0] = (struct record_side){
		.dot = { SLICE("us"), 7, 4 }, .hlc = UINT64_C(60000) << 16, .command = SLICE("set"), .client = SLICE("till"), .value = SLICE("a\xff"),
		.value_len = 2, .value_hash = 10, .is_live = true,
	};
	sides[1] = (struct record_side){ .dot = { SLICE("eu"), 7, 9 }, .hlc = UINT64_C(50000) << 16, .command = SLICE("del"), .is_removal = true };
	record = (struct record){
		.id = SLICE("eu-7-9-0"), .kind = RECORD_WRITE_DELETE, .status = RECORD_OPEN, .key = SLICE("cart:1"), .type = SLICE("string"),
		.rule = SLICE("record"), .sides = sides, .side_count = 2, .pairs = 1, .winner = { SLICE("us"), 7, 4 }, .value = SLICE("a\xff"),
		.opened_hlc = UINT64_C(60250) << 16,
	};
}

static bool matches(const char *name, const char *value)
{
	struct conflicts_query query = { 0 };
	struct buffer error = { 0 };
	bool is_set = conflicts_query_set(&query, slice_of(name), slice_of(value), &error);
	CU_ASSERT(is_set && error.len == 0);
	bool is_match = conflicts_query_matches(&query, &record, NOW_MS);
	conflicts_query_free(&query);
	buffer_free(&error);
	return is_match;
}

static void each_filter_chooses_by_its_own_fact(void)
{
	static const struct { const char *name, *right, *wrong; } filters[] = {
		{ "match", "cart:*", "page:*" },          { "RULE", "record", "lww" }, { "kind", "write-delete", "write-write" },
		{ "Status", "open", "auto" },             { "peer", "eu", "ap" },      { "older", "39", "40" },
	};
	fill();
	CU_ASSERT(conflicts_query_matches(&(struct conflicts_query){ 0 }, &record, NOW_MS));
	record.merged_into = SLICE("eu-7-1-0");
	CU_ASSERT(!conflicts_query_matches(&(struct conflicts_query){ 0 }, &record, NOW_MS));
	record.merged_into = (struct slice){ "", 0 };
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		CU_ASSERT(matches(filters[i].name, filters[i].right));
		CU_ASSERT(!matches(filters[i].name, filters[i].wrong));
	}
}

static void wrong_filters_are_refused_with_a_remedy(void)
{
	static const struct { const char *name, *value, *text; } wrong[] = {
		{ "size", "1", "'size' is no filter, choose among match, rule," },
		{ "status", "closed", "'closed' is no status, choose auto, open, resolved, superseded or ignored" },
		{ "kind", "", "is no kind, choose write-write," },
		{ "rule", "newest", "is no rule, choose" },
		{ "count", "0", "choose between 1 and 1000" },
		{ "count", "1001", "choose between 1 and 1000" },
		{ "older", "-1", "whole number of seconds" },
		{ "older", "1d", "whole number of seconds" },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct conflicts_query query = { 0 };
		struct buffer error = { 0 };
		CU_ASSERT(!conflicts_query_set(&query, slice_of(wrong[i].name), slice_of(wrong[i].value), &error));
		buffer_add_byte(&error, '\0');
		CU_ASSERT_PTR_NOT_NULL(strstr(error.ptr, wrong[i].text));
		buffer_free(&error);
		conflicts_query_free(&query);
	}
}

static void choices_are_read_or_refused(void)
{
	struct conflicts_order order = { 0 };
	struct buffer error = { 0 };
	const struct slice nothing = { NULL, 0 };
	CU_ASSERT(conflicts_choice_read(SLICE("WINNER"), nothing, &order, &error) && order.choice == CHOICE_RULE &&
	          slice_equal(order.value, SLICE("lww")));
	CU_ASSERT(conflicts_choice_read(SLICE("side"), SLICE("eu/7/9"), &order, &error) && order.choice == CHOICE_SIDE &&
	          slice_equal(order.value, SLICE("eu/7/9")));
	CU_ASSERT(conflicts_choice_read(SLICE("value"), SLICE(""), &order, &error) && order.choice == CHOICE_VALUE && order.value.len == 0);
	CU_ASSERT(conflicts_choice_read(SLICE("remove"), nothing, &order, &error) && order.choice == CHOICE_REMOVAL && order.ask == ASK_RESOLVE);
	CU_ASSERT_EQUAL(error.len, 0);
	CU_ASSERT(!conflicts_choice_read(SLICE("loser"), nothing, &order, &error));
	CU_ASSERT(!conflicts_choice_read(SLICE("value"), nothing, &order, &error));
	CU_ASSERT(!conflicts_choice_read(SLICE("winner"), SLICE("x"), &order, &error));
	CU_ASSERT(!conflicts_choice_read(SLICE("side"), SLICE("eu"), &order, &error));
	buffer_free(&error);
}

static void rights_are_by_name_and_by_password(void)
{
	static char users[] = "ops, admin", password[] = "sesame";
	struct settings settings = { 0 };
	CU_ASSERT(conflicts_user_is_allowed(&settings, SLICE("anybody")) && conflicts_bearer_is_allowed(&settings, SLICE("")));
	settings.conflicts_users = users;
	settings.conflicts_password = password;
	CU_ASSERT(conflicts_user_is_allowed(&settings, SLICE("ops")) && conflicts_user_is_allowed(&settings, SLICE("admin")));
	CU_ASSERT(!conflicts_user_is_allowed(&settings, SLICE("op")) && !conflicts_user_is_allowed(&settings, SLICE("")) &&
	          !conflicts_user_is_allowed(&settings, SLICE("ops, admin")));
	CU_ASSERT(conflicts_bearer_is_allowed(&settings, SLICE("Bearer sesame")) && conflicts_bearer_is_allowed(&settings, SLICE("bearer sesame")));
	static const char *const wrong[] = { "", "sesame", "Bearer", "Bearer ", "Bearer sesam", "Bearer sesame2", "Basic sesame", "Bearer Sesame" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT(!conflicts_bearer_is_allowed(&settings, slice_of(wrong[i])));
}

static void tell(const struct conflicts_view *view, bool is_json, struct buffer *out)
{
	struct teller *teller = is_json ? teller_json_new(false) : teller_resp_new();
	fill();
	buffer_reset(out);
	conflict_tell(&record, view, SLICE("e1-1"), teller, NULL);
	if (is_json)
		teller_json_finish(teller, out);
	else
		teller_resp_finish(teller, out);
	buffer_add_byte(out, '\0');
}

static void json_tells_bytes_in_base64_and_says_so(void)
{
	struct buffer out = { 0 };
	tell(&(struct conflicts_view){ .is_redacted = false }, true, &out);
	CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "\"id\":\"eu-7-9-0\",\"kind\":\"write-delete\",\"status\":\"open\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "\"opened\":\"1970-01-01T00:01:00.250Z\",\"ended\":null"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "\"winner\":\"us/7/4\",\"value\":\"Yf8=\",\"value_encoding\":\"base64\",\"resolution\":null"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "\"value_hash\":\"000000000000000a\",\"value\":\"Yf8=\",\"value_encoding\":\"base64\"}"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "\"is_removal\":true,\"value_len\":0,\"value_hash\":null,\"value\":null}],\"cursor\":\"e1-1\"}"));
	buffer_free(&out);
}

/* What jansson makes of what is told is what was told. */
static void json_is_what_another_reader_takes_it_for(void)
{
	static const struct { struct slice bytes; bool is_text; } cases[] = {
		{ { "", 0 }, true }, { { "a\"b\\c\n\x01\x1f/", 10 }, true }, { { "a\0b", 3 }, true }, { { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9 }, true },
		{ { "\xc0\x80", 2 }, false }, { { "\xed\xa0\x80", 3 }, false }, { { "\xf4\x90\x80\x80", 4 }, false }, { { "\xe2\x82", 2 }, false },
		{ { "\x80", 1 }, false }, { { "a\xff", 2 }, false }, { { "\xe0\x80\x80", 3 }, false }, { { "\xf8\x88\x80\x80\x80", 5 }, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int is_indented = 0; is_indented <= 1; is_indented++) {
			struct teller *teller = teller_json_new(is_indented);
			struct buffer out = { 0 }, encoded = { 0 };
			tell_object(teller, NULL);
			tell_bytes(teller, "v", cases[i].bytes);
			tell_list(teller, "l");
			tell_bytes(teller, NULL, cases[i].bytes);
			tell_number(teller, NULL, UINT64_MAX);
			tell_truth(teller, NULL, true);
			tell_list(teller, NULL);
			tell_end(teller);
			tell_end(teller);
			tell_end(teller);
			teller_json_finish(teller, &out);
			json_t *read = json_loadb(out.ptr, out.len, JSON_ALLOW_NUL, NULL), *list = json_object_get(read, "l");
			const json_t *value = json_object_get(read, "v"), *element = json_array_get(list, 0);
			base64_encode(cases[i].bytes, &encoded);
			struct slice expected = cases[i].is_text ? cases[i].bytes : buffer_slice(&encoded);
			CU_ASSERT(slice_equal((struct slice){ json_string_value(value), json_string_length(value) }, expected));
			CU_ASSERT((json_object_get(read, "v_encoding") == NULL) == cases[i].is_text && json_is_object(element) != cases[i].is_text);
			CU_ASSERT(json_array_size(list) == 4 && json_is_string(json_array_get(list, 1)) && json_is_true(json_array_get(list, 2)));
			json_decref(read);
			buffer_free(&encoded);
			buffer_free(&out);
		}
	}
}

static void redacted_values_leave_only_their_length(void)
{
	struct buffer out = { 0 };
	tell(&(struct conflicts_view){ .is_redacted = true }, true, &out);
	CU_ASSERT_PTR_NULL(strstr(out.ptr, "Yf8="));
	CU_ASSERT_PTR_NULL(strstr(out.ptr, "000000000000000a"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "\"value_len\":2,\"value_hash\":null,\"value\":null"));
	tell(&(struct conflicts_view){ .value_bytes_max = 1 }, true, &out);
	CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "\"value_len\":2,\"value_hash\":\"000000000000000a\",\"value\":\"a\"}"));
	buffer_free(&out);
}

static void resp_tells_names_and_values_in_turn(void)
{
	struct buffer out = { 0 };
	struct reply reply;
	tell(&(struct conflicts_view){ .is_redacted = false }, false, &out);
	struct slice cursor = { out.ptr, out.len - 1 }, whole = cursor;
	CU_ASSERT(reply_skip(&whole) && whole.len == 0);
	CU_ASSERT(reply_read(&cursor, &reply) && reply.type == REPLY_ARRAY && reply.integer % 2 == 0);
	CU_ASSERT(reply_read(&cursor, &reply) && slice_equal(reply.text, SLICE("id")));
	CU_ASSERT(reply_read(&cursor, &reply) && slice_equal(reply.text, SLICE("eu-7-9-0")));
	CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "$5\r\npairs\r\n:1\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "$5\r\nended\r\n$-1\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "$5\r\nsides\r\n*2\r\n*"));
	buffer_free(&out);
}

static void base64_reads_what_it_writes_and_nothing_else(void)
{
	static const struct { const char *text; const char *encoded; } pairs[] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foobar", "Zm9vYmFy" }, { "\xff\xfe", "//4=" },
	};
	static const char *const wrong[] = { "Z", "Zg=", "Zg", "=g==", "Z===", "Zg==Zg==", "Zm9-", "Zm 9" };
	struct buffer out = { 0 };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		buffer_reset(&out);
		base64_encode(slice_of(pairs[i].text), &out);
		CU_ASSERT(slice_equal(buffer_slice(&out), slice_of(pairs[i].encoded)));
		buffer_reset(&out);
		CU_ASSERT(base64_decode(slice_of(pairs[i].encoded), &out) && slice_equal(buffer_slice(&out), slice_of(pairs[i].text)));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT(!base64_decode(slice_of(wrong[i]), &out));
	buffer_free(&out);
}

void suite_conflicts(void)
{
	CU_pSuite suite = CU_add_suite("conflicts", NULL, NULL);
	CU_ADD_TEST(suite, each_filter_chooses_by_its_own_fact);
	CU_ADD_TEST(suite, wrong_filters_are_refused_with_a_remedy);
	CU_ADD_TEST(suite, choices_are_read_or_refused);
	CU_ADD_TEST(suite, rights_are_by_name_and_by_password);
	CU_ADD_TEST(suite, json_tells_bytes_in_base64_and_says_so);
	CU_ADD_TEST(suite, json_is_what_another_reader_takes_it_for);
	CU_ADD_TEST(suite, redacted_values_leave_only_their_length);
	CU_ADD_TEST(suite, resp_tells_names_and_values_in_turn);
	CU_ADD_TEST(suite, base64_reads_what_it_writes_and_nothing_else);
}
