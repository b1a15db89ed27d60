#include "log_check.h"

#include "base/text.h"
#include "connectors/connectors.h"

#define WHY_BYTES 768

bool log_check(const struct settings_log *log, bool is_own, const struct settings_pair *pair, struct buffer *why)
{
	const struct log_class *class = log_class_find(log->kind);
	char text[WHY_BYTES] = "";
	if (class == NULL || class->check == NULL)
		return true;
	struct log_pair *pairs = memory_new(log->pair_count * sizeof *pairs);
	for (unsigned i = 0; i < log->pair_count; i++)
		pairs[i] = (struct log_pair){ log->pairs[i].name, log->pairs[i].value };
	const struct log_options options = { .dc = "", .is_own = is_own, .pairs = pairs, .pair_count = log->pair_count };
	const struct log_pair one = pair != NULL ? (struct log_pair){ pair->name, pair->value } : (struct log_pair){ 0 };
	bool is_good = class->check(&options, pair != NULL ? &one : NULL, text, sizeof text);
	if (!is_good)
		buffer_add_text(why, text);
	memory_free(pairs);
	return is_good;
}
