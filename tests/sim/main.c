/* homeport-sim: runs worlds and stories.
 *
 *   --seed N [--trace]            one world, with everything that happened in it
 *   --seeds FROM-TO [--jobs N]    many worlds; ends with "N seeds passed, N failed"
 *   --stories                     the short ones with expected outcomes
 *   --known FILE                  seeds in FILE (one a line; # begins a comment) are known to fail: counted apart, never hidden
 *   --seed-file FILE              the seeds in FILE, likewise */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/stories/stories.h"
#include "tests/sim/world/world_homes.h"

#define JOBS_MAX 64
#define FAILURES_SHOWN 20

struct tally {
	uint64_t passed, failed, known, exempt_keys, lost_writes, conflict_pairs, judged_apart, judged_sessions;
	struct limits_met limits_met;
	struct homes_met homes_met;
	struct coverage coverage;
};

struct options {
	uint64_t first, last;
	unsigned jobs;
	bool is_trace, is_stories;
	const char *seed_file, *known_file;
};

#define KNOWN_MAX 256

static uint64_t known_seeds[KNOWN_MAX];
static unsigned known_count;

static bool is_known(uint64_t seed)
{
	for (unsigned i = 0; i < known_count; i++)
		if (known_seeds[i] == seed)
			return true;
	return false;
}

static void print_plan(const struct world_plan *plan)
{
	printf("seed %llu: %u DCs, %u requests on %u keys a rule in %.1f s, links up to %.1f ms, %u faults of:", (unsigned long long)plan->seed,
	       plan->dc_count, plan->operations, plan->keys, (double)plan->load_us / 1e6, (double)plan->link_us_max / 1e3, plan->fault_events);
	for (enum fault fault = FAULT_LINK_CUT; fault < FAULT_COUNT; fault++)
		if (plan->has_faults[fault])
			printf(" %s,", fault_text(fault));
	printf("%s%s%s%s%s%s", plan->has_lists ? " lists," : "", plan->has_streams ? " streams," : "", plan->has_unions ? " unions," : "",
	       plan->has_renames ? " renames," : "", plan->has_homes ? " homes," : "", plan->has_log_in_store ? " logs in stores," : "");
	if (plan->elements_per_turn > 0)
		printf(" %u elements a turn,", plan->elements_per_turn);
	if (plan->limits.log_bytes + plan->limits.inbox_bytes + plan->limits.outbox_bytes + plan->limits.metadata_bytes > 0)
		printf(" limits: log %llu, inbox %llu, outbox %llu, metadata %llu, values %u, messages %u", (unsigned long long)plan->limits.log_bytes,
		       (unsigned long long)plan->limits.inbox_bytes, (unsigned long long)plan->limits.outbox_bytes,
		       (unsigned long long)plan->limits.metadata_bytes, plan->limits.value_bytes_max, plan->message_bytes_max);
	printf("\n");
}

static void limits_met_add(struct limits_met *into, const struct limits_met *other)
{
	into->full_logs += other->full_logs;
	into->paused_logs += other->paused_logs;
	into->full_stores += other->full_stores;
	into->full_outboxes += other->full_outboxes;
	into->full_metadata += other->full_metadata;
}

static bool run_seed(uint64_t seed, bool is_trace, struct tally *tally)
{
	struct world_plan plan;
	struct trace trace = { .is_on = is_trace };
	struct world *world;
	bool is_passed;

	world_plan_draw(&plan, seed);
	if (is_trace)
		print_plan(&plan);
	world = world_new(&plan, &tally->coverage, &trace);
	is_passed = world_run(world);
	tally->passed += is_passed;
	tally->failed += !is_passed && !is_known(seed);
	tally->known += !is_passed && is_known(seed);
	if (is_passed && is_known(seed))
		printf("seed %llu passes now: take it off the list of known ones\n", (unsigned long long)seed);
	tally->exempt_keys += auditor_exempt_keys(world->auditor);
	tally->lost_writes += auditor_lost_legitimately(world->auditor);
	tally->conflict_pairs += auditor_conflict_pairs(world->auditor);
	tally->judged_apart += auditor_judged_apart(world->auditor);
	tally->judged_sessions += auditor_judged_sessions(world->auditor);
	limits_met_add(&tally->limits_met, &world->limits_met);
	homes_met_add(&tally->homes_met, &world->homes_met);
	if (!is_passed && (is_trace || tally->failed <= FAILURES_SHOWN))
		printf("seed %llu failed%s; replay: homeport-sim --seed %llu --trace\n%s", (unsigned long long)seed,
		       is_known(seed) ? " (known)" : "", (unsigned long long)seed, auditor_report(world->auditor));
	fflush(stdout);
	world_free(world);
	return is_passed;
}

/* ---- many ---- */

static void write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t written = write(fd, at, len);

		if (written < 0 && errno != EINTR)
			exit(2);
		if (written <= 0)
			continue;
		at += written;
		len -= (size_t)written;
	}
}

