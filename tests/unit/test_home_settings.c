/* Home settings: `homes:` as it is read. What is refused is in tests/config/homes*.expected. */
#include "config/reload.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void suite_home_settings(void);

#define CHANGED "homes changed: restart to take them over, in every datacenter\n"

static void write_whole(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	fclose(file);
}

/* The file at PATH says TEXT and is reloaded. */
static void expect_note(const char *path, struct settings *settings, const char *text, const char *expected)
{
	struct buffer errors = { 0 }, notes = { 0 };

	write_whole(path, text);
	CU_ASSERT_TRUE(settings_reload(path, NULL, settings, &notes, &errors));
	buffer_add_byte(&notes, '\0');
	CU_ASSERT_STRING_EQUAL(notes.ptr, expected);
	buffer_free(&notes);
	buffer_free(&errors);
}

static void homes_are_read_whole_and_changes_of_them_are_noted(void)
{
#define HOMES "homes:\n  - { match: \"user:{id}:*\", default: { hash: { eu: 2 } }, away: forward, mixed: accept }\n" \
	      "  - { match: \"cart:{id}\", read: home, pop: home }\n  - { match: \"lock:{id}\", name: lock, default: { list: [{ match: \"*\", dc: eu }] } }\n"
	struct buffer errors = { 0 };
	struct settings settings;
	char path[] = "/tmp/homeport-settings-XXXXXX";
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
	write_whole(path, "dc: eu\n" HOMES);
	CU_ASSERT_TRUE_FATAL(settings_load(path, NULL, &settings, &errors));
	CU_ASSERT_EQUAL_FATAL(settings.home_count, 3);
	const struct settings_home *homes = settings.homes;

	CU_ASSERT_STRING_EQUAL(homes[0].match, "user:{id}:*");
	CU_ASSERT_STRING_EQUAL(homes[0].name, "user");
	CU_ASSERT_EQUAL(homes[0].away, SETTINGS_AWAY_FORWARD);
	CU_ASSERT(homes[0].is_mixed_accepted && !homes[0].is_read_home && homes[0].is_hash);
	CU_ASSERT_EQUAL(homes[0].defaults[0].weight, 2);
	/* The default of its name. */
	CU_ASSERT(homes[1].is_hash && homes[1].default_count == 1 && homes[1].is_read_home && homes[1].is_pop_home && !homes[0].is_pop_home);
	CU_ASSERT_STRING_EQUAL(homes[1].defaults[0].dc, "eu");
	CU_ASSERT_EQUAL(homes[1].away, SETTINGS_AWAY_REDIRECT);
	CU_ASSERT(!homes[2].is_hash);
	CU_ASSERT_STRING_EQUAL(homes[2].defaults[0].match, "*");
	CU_ASSERT_EQUAL(settings.limits_hold_ms, 1000);
	expect_note(path, &settings, "dc: eu\n" HOMES, "");
	expect_note(path, &settings, "dc: eu\nhomes: [{ match: \"a:{id}\", default: { hash: { eu: 1 } } }]\n", CHANGED);
	expect_note(path, &settings, "dc: eu\n", CHANGED);
	/* They count from the next start on. */
	CU_ASSERT_EQUAL(settings.home_count, 3);
	settings_free(&settings);
	buffer_free(&errors);
	unlink(path);
#undef HOMES
}

void suite_home_settings(void)
{
	CU_pSuite suite = CU_add_suite("home_settings", NULL, NULL);

	CU_add_test(suite, "homes_are_read_whole_and_changes_of_them_are_noted", homes_are_read_whole_and_changes_of_them_are_noted);
}
