/* Facts about slices, numbers and buffers. */
#include "base/bytes.h"

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void suite_bytes(void);

static bool int64_is(const char *text, int64_t expected)
{
	int64_t number = 0;
	return slice_to_int64(slice_of(text), &number) && number == expected;
}

static bool int64_refuses(const char *text)
{
	int64_t number;
	return !slice_to_int64(slice_of(text), &number);
}

static void integers_read_as_redis_reads_them(void)
{
	CU_ASSERT(int64_is("0", 0));
	CU_ASSERT(int64_is("-1", -1));
	CU_ASSERT(int64_is("9223372036854775807", INT64_MAX));
	CU_ASSERT(int64_is("-9223372036854775808", INT64_MIN));
	CU_ASSERT(int64_refuses("9223372036854775808"));
	CU_ASSERT(int64_refuses("-9223372036854775809"));
	CU_ASSERT(int64_refuses("99999999999999999999"));
	CU_ASSERT(int64_refuses(""));
	CU_ASSERT(int64_refuses("-"));
	CU_ASSERT(int64_refuses("-0"));
	CU_ASSERT(int64_refuses("01"));
	CU_ASSERT(int64_refuses("+1"));
	CU_ASSERT(int64_refuses(" 1"));
	CU_ASSERT(int64_refuses("1 "));
}

static bool float_refuses(struct slice text)
{
	long double number;
	double rounded;
	return !slice_to_long_double(text, &number) && !slice_to_double(text, &rounded);
}

static void fractions_read_as_redis_reads_them(void)
{
	double number;
	CU_ASSERT(slice_to_double(SLICE("0.1"), &number) && number == 0.1);
	CU_ASSERT(slice_to_double(SLICE("-1e3"), &number) && number == -1000);
	CU_ASSERT(slice_to_double(SLICE("-inf"), &number) && number < 0);
	CU_ASSERT(slice_to_double(SLICE("+inf"), &number) && number > 0);
	CU_ASSERT(!slice_to_double(SLICE("1e400"), &number));
	CU_ASSERT(float_refuses(SLICE("")));
	CU_ASSERT(float_refuses(SLICE("nan")));
	CU_ASSERT(float_refuses(SLICE(" 1")));
	CU_ASSERT(float_refuses(SLICE("1 ")));
	CU_ASSERT(float_refuses(SLICE("1\0")));
	CU_ASSERT(float_refuses(SLICE("1e99999")));
}

static void slices_compare_by_bytes_then_length(void)
{
	CU_ASSERT(slice_compare(SLICE("a"), SLICE("b")) < 0);
	CU_ASSERT(slice_compare(SLICE("ab"), SLICE("a")) > 0);
	CU_ASSERT(slice_compare(SLICE("\xff"), SLICE("a")) > 0);
	CU_ASSERT_EQUAL(slice_compare(SLICE(""), SLICE("")), 0);
	CU_ASSERT(slice_equal_nocase(SLICE("GeT"), SLICE("gEt")));
	CU_ASSERT(!slice_equal_nocase(SLICE("get"), SLICE("gets")));
	CU_ASSERT(!slice_equal_nocase(SLICE("@"), SLICE("`")));
}

static void hashes_tell_lengths_and_every_byte_apart(void)
{
	char bytes[33] = { 0 };
	for (size_t i = 0; i < sizeof(bytes); i++) {
		uint64_t before = slice_hash((struct slice){ bytes, sizeof(bytes) });
		bytes[i] = 1;
		CU_ASSERT_NOT_EQUAL(before, slice_hash((struct slice){ bytes, sizeof(bytes) }));
		CU_ASSERT_NOT_EQUAL(slice_hash((struct slice){ bytes, i }), slice_hash((struct slice){ bytes, i + 1 }));
	}
}

static void check_number(uint64_t number)
{
	char text[24];
	struct buffer buffer = { 0 };
	snprintf(text, sizeof(text), "%" PRIu64, number);
	buffer_add_uint64(&buffer, number);
	CU_ASSERT(slice_equal(buffer_slice(&buffer), slice_of(text)));
	buffer_free(&buffer);
}

static void numbers_of_any_length_are_written(void)
{
	for (uint64_t number = 1, step = 0; step < 64 * 3; step++, number = number * 2 + step % 3)
		check_number(number);
	for (uint64_t number = 0; number < 2000; number++)
		check_number(number);
}

static void buffers_grow_and_are_reused(void)
{
	struct buffer buffer = { 0 };
	CU_ASSERT_EQUAL(buffer_slice(&buffer).len, 0);
	buffer_add_int64(&buffer, INT64_MIN);
	buffer_add_byte(&buffer, ' ');
	buffer_add_uint64(&buffer, UINT64_MAX);
	buffer_add(&buffer, SLICE(""));
	buffer_add_text(&buffer, ".");
	CU_ASSERT(slice_equal(buffer_slice(&buffer), SLICE("-9223372036854775808 18446744073709551615.")));

	memset(buffer_grow(&buffer, 100000), 'x', 100000);
	CU_ASSERT_EQUAL(buffer.len, 100042);
	buffer_reset(&buffer);
	CU_ASSERT_EQUAL(buffer.len, 0);
	CU_ASSERT(buffer.cap >= 100042);

	buffer_grow(&buffer, 2 * 1024 * 1024);
	buffer_reset(&buffer);
	CU_ASSERT_EQUAL(buffer.cap, 0);
	buffer_free(&buffer);
}

void suite_bytes(void)
{
	CU_pSuite suite = CU_add_suite("bytes", NULL, NULL);
	CU_ADD_TEST(suite, integers_read_as_redis_reads_them);
	CU_ADD_TEST(suite, fractions_read_as_redis_reads_them);
	CU_ADD_TEST(suite, slices_compare_by_bytes_then_length);
	CU_ADD_TEST(suite, hashes_tell_lengths_and_every_byte_apart);
	CU_ADD_TEST(suite, numbers_of_any_length_are_written);
	CU_ADD_TEST(suite, buffers_grow_and_are_reused);
}
