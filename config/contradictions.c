/* Contradictions: settings that are right by themselves and wrong together. */
#include "contradictions.h"

#include "base/text.h"
#include "log_kind.h"
#include "row.h"
#include "value.h"

#include <string.h>

#define SENTINELS_MAX 15               /* as connectors/sentinel has room for */

static void check_names(struct reading *reading);
static void check_addresses(struct reading *reading);
static void check_streams(struct reading *reading);
static void check_secrets(struct reading *reading);
static void check_numbers(struct reading *reading);
static const char *written(const struct reading *reading, const char *section, const char *name);
static void check_tls(struct reading *reading);
static void check_unix_socket(struct reading *reading);
static void check_sentinels(struct reading *reading);
static void check_reachable(struct reading *reading);
static bool is_shadowed(const char *earlier, const char *later);
static size_t token_len(const char *pattern);

void contradictions_find(struct reading *reading)
{
	check_names(reading);
	check_addresses(reading);
	check_streams(reading);
	check_secrets(reading);
	check_numbers(reading);
	check_tls(reading);
	check_unix_socket(reading);
	check_sentinels(reading);
	check_reachable(reading);
}

/* No peer is this datacenter itself. */
static void check_names(struct reading *reading)
{
	const struct settings *settings = reading->settings;

	for (unsigned i = 0; settings->dc != NULL && i < settings->peer_count; i++)
		if (strcmp(settings->peers[i].name, settings->dc) == 0)
			complain(reading->complaints, reading_place(reading, "peers", settings->dc),
			         "peer '%s' is this datacenter itself (dc: %s), keep only the others", settings->dc, settings->dc);
}

/* Two things cannot answer at one address. */
static void check_addresses(struct reading *reading)
{
	const struct settings *settings = reading->settings;
	static const struct settings_address nowhere;
	const struct settings_address *addresses[SETTINGS_PEERS_MAX + 5] = { &settings->listen, &settings->admin, settings->redis_sentinel == NULL ? &settings->redis_address : &nowhere,
		&settings->listen_tls, &settings->admin_tls };
	const char *names[SETTINGS_PEERS_MAX + 5][2] = { { "listen", NULL }, { "admin", NULL }, { "redis", "address" }, { "listen_tls", NULL },
		{ "admin_tls", NULL } };
	unsigned count = 5;

	for (unsigned i = 0; i < settings->peer_count; i++, count++) {
		addresses[count] = &settings->peers[i].address;
		names[count][0] = "peers";
		names[count][1] = settings->peers[i].name;
	}
	for (unsigned i = 1; i < count; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (addresses[i]->host == NULL || addresses[j]->host == NULL || !value_addresses_equal(addresses[i], addresses[j]))
				continue;
			const char *const *one = names[j], *const *other = names[i];
			struct buffer address = { 0 };

			value_add_address(&address, addresses[i]);
			complain(reading->complaints, reading_place(reading, other[0], other[1]),
			         "%s%s%s has the same address as %s%s%s (%.*s), give each its own", other[0], other[1] != NULL ? "." : "",
			         other[1] != NULL ? other[1] : "", one[0], one[1] != NULL ? "." : "", one[1] != NULL ? one[1] : "",
			         (int)address.len, address.ptr);
			buffer_free(&address);
		}
	}
}

/* Of the Redis that holds the log; NULL: it is no log of that kind. */
static const char *stream_address(const struct settings_log *log)
{
	const struct log_kind *kind = log->kind != NULL ? log_kind_find(log->kind) : NULL;

	return kind != NULL && kind->is_own_in_redis ? log_setting_value(log, "address") : NULL;
}

/* One Redis holds one log: its datacenter's. */
static void check_streams(struct reading *reading)
{
	const struct settings *settings = reading->settings;

	for (unsigned i = 0; i < settings->peer_count; i++) {
		const char *ours = stream_address(&settings->peers[i].log);
		struct settings_address address = { 0 };
		struct place place = reading_place(reading, "peers", settings->peers[i].name);

		if (ours == NULL || !value_read_endpoint(ours, &address))
			continue;
		if (settings->redis_sentinel == NULL && value_addresses_equal(&address, &settings->redis_address))
			complain(reading->complaints, place, "peer '%s' is read from this datacenter's own Redis (%s), write the address of its Redis",
			         settings->peers[i].name, ours);
		for (unsigned j = 0; j < i; j++) {
			const char *theirs = stream_address(&settings->peers[j].log);

			if (theirs != NULL && strcmp(ours, theirs) == 0)
				complain(reading->complaints, place, "peers '%s' and '%s' are read from one Redis (%s), write the address of each one's own Redis",
				         settings->peers[j].name, settings->peers[i].name, ours);
		}
		address_free(&address);
	}
}

