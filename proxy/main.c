/* homeportd: starts, wires and stops the sidecar. The map of the source, in the order in which data passes. tests/check/rooms.txt lists the
 * rooms (folders), lowest first, with what is public of each; docs/architecture.md walks through both paths function by function.
 *
 *   A client's write, from its socket to its answer and to the log
 *     proxy/clients         client_listener.c, client_table.c, client.c: connections, bytes in and out; client_answers.c: answers in order
 *     proxy/core/resp       RESP, parsed and written
 *     proxy/sessions        session_route.c: where a request goes; session_answers.c: who waits for which answer; session.h: the map
 *       sessions/commands   commands that the sidecar answers itself: CLIENT, HELLO, MULTI, HOMEPORT …
 *     proxy/turn            turn_step.c: one event to the core, its effects to everybody else; turn.c: the map
 *     proxy/core            core.c: the replication rules, without I/O. Its rooms are mapped in core.h and in docs/architecture.md
 *     connectors/store      Redis: one ordered pipe of reads and groups for each version of the protocol
 *     proxy/turn            turn_store.c: the answer to a group; turn_release.c: the point where its clients get their answers
 *     connectors/log        the own log: Kafka (connectors/kafka) or a stream in Redis (connectors/stream)
 *
 *   A remote write, from a peer's log to Redis
 *     connectors/log        the peer's log, followed
 *     proxy/turn            turn_logs.c: a message becomes an event
 *     proxy/core            inbox, conflict rules, one transaction with outcome and position
 *     connectors/store      Redis
 *
 *   Beside the paths
 *     proxy/conflicts       conflict records, read from Redis: listed, summed up, resolved, published; conflicts.h: the map
 *     proxy/homes           users whose home is elsewhere: words, forwarding, orders, changes; homes.h: the map
 *     connectors/peer       the connection to another sidecar
 *     proxy/handler_runs    handlers of custom rules, when the core asks for a run; proxy/sandbox: the Lua that they run in
 *     proxy/admin           HTTP: probes, metrics, status, conflicts
 *     proxy/ops             what operators see: metrics, readiness, status, log lines
 *     proxy/ctl             homeportctl
 *     config                settings: read, checked, described
 *     base                  bytes, numbers, tables of memory */
#include "config/describe.h"
#include "config/reload.h"
#include "config/settings.h"
#include "connectors/sentinel/sentinel.h"
#include "proxy/admin/admin.h"
#include "proxy/clients/client_table.h"
#include "proxy/conflicts/conflicts.h"
#include "proxy/conflicts/conflicts_publisher.h"
#include "proxy/core/commands/command.h"
#include "proxy/core/recovery/recovery_state.h"
#include "proxy/homes/homes.h"
#include "proxy/ops/logging.h"
#include "proxy/ops/metrics.h"
#include "proxy/ops/service_manager.h"
#include "proxy/ops/tls_settings.h"
#include "proxy/ops/waits.h"
#include "proxy/sessions/commands/session_commands.h"
#include "proxy/sessions/sessions.h"
#include "proxy/turn/log_check.h"
#include "proxy/turn/turn.h"

#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#define DRAIN_LOOK_MS 10             /* how often a stop looks whether it may end */

struct sidecar {
	const char *config_path;
	struct settings settings;
	const char *dcs[CORE_DCS_MAX];
	struct turn_clock clock;
	struct sidecar_status status;
	struct tls *tls;
	struct sentinel *sentinel;     /* NULL: Redis is where the configuration says */
	struct event_base *loop;
	struct sessions *sessions;
	struct client_table *clients;
	struct turn *turn;
	struct conflicts *conflicts;
	struct homes *homes;
	struct conflicts_publisher *publisher; /* NULL: this kind of log has no topic for them */
	struct admin *admin;
	struct event *on_term, *on_int, *on_hup, *drain_look; /* libevent's */
	uint64_t drain_end_us;       /* steady time at which a stop waits no longer */
};

/* What the configuration cannot judge itself. */
static const struct settings_checks checks = { .log = log_check, .tls = tls_settings_check };

/* ---- stopping and reloading ---- */

