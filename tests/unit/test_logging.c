/* Log lines: what reaches stderr, read back from a file in its place. */
#include "proxy/ops/logging.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void suite_log(void);

static int kept_stderr;
static FILE *taken;

static void take_stderr(void)
{
	fflush(stderr);
	taken = tmpfile();
	kept_stderr = dup(STDERR_FILENO);
	CU_ASSERT_FATAL(taken != NULL && kept_stderr >= 0);
	dup2(fileno(taken), STDERR_FILENO);
}

/* NUL-terminated. */
static void give_stderr_back(char *text, size_t size)
{
	fflush(stderr);
	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	rewind(taken);
	text[fread(text, 1, size - 1, taken)] = '\0';
	fclose(taken);
}

static void a_line_is_logfmt_and_cannot_be_forged(void)
{
	char text[1024];

	take_stderr();
	log_info("store opened", "version", "7.0.15", "why", "a \"b\"\nlevel=error msg=forged", "none", NULL, "empty", "", "count", log_number(-3));
	give_stderr_back(text, sizeof(text));
	CU_ASSERT_EQUAL(strncmp(text, "ts=2", 4), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "Z level=info msg=\"store opened\" version=7.0.15 "
	                                    "why=\"a \\\"b\\\" level=error msg=forged\" empty=\"\" count=-3\n"));
	CU_ASSERT_PTR_EQUAL(strchr(text, '\n'), text + strlen(text) - 1);
}

static void lines_below_the_level_are_left_out(void)
{
	char text[1024];

	take_stderr();
	log_debug("not seen");
	log_set_level(SETTINGS_LEVEL_ERROR);
	log_warn("not seen either");
	log_set_level(SETTINGS_LEVEL_INFO);
	give_stderr_back(text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "");
}

static void a_message_that_repeats_is_printed_ten_times(void)
{
	static const char message[] = "again and again";
	char text[4096];
	unsigned lines = 0;

	take_stderr();
	for (unsigned i = 0; i < 100; i++)
		log_warn(message);
	log_warn("something else");
	give_stderr_back(text, sizeof(text));
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	CU_ASSERT_EQUAL(lines, 11);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "something else"));
}

void suite_log(void)
{
	CU_pSuite suite = CU_add_suite("log", NULL, NULL);

	CU_add_test(suite, "a_line_is_logfmt_and_cannot_be_forged", a_line_is_logfmt_and_cannot_be_forged);
	CU_add_test(suite, "lines_below_the_level_are_left_out", lines_below_the_level_are_left_out);
	CU_add_test(suite, "a_message_that_repeats_is_printed_ten_times", a_message_that_repeats_is_printed_ten_times);
}