static void check_secrets(struct reading *reading)
{
	static const char *const sections[] = { "redis", "conflicts" };
	const struct tree *redis = tree_find(reading->root, "redis");

	for (unsigned i = 0; i < COUNT_OF(sections); i++) {
		const struct tree *section = tree_find(reading->root, sections[i]);

		if (tree_find(section, "password") != NULL && tree_find(section, "password_file") != NULL)
			complain(reading->complaints, tree_find(section, "password")->key_place,
			         "%s.password and %s.password_file are both given, remove one", sections[i], sections[i]);
	}
	if (reading->settings->redis_username != NULL && reading->settings->redis_password == NULL && tree_find(redis, "password_file") == NULL)
		complain(reading->complaints, tree_find(redis, "username")->key_place, "redis.username has no password, add redis.password_file");
}

static void check_numbers(struct reading *reading)
{
	const struct settings *settings = reading->settings;

	if (settings->clock_quarantine_ms <= settings->clock_drift_ms)
		complain(reading->complaints, reading_place(reading, "clock", "quarantine"),
		         "clock.quarantine (%s) is not above clock.drift (%s), a peer would be cut off before anyone is told: raise clock.quarantine",
		         written(reading, "clock", "quarantine"), written(reading, "clock", "drift"));
	if (settings->alarms_heartbeat_age_ms <= settings->heartbeat_ms)
		complain(reading->complaints, reading_place(reading, "alarms", "heartbeat_age"),
		         "alarms.heartbeat_age (%s) is not above heartbeat (%s), peers would be reported as silent between two heartbeats: raise alarms.heartbeat_age",
		         written(reading, "alarms", "heartbeat_age"), written(reading, "", "heartbeat"));
	if (settings->limits_message_bytes > settings->limits_inbox_bytes)
		complain(reading->complaints, reading_place(reading, "limits", "message"),
		         "limits.message (%s) is above limits.inbox (%s), one message could never be taken in: raise limits.inbox",
		         written(reading, "limits", "message"), written(reading, "limits", "inbox"));
	if (settings->handlers_retry_ms > settings->handlers_retry_ms_max)
		complain(reading->complaints, reading_place(reading, "handlers", "retry"),
		         "handlers.retry (%s) is above handlers.retry_max (%s), the first pause cannot be the longest: raise handlers.retry_max",
		         written(reading, "handlers", "retry"), written(reading, "handlers", "retry_max"));
}

static void check_tls(struct reading *reading)
{
	static const char *const listening[] = { "listen_tls", "admin_tls" };
	const struct settings *settings = reading->settings;
	const struct tree *tls = tree_find(reading->root, "tls");
	struct buffer why = { 0 };

	for (unsigned i = 0; i < COUNT_OF(listening); i++)
		if (tree_find(reading->root, listening[i]) != NULL && (settings->tls_cert == NULL || settings->tls_key == NULL))
			complain(reading->complaints, reading_place(reading, listening[i], NULL), "%s has no certificate to show, add tls: { cert: FILE, key: FILE }",
			         listening[i]);
	if ((settings->tls_cert == NULL) != (settings->tls_key == NULL)) {
		complain(reading->complaints, reading_place(reading, "tls", settings->tls_cert != NULL ? "cert" : "key"), "tls.%s has no tls.%s, add it",
		         settings->tls_cert != NULL ? "cert" : "key", settings->tls_cert != NULL ? "key" : "cert");
		return;
	}
	const char *wrong = tls != NULL && reading->checks != NULL && reading->checks->tls != NULL ? reading->checks->tls(settings, &why) : NULL;

	if (wrong != NULL)
		complain(reading->complaints, tree_find(tls, wrong) != NULL ? tree_find(tls, wrong)->place : reading_place(reading, "tls", NULL), "tls.%s: %.*s",
		         wrong, (int)why.len, why.ptr);
	buffer_free(&why);
}

