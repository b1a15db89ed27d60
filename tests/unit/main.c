/* Unit tests: without arguments all suites run, else those named. Two programs are made of this file: core_unit tests the core and links nothing
 * else, unit tests the rest. SUITES is the list of the program's suites. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#define SUITE(name) void suite_##name(void);
#include SUITES
#undef SUITE

static const struct {
	const char *name;
	void (*add)(void);
} suites[] = {
#define SUITE(name) { #name, suite_##name },
#include SUITES
#undef SUITE
};

#define SUITE_COUNT (sizeof(suites) / sizeof(suites[0]))

static int suites_add(int name_count, char **names);

int main(int argc, char **argv)
{
	if (CU_initialize_registry() != CUE_SUCCESS || suites_add(argc - 1, argv + 1) != 0)
		return 2;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	unsigned failures = CU_get_number_of_failures();

	CU_cleanup_registry();
	return failures == 0 ? 0 : 1;
}

/* No names: all. Not 0: a name is unknown. */
static int suites_add(int name_count, char **names)
{
	for (int i = 0; i < name_count; i++) {
		size_t found = 0;

		while (found < SUITE_COUNT && strcmp(suites[found].name, names[i]) != 0)
			found++;
		if (found == SUITE_COUNT) {
			fprintf(stderr, "there is no suite '%s', see " SUITES "\n", names[i]);
			return -1;
		}
		suites[found].add();
	}
	for (size_t i = 0; name_count == 0 && i < SUITE_COUNT; i++)
		suites[i].add();
	return 0;
}
