/* Admin: the HTTP server, driven by our loop through its epoll descriptor; what is read at once is answered here, what is about conflicts in
 * admin_conflicts.c (reading) and admin_orders.c (resolving), what is about homes in admin_homes.c, by way of admin_request.c, which lets a request wait (see admin.h). */
#include "admin.h"

#include "admin_conflicts.h"
#include "admin_homes.h"
#include "admin_request.h"
#include "admin_tokens.h"
#include "https.h"

#include "proxy/clients/listening.h"
#include "proxy/homes/homes_order.h"
#include "proxy/ops/metrics.h"
#include "proxy/ops/ready.h"
#include "proxy/ops/status_json.h"

#include "base/text.h"

#include <event2/event.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 64
#define CONNECTIONS_MAX 256u
#define IDLE_SECONDS_MAX 10u
#define REQUEST_BYTES_MAX ((size_t)32 * 1024)   /* header and URL of one request */
#define BODY_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct route {
	const char *path;
	void (*write)(const struct sidecar_status *status, struct MHD_Connection *connection, struct http_answer *answer);
};

static void server_readable(evutil_socket_t fd, short what, void *context);
static void server_run(struct admin *admin);
static void decrypted_accepted(void *context, int plain, int client);
static enum MHD_Result request_received(void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                        const char *body, size_t *body_len, void **state);
static void request_completed(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code);
static enum MHD_Result waiting_received(struct admin_request *request, const char *url, const char *method, struct slice body);
static const struct route *route_find(const char *url);
typedef void beginner(struct admin_request *request, const char *url, const char *method);
static beginner *waiting_find(const char *url);
static void write_livez(const struct sidecar_status *status, struct MHD_Connection *connection, struct http_answer *answer);
static void write_healthz(const struct sidecar_status *status, struct MHD_Connection *connection, struct http_answer *answer);
static void write_readyz(const struct sidecar_status *status, struct MHD_Connection *connection, struct http_answer *answer);
static void write_metrics(const struct sidecar_status *status, struct MHD_Connection *connection, struct http_answer *answer);
static void write_status(const struct sidecar_status *status, struct MHD_Connection *connection, struct http_answer *answer);
static void write_unknown(const char *url, struct http_answer *answer);
static uint64_t clock_ms(clockid_t id);
static struct moment moment_now(void);

static const struct route routes[] = {
	{ "/livez", write_livez },     { "/healthz", write_healthz },  { "/readyz", write_readyz },
	{ "/metrics", write_metrics }, { "/v1/status", write_status },
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

struct admin *admin_new(const struct admin_options *options, struct buffer *error)
{
	int fd = listening_open(&options->status->settings->admin, BACKLOG, error);

	if (fd < 0)
		return NULL;
	struct admin *admin = memory_new(sizeof(*admin));

	admin->options = *options;
	admin->server = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, request_received, admin,
	                                 MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, request_completed, admin,
	                                 MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS_MAX,
	                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_BYTES_MAX, MHD_OPTION_END);
	if (admin->server == NULL) {
		buffer_add_text(error, "the HTTP server cannot be started, see that file descriptors and memory are left");
		close(fd);
		memory_free(admin);
		return NULL;
	}
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(admin->server, MHD_DAEMON_INFO_EPOLL_FD);

	admin->readable = event_new(options->loop, info->epoll_fd, EV_READ | EV_PERSIST, server_readable, admin);
	admin->due = event_new(options->loop, -1, 0, server_readable, admin);
	event_add(admin->readable, NULL);
	if (options->status->settings->admin_tls.host == NULL)
		return admin;
	admin->https = https_new(&(struct https_options){ options->loop, &options->status->settings->admin_tls, options->status->tls, decrypted_accepted, admin }, error);
	if (admin->https != NULL)
		return admin;
	admin_free(admin);
	return NULL;
}

static void decrypted_accepted(void *context, int plain, int client)
{
	struct admin *admin = context;
	struct sockaddr_storage address = { .ss_family = AF_INET };
	socklen_t len = sizeof(address);

	getpeername(client, (struct sockaddr *)&address, &len);
	/* A connection that it refuses it closes. */
	if (MHD_add_connection(admin->server, plain, (const struct sockaddr *)&address, len) == MHD_YES)
		server_run(admin);
}

void admin_free(struct admin *admin)
{
	if (admin == NULL)
		return;
	https_free(admin->https);
	event_free(admin->readable);
	event_free(admin->due);
	/* The server cannot be stopped while a connection is suspended. */
	for (struct admin_request *request = admin->requests; request != NULL; request = request->next) {
		if (request->is_suspended)
			MHD_resume_connection(request->connection);
	}
	MHD_stop_daemon(admin->server);
	memory_free(admin);
}

static void server_readable(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	server_run(context);
}

static void server_run(struct admin *admin)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	MHD_run(admin->server);
	if (MHD_get_timeout(admin->server, &wait_ms) != MHD_YES) {
		event_del(admin->due);
		return;
	}
	struct timeval wait = { .tv_sec = (time_t)(wait_ms / 1000), .tv_usec = (suseconds_t)(wait_ms % 1000) * 1000 };

	event_add(admin->due, &wait);
}

