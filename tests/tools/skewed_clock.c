/* Skewed clock: preloaded into a sidecar, it makes the wall clock wrong by SKEW_SECONDS for the program itself, but not for its libraries:
 * they hand absolute times to the C library's waits, which would then last as long as the skew. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <time.h>

static void *object_of(void *address)
{
	Dl_info info;
	return dladdr(address, &info) != 0 ? info.dli_fbase : NULL;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	static void *program;
	static long skew_seconds;
	if (real == NULL) {
		const char *text = getenv("SKEW_SECONDS");
		skew_seconds = text != NULL ? strtol(text, NULL, 10) : 0;
		program = object_of((void *)getauxval(AT_ENTRY));
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	}
	int status = real(id, now);
	if (status == 0 && id == CLOCK_REALTIME && object_of(__builtin_return_address(0)) == program)
		now->tv_sec += skew_seconds;
	return status;
}
