/* Settings: the files of tests/config against what is expected of them, defaults, values and reloading. */
#include "base/nearest.h"
#include "config/log_kind.h"
#include "config/reload.h"
#include "config/row.h"
#include "base/text.h"
#include "config/value.h"
#include "connectors/connectors.h"
#include "proxy/core/core.h"

#include <CUnit/Basic.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void suite_settings(void);

/* Where the sources are: tests may run in a build directory elsewhere. */
static const char *source_directory(void)
{
	const char *directory = getenv("srcdir");

	return directory != NULL ? directory : ".";
}

static void read_whole(const char *path, struct buffer *out)
{
	FILE *file = fopen(path, "rb");
	char chunk[4096];
	size_t len;

	if (file == NULL)
		return;
	while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buffer_add(out, (struct slice){ chunk, len });
	fclose(file);
}

static void write_whole(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	fclose(file);
}

/* A new one; its name goes into the template PATH. */
static void make_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
	write_whole(path, text);
}

/* NAME.yml is loaded from its directory, so that complaints begin with the bare name; NAME.expected has them, or nothing. */
static void check_file(const char *name)
{
	struct buffer errors = { 0 }, expected = { 0 }, path = { 0 };
	struct settings settings;

	buffer_add_format(&path, "%.*sexpected", (int)(strlen(name) - strlen("yml")), name);
	buffer_add_byte(&path, '\0');
	read_whole(path.ptr, &expected);
	bool is_good = settings_load(name, NULL, &settings, &errors);

	if (!slice_equal(buffer_slice(&errors), buffer_slice(&expected))) {
		printf("\n%s: expected\n%.*sbut got\n%.*s", name, (int)expected.len, expected.len > 0 ? expected.ptr : "", (int)errors.len,
		       errors.len > 0 ? errors.ptr : "");
		CU_FAIL("complaints differ");
	}
	CU_ASSERT_EQUAL(is_good, expected.len == 0);
	if (is_good)
		settings_free(&settings);
	buffer_free(&errors);
	buffer_free(&expected);
	buffer_free(&path);
}

static void check_directory(const char *subdirectory, unsigned at_least)
{
	char *before = getcwd(NULL, 0);
	unsigned count = 0;

	CU_ASSERT_EQUAL_FATAL(chdir(source_directory()), 0);
	CU_ASSERT_EQUAL_FATAL(chdir(subdirectory), 0);
	DIR *directory = opendir(".");

	CU_ASSERT_PTR_NOT_NULL_FATAL(directory);
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		size_t len = strlen(entry->d_name);

		if (len <= 4 || strcmp(entry->d_name + len - 4, ".yml") != 0)
			continue;
		check_file(entry->d_name);
		count++;
	}
	closedir(directory);
	CU_ASSERT(count >= at_least);
	CU_ASSERT_EQUAL(chdir(before), 0);
	free(before);
}

static void each_file_gets_the_expected_complaints(void)
{
	check_directory("tests/config", 10);
}

static void shipped_files_are_good(void)
{
	check_directory("config", 1);
	check_directory("config/examples", 2);
}

static void what_is_left_out_has_its_default(void)
{
	struct buffer errors = { 0 };
	struct settings settings;
	char path[] = "/tmp/homeport-settings-XXXXXX";

	make_file(path, "dc: eu\n");
	CU_ASSERT_TRUE_FATAL(settings_load(path, NULL, &settings, &errors));
	CU_ASSERT_STRING_EQUAL(settings.dc, "eu");
	CU_ASSERT_STRING_EQUAL(settings.listen.host, "127.0.0.1");
	CU_ASSERT_EQUAL(settings.listen.port, 7001);
	CU_ASSERT_EQUAL(settings.redis_database, 15);
	CU_ASSERT_EQUAL(settings.heartbeat_ms, 500);
	CU_ASSERT_EQUAL(settings.limits_outbox_bytes, 256u * 1024 * 1024);
	CU_ASSERT_EQUAL(settings.log_level, SETTINGS_LEVEL_INFO);
	CU_ASSERT_STRING_EQUAL(settings.log.kind, "redis-stream");
	CU_ASSERT_STRING_EQUAL(settings.log.pairs[0].name, "address");
	CU_ASSERT_STRING_EQUAL(settings.log.pairs[0].value, "127.0.0.1:6379");
	CU_ASSERT_EQUAL(settings.peer_count, 0);
	CU_ASSERT_EQUAL(settings.conflicts_keep_ms, UINT64_C(7) * 24 * 3600 * 1000);
	CU_ASSERT_FALSE(settings.conflicts_redact);
	CU_ASSERT_PTR_NULL(settings.conflicts_users);
	CU_ASSERT_PTR_NULL(settings.conflicts_password);
	CU_ASSERT_EQUAL(settings.handlers_steps, 1000000);
	settings_free(&settings);
	buffer_free(&errors);
	unlink(path);
}

