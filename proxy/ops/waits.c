/* Waits (see waits.h). */
#include "waits.h"

#include "base/text.h"

static const struct wait_row rows[WAIT_COUNT] = {
#define WAIT(name, state, ends, bound, before, after, finding) \
	[WAIT_##name] = { state, ends, BOUND_##bound, FINDING_##before, FINDING_##after, finding },
#include "waits.def"
#undef WAIT
};

static const char *const bounds[BOUND_COUNT] = {
	[BOUND_ONCE] = "none", [BOUND_FULL] = "80 %, 100 % of the limit", [BOUND_HEARTBEAT_AGE] = "`alarms.heartbeat_age`",
	[BOUND_STALENESS] = "`alarms.staleness`", [BOUND_WAITING] = "`alarms.waiting`",
};

const char *finding_weight_text(enum finding_weight weight)
{
	static const char *const texts[] = {
		[FINDING_NONE] = "none",
		[FINDING_WARNING] = "warning",
		[FINDING_BROKEN] = "broken",
		[FINDING_OUTAGE] = "outage",
	};

	return texts[weight];
}

const struct wait_row *wait_row(enum wait wait)
{
	return &rows[wait];
}

static bool is_past(enum wait_bound bound, const struct settings *settings, uint64_t age_ms)
{
	switch (bound) {
	case BOUND_HEARTBEAT_AGE: return age_ms > settings->alarms_heartbeat_age_ms;
	case BOUND_STALENESS: return age_ms > settings->alarms_staleness_ms;
	case BOUND_WAITING: return age_ms > settings->alarms_waiting_ms;
	case BOUND_ONCE: case BOUND_FULL: case BOUND_COUNT: break;
	}
	return true;
}

enum finding_weight wait_weight(enum wait wait, const struct settings *settings, uint64_t age_ms)
{
	return is_past(rows[wait].bound, settings, age_ms) ? rows[wait].after : rows[wait].before;
}

void waits_describe(struct buffer *out)
{
	buffer_add_text(out,
	                "\n## What waits, and for how long that is borne\n\n"
	                "Nothing waits for ever unseen. `/readyz?verbose`, `homeportctl ready` and `homeport_findings` name each of these states, with its cause and\n"
	                "the remedy; [operating.md](operating.md#what-findings-mean-and-what-to-do) says what to do, and which alert wakes whom. *Broken* and *outage*\n"
	                "answer 503 to `/readyz`.\n\n"
	                "| state | what ends it | bound | reported before it | reported after it | finding |\n|---|---|---|---|---|---|\n");
	for (unsigned i = 0; i < WAIT_COUNT; i++)
		buffer_add_format(out, "| %s | %s | %s | %s | %s | `%s` |\n", rows[i].state, rows[i].ends, bounds[rows[i].bound],
		                  finding_weight_text(rows[i].before), finding_weight_text(rows[i].after), rows[i].finding);
}
