#include "ctl_verdict.h"

#include <stdio.h>

#define SHOWN_BYTES_MAX 60

static const struct {
	const char *name, *prose;
} verdicts[VERDICT_COUNT] = {
	[VERDICT_SAME] = { "same", "show the same side" },
	[VERDICT_CHANGES] = { "changes", "would show another side" },
	[VERDICT_WAITS] = { "waits", "would wait for somebody to decide" },
	[VERDICT_MERGES] = { "merges", "would be merged by a handler" },
	[VERDICT_FAILS] = { "fails", "would be left open by a handler that fails" },
	[VERDICT_LEFT_OUT] = { "left-out", "are not for handlers (sums, sets, sorted sets, clashes of types)" },
};

const char *verdict_name(enum verdict verdict)
{
	return verdicts[verdict].name;
}

const char *verdict_prose(enum verdict verdict)
{
	return verdicts[verdict].prose;
}

/* On a terminal: printable, and not the whole of a long one. */
static void print_bytes(struct slice bytes)
{
	putchar('"');
	for (size_t i = 0; i < bytes.len && i < SHOWN_BYTES_MAX; i++) {
		unsigned char byte = (unsigned char)bytes.ptr[i];
		if (byte < ' ' || byte == 0x7f || byte == '"' || byte == '\\')
			printf("\\x%02x", byte);
		else
			putchar(byte);
	}
	fputs(bytes.len > SHOWN_BYTES_MAX ? "\"…" : "\"", stdout);
}

static void print_side(const struct trial_side *side)
{
	if (side == NULL) {
		fputs("the sum", stdout);
		return;
	}
	printf("%s ", side->dc);
	if (side->is_removal)
		fputs("removed", stdout);
	else if (side->is_hidden)
		fputs("(hidden)", stdout);
	else
		print_bytes(buffer_slice(&side->value));
}

/* What is visible since the conflict ended, or of an open one. */
static void print_today(const struct trial *trial)
{
	if (trial->is_sum || trial->winner != NULL) {
		print_side(trial->winner);
		return;
	}
	printf("resolved by %s ", *trial->resolved_by != '\0' ? trial->resolved_by : "a later write");
	if (trial->is_resolution_hidden)
		fputs("(hidden or removed)", stdout);
	else
		print_bytes(buffer_slice(&trial->resolution));
}

void trial_result_print(const struct trial *trial, const struct trial_result *result)
{
	printf("%-9s", verdicts[result->verdict].name);
	print_bytes(buffer_slice(&trial->key));
	if (trial->element.len > 0) {
		putchar(' ');
		print_bytes(buffer_slice(&trial->element));
	}
	printf("  %s: ", trial->rule);
	print_today(trial);
	if (result->verdict == VERDICT_MERGES || result->verdict == VERDICT_FAILS) {
		printf(" -> %s: ", result->is_by_handler ? "handler" : "custom");
		if (result->verdict == VERDICT_MERGES)
			print_bytes(buffer_slice(&result->merged));
		else
			printf("%.*s", (int)result->error.len, result->error.ptr);
	} else if (result->verdict != VERDICT_LEFT_OUT) {
		printf(" -> %s: ", result->rule != NULL ? result->rule->rule : "lww");
		print_side(result->side);
	}
	printf("  (%s)\n", trial->id);
}

/* NULL stays out of the object. */
static json_t *json_of(struct slice bytes)
{
	return json_stringn(bytes.ptr != NULL ? bytes.ptr : "", bytes.len);      /* NULL where it is no UTF-8 */
}

static json_t *json_of_side(const struct trial_side *side)
{
	if (side == NULL)
		return json_null();
	return json_pack("{s:s, s:b, s:o*}", "dc", side->dc, "is_removal", side->is_removal, "value",
	                 side->is_removal || side->is_hidden ? NULL : json_of(buffer_slice(&side->value)));
}

static json_t *json_of_today(const struct trial *trial)
{
	if (trial->is_sum || trial->winner != NULL)
		return json_of_side(trial->winner);
	return json_pack("{s:s, s:o*}", "resolved_by", trial->resolved_by, "value",
	                 trial->is_resolution_hidden ? NULL : json_of(buffer_slice(&trial->resolution)));
}

json_t *trial_result_to_json(const struct trial *trial, const struct trial_result *result)
{
	bool is_merged = result->verdict == VERDICT_MERGES, is_failed = result->verdict == VERDICT_FAILS;
	return json_pack("{s:s, s:o*, s:o*, s:s, s:{s:s, s:o}, s:{s:s*, s:s*, s:o*, s:o*, s:o*}}", "id", trial->id, "key",
	                 json_of(buffer_slice(&trial->key)), "element", trial->element.len > 0 ? json_of(buffer_slice(&trial->element)) : NULL,
	                 "verdict", verdicts[result->verdict].name, "today", "rule", trial->rule, "side", json_of_today(trial), "then",
	                 "rule", result->rule != NULL ? result->rule->rule : NULL, "match",
	                 result->rule != NULL ? result->rule->match : NULL, "side", is_merged ? NULL : json_of_side(result->side), "merged",
	                 is_merged ? json_of(buffer_slice(&result->merged)) : NULL, "error",
	                 is_failed ? json_of(buffer_slice(&result->error)) : NULL);
}
