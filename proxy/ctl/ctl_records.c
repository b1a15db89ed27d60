#include "ctl_records.h"

#include "base/text.h"
#include "config/value.h"
#include "ctl_ask.h"
#include "ctl_order.h"
#include "ctl_print.h"
#include "ctl_trial.h"

#define RECORDS_MAX 100000u
#define PAGE_RECORDS "1000"
#define FILE_BYTES_MAX (256u * 1024 * 1024)

/* What homeportctl conflicts list --json wrote, or the list in it. */
static json_t *records_of_file(const struct ctl_options *options)
{
	struct buffer text = { 0 }, why = { 0 };
	json_t *told = NULL;
	if (value_read_whole(options->file, ".", FILE_BYTES_MAX, &text, &why))
		told = ctl_parse(buffer_slice(&text), "give what homeportctl conflicts list --json writes");
	else
		ctl_complain("%.*s", (int)why.len, why.ptr);
	buffer_free(&text);
	buffer_free(&why);
	json_t *records = json_is_array(told) ? told : json_object_get(told, "conflicts");
	json_incref(records);
	json_decref(told);
	if (told != NULL && !json_is_array(records))
		ctl_complain("the file %s has no conflicts, give what homeportctl conflicts list --json writes", options->file);
	return json_is_array(records) ? records : NULL;
}

/* Asks for page after page until the sidecar gives no cursor. */
static json_t *records_of_sidecar(const struct ctl_options *options, int *code)
{
	json_t *records = json_array();
	char *cursor = NULL;
	do {
		struct buffer path = { 0 };
		buffer_add_text(&path, "/v1/conflicts");
		ctl_add_filters(&path, options);
		ctl_add_argument(&path, "count", PAGE_RECORDS);
		if (cursor != NULL)
			ctl_add_argument(&path, "cursor", cursor);
		memory_free(cursor);
		cursor = NULL;
		json_t *answer = ctl_ask(options, &path, NULL, code);
		if (answer == NULL) {
			json_decref(records);
			return NULL;
		}
		json_array_extend(records, json_object_get(answer, "conflicts"));
		const json_t *next = json_object_get(answer, "cursor");
		if (json_is_string(next))
			cursor = text_copy(json_string_value(next));
		json_decref(answer);
	} while (cursor != NULL && json_array_size(records) < RECORDS_MAX);
	memory_free(cursor);
	return records;
}

json_t *ctl_records_gather(const struct ctl_options *options, int *code)
{
	*code = EXIT_UNKNOWN;
	if (options->file == NULL)
		return records_of_sidecar(options, code);
	if (options->filter_count > 0) {
		ctl_complain("filters choose among a sidecar's records, not those of a file: leave --%s out", options->filters[0].name);
		return NULL;
	}
	return records_of_file(options);
}

json_t *ctl_record_whole(const struct ctl_options *options, json_t *record)
{
	struct trial trial;
	bool is_cut = false;
	if (options->file == NULL && trial_read(&trial, record)) {
		for (unsigned i = 0; i < trial.count; i++)
			is_cut |= trial.sides[i].is_competing && trial.sides[i].is_cut && !trial.sides[i].is_hidden;
		trial_free(&trial);
	}
	json_t *whole = NULL;
	int code;
	if (is_cut) {
		struct buffer path = { 0 };
		buffer_add_format(&path, "/v1/conflicts/%s", ctl_text_of(record, "id"));
		whole = ctl_ask(options, &path, NULL, &code);
	}
	return whole != NULL ? whole : json_incref(record);
}