static void reload_takes_over_what_may_change_and_notes_the_rest(void)
{
	struct buffer errors = { 0 }, notes = { 0 };
	struct settings settings;
	char path[] = "/tmp/homeport-settings-XXXXXX";

	make_file(path, "dc: eu\n");
	CU_ASSERT_TRUE_FATAL(settings_load(path, NULL, &settings, &errors));
	write_whole(path, "dc: eu\nlog_level: debug\nlisten: 127.0.0.1:7009\n");
	CU_ASSERT_TRUE(settings_reload(path, NULL, &settings, &notes, &errors));
	buffer_add_byte(&notes, '\0');
	CU_ASSERT_EQUAL(settings.log_level, SETTINGS_LEVEL_DEBUG);
	CU_ASSERT_EQUAL(settings.listen.port, 7001);
	CU_ASSERT_STRING_EQUAL(notes.ptr, "listen changed: restart to take it over\n"
	                                  "log_level changed\n");
	write_whole(path, "dc: eu\nlog_level: debug\nconflicts: { redact: yes, password: secret }\n");
	CU_ASSERT_TRUE(settings_reload(path, NULL, &settings, &notes, &errors));
	CU_ASSERT_TRUE(settings.conflicts_redact);
	CU_ASSERT_STRING_EQUAL(settings.conflicts_password, "secret");
	write_whole(path, "dc: eu\nlog_level: loud\n");
	CU_ASSERT_FALSE(settings_reload(path, NULL, &settings, &notes, &errors));
	CU_ASSERT_EQUAL(settings.log_level, SETTINGS_LEVEL_DEBUG);
	settings_free(&settings);
	buffer_free(&notes);
	buffer_free(&errors);
	unlink(path);
}

/* What makes another rule: each of its parts, and the text of its handler. */
static void reload_takes_changed_rules_over(void)
{
	struct buffer errors = { 0 }, notes = { 0 }, handler = { 0 };
	struct settings settings;
	char path[] = "/tmp/homeport-settings-XXXXXX", lua[] = "/tmp/homeport-handler-XXXXXX";
	static const char one[] = "function resolve(key, versions) return '1' end", other[] = "function resolve(key, versions) return '2' end";

	make_file(lua, one);
	make_file(path, "dc: eu\nrules: [{ match: \"*\", rule: lww }]\n");
	CU_ASSERT_TRUE_FATAL(settings_load(path, NULL, &settings, &errors));
	buffer_add_format(&handler, "dc: eu\nrules: [{ match: \"p:*\", rule: priority, order: [eu] }, { match: \"*\", rule: custom, handler: %s }]\n", lua);
	buffer_add_byte(&handler, '\0');
	write_whole(path, handler.ptr);
	CU_ASSERT_TRUE(settings_reload(path, NULL, &settings, &notes, &errors));
	CU_ASSERT_EQUAL(settings.rules_reloads, 1);
	CU_ASSERT_EQUAL(settings.rule_count, 2);
	CU_ASSERT_EQUAL_FATAL(settings.rules[0].order_count, 1);
	CU_ASSERT_STRING_EQUAL(settings.rules[0].order[0], "eu");
	CU_ASSERT_STRING_EQUAL(settings.rules[1].handler, lua);
	CU_ASSERT(slice_equal(settings.rules[1].handler_text, slice_of(one)));
	CU_ASSERT_EQUAL(settings.rules[1].handler_digest, slice_hash(slice_of(one)));
	CU_ASSERT_TRUE(settings_reload(path, NULL, &settings, &notes, &errors));
	CU_ASSERT_EQUAL(settings.rules_reloads, 1);
	write_whole(lua, other);
	CU_ASSERT_TRUE(settings_reload(path, NULL, &settings, &notes, &errors));
	CU_ASSERT_EQUAL(settings.rules_reloads, 2);
	CU_ASSERT(slice_equal(settings.rules[1].handler_text, slice_of(other)));
	buffer_add_byte(&notes, '\0');
	CU_ASSERT_STRING_EQUAL(notes.ptr, "rules changed: the other datacenters need the same ones\n"
	                                  "rules changed: the other datacenters need the same ones\n");
	/* A mistake anywhere changes nothing. */
	write_whole(lua, "function resolve(");
	CU_ASSERT_FALSE(settings_reload(path, NULL, &settings, &notes, &errors));
	CU_ASSERT_EQUAL(settings.rules_reloads, 2);
	CU_ASSERT(slice_equal(settings.rules[1].handler_text, slice_of(other)));
	settings_free(&settings);
	buffer_free(&notes);
	buffer_free(&errors);
	buffer_free(&handler);
	unlink(path);
	unlink(lua);
}

