/* Admin drill (see admin_drill.h). The body is the JSON of a drill's report (docs/drills.md); more than its numbers need not be there. It needs the password that moving needs. */
#include "admin_drill.h"

#include "admin_moves.h"
#include "proxy/conflicts/teller_json.h"
#include "proxy/homes/homes.h"

#include <jansson.h>
#include <time.h>

/* False: there is no such number. */
static bool read_count(const json_t *object, const char *name, uint64_t *count)
{
	const json_t *number = json_object_get(object, name);

	*count = json_is_integer(number) && json_integer_value(number) >= 0 ? (uint64_t)json_integer_value(number) : 0;
	return json_is_integer(number) && json_integer_value(number) >= 0;
}

static bool read_report(const json_t *body, struct drill_status *drill)
{
	const json_t *users = json_object_get(body, "users"), *held = json_object_get(body, "held_ms"), *whole = json_object_get(body, "whole");

	drill->is_whole = json_is_true(whole);
	return json_is_boolean(whole) && read_count(users, "moved", &drill->moved) && read_count(users, "moved_back", &drill->moved_back) &&
	       read_count(users, "refused", &drill->refused) && read_count(users, "not_tried", &drill->not_tried) && read_count(held, "p50", &drill->p50_ms) &&
	       read_count(held, "p99", &drill->p99_ms) && read_count(held, "max", &drill->max_ms) && read_count(body, "lasted_ms", &drill->lasted_ms) &&
	       read_count(body, "conflicts", &drill->conflicts);
}

/* Left out, or null: it was not measured. */
static int64_t read_measured(const json_t *object, const char *name)
{
	const json_t *number = json_object_get(object, name);

	return json_is_integer(number) && json_integer_value(number) >= 0 ? json_integer_value(number) : -1;
}

static void read_measures(const json_t *body, struct drill_status *drill)
{
	const json_t *isolation = json_object_get(body, "isolation");

	drill->is_isolated = json_is_object(isolation);
	drill->writes_lost = read_measured(body, "writes_lost");
	drill->stale_reads = read_measured(body, "stale_reads");
	drill->rpo_ms = read_measured(body, "rpo_ms");
	drill->rto_ms = read_measured(body, "rto_ms");
	drill->stranded = read_measured(isolation, "stranded");
}

void admin_drill(struct admin_request *request)
{
	struct drill_status drill = { .ended_ms = 0 };
	struct timespec now;

	if (!admin_moves_are_allowed(request))
		return;
	json_t *body = json_loadb(request->body.len > 0 ? request->body.ptr : "", request->body.len, 0, NULL);
	bool is_report = read_report(body, &drill);

	read_measures(body, &drill);
	json_decref(body);
	if (!is_report) {
		admin_request_fail(request, MHD_HTTP_BAD_REQUEST, "the body is a drill's report as homeportctl drill --json prints it, with whole, users, held_ms, lasted_ms and conflicts");
		return;
	}
	struct teller *teller = teller_json_new(false);

	clock_gettime(CLOCK_REALTIME, &now);
	drill.ended_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	homes_note_drill(request->admin->options.homes, &drill);
	tell_object(teller, NULL);
	tell_truth(teller, "noted", true);
	tell_end(teller);
	admin_request_finish(request, teller);
}