static bool read_all(int fd, void *bytes, size_t len)
{
	char *at = bytes;

	while (len > 0) {
		ssize_t got = read(fd, at, len);

		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		if (got < 0)
			continue;
		at += got;
		len -= (size_t)got;
	}
	return true;
}

/* Job JOB runs every JOBSth seed. Says which one it runs and then what it has counted so far, so that a crash of the core names its seed
 * and takes nothing with it. */
static void run_job(const struct options *options, unsigned job, int fd)
{
	struct tally *tally = memory_new(sizeof(*tally));

	for (uint64_t seed = options->first + job; seed <= options->last; seed += options->jobs) {
		write_all(fd, &seed, sizeof(seed));
		run_seed(seed, false, tally);
		write_all(fd, tally, sizeof(*tally));
		if (job == 0 && (seed - options->first) / options->jobs % 250 == 249) {
			printf("… %llu of %llu seeds\n", (unsigned long long)(seed - options->first + 1),
			       (unsigned long long)(options->last - options->first + 1));
			fflush(stdout);
		}
	}
	_exit(0);
}

static void tally_merge(struct tally *into, const struct tally *other)
{
	into->passed += other->passed;
	into->failed += other->failed;
	into->known += other->known;
	into->exempt_keys += other->exempt_keys;
	into->lost_writes += other->lost_writes;
	into->judged_apart += other->judged_apart;
	into->judged_sessions += other->judged_sessions;
	into->conflict_pairs += other->conflict_pairs;
	limits_met_add(&into->limits_met, &other->limits_met);
	homes_met_add(&into->homes_met, &other->homes_met);
	coverage_merge(&into->coverage, &other->coverage);
}

struct job {
	pid_t pid;
	int fd;                      /* -1: it has ended */
	uint64_t seed;               /* which it runs; 0: none yet */
	struct tally *tally;         /* owned: what it had counted before */
};

static struct job job_start(const struct options *options, unsigned number)
{
	int ends[2];
	struct job job = { .tally = memory_new(sizeof(struct tally)) };

	if (pipe(ends) != 0)
		exit(2);
	fflush(stdout);
	job.pid = fork();
	if (job.pid < 0)
		exit(2);
	if (job.pid == 0) {
		close(ends[0]);
		run_job(options, number, ends[1]);
	}
	close(ends[1]);
	job.fd = ends[0];
	return job;
}

/* One that died took its seed with it: it counts as failed, and the rest of the job's share goes on in a new one. */
static void job_ended(const struct options *options, unsigned number, struct job *job, struct tally *total)
{
	struct options rest = *options;

	tally_merge(total, job->tally);
	memory_free(job->tally);
	waitpid(job->pid, NULL, 0);
	close(job->fd);
	job->fd = -1;
	if (job->seed == 0)
		return;
	printf("seed %llu failed: the core stopped; replay: homeport-sim --seed %llu --trace\n", (unsigned long long)job->seed,
	       (unsigned long long)job->seed);
	total->failed++;
	rest.first = job->seed + options->jobs - number;
	if (rest.first + number <= rest.last)
		*job = job_start(&rest, number);
}

/* A job has something to say: its next seed, or what it has counted with the last. */
static void job_read(const struct options *options, unsigned number, struct job *job, struct tally *total)
{
	bool is_heard;

	if (job->seed == 0) {
		is_heard = read_all(job->fd, &job->seed, sizeof(job->seed));
	} else {
		is_heard = read_all(job->fd, job->tally, sizeof(*job->tally));
		if (is_heard)
			job->seed = 0;
	}
	if (!is_heard)
		job_ended(options, number, job, total);
}

static void jobs_finish(const struct options *options, struct job *jobs, struct tally *total)
{
	for (;;) {
		struct pollfd ready[JOBS_MAX];
		bool is_any = false;

		for (unsigned i = 0; i < options->jobs; i++) {
			ready[i] = (struct pollfd){ .fd = jobs[i].fd, .events = POLLIN };
			is_any = is_any || jobs[i].fd >= 0;
		}
		if (!is_any)
			return;
		if (poll(ready, options->jobs, -1) < 0 && errno != EINTR)
			exit(2);
		for (unsigned i = 0; i < options->jobs; i++)
			if (jobs[i].fd >= 0 && ready[i].revents != 0)
				job_read(options, i, &jobs[i], total);
	}
}