/* To try rules out, a file needs nothing else. */
static void rules_alone_are_read_where_they_are_tried(void)
{
	static const char *const dcs[] = { "eu", "us" };
	struct buffer errors = { 0 };
	struct settings settings;
	char path[] = "/tmp/homeport-settings-XXXXXX";

	make_file(path, "rules: [{ match: \"*\", rule: priority, order: [us, eu] }]\n");
	CU_ASSERT_TRUE_FATAL(settings_load_rules(path, dcs, 2, &settings, &errors));
	CU_ASSERT_EQUAL(settings.rule_count, 1);
	CU_ASSERT_EQUAL(settings.handlers_steps, 1000000);
	settings_free(&settings);
	CU_ASSERT_FALSE(settings_load(path, NULL, &settings, &errors));
	write_whole(path, "rules: [{ match: \"*\", rule: priority, order: [mars] }]\n");
	CU_ASSERT_FALSE(settings_load_rules(path, dcs, 2, &settings, &errors));
	CU_ASSERT_TRUE_FATAL(settings_load_rules(path, NULL, 0, &settings, &errors));
	settings_free(&settings);
	write_whole(path, "dc: eu\nrules: [{ match: \"*\", rule: priority, order: [us] }]\n");
	CU_ASSERT_FALSE(settings_load_rules(path, dcs, 2, &settings, &errors));
	write_whole(path, "handlers: { steps: 1000 }\n");
	CU_ASSERT_FALSE(settings_load_rules(path, dcs, 2, &settings, &errors));
	buffer_free(&errors);
	unlink(path);
}

/* Loads BEFORE, reloads AFTER and expects NOTES. */
static void expect_notes(const char *before, const char *after, const char *expected)
{
	struct buffer errors = { 0 }, notes = { 0 };
	struct settings settings;
	char path[] = "/tmp/homeport-settings-XXXXXX";

	make_file(path, before);
	CU_ASSERT_TRUE_FATAL(settings_load(path, NULL, &settings, &errors));
	write_whole(path, after);
	CU_ASSERT_TRUE(settings_reload(path, NULL, &settings, &notes, &errors));
	buffer_add_byte(&notes, '\0');
	CU_ASSERT_STRING_EQUAL(notes.ptr, expected);
	settings_free(&settings);
	buffer_free(&notes);
	buffer_free(&errors);
	unlink(path);
}

static void reload_notes_changes_of_logs_and_peers_only_where_there_are(void)
{
#define US(address) "peers: { us: { address: " address ", log: { redis-stream: { address: a:1 } } } }\n"
	static const char kafka[] = "dc: eu\nlog: { kafka: { bootstrap.servers: a:1 } }\n" US("a:7");

	expect_notes(kafka, kafka, "");
	expect_notes(kafka, "dc: eu\nlog: { kafka: { bootstrap.servers: b:1 } }\n" US("a:7"), "log changed: restart to take it over\n");
	expect_notes(kafka, "dc: eu\n" US("a:7"), "log changed: restart to take it over\n");
	expect_notes(kafka, "dc: eu\nlog: { kafka: { bootstrap.servers: a:1 } }\n" US("a:8"), "peers changed: restart to take it over\n");
	expect_notes(kafka, "dc: eu\nlog: { kafka: { bootstrap.servers: a:1 } }\n", "peers changed: restart to take it over\n");
#undef US
}

static void values_with_units_are_exact_or_refused(void)
{
	uint64_t number;

	CU_ASSERT_TRUE(value_read_duration("1h", &number));
	CU_ASSERT_EQUAL(number, 3600000);
	CU_ASSERT_TRUE(value_read_size("64MiB", &number));
	CU_ASSERT_EQUAL(number, 67108864);
	CU_ASSERT_TRUE(value_read_size("900000", &number));
	CU_ASSERT_FALSE(value_read_duration("5", &number));
	CU_ASSERT_FALSE(value_read_duration("-5s", &number));
	CU_ASSERT_FALSE(value_read_duration("5 s", &number));
	CU_ASSERT_FALSE(value_read_duration("99999999999999999999s", &number));
	CU_ASSERT_FALSE(value_read_duration("9999999999999999999h", &number));
	CU_ASSERT_FALSE(value_read_size("1MB", &number));
	CU_ASSERT_FALSE(value_read_count("", &number));
}