static void check_sentinels(struct reading *reading)
{
	const struct settings *settings = reading->settings;
	const struct tree *redis = tree_find(reading->root, "redis");
	char *text;
	unsigned count = 0;

	if ((settings->redis_sentinel == NULL) != (settings->redis_master == NULL))
		complain(reading->complaints, reading_place(reading, "redis", settings->redis_sentinel != NULL ? "sentinel" : "master"), "redis.%s needs redis.%s, add it",
		         settings->redis_sentinel != NULL ? "sentinel" : "master", settings->redis_sentinel != NULL ? "master" : "sentinel");
	if (settings->redis_sentinel == NULL)
		return;
	if (tree_find(redis, "address") != NULL)
		complain(reading->complaints, reading_place(reading, "redis", "address"), "redis.address and redis.sentinel both say where Redis is, remove one");
	if (tree_find(redis, "sentinel_password") != NULL && tree_find(redis, "sentinel_password_file") != NULL)
		complain(reading->complaints, reading_place(reading, "redis", "sentinel_password"),
		         "redis.sentinel_password and redis.sentinel_password_file are both given, remove one");
	for (; (text = text_list_item(settings->redis_sentinel, count)) != NULL; count++) {
		struct settings_address address = { 0 };

		if (!value_read_endpoint(text, &address) || address.password != NULL) {
			char *shown = url_hide_secret(text);

			complain(reading->complaints, reading_place(reading, "redis", "sentinel"),
			         "redis.sentinel: '%s' is no address, write HOST:PORT, or rediss://HOST:PORT, without user and password", shown);
			memory_free(shown);
		}
		address_free(&address);
		memory_free(text);
	}
	if (count > SENTINELS_MAX)
		complain(reading->complaints, reading_place(reading, "redis", "sentinel"), "redis.sentinel names %u Sentinels, keep at most %d", count, SENTINELS_MAX);
}

static void check_unix_socket(struct reading *reading)
{
	const struct settings *settings = reading->settings;
	uint64_t permissions = settings->unixsocketperm;
	struct settings_address address = { 0 };

	if (permissions % 10 > 7 || permissions / 10 % 10 > 7)
		complain(reading->complaints, reading_place(reading, "unixsocketperm", NULL), "unixsocketperm: %s has a digit above 7, write permissions as chmod takes them",
		         written(reading, "", "unixsocketperm"));
	if (settings->unixsocket != NULL && !address_read_path(settings->unixsocket, &address))
		complain(reading->complaints, reading_place(reading, "unixsocket", NULL), "unixsocket: the path %s is too long, choose one of at most 107 bytes",
		         settings->unixsocket);
	address_free(&address);
}

/* A setting as the file has it, or its default. */
static const char *written(const struct reading *reading, const char *section, const char *name)
{
	const struct tree *node = tree_find(section[0] == '\0' ? reading->root : tree_find(reading->root, section), name);

	return node != NULL && node->kind == TREE_SCALAR ? node->text : row_find(section, name)->preset;
}

/* Of a list in which the first match wins: NODE's items have these patterns. */
static void check_order(struct reading *reading, const struct tree *node, const char *what, const char *const *matches, unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (matches[j] == NULL || matches[i] == NULL || !is_shadowed(matches[j], matches[i]))
				continue;
			complain(reading->complaints, node->items[i].place, "%s '%s' is never reached: '%s' on line %u matches first, move it up or remove it",
			         what, matches[i], matches[j], node->items[j].place.line);
			break;
		}
	}
}

static void check_reachable(struct reading *reading)
{
	const struct settings *settings = reading->settings;
	const char **matches = memory_new((settings->rule_count + settings->home_count) * sizeof(*matches));

	for (unsigned i = 0; i < settings->rule_count; i++)
		matches[i] = settings->rules[i].match;
	check_order(reading, tree_find(reading->root, "rules"), "rule", matches, settings->rule_count);
	for (unsigned i = 0; i < settings->home_count; i++)
		matches[i] = settings->homes[i].match;
	check_order(reading, tree_find(reading->root, "homes"), "home", matches, settings->home_count);
	memory_free(matches);
}

/* True only where everything that LATER matches is surely matched by EARLIER: EARLIER matches LATER's own text, where a "*" of LATER is matched by a "*" only,
 * and what stands for one character by the same or by "?". */
static bool is_shadowed(const char *earlier, const char *later)
{
	const char *star = NULL, *star_later = NULL; /* where to go on after a mismatch */

	while (true) {
		size_t earlier_len = token_len(earlier), later_len = token_len(later);

		if (*earlier == '*') {
			star = ++earlier;
			star_later = later;
			continue;
		}
		if (*earlier == '\0' && *later == '\0')
			return true;
		if (*later != '\0' && *later != '*' &&
		    (*earlier == '?' || (earlier_len == later_len && strncmp(earlier, later, later_len) == 0))) {
			earlier += earlier_len;
			later += later_len;
			continue;
		}
		if (star == NULL || *star_later == '\0')
			return false;
		star_later += token_len(star_later);
		earlier = star;
		later = star_later;
	}
}

/* Bytes of what stands first in a pattern: a character, \x, [set]. */
static size_t token_len(const char *pattern)
{
	size_t len = 1;

	if (pattern[0] == '\0')
		return 0;
	if (pattern[0] == '\\')
		return pattern[1] == '\0' ? 1 : 2;
	if (pattern[0] != '[')
		return 1;
	if (pattern[len] == '^')
		len++;
	while (pattern[len] != '\0' && pattern[len] != ']')
		len += pattern[len] == '\\' && pattern[len + 1] != '\0' ? 2 : 1;
	return pattern[len] == ']' ? len + 1 : len;
}
