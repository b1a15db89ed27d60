/* Handlers by rule, and the runs that wait: in order, one at a time, with copies of what the core said. */
#include "proxy/handler_runs/handler_runs.h"

#include <CUnit/Basic.h>
#include <string.h>

void suite_handlers(void);

/* Handlers are named as files are; their texts are here. */
static struct settings_rule rules[] = {
	{ .match = (char[]){ "l:*" }, .rule = (char[]){ "lww" } },
	{ .match = (char[]){ "c:*" }, .rule = (char[]){ "custom" }, .handler = (char[]){ "join.lua" } },
	{ .match = (char[]){ "f:*" }, .rule = (char[]){ "custom" }, .handler = (char[]){ "fail.lua" } },
};

static struct settings settings_make(void)
{
	rules[1].handler_text = slice_of("function resolve(key, versions)\n"
	                                 "  local all = {}\n"
	                                 "  for i, v in ipairs(versions) do all[i] = v.dc .. '=' .. tostring(v.value) .. '@' .. v.time end\n"
	                                 "  return key .. '/' .. tostring(versions[1].field) .. ' ' .. table.concat(all, ' ')\n"
	                                 "end\n");
	rules[2].handler_text = slice_of("function resolve() error('cannot merge') end");
	return (struct settings){
		.rules = rules,
		.rule_count = sizeof(rules) / sizeof(rules[0]),
		.handlers_steps = 10000,
		.handlers_memory_bytes = 1024 * 1024,
		.handlers_time_ms = 10000,
		.limits_bulk_bytes = 1024,
	};
}

/* The core's slices are gone when the run is made: so are these. */
static void ask(struct handler_runs *handlers, uint64_t id, unsigned rule, const char *element)
{
	char key[] = "key", dc[] = "eu", value[] = "value";
	struct handle_version versions[] = {
		{ .dc = slice_of(dc), .hlc = 1001u << 16 | 7, .is_present = true, .value = slice_of(value) },
		{ .dc = SLICE("us"), .hlc = 1000u << 16, .is_present = false },
	};
	struct effect effect = { .type = EFFECT_HANDLE };

	effect.handle.id = id;
	effect.handle.rule = rule;
	effect.handle.key = slice_of(key);
	effect.handle.element = slice_of(element);
	effect.handle.versions = versions;
	effect.handle.count = 2;
	handler_runs_add(handlers, &effect);
	memset(key, 'x', sizeof(key));
	memset(dc, 'x', sizeof(dc));
	memset(value, 'x', sizeof(value));
}

static void expect(struct handler_runs *handlers, uint64_t id, bool is_done, const char *text)
{
	struct event event;

	CU_ASSERT_FATAL(handler_runs_next(handlers, &event));
	CU_ASSERT_EQUAL(event.type, EVENT_HANDLED);
	CU_ASSERT_EQUAL(event.handled.id, id);
	CU_ASSERT_EQUAL(event.handled.is_done, is_done);
	CU_ASSERT(slice_equal(is_done ? event.handled.value : event.handled.error, slice_of(text)));
}

static void runs_are_made_in_the_order_they_were_asked_for(void)
{
	struct handler_runs *handlers = handler_runs_new();
	struct settings settings = settings_make();
	struct event event;

	CU_ASSERT_FALSE(handler_runs_next(handlers, &event));
	handler_runs_configure(handlers, &settings);
	ask(handlers, 1, 1, "");
	ask(handlers, 2, 2, "");
	ask(handlers, 3, 1, "field");
	CU_ASSERT_FALSE(handler_runs_are_done(handlers));
	expect(handlers, 1, true, "key/nil eu=value@1001 us=nil@1000");
	expect(handlers, 2, false, "fail.lua:1: cannot merge");
	expect(handlers, 3, true, "key/field eu=value@1001 us=nil@1000");
	CU_ASSERT_TRUE(handler_runs_are_done(handlers));
	ask(handlers, 4, 1, "");
	handler_runs_drop(handlers);
	CU_ASSERT_FALSE(handler_runs_next(handlers, &event));
	ask(handlers, 5, 1, "");
	handler_runs_free(handlers);
}

static void a_run_without_a_handler_is_an_error(void)
{
	struct handler_runs *handlers = handler_runs_new();
	struct settings settings = settings_make();

	handler_runs_configure(handlers, &settings);
	ask(handlers, 1, 0, "");
	ask(handlers, 2, 17, "");
	expect(handlers, 1, false, "the rule of this key has no handler");
	expect(handlers, 2, false, "the rules have changed");
	handler_runs_free(handlers);
}

static void other_rules_end_the_runs_that_wait(void)
{
	struct handler_runs *handlers = handler_runs_new();
	struct settings settings = settings_make();

	handler_runs_configure(handlers, &settings);
	ask(handlers, 1, 1, "");
	settings.handlers_steps = 20000;
	handler_runs_configure(handlers, &settings);
	expect(handlers, 1, true, "key/nil eu=value@1001 us=nil@1000");
	ask(handlers, 2, 1, "");
	settings.handlers_memory_bytes = 1000;
	settings.rules_reloads = 1;
	handler_runs_configure(handlers, &settings);
	ask(handlers, 3, 1, "");
	expect(handlers, 2, false, "the rules have changed");
	expect(handlers, 3, false, "join.lua: needs more than 1000 bytes of memory (handlers.memory)");
	handler_runs_free(handlers);
}

void suite_handlers(void)
{
	CU_pSuite suite = CU_add_suite("handlers", NULL, NULL);

	CU_add_test(suite, "runs_are_made_in_the_order_they_were_asked_for", runs_are_made_in_the_order_they_were_asked_for);
	CU_add_test(suite, "a_run_without_a_handler_is_an_error", a_run_without_a_handler_is_an_error);
	CU_add_test(suite, "other_rules_end_the_runs_that_wait", other_rules_end_the_runs_that_wait);
}