static void yes_and_no_are_the_only_answers(void)
{
	bool answer = false;

	CU_ASSERT_TRUE(value_read_bool("yes", &answer));
	CU_ASSERT_TRUE(answer);
	CU_ASSERT_FALSE(value_read_bool("true", &answer));
	CU_ASSERT_TRUE(answer);
	CU_ASSERT_TRUE(value_read_bool("no", &answer));
	CU_ASSERT_FALSE(answer);
}

static void addresses_need_a_host_and_a_port(void)
{
	struct settings_address address = { 0 };

	CU_ASSERT_TRUE(value_read_address("[::1]:6379", &address));
	CU_ASSERT_STRING_EQUAL(address.host, "::1");
	CU_ASSERT_EQUAL(address.port, 6379);
	CU_ASSERT_FALSE(value_read_address("::1:6379", &address));
	CU_ASSERT_FALSE(value_read_address("redis", &address));
	CU_ASSERT_FALSE(value_read_address("redis:0", &address));
	CU_ASSERT_FALSE(value_read_address("redis:65536", &address));
	CU_ASSERT_FALSE(value_read_address(":6379", &address));
	CU_ASSERT_STRING_EQUAL(address.host, "::1");
	address_free(&address);
}

static void nearest_name_is_near_or_none(void)
{
	static const char *const names[] = { "listen", "admin", "limits" };

	CU_ASSERT_STRING_EQUAL(nearest_name("lisetn", names, 3), "listen");
	CU_ASSERT_STRING_EQUAL(nearest_name("limit", names, 3), "limits");
	CU_ASSERT_PTR_NULL(nearest_name("heartbeat", names, 3));
	CU_ASSERT_PTR_NULL(nearest_name("x", names, 3));
}

static void configurable_rules_are_the_rules_of_the_core(void)
{
	static const char *const names[] = { "lww", "priority", "record", "merge", "custom" };

	for (unsigned i = 0; i < CORE_RULES; i++)
		CU_ASSERT_STRING_EQUAL(core_rule_text(i), names[i]);
	CU_ASSERT_PTR_NULL(core_rule_text(CORE_RULES));
}

/* config/log_kind.c and connectors/connectors.c each have a row for every kind of log, and a connector fills its whole class. */
static void every_kind_of_log_has_a_connector(void)
{
	for (unsigned i = 0; i < log_kind_count(); i++) {
		const struct log_class *class = log_class_find(log_kind_at(i)->name);
		CU_ASSERT_PTR_NOT_NULL_FATAL(class);
		CU_ASSERT_STRING_EQUAL(class->name, log_kind_at(i)->name);
		CU_ASSERT(class->open != NULL && class->append != NULL && class->follow != NULL && class->unfollow != NULL && class->pause != NULL);
		CU_ASSERT(class->trim != NULL && class->retention_ms != NULL && class->close != NULL);
	}
}

void suite_settings(void)
{
	CU_pSuite suite = CU_add_suite("settings", NULL, NULL);

	CU_add_test(suite, "each_file_gets_the_expected_complaints", each_file_gets_the_expected_complaints);
	CU_add_test(suite, "shipped_files_are_good", shipped_files_are_good);
	CU_add_test(suite, "what_is_left_out_has_its_default", what_is_left_out_has_its_default);
	CU_add_test(suite, "reload_takes_over_what_may_change_and_notes_the_rest", reload_takes_over_what_may_change_and_notes_the_rest);
	CU_add_test(suite, "reload_takes_changed_rules_over", reload_takes_changed_rules_over);
	CU_add_test(suite, "rules_alone_are_read_where_they_are_tried", rules_alone_are_read_where_they_are_tried);
	CU_add_test(suite, "reload_notes_changes_of_logs_and_peers_only_where_there_are", reload_notes_changes_of_logs_and_peers_only_where_there_are);
	CU_add_test(suite, "values_with_units_are_exact_or_refused", values_with_units_are_exact_or_refused);
	CU_add_test(suite, "yes_and_no_are_the_only_answers", yes_and_no_are_the_only_answers);
	CU_add_test(suite, "addresses_need_a_host_and_a_port", addresses_need_a_host_and_a_port);
	CU_add_test(suite, "nearest_name_is_near_or_none", nearest_name_is_near_or_none);
	CU_add_test(suite, "configurable_rules_are_the_rules_of_the_core", configurable_rules_are_the_rules_of_the_core);
	CU_add_test(suite, "every_kind_of_log_has_a_connector", every_kind_of_log_has_a_connector);
}