/* The process ends once every client has its answers and the log has every write, or when the time for that (`drain`) is up. */
static void sidecar_on_drain_look(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct sidecar *sidecar = context;
	bool is_quiet = client_table_count(sidecar->clients) == 0 && turn_is_quiet(sidecar->turn);
	bool is_late = turn_clock_now(&sidecar->clock)->steady_us >= sidecar->drain_end_us;
	if (!is_quiet && !is_late)
		return;
	log_info("stopped", "drained", is_quiet ? "yes" : "no: clients or the log took longer than `drain`; the outbox keeps what is left");
	turn_stop(sidecar->turn, 0);
}

static void sidecar_on_stop(evutil_socket_t number, short what, void *context)
{
	static const struct timeval interval = { .tv_usec = DRAIN_LOOK_MS * 1000 };
	(void)number;
	(void)what;
	struct sidecar *sidecar = context;
	if (sidecar->status.is_draining)
		return;
	log_info("stopping", "clients", log_number(client_table_count(sidecar->clients)));
	service_manager_tell("STOPPING=1");
	sidecar->status.is_draining = true;
	sidecar->drain_end_us = turn_clock_now(&sidecar->clock)->steady_us + sidecar->settings.drain_ms * 1000;
	sessions_drain(sidecar->sessions);
	event_add(sidecar->drain_look, &interval);
}

/* Its files may say something else under the same names. They were checked a moment ago. */
static void sidecar_reload_tls(struct sidecar *sidecar)
{
	const struct tls_options options = tls_settings_options(&sidecar->settings);
	struct tls_fault fault = { 0 };
	if (!tls_reload(sidecar->tls, &options, &fault)) {
		buffer_add_byte(&fault.why, '\0');
		log_error("certificates not reloaded", "setting", fault.setting, "why", fault.why.ptr);
	}
	buffer_free(&fault.why);
}

static void note_reading(struct sidecar *sidecar, bool is_read, struct slice errors)
{
	struct settings_status *reading = &sidecar->status.reading;
	const struct turn_clock *clock = turn_clock_now(&sidecar->clock);
	struct slice first = slice_take_until(&errors, '\n');
	reading->has_failed = !is_read;
	slice_to_text(reading->text, sizeof reading->text, first);
	if (is_read)
		reading->read = (struct moment){ clock->unix_ms, clock->steady_us / 1000 };
}

static void sidecar_on_reload(evutil_socket_t number, short what, void *context)
{
	(void)number;
	(void)what;
	struct sidecar *sidecar = context;
	struct buffer notes = { 0 }, errors = { 0 };
	bool is_reloaded = settings_reload(sidecar->config_path, &checks, &sidecar->settings, &notes, &errors);
	struct buffer *text = is_reloaded ? &notes : &errors;
	buffer_add_byte(text, '\0');
	if (is_reloaded)
		log_info("configuration reloaded", "changes", text->ptr);
	else
		log_error("configuration not reloaded", "errors", text->ptr);
	note_reading(sidecar, is_reloaded, slice_of(text->ptr));
	buffer_free(&notes);
	buffer_free(&errors);
	if (is_reloaded)
		sidecar_reload_tls(sidecar);
	log_set_level(sidecar->settings.log_level);
	client_table_adjust(sidecar->clients);
	turn_take_settings(sidecar->turn);
}

/* ---- starting ---- */

static void sidecar_name_dcs(struct sidecar *sidecar)
{
	sidecar->dcs[0] = sidecar->settings.dc;
	for (unsigned i = 0; i < sidecar->settings.peer_count; i++)
		sidecar->dcs[i + 1] = sidecar->settings.peers[i].name;
	sidecar->status.settings = &sidecar->settings;
	sidecar->status.dcs = sidecar->dcs;
	sidecar->status.dc_count = sidecar->settings.peer_count + 1;
	const struct turn_clock *clock = turn_clock_now(&sidecar->clock);
	sidecar->status.reading.read = sidecar->status.started = (struct moment){ clock->unix_ms, clock->steady_us / 1000 };
}

static struct event_base *loop_new(void)
{
	struct event_config *config = event_config_new();
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);   /* one thread owns it */
	struct event_base *loop = event_base_new_with_config(config);
	event_config_free(config);
	return loop;
}

static void sidecar_listen_to_signals(struct sidecar *sidecar)
{
	signal(SIGPIPE, SIG_IGN);
	sidecar->on_term = evsignal_new(sidecar->loop, SIGTERM, sidecar_on_stop, sidecar);
	sidecar->on_int = evsignal_new(sidecar->loop, SIGINT, sidecar_on_stop, sidecar);
	sidecar->on_hup = evsignal_new(sidecar->loop, SIGHUP, sidecar_on_reload, sidecar);
	sidecar->drain_look = event_new(sidecar->loop, -1, EV_PERSIST, sidecar_on_drain_look, sidecar);
	event_add(sidecar->on_term, NULL);
	event_add(sidecar->on_int, NULL);
	event_add(sidecar->on_hup, NULL);
}

