#include "reload.h"

#include "base/text.h"
#include "read_homes.h"
#include "row.h"
#include "value.h"

#include <string.h>

static bool logs_differ(const struct settings_log *a, const struct settings_log *b);
static bool peers_differ(const struct settings *a, const struct settings *b);
static bool rule_differs(const struct settings_rule *a, const struct settings_rule *b);
static bool rules_differ(const struct settings *a, const struct settings *b);
static void rules_swap(struct settings *a, struct settings *b);

bool settings_reload(const char *path, const struct settings_checks *checks, struct settings *running, struct buffer *notes, struct buffer *errors)
{
	struct settings fresh;

	if (!settings_load(path, checks, &fresh, errors))
		return false;
	for (unsigned i = 0; i < row_count(); i++) {
		const struct row *row = row_at(i);

		if (row->type == ROW_FILE || !row_differs(row, running, &fresh))
			continue;
		if (row->when == ROW_RELOAD)
			row_swap(row, running, &fresh);
		buffer_add_format(notes, "%s changed%s\n", row->path, row->when == ROW_RELOAD ? "" : ": restart to take it over");
	}
	if (logs_differ(&running->log, &fresh.log))
		buffer_add_text(notes, "log changed: restart to take it over\n");
	if (peers_differ(running, &fresh))
		buffer_add_text(notes, "peers changed: restart to take it over\n");
	if (rules_differ(running, &fresh)) {
		rules_swap(running, &fresh);
		buffer_add_text(notes, "rules changed: the other datacenters need the same ones\n");
	}
	if (homes_settings_differ(running, &fresh))
		buffer_add_text(notes, "homes changed: restart to take them over, in every datacenter\n");
	settings_free(&fresh);
	return true;
}

static bool logs_differ(const struct settings_log *a, const struct settings_log *b)
{
	if (strcmp(a->kind, b->kind) != 0 || a->pair_count != b->pair_count)
		return true;
	for (unsigned i = 0; i < a->pair_count; i++)
		if (strcmp(a->pairs[i].name, b->pairs[i].name) != 0 || strcmp(a->pairs[i].value, b->pairs[i].value) != 0)
			return true;
	return false;
}

/* Either may be NULL. */
static bool texts_differ(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

static bool peers_differ(const struct settings *a, const struct settings *b)
{
	if (a->peer_count != b->peer_count)
		return true;
	for (unsigned i = 0; i < a->peer_count; i++) {
		const struct settings_peer *ours = &a->peers[i], *theirs = &b->peers[i];

		if (strcmp(ours->name, theirs->name) != 0 || !value_addresses_equal(&ours->address, &theirs->address) ||
		    ours->address.is_tls != theirs->address.is_tls ||
		    texts_differ(ours->tls_name, theirs->tls_name) || texts_differ(ours->username, theirs->username) || texts_differ(ours->password, theirs->password) || logs_differ(&ours->log, &theirs->log))
			return true;
	}
	return false;
}

static bool rules_differ(const struct settings *a, const struct settings *b)
{
	if (a->rule_count != b->rule_count)
		return true;
	for (unsigned i = 0; i < a->rule_count; i++)
		if (rule_differs(&a->rules[i], &b->rules[i]))
			return true;
	return false;
}

/* A handler's file may say something else under the same name, or the same under another name: that one is in its error messages. */
static bool rule_differs(const struct settings_rule *a, const struct settings_rule *b)
{
	if ((a->ttl == NULL ? b->ttl != NULL : b->ttl == NULL || strcmp(a->ttl, b->ttl) != 0) || a->is_bits_merged != b->is_bits_merged ||
	    a->is_stream_ordered != b->is_stream_ordered)
		return true;
	if (strcmp(a->match, b->match) != 0 || strcmp(a->rule, b->rule) != 0 || a->order_count != b->order_count)
		return true;
	for (unsigned i = 0; i < a->order_count; i++)
		if (strcmp(a->order[i], b->order[i]) != 0)
			return true;
	if (a->handler == NULL || b->handler == NULL)
		return a->handler != b->handler;
	return strcmp(a->handler, b->handler) != 0 || !slice_equal(a->handler_text, b->handler_text);
}

static void rules_swap(struct settings *a, struct settings *b)
{
	struct settings_rule *rules = a->rules;
	unsigned count = a->rule_count;

	a->rules = b->rules;
	a->rule_count = b->rule_count;
	a->rules_reloads++;
	b->rules = rules;
	b->rule_count = count;
}
