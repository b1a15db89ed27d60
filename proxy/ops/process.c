/* Process: read anew at each call, from /proc and the C library (see process.h). What cannot be read is 0. */
#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

/* /proc/self/statm: pages of the address space, and those of them in memory. */
static void read_pages(uint64_t *all, uint64_t *resident)
{
	unsigned long long counts[2] = { 0, 0 };
	FILE *file = fopen("/proc/self/statm", "re");

	if (file != NULL) {
		if (fscanf(file, "%llu %llu", &counts[0], &counts[1]) != 2)
			counts[0] = counts[1] = 0;
		fclose(file);
	}
	*all = counts[0];
	*resident = counts[1];
}

static uint64_t page_bytes(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t ms_of(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_usec / 1000;
}

uint64_t process_cpu_ms(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) == 0 ? ms_of(usage.ru_utime) + ms_of(usage.ru_stime) : 0;
}

uint64_t process_resident_bytes(void)
{
	uint64_t all, resident;

	read_pages(&all, &resident);
	return resident * page_bytes();
}

uint64_t process_virtual_bytes(void)
{
	uint64_t all, resident;

	read_pages(&all, &resident);
	return all * page_bytes();
}

uint64_t process_open_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (folder == NULL)
		return 0;
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count - 1; /* the folder itself was open */
}

uint64_t process_fds_max(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (uint64_t)limit.rlim_cur : 0;
}