/* Where Redis is, and what connections are encrypted with. */
static bool sidecar_prepare(struct sidecar *sidecar, struct buffer *error)
{
	const struct settings *settings = &sidecar->settings;
	const struct tls_options options = tls_settings_options(settings);
	const struct settings_address *redis = &settings->redis_address;
	struct tls_fault fault = { 0 };
	sidecar->tls = sidecar->status.tls = tls_new(&options, &fault);
	buffer_add(error, buffer_slice(&fault.why));
	buffer_free(&fault.why);
	return sidecar->tls != NULL && endpoint_set(&sidecar->status.redis, redis->host, redis->port, redis->is_tls ? sidecar->tls : NULL, settings->redis_tls_name);
}

static void sidecar_on_primary(void *context)
{
	struct sidecar *sidecar = context;
	turn_move_store(sidecar->turn);
}

/* False: a part could not be made; ERROR says what is wrong and what to do. */
static bool sidecar_wire(struct sidecar *sidecar, struct buffer *error)
{
	const struct settings *settings = &sidecar->settings;
	sidecar->sessions = sessions_new(&(struct sessions_options){ sidecar->loop, &sidecar->clock, &sidecar->status, session_commands_new() });
	sidecar->clients = client_table_new(&(struct client_table_options){
		.loop = sidecar->loop,
		.clock = &sidecar->clock,
		.settings = &sidecar->settings,
		.tls = sidecar->tls,
		.counters = &sidecar->status.counters,
		.callbacks = sessions_client_callbacks(sidecar->sessions),
	}, error);
	if (sidecar->clients == NULL)
		return false;
	sidecar->turn = turn_new(&(struct turn_options){
		.loop = sidecar->loop,
		.clock = &sidecar->clock,
		.status = &sidecar->status,
		.callbacks = sessions_turn_callbacks(sidecar->sessions),
	}, error);
	if (sidecar->turn == NULL)
		return false;
	if (settings->redis_sentinel != NULL)
		sidecar->sentinel = sentinel_new(&(struct sentinel_options){ sidecar->loop, settings->redis_sentinel, settings->redis_master,
			settings->redis_sentinel_username, settings->redis_sentinel_password, sidecar->tls, &sidecar->status.redis }, sidecar_on_primary, sidecar);
	sidecar->status.sentinel = sidecar->sentinel;
	sidecar->conflicts = conflicts_new(sidecar->turn, &sidecar->clock);
	sidecar->homes = homes_new(&(struct homes_options){ sidecar->loop, &sidecar->clock, &sidecar->status });
	homes_connect(sidecar->homes, sidecar->turn);
	sessions_connect(sidecar->sessions, sidecar->turn, sidecar->clients, &(struct sessions_helpers){ sidecar->conflicts, sidecar->homes });
	if (conflicts_are_published(&sidecar->settings)) {
		sidecar->publisher = conflicts_publisher_new(sidecar->loop, sidecar->turn, &sidecar->status, error);
		if (sidecar->publisher == NULL)
			return false;
	}
	sidecar->admin = admin_new(&(struct admin_options){ sidecar->loop, &sidecar->status, sidecar->turn, sidecar->conflicts, sidecar->homes }, error);
	return sidecar->admin != NULL;
}

static void sidecar_unwire(struct sidecar *sidecar)
{
	conflicts_publisher_free(sidecar->publisher);
	conflicts_free(sidecar->conflicts);  /* before those whom it tells that it ends */
	if (sidecar->admin != NULL)
		admin_free(sidecar->admin);
	homes_free(sidecar->homes);
	client_table_free(sidecar->clients);
	turn_free(sidecar->turn);
	sentinel_free(sidecar->sentinel);
	sessions_free(sidecar->sessions);
	tls_free(sidecar->tls);
	event_free(sidecar->on_term);
	event_free(sidecar->on_int);
	event_free(sidecar->on_hup);
	event_free(sidecar->drain_look);
	event_base_free(sidecar->loop);
}

