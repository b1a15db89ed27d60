#include "drill_report.h"

#include "base/text.h"
#include "ctl_print.h"

#define WIDTH 640
#define HEIGHT 180
#define ERRORS_SHOWN 10

static const char *const result_names[DRILL_RESULT_COUNT] = {
	[DRILL_WAITS] = "not_tried", [DRILL_MOVED] = "moved", [DRILL_REFUSED] = "refused", [DRILL_BACK] = "moved_back",
};

/* ---- for programs ---- */

static json_t *failures_json(const struct drill *drill)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < drill->count; i++)
		if (drill->users[i].error != NULL)
			json_array_append_new(list, json_pack("{s:s, s:s}", "user", drill->users[i].name, "error", drill->users[i].error));
	return list;
}

static json_t *timeline_json(const struct drill *drill)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < drill->sample_count; i++) {
		const struct drill_sample *sample = &drill->samples[i];

		json_array_append_new(list, json_pack("{s:I, s:i, s:i, s:i}", "at_ms", (json_int_t)sample->at_ms, "moved", (int)sample->moved, "refused",
		                                      (int)sample->refused, "held_p99_ms", (int)sample->p99_ms));
	}
	return list;
}

json_t *drill_report_json(const struct drill *drill, const char *started)
{
	json_t *report = json_pack("{s:s, s:s, s:s, s:I, s:s}", "started", started, "from", drill->from, "to", drill->to, "lasted_ms",
	                           (json_int_t)drill->lasted_ms, "result", drill->ended_by == NULL ? "complete" : "stopped");
	json_t *users = json_object(), *held = json_object();

	json_object_set_new(report, "whole", json_boolean(drill->is_whole));
	if (drill->ended_by != NULL)
		json_object_set_new(report, "stopped_by", json_string(drill->ended_by));
	for (unsigned i = 0; i < DRILL_RESULT_COUNT; i++)
		json_object_set_new(users, result_names[i], json_integer(drill->results[i]));
	json_object_set_new(users, "unconfirmed", json_integer(drill->unconfirmed));
	json_object_set_new(report, "users", users);
	json_object_set_new(held, "p50", json_integer(drill_took(drill, 500)));
	json_object_set_new(held, "p99", json_integer(drill_took(drill, 990)));
	json_object_set_new(held, "max", json_integer(drill_took(drill, 1000)));
	json_object_set_new(report, "held_ms", held);
	json_object_set_new(report, "conflicts", json_integer((json_int_t)drill->conflicts));
	json_object_set_new(report, "failures", failures_json(drill));
	json_object_set_new(report, "timeline", timeline_json(drill));
	return report;
}

/* ---- for people ---- */

static void add_head(const struct drill *drill, struct buffer *out)
{
	buffer_add_format(out, "%s -> %s: %u of %u users moved", drill->from, drill->to, drill->results[DRILL_MOVED] + drill->results[DRILL_BACK], drill->count);
	if (drill->results[DRILL_BACK] > 0)
		buffer_add_format(out, ", %u of them moved back", drill->results[DRILL_BACK]);
	buffer_add_text(out, ", in ");
	ctl_add_ms(out, (long long)drill->lasted_ms);
	if (drill->ended_by != NULL)
		buffer_add_format(out, "; stopped by %s", drill->ended_by);
}

void drill_report_text(const struct drill *drill, struct buffer *out)
{
	unsigned shown = 0;

	add_head(drill, out);
	buffer_add_format(out, "\nno write of a user waited longer than: p50 %u ms, p99 %u ms, max %u ms\n", drill_took(drill, 500), drill_took(drill, 990),
	                  drill_took(drill, 1000));
	if (drill->unconfirmed > 0)
		buffer_add_format(out, "%u moves were not confirmed in time: home USER says when they are\n", drill->unconfirmed);
	buffer_add_format(out, "conflicts counted meanwhile: %llu\n", (unsigned long long)drill->conflicts);
	if (drill->results[DRILL_REFUSED] > 0)
		buffer_add_format(out, "%u users stayed where they were:\n", drill->results[DRILL_REFUSED]);
	for (unsigned i = 0; i < drill->count && shown < ERRORS_SHOWN; i++) {
		if (drill->users[i].error == NULL)
			continue;
		buffer_add_format(out, "  %s: %s\n", drill->users[i].name, drill->users[i].error);
		shown++;
	}
}

/* Text that is no markup. */
static void add_escaped(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<': buffer_add_text(out, "&lt;"); break;
		case '>': buffer_add_text(out, "&gt;"); break;
		case '&': buffer_add_text(out, "&amp;"); break;
		case '"': buffer_add_text(out, "&quot;"); break;
		default: buffer_add_byte(out, *text); break;
		}
	}
}

static unsigned sample_moved(const struct drill_sample *sample) { return sample->moved; }
static unsigned sample_p99(const struct drill_sample *sample) { return sample->p99_ms; }

/* A line over the time that the drill took. */
static void add_plot(const struct drill *drill, const char *title, const char *unit, unsigned (*value)(const struct drill_sample *sample), struct buffer *out)
{
	unsigned most = 1;
	uint64_t lasted_ms = drill->lasted_ms > 0 ? drill->lasted_ms : 1;

	for (unsigned i = 0; i < drill->sample_count; i++)
		if (value(&drill->samples[i]) > most)
			most = value(&drill->samples[i]);
	buffer_add_format(out, "<figure><figcaption>%s (up to %u%s)</figcaption><svg viewBox=\"0 0 %d %d\" role=\"img\"><polyline points=\"0,%d", title, most, unit,
	                  WIDTH, HEIGHT, HEIGHT);
	for (unsigned i = 0; i < drill->sample_count; i++) {
		const struct drill_sample *sample = &drill->samples[i];

		buffer_add_format(out, " %llu,%u", (unsigned long long)(sample->at_ms * WIDTH / lasted_ms), HEIGHT - value(sample) * (HEIGHT - 10) / most);
	}
	buffer_add_text(out, "\"/></svg></figure>\n");
}

void drill_report_html(const struct drill *drill, const char *started, struct buffer *out)
{
	struct buffer text = { 0 };

	drill_report_text(drill, &text);
	buffer_add_byte(&text, '\0');
	buffer_add_text(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Homeport drill ");
	add_escaped(out, started);
	buffer_add_text(out, "</title><style>body{font:16px sans-serif;max-width:44em;margin:2em auto}pre{white-space:pre-wrap}"
	                     "svg{border:1px solid #999;width:100%}polyline{fill:none;stroke:#06c;stroke-width:2}</style></head>\n<body><h1>Drill of ");
	add_escaped(out, started);
	buffer_add_text(out, "</h1>\n<pre>");
	add_escaped(out, text.ptr);
	buffer_add_text(out, "</pre>\n");
	add_plot(drill, "Users moved, over time", "", sample_moved, out);
	add_plot(drill, "How long moves took so far, p99", " ms", sample_p99, out);
	buffer_add_text(out, "</body></html>\n");
	buffer_free(&text);
}