/* A request is answered at the first call for it, before any body, unless it may have to wait: for conflicts, session tokens, homes. */
static enum MHD_Result request_received(void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                        const char *body, size_t *body_len, void **state)
{
	struct admin *admin = context;
	struct http_answer answer = { .status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8" };
	const struct route *route = route_find(url);

	(void)version;
	if (waiting_find(url) != NULL) {
		struct slice part = { body, *body_len };

		*body_len = 0;
		if (*state != NULL)
			return waiting_received(*state, url, method, part);
		*state = admin_request_new(admin, connection);
		return MHD_YES;
	}
	if (route == NULL)
		write_unknown(url, &answer);
	else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		http_answer_set_error(&answer, MHD_HTTP_METHOD_NOT_ALLOWED, "this can only be read, use GET or HEAD");
	else
		route->write(admin->options.status, connection, &answer);
	return http_answer_send(connection, &answer);
}

/* Called for each part of the body, when all of it was read, and again when a suspended request goes on. */
static enum MHD_Result waiting_received(struct admin_request *request, const char *url, const char *method, struct slice body)
{
	if (body.len > 0) {
		request->is_too_large |= request->body.len + body.len > BODY_BYTES_MAX;
		if (!request->is_too_large)
			buffer_add(&request->body, body);
		return MHD_YES;
	}
	if (!request->is_begun) {
		request->is_begun = true;
		waiting_find(url)(request, url, method);
	}
	if (request->is_answered)
		return http_answer_send(request->connection, &request->answer);
	admin_request_suspend(request);
	return MHD_YES;
}

static void request_completed(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	struct admin *admin = context;
	struct admin_request *request = *state;

	(void)connection;
	(void)code;
	if (request == NULL)
		return;
	if (admin->options.turn != NULL)
		turn_forget(admin->options.turn, request);
	if (admin->options.homes != NULL)
		admin_homes_forget(request);
	admin_request_free(request);
	*state = NULL;
}

/* What begins a request that may have to wait; NULL: this one need not. */
static beginner *waiting_find(const char *url)
{
	if (admin_homes_own(url))
		return admin_homes_begin;
	if (admin_tokens_own(url))
		return admin_tokens_begin;
	return admin_conflicts_own(url) ? admin_conflicts_begin : NULL;
}

static const struct route *route_find(const char *url)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++)
		if (strcmp(routes[i].path, url) == 0)
			return &routes[i];
	return NULL;
}

/* That the loop runs is all that is asked. */
static void write_livez(const struct sidecar_status *status, struct MHD_Connection *connection, struct http_answer *answer)
{
	(void)status;
	(void)connection;
	buffer_add_text(&answer->body, "alive\n");
}

static void list_finding(void *context, enum finding_weight weight, const char *check, const char *dc, const char *text)
{
	buffer_add_format(context, "%s %s%s%s: %s\n", finding_weight_text(weight), check, dc != NULL ? " " : "", dc != NULL ? dc : "", text);
}

static void write_healthz(const struct sidecar_status *status, struct MHD_Connection *connection, struct http_answer *answer)
{
	const struct moment now = moment_now();
	bool is_served = readiness_check(status, &now, NULL, NULL) < FINDING_OUTAGE;

	(void)connection;
	answer->status = is_served ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
	buffer_add_text(&answer->body, is_served ? "healthy\n" : "not healthy: see /readyz?verbose\n");
}

static void write_readyz(const struct sidecar_status *status, struct MHD_Connection *connection, struct http_answer *answer)
{
	const struct moment now = moment_now();
	struct buffer findings = { 0 };
	bool is_ready = readiness_check(status, &now, list_finding, &findings) < FINDING_BROKEN;
	bool is_verbose = MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, "verbose", strlen("verbose"), NULL, NULL) == MHD_YES;

	answer->status = is_ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
	buffer_add_text(&answer->body, is_ready ? "ready\n" : "not ready\n");
	if (is_verbose || !is_ready)
		buffer_add(&answer->body, buffer_slice(&findings));
	buffer_free(&findings);
}

static void write_metrics(const struct sidecar_status *status, struct MHD_Connection *connection, struct http_answer *answer)
{
	const struct moment now = moment_now();

	(void)connection;
	answer->type = "text/plain; version=0.0.4; charset=utf-8";
	metrics_write(status, &now, &answer->body);
}

static void write_status(const struct sidecar_status *status, struct MHD_Connection *connection, struct http_answer *answer)
{
	const struct moment now = moment_now();

	(void)connection;
	answer->type = "application/json";
	status_write_json(status, &now, &answer->body);
}

static void write_unknown(const char *url, struct http_answer *answer)
{
	struct buffer text = { 0 };

	buffer_add_format(&text, "nothing is at '%.100s', there are", url);
	for (size_t i = 0; i < ROUTE_COUNT; i++)
		buffer_add_format(&text, " %s", routes[i].path);
	buffer_add_text(&text, " /v1/conflicts /v1/explain /v1/token /v1/wait /v1/homes");
	buffer_add_byte(&text, '\0');
	http_answer_set_error(answer, MHD_HTTP_NOT_FOUND, text.ptr);
	buffer_free(&text);
}

static uint64_t clock_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct moment moment_now(void)
{
	return (struct moment){ clock_ms(CLOCK_REALTIME), clock_ms(CLOCK_BOOTTIME) };
}