static int sidecar_run(struct sidecar *sidecar)
{
	int exit_code = EXIT_FAILURE;
	struct buffer error = { 0 };
	sidecar_name_dcs(sidecar);
	sidecar->loop = loop_new();
	sidecar_listen_to_signals(sidecar);
	if (sidecar_prepare(sidecar, &error) && sidecar_wire(sidecar, &error)) {
		log_info("started", "version", PACKAGE_VERSION, "dc", sidecar->settings.dc,
		         "port", log_number(sidecar->settings.listen.port));
		service_manager_tell("READY=1");
		exit_code = turn_run(sidecar->turn);
	} else {
		buffer_add_byte(&error, '\0');
		log_error("cannot start", "why", error.ptr);
	}
	buffer_free(&error);
	sidecar_unwire(sidecar);
	return exit_code;
}

/* ---- the command line ---- */

static const char usage[] =
	"usage: homeportd --config FILE [--check]\n"
	"       homeportd --version | --describe-commands | --describe-settings | --describe-metrics | --describe-recovery\n"
	"  --config FILE        run beside the Redis that FILE names (docs/configuration.md)\n"
	"  --check              only check FILE: one line and exit 0 when it is good, else a line for each mistake and exit 1\n"
	"  --describe-…         write docs/commands.md, docs/configuration.md, docs/metrics.md or docs/recovery.md\n";

static int describe(void (*write)(struct buffer *out))
{
	struct buffer text = { 0 };
	write(&text);
	fwrite(text.ptr, 1, text.len, stdout);
	buffer_free(&text);
	return EXIT_SUCCESS;
}

static void recovery_page(struct buffer *out)
{
	recovery_describe(out);
	waits_describe(out);
}

/* Loads the configuration and, unless it is only to be checked, runs. */
static int start(const char *config_path, bool is_check)
{
	struct sidecar sidecar = { .config_path = config_path };
	struct buffer errors = { 0 };
	bool is_loaded = settings_load(config_path, &checks, &sidecar.settings, &errors);
	if (!is_loaded)
		fwrite(errors.ptr, 1, errors.len, stderr);
	buffer_free(&errors);
	int exit_code = is_loaded ? EXIT_SUCCESS : EXIT_FAILURE;
	if (is_loaded && is_check)
		printf("%s is good: dc %s, %u peers, %u rules, %u homes\n", config_path, sidecar.settings.dc, sidecar.settings.peer_count,
		       sidecar.settings.rule_count, sidecar.settings.home_count);
	if (is_loaded && !is_check) {
		log_set_level(sidecar.settings.log_level);
		exit_code = sidecar_run(&sidecar);
	}
	settings_free(&sidecar.settings);
	return exit_code;
}

int main(int argc, char **argv)
{
	enum { OPTION_CONFIG = 'c', OPTION_CHECK = 'k', OPTION_VERSION = 'v', OPTION_COMMANDS = 'C', OPTION_SETTINGS = 'S', OPTION_METRICS = 'M', OPTION_RECOVERY = 'R',
	       OPTION_HELP = 'h' };
	static const struct option options[] = {
		{ "config", required_argument, NULL, OPTION_CONFIG },
		{ "check", no_argument, NULL, OPTION_CHECK },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ "describe-commands", no_argument, NULL, OPTION_COMMANDS },
		{ "describe-settings", no_argument, NULL, OPTION_SETTINGS },
		{ "describe-metrics", no_argument, NULL, OPTION_METRICS },
		{ "describe-recovery", no_argument, NULL, OPTION_RECOVERY },
		{ "help", no_argument, NULL, OPTION_HELP },
		{ 0 },
	};
	const char *config_path = NULL;
	bool is_check = false;
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case OPTION_CONFIG: config_path = optarg; break;
		case OPTION_CHECK: is_check = true; break;
		case OPTION_VERSION: return puts("homeportd " PACKAGE_VERSION) < 0;
		case OPTION_COMMANDS: return describe(command_describe);
		case OPTION_SETTINGS: return describe(settings_describe);
		case OPTION_METRICS: return describe(metrics_describe);
		case OPTION_RECOVERY: return describe(recovery_page);
		case OPTION_HELP: return fputs(usage, stdout) < 0;
		default: return fputs(usage, stderr), EXIT_FAILURE;
		}
	}
	if (config_path == NULL || optind < argc) {
		fputs(usage, stderr);
		return EXIT_FAILURE;
	}
	return start(config_path, is_check);
}
