/* Monitor (see monitor.h). */
#include "monitor.h"

#include <stdio.h>
#include <string.h>

void monitor_begin(struct session *session)
{
	if (session->is_monitoring)
		return;
	session->is_monitoring = true;
	session->next_monitor = session->sessions->monitors;
	session->sessions->monitors = session;
}

void monitor_end(struct session *session)
{
	for (struct session **place = &session->sessions->monitors; *place != NULL; place = &(*place)->next_monitor) {
		if (*place != session)
			continue;
		*place = session->next_monitor;
		session->is_monitoring = false;
		return;
	}
}

/* Those that Redis does not show: administration, whose arguments may be secret. */
static bool row_is_hidden(const struct command *row)
{
	static const char *const hidden[] = {
		"acl|deluser", "acl|dryrun", "acl|getuser", "acl|list", "acl|load", "acl|log", "acl|save", "acl|setuser", "acl|users", "bgrewriteaof", "bgsave",
		"client|kill", "client|list", "client|no-evict", "client|pause", "client|unblock", "client|unpause", "config|get", "config|resetstat", "config|rewrite",
		"config|set", "debug", "failover", "latency|doctor", "latency|graph", "latency|histogram", "latency|history", "latency|latest", "latency|reset",
		"module|list", "module|load", "module|loadex", "module|unload", "monitor", "pfdebug", "pfselftest", "psync", "replconf", "replicaof", "save", "shutdown",
		"slaveof", "slowlog|get", "slowlog|len", "slowlog|reset", "commandlog|get", "commandlog|len", "commandlog|reset", "sync", "homeport|forward",
	};
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (strcmp(row->name, hidden[i]) == 0)
			return true;
	return false;
}

static void quoted_add(struct buffer *line, struct slice text)
{
	static const char escaped[] = "\\\"\n\r\t\a\b", letters[] = "\\\"nrtab";
	buffer_add_byte(line, '"');
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.ptr[i], hex[8];
		const char *at = byte == '\0' ? NULL : strchr(escaped, byte);
		if (at != NULL) {
			buffer_add_byte(line, '\\');
			buffer_add_byte(line, letters[at - escaped]);
		} else if (byte >= ' ' && byte <= '~') {
			buffer_add_byte(line, byte);
		} else {
			snprintf(hex, sizeof(hex), "\\x%02x", (unsigned char)byte);
			buffer_add_text(line, hex);
		}
	}
	buffer_add_byte(line, '"');
}

/* Passwords are not shown: as Redis does, AUTH tells no argument, and HELLO none behind its AUTH. */
static bool argument_is_secret(const struct command *row, const struct request *request, uint32_t at)
{
	if (strcmp(row->name, "auth") == 0)
		return at > 0;
	return strcmp(row->name, "hello") == 0 && at >= 3 && (word_is(request->argv[at - 1], "AUTH") || (at >= 4 && word_is(request->argv[at - 2], "AUTH")));
}

void monitor_show(struct session *session, const struct command *row, const struct request *request)
{
	if (row_is_hidden(row))
		return;
	uint64_t now_us = turn_clock_now(session->sessions->clock)->unix_ms * 1000;
	struct buffer line = { 0 };
	char head[64 + CLIENT_ADDRESS_LEN];
	snprintf(head, sizeof(head), "+%llu.%06llu [%u %s]", (unsigned long long)(now_us / 1000000), (unsigned long long)(now_us % 1000000), (unsigned)session->db,
	         session->client->peer);
	buffer_add_text(&line, head);
	for (uint32_t i = 0; i < request->argc; i++) {
		buffer_add_byte(&line, ' ');
		if (argument_is_secret(row, request, i))
			buffer_add_text(&line, "\"(redacted)\"");
		else
			quoted_add(&line, request->argv[i]);
	}
	buffer_add_text(&line, "\r\n");
	for (const struct session *monitor = session->sessions->monitors; monitor != NULL; monitor = monitor->next_monitor)
		client_reply(monitor->client, buffer_slice(&line), false);
	buffer_free(&line);
}
