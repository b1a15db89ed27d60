/* Skewed clock: preloaded into a sidecar, it makes the wall clock wrong by as many milliseconds as SKEW_FILE holds (8 bytes, which a test may
 * change at any time: a clock that is set), for the program itself, but not for its libraries: they hand absolute times to the C library's waits,
 * which would then last as long as the skew. gettimeofday is wrong for all: librdkafka stamps messages by it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void *object_of(void *address)
{
	Dl_info info;
	return dladdr(address, &info) != 0 ? info.dli_fbase : NULL;
}

static const volatile int64_t *skew_of_file(const char *path)
{
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *place = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
	if (place == MAP_FAILED)
		abort();
	close(fd);
	return place;
}

static void add_skew(struct timespec *now, int64_t skew_ms)
{
	int64_t ns = now->tv_nsec + skew_ms % 1000 * 1000000;
	now->tv_sec += skew_ms / 1000 + (ns < 0 ? -1 : ns / 1000000000);
	now->tv_nsec = (ns + 1000000000) % 1000000000;
}

static int64_t skew_now_ms(void)
{
	static const volatile int64_t *skew_ms;
	if (skew_ms == NULL)
		skew_ms = skew_of_file(getenv("SKEW_FILE"));
	return *skew_ms;
}

static int true_time(clockid_t id, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	if (real == NULL)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	return real(id, now);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	static void *program;
	if (program == NULL)
		program = object_of((void *)getauxval(AT_ENTRY));
	int status = true_time(id, now);
	if (status == 0 && id == CLOCK_REALTIME && object_of(__builtin_return_address(0)) == program)
		add_skew(now, skew_now_ms());
	return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec time;
	(void)zone;
	int status = true_time(CLOCK_REALTIME, &time);
	if (status != 0)
		return status;
	add_skew(&time, skew_now_ms());
	*now = (struct timeval){ .tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000 };
	return 0;
}
