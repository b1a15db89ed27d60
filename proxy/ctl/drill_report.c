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

/* null: not measured. */
static json_t *measured_json(long long value)
{
	return value < 0 ? json_null() : json_integer(value);
}

static json_t *canaries_json(const struct drill *drill)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < drill->canary_count; i++) {
		const struct canary *canary = &drill->canaries[i];
		json_t *object = json_pack("{s:s, s:i, s:I, s:I, s:I}", "user", canary->user, "writes", (int)canary->count, "reads", (json_int_t)canary->reads, "stale_reads",
		                           (json_int_t)canary->stale, "rto_ms", (json_int_t)canary->rto_ms);

		json_object_set_new(object, "writes_lost", measured_json(canary->is_compared ? (long long)canary->lost : -1));
		json_object_set_new(object, "writes_unseen", measured_json(canary->has_switched ? (long long)canary->unseen : -1));
		json_object_set_new(object, "rpo_ms", measured_json(canary->has_switched ? (long long)canary->rpo_ms : -1));
		json_array_append_new(list, object);
	}
	return list;
}

static void add_measured(const struct drill *drill, json_t *report)
{
	const struct drill_measured measured = drill_measure_canaries(drill);
	const struct drill_cut *cut = &drill->cut;

	json_object_set_new(report, "writes_lost", measured_json(measured.lost));
	json_object_set_new(report, "stale_reads", measured_json(measured.stale));
	json_object_set_new(report, "writes_unseen", measured_json(measured.unseen));
	json_object_set_new(report, "rpo_ms", measured_json(measured.rpo_ms));
	json_object_set_new(report, "rto_ms", measured_json(measured.rto_ms));
	json_object_set_new(report, "canaries", canaries_json(drill));
	if (!cut->is_on) {
		json_object_set_new(report, "isolation", json_null());
		return;
	}
	json_t *isolation = json_pack("{s:I, s:I, s:b}", "lasted_ms", (json_int_t)cut->lasted_ms, "dead_after_ms", (json_int_t)cut->dead_after_ms, "healed_by_itself",
	                              cut->has_healed_itself);

	json_object_set_new(isolation, "unseen_ms", measured_json(cut->unseen_ms));
	json_object_set_new(isolation, "arrived_ms", measured_json(cut->arrived_ms));
	json_object_set_new(isolation, "stranded", measured_json(cut->stranded));
	json_object_set_new(report, "isolation", isolation);
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
	add_measured(drill, report);
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

static void add_number(struct buffer *out, const char *what, long long value, const char *unit)
{
	if (value < 0)
		buffer_add_format(out, "%s: not measured\n", what);
	else
		buffer_add_format(out, "%s: %lld%s\n", what, value, unit);
}

static void add_isolation(const struct drill *drill, struct buffer *out)
{
	const struct drill_cut *cut = &drill->cut;

	if (!cut->is_on)
		return;
	buffer_add_format(out, "%s was cut off for %llu ms, and taken to be dead after %llu ms%s\n", drill->from, (unsigned long long)cut->lasted_ms,
	                  (unsigned long long)cut->dead_after_ms, cut->has_healed_itself ? "; it healed before it was told to" : "");
	add_number(out, "not known to have arrived, of what was written before the cut: the last", cut->unseen_ms, " ms");
	add_number(out, "all of it was there after healing, in", cut->arrived_ms, " ms");
	add_number(out, "changes that were stranded, and are listed (conflicts list --kind stranded)", cut->stranded, "");
}

static void add_canaries(const struct drill *drill, struct buffer *out)
{
	const struct drill_measured measured = drill_measure_canaries(drill);
	unsigned long long writes = 0, reads = 0;

	for (unsigned i = 0; i < drill->canary_count; i++) {
		writes += drill->canaries[i].count;
		reads += drill->canaries[i].reads;
	}
	if (drill->canary_count > 0)
		buffer_add_format(out, "%u canaries wrote %llu times, and read %llu times\n", drill->canary_count, writes, reads);
	add_number(out, "writes lost", measured.lost, "");
	add_number(out, "stale reads", measured.stale, "");
	add_number(out, "RPO", measured.rpo_ms, " ms");
	add_number(out, "RTO", measured.rto_ms, " ms");
	for (unsigned i = 0; i < drill->canary_count; i++) {
		const struct canary *canary = &drill->canaries[i];

		buffer_add_format(out, "  %s: lost %s%llu, stale %llu, unseen %llu, RPO ", canary->user, canary->is_compared ? "" : "at least ", (unsigned long long)canary->lost,
		                  (unsigned long long)canary->stale, (unsigned long long)canary->unseen);
		if (canary->has_switched)
			buffer_add_format(out, "%llu ms", (unsigned long long)canary->rpo_ms);
		else
			buffer_add_text(out, "not measured");
		buffer_add_format(out, ", RTO %llu ms\n", (unsigned long long)canary->rto_ms);
	}
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
	add_isolation(drill, out);
	add_canaries(drill, out);
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

static uint64_t canary_rto(const struct canary *canary) { return canary->rto_ms; }
static uint64_t canary_rpo(const struct canary *canary) { return canary->rpo_ms; }

/* A bar for each canary. */
static void add_bars(const struct drill *drill, const char *title, uint64_t (*value)(const struct canary *canary), struct buffer *out)
{
	uint64_t most = 1;

	if (drill->canary_count == 0)
		return;
	for (unsigned i = 0; i < drill->canary_count; i++)
		if (value(&drill->canaries[i]) > most)
			most = value(&drill->canaries[i]);
	buffer_add_format(out, "<figure><figcaption>%s (up to %llu ms)</figcaption><svg viewBox=\"0 0 %d %d\" role=\"img\">", title, (unsigned long long)most, WIDTH, HEIGHT);
	for (unsigned i = 0; i < drill->canary_count; i++) {
		unsigned high = (unsigned)(value(&drill->canaries[i]) * (HEIGHT - 10) / most) + 1, wide = WIDTH / drill->canary_count;

		buffer_add_format(out, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"#06c\"><title>", i * wide, HEIGHT - high, wide > 2 ? wide - 2 : 1, high);
		add_escaped(out, drill->canaries[i].user);
		buffer_add_format(out, ": %llu ms</title></rect>", (unsigned long long)value(&drill->canaries[i]));
	}
	buffer_add_text(out, "</svg></figure>\n");
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
	add_bars(drill, "RTO of each canary", canary_rto, out);
	add_bars(drill, "RPO of each canary", canary_rpo, out);
	buffer_add_text(out, "</body></html>\n");
	buffer_free(&text);
}
