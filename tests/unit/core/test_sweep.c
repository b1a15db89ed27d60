/* Facts about the sweep: dots beside the data go when the data is gone, and not while it may be on its way. One datacenter, whose log and
 * store are played here. */
#include "stage.h"

#include <CUnit/CUnit.h>

void suite_sweep(void);

struct scene {
	struct stage stage;          /* the first, so that the store finds the rest */
	const char *there;           /* the one key that the store has, a string */
	struct buffer fields;        /* owned: with their values, as HSCAN tells them; each once */
	unsigned field_count;
	unsigned asked, dropped;     /* how often about data; dots */
};

static bool reply(struct stage *stage, const struct request *request, struct buffer *out)
{
	struct scene *scene = (struct scene *)stage;
	struct slice name = request->argv[0];
	if (slice_equal(name, SLICE("HEXISTS")) && slice_equal(request->argv[2], SLICE(CORE_MARK))) {
		buffer_add_text(out, ":1\r\n");
		return true;
	}
	bool is_there = request->argc > 1 && slice_equal(request->argv[1], slice_of(scene->there));
	scene->asked += slice_equal(name, SLICE("TYPE")) || slice_equal(name, SLICE("HEXISTS"));
	scene->dropped += slice_equal(name, SLICE("HDEL")) ? request->argc - 2 : 0;
	if (slice_equal(name, SLICE("TYPE")) && is_there) {
		resp_add_status(out, "string");
	} else if (slice_equal(name, SLICE("HEXISTS")) && is_there) {
		resp_add_error(out, "WRONGTYPE Operation against a key holding the wrong kind of value");
	} else if (slice_equal(name, SLICE("HSCAN"))) {
		resp_add_array(out, 2);
		resp_add_bulk(out, SLICE("0"));
		resp_add_array(out, 2 * scene->field_count);
		buffer_add(out, buffer_slice(&scene->fields));
		buffer_reset(&scene->fields);
		scene->field_count = 0;
	} else {
		return false;
	}
	return true;
}

static void add_dot(struct scene *scene, const char *field)
{
	resp_add_bulk(&scene->fields, slice_of(field));
	resp_add_bulk(&scene->fields, SLICE("a 1 1 65536"));
	scene->field_count++;
}

static void scene_open(struct scene *scene)
{
	*scene = (struct scene){ .there = "" };
	stage_open(&scene->stage);
	scene->stage.reply = reply;
}

static void scene_close(struct scene *scene)
{
	buffer_free(&scene->fields);
	stage_close(&scene->stage);
}

/* Answers what is due; then the next step is under way. The first one asks about what the store told when it was opened. */
static void next_step(struct scene *scene)
{
	stage_answer_all(&scene->stage);
	scene->stage.now_ms += 1000;
	stage_step(&scene->stage, (struct event){ .type = EVENT_TICK });
}

/* ---- facts ---- */

static void dot_goes_when_its_data_is_gone(void)
{
	struct scene scene;
	scene_open(&scene);
	scene.there = "s";
	add_dot(&scene, "0:string:1:s");
	add_dot(&scene, "0:string:1:t");
	add_dot(&scene, "0:hash:1:sf");
	add_dot(&scene, "3:hash:1:h");
	/* It is asked about, then dropped. */
	next_step(&scene);
	next_step(&scene);
	stage_answer_all(&scene.stage);
	CU_ASSERT(scene.asked == 4 && scene.dropped == 3);
	CU_ASSERT(core_status(scene.stage.core)->swept_versions == 3);
	scene_close(&scene);
}

static void dot_stays_while_a_write_is_under_way(void)
{
	struct scene scene;
	scene_open(&scene);
	add_dot(&scene, "0:string:1:k");
	add_dot(&scene, "0:string:1:m");
	next_step(&scene);
	/* The store says that there is nothing before it has the write. */
	stage_set(&scene.stage, "k");
	stage_end_turn(&scene.stage);
	while (scene.stage.group_count > 1)
		stage_answer(&scene.stage);
	CU_ASSERT(scene.asked == 2 && core_status(scene.stage.core)->swept_versions == 1);
	scene_close(&scene);
}

static void field_of_another_form_is_left_alone(void)
{
	struct scene scene;
	scene_open(&scene);
	add_dot(&scene, "");
	add_dot(&scene, "0:string:1");
	add_dot(&scene, "0:string:2:k");
	add_dot(&scene, "0:string:1:kf");
	add_dot(&scene, "0:set:1:km");
	add_dot(&scene, "0:hash:-1:km");
	add_dot(&scene, "16:string:1:k");
	add_dot(&scene, "15:string:1:k");
	next_step(&scene);
	next_step(&scene);
	CU_ASSERT(scene.field_count == 0 && scene.asked == 0 && scene.dropped == 0);
	scene_close(&scene);
}

static void many_are_asked_about_a_few_at_a_time(void)
{
	struct scene scene;
	scene_open(&scene);
	for (unsigned i = 0; i < 500; i++)
		add_dot(&scene, "0:hash:1:kf");
	next_step(&scene);
	CU_ASSERT(scene.field_count == 0 && scene.asked == 0);
	next_step(&scene);
	CU_ASSERT(scene.asked == 256);
	next_step(&scene);
	CU_ASSERT(scene.asked == 500);
	scene_close(&scene);
}

static void rules_change_to(struct scene *scene, const char *rule)
{
	const struct core_rule changed = { .match = "*", .rule = rule };
	stage_step(&scene->stage, (struct event){ .type = EVENT_RULES, .rules = { &changed, 1 } });
}

static void dot_goes_with_a_write_under_a_rule_that_keeps_no_versions(void)
{
	struct scene scene;
	scene_open(&scene);
	scene.there = "k";
	rules_change_to(&scene, "lww");
	add_dot(&scene, "0:string:1:k");
	stage_answer_all(&scene.stage);
	stage_set(&scene.stage, "k");
	stage_end_turn(&scene.stage);
	stage_answer_all(&scene.stage);
	rules_change_to(&scene, "record");
	next_step(&scene);
	stage_answer_all(&scene.stage);
	CU_ASSERT(scene.dropped == 1);
	scene_close(&scene);
}

static void where_no_dots_are_writes_drop_none(void)
{
	struct scene scene;
	scene_open(&scene);
	rules_change_to(&scene, "lww");
	/* The walk over all of them that was under way when the rules changed does not count. */
	next_step(&scene);
	next_step(&scene);
	stage_answer_all(&scene.stage);
	stage_set(&scene.stage, "k");
	stage_say(&scene.stage, 5, (struct slice[]){ SLICE("mset"), SLICE("l"), SLICE("v"), SLICE("m"), SLICE("v") }, false);
	next_step(&scene);
	stage_answer_all(&scene.stage);
	/* Whatever is to be dropped goes with this. */
	stage_set(&scene.stage, "k");
	next_step(&scene);
	stage_answer_all(&scene.stage);
	CU_ASSERT(scene.dropped == 0);
	scene_close(&scene);
}

void suite_sweep(void)
{
	CU_pSuite suite = CU_add_suite("sweep", NULL, NULL);
	CU_ADD_TEST(suite, dot_goes_when_its_data_is_gone);
	CU_ADD_TEST(suite, dot_stays_while_a_write_is_under_way);
	CU_ADD_TEST(suite, field_of_another_form_is_left_alone);
	CU_ADD_TEST(suite, many_are_asked_about_a_few_at_a_time);
	CU_ADD_TEST(suite, dot_goes_with_a_write_under_a_rule_that_keeps_no_versions);
	CU_ADD_TEST(suite, where_no_dots_are_writes_drop_none);
}