static bool run_seeds(struct options *options)
{
	struct tally *total = memory_new(sizeof(*total));
	struct job jobs[JOBS_MAX];
	bool is_passed;

	for (unsigned i = 0; i < options->jobs; i++)
		jobs[i] = job_start(options, i);
	jobs_finish(options, jobs, total);
	coverage_print(&total->coverage);
	printf("audit: %llu conflicting pairs, %llu keys exempt (expiry seen by no sidecar), %llu writes lost with both store and sidecar, "
	       "%llu stores judged though a resync was needed, %llu times a session token was told to be here\n",
	       (unsigned long long)total->conflict_pairs, (unsigned long long)total->exempt_keys, (unsigned long long)total->lost_writes,
	       (unsigned long long)total->judged_apart, (unsigned long long)total->judged_sessions);
	printf("limits met: %llu times a log was full, %llu times an inbox; %llu requests were refused for a full outbox, %llu for metadata, %llu by a full store\n",
	       (unsigned long long)total->limits_met.full_logs, (unsigned long long)total->limits_met.paused_logs,
	       (unsigned long long)total->limits_met.full_outboxes, (unsigned long long)total->limits_met.full_metadata,
	       (unsigned long long)total->limits_met.full_stores);
	homes_met_print(&total->homes_met);
	if (total->known > 0)
		printf("%llu seeds failed that are known to (tests/sim/known.txt says why)\n", (unsigned long long)total->known);
	printf("%llu seeds passed, %llu failed\n", (unsigned long long)total->passed, (unsigned long long)total->failed);
	is_passed = total->failed == 0;
	memory_free(total);
	return is_passed;
}

/* The next seed of a list; false at its end. */
static bool next_seed(FILE *file, uint64_t *seed)
{
	char line[256];

	while (fgets(line, sizeof(line), file) != NULL) {
		if (line[0] < '0' || line[0] > '9')
			continue;
		*seed = strtoull(line, NULL, 10);
		return true;
	}
	return false;
}

static FILE *open_seeds(const char *path)
{
	FILE *file = fopen(path, "r");

	if (file == NULL) {
		fprintf(stderr, "homeport-sim: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	return file;
}

static void read_known(const char *path)
{
	FILE *file = open_seeds(path);

	while (known_count < KNOWN_MAX && next_seed(file, &known_seeds[known_count]))
		known_count++;
	fclose(file);
}

static bool run_seed_file(const char *path)
{
	struct tally *tally = memory_new(sizeof(*tally));
	FILE *file = open_seeds(path);
	uint64_t seed;
	bool is_passed;

	while (next_seed(file, &seed))
		run_seed(seed, false, tally);
	fclose(file);
	printf("%llu kept seeds passed, %llu failed\n", (unsigned long long)tally->passed, (unsigned long long)tally->failed);
	is_passed = tally->failed == 0;
	memory_free(tally);
	return is_passed;
}

/* ---- arguments ---- */

static void usage(void)
{
	fprintf(stderr, "usage: homeport-sim [--stories] [--seed-file FILE] [--known FILE] [--seed N [--trace] | --seeds FROM-TO [--jobs N]]\n");
	exit(2);
}

static bool read_range(const char *text, struct options *options)
{
	char *end;

	options->first = options->last = strtoull(text, &end, 10);
	if (*end == '-')
		options->last = strtoull(end + 1, &end, 10);
	return end != text && *end == '\0' && options->first >= 1 && options->first <= options->last;
}

static void read_arguments(int argc, char **argv, struct options *options)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(name, "--trace") == 0) {
			options->is_trace = true;
		} else if (strcmp(name, "--stories") == 0) {
			options->is_stories = true;
		} else if (strcmp(name, "--seed-file") == 0 && *value != '\0') {
			options->seed_file = argv[++i];
		} else if (strcmp(name, "--known") == 0 && *value != '\0') {
			options->known_file = argv[++i];
		} else if ((strcmp(name, "--seed") == 0 || strcmp(name, "--seeds") == 0) && read_range(value, options)) {
			i++;
		} else if (strcmp(name, "--jobs") == 0 && atoi(value) >= 1 && atoi(value) <= JOBS_MAX) {
			options->jobs = (unsigned)atoi(argv[++i]);
		} else {
			usage();
		}
	}
	if (options->first == 0 && !options->is_stories && options->seed_file == NULL)
		usage();
}

int main(int argc, char **argv)
{
	struct options options = { .jobs = 1 };
	bool is_passed = true;

	read_arguments(argc, argv, &options);
	if (options.known_file != NULL)
		read_known(options.known_file);
	if (options.is_stories)
		is_passed = stories_run(options.is_trace) && is_passed;
	if (options.seed_file != NULL)
		is_passed = run_seed_file(options.seed_file) && is_passed;
	if (options.first != 0 && options.first == options.last) {
		struct tally *tally = memory_new(sizeof(*tally));

		is_passed = run_seed(options.first, options.is_trace, tally) && is_passed;
		printf("%llu seeds passed, %llu failed\n", (unsigned long long)tally->passed, (unsigned long long)tally->failed);
		memory_free(tally);
	} else if (options.first != 0) {
		is_passed = run_seeds(&options) && is_passed;
	}
	return is_passed ? 0 : 1;
}
