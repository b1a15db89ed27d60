/* Reloading: the file is read anew as at the start; then each difference is either taken over or noted as waiting for a restart. */
#include "settings.h"

#include "row.h"
#include "text.h"
#include "value.h"

#include <string.h>

static bool logs_differ(const struct settings_log *a, const struct settings_log *b);
static bool peers_differ(const struct settings *a, const struct settings *b);
static bool rules_differ(const struct settings *a, const struct settings *b);

bool settings_reload(const char *path, struct settings *running, struct buffer *notes, struct buffer *errors)
{
	struct settings fresh;

	if (!settings_load(path, &fresh, errors))
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
	if (rules_differ(running, &fresh))
		buffer_add_text(notes, "rules changed: restart every datacenter to take it over\n");
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

static bool peers_differ(const struct settings *a, const struct settings *b)
{
	if (a->peer_count != b->peer_count)
		return true;
	for (unsigned i = 0; i < a->peer_count; i++) {
		const struct settings_peer *ours = &a->peers[i], *theirs = &b->peers[i];

		if (strcmp(ours->name, theirs->name) != 0 || !value_addresses_equal(&ours->address, &theirs->address) ||
		    logs_differ(&ours->log, &theirs->log))
			return true;
	}
	return false;
}

static bool rules_differ(const struct settings *a, const struct settings *b)
{
	if (a->rule_count != b->rule_count)
		return true;
	for (unsigned i = 0; i < a->rule_count; i++)
		if (strcmp(a->rules[i].match, b->rules[i].match) != 0 || strcmp(a->rules[i].rule, b->rules[i].rule) != 0)
			return true;
	return false;
}
