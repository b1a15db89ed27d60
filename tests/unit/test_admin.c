/* Admin: right pages, wrong paths, methods and garbage over a real socket, served by the loop that the test turns. */
#include "base/text.h"
#include "proxy/admin/admin.h"

#include <CUnit/Basic.h>
#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void suite_admin(void);

#define TURNS_MAX 400
#define TURN_US 5000

static const char *const dcs[] = { "eu" };
static struct settings settings = { .redis_address = { .host = "127.0.0.1", .port = 6379 }, .limits_outbox_bytes = 1 << 20, .limits_metadata_bytes = 1 << 20 };
static struct sidecar_status status = { .settings = &settings, .dcs = dcs, .dc_count = 1 };
static struct event_base *loop;
static struct admin *admin;

/* A port that was free a moment ago. */
static uint16_t free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 && getsockname(fd, (struct sockaddr *)&address, &len) == 0;

	close(fd);
	return is_bound ? ntohs(address.sin_port) : 0;
}

static int start(void)
{
	static char host[] = "127.0.0.1";
	struct buffer error = { 0 };

	loop = event_base_new();
	settings.admin = (struct settings_address){ .host = host, .port = free_port() };
	admin = admin_new(&(struct admin_options){ .loop = loop, .status = &status }, &error);
	buffer_free(&error);
	return admin != NULL ? 0 : 1;
}

static int stop(void)
{
	admin_free(admin);
	event_base_free(loop);
	return 0;
}

/* Sends REQUEST and turns the loop until the server closes or TURNS_MAX turns went by. The answer is NUL-terminated. */
static void ask(const char *request, struct buffer *answer)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(settings.admin.port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char chunk[4096];

	CU_ASSERT_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	CU_ASSERT(send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request));
	for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
		event_base_loop(loop, EVLOOP_NONBLOCK);
		ssize_t len = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);

		if (len == 0)
			break;
		if (len > 0)
			buffer_add(answer, (struct slice){ chunk, (size_t)len });
		else
			usleep(TURN_US);
	}
	close(fd);
	event_base_loop(loop, EVLOOP_NONBLOCK);
	buffer_add_byte(answer, '\0');
}

static void expect(const char *request, const char *first_line, const char *part)
{
	struct buffer answer = { 0 };

	ask(request, &answer);
	if (strncmp(answer.ptr, first_line, strlen(first_line)) != 0 || strstr(answer.ptr, part) == NULL) {
		printf("\n%.60s: expected %s … %s but got\n%s\n", request, first_line, part, answer.ptr);
		CU_FAIL("another answer");
	}
	buffer_free(&answer);
}

static void pages_say_what_they_are_for(void)
{
	expect("GET /livez HTTP/1.0\r\n\r\n", "HTTP/1.1 200", "alive\n");
	expect("GET /metrics HTTP/1.0\r\n\r\n", "HTTP/1.1 200", "\nhomeport_store_open 0\n");
	expect("GET /metrics HTTP/1.0\r\n\r\n", "HTTP/1.1 200", "version=0.0.4");
	expect("GET /v1/status HTTP/1.0\r\n\r\n", "HTTP/1.1 200", "\"dc\": \"eu\"");
}

static void without_a_store_it_is_neither_healthy_nor_ready(void)
{
	expect("GET /healthz HTTP/1.0\r\n\r\n", "HTTP/1.1 503", "not healthy");
	expect("GET /readyz HTTP/1.0\r\n\r\n", "HTTP/1.1 503", "not ready\n");
	expect("GET /readyz?verbose HTTP/1.0\r\n\r\n", "HTTP/1.1 503", "outage store: Redis at 127.0.0.1:6379 is not connected");
}

static void wrong_requests_get_clear_errors(void)
{
	expect("GET /nothing HTTP/1.0\r\n\r\n", "HTTP/1.1 404", "{\"error\":\"nothing is at '/nothing', there are /livez");
	expect("GET /%ff HTTP/1.0\r\n\r\n", "HTTP/1.1 404", "{\"error\":");
	expect("POST /metrics HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 405", "Allow: GET, HEAD");
	expect("DELETE /livez HTTP/1.0\r\n\r\n", "HTTP/1.1 405", "use GET or HEAD");
}

static void garbage_and_oversized_requests_do_no_harm(void)
{
	struct buffer answer = { 0 };
	size_t size = 100000;
	char *request = memory_new(size + 64);

	ask("\x01\x02 garbage\r\n\r\n", &answer);
	buffer_reset(&answer);
	memcpy(request, "GET /", 5);
	memset(request + 5, 'x', size);
	strcpy(request + 5 + size, " HTTP/1.0\r\n\r\n");
	ask(request, &answer);
	CU_ASSERT(strstr(answer.ptr, "HTTP/1.1 414") != NULL);
	memory_free(request);
	buffer_free(&answer);
	expect("GET /livez HTTP/1.0\r\n\r\n", "HTTP/1.1 200", "alive\n");
}

static void an_address_in_use_is_refused_with_a_remedy(void)
{
	struct buffer error = { 0 };

	CU_ASSERT_PTR_NULL(admin_new(&(struct admin_options){ .loop = loop, .status = &status }, &error));
	buffer_add_byte(&error, '\0');
	CU_ASSERT_PTR_NOT_NULL(strstr(error.ptr, "Address already in use"));
	buffer_free(&error);
}

void suite_admin(void)
{
	CU_pSuite suite = CU_add_suite("admin", start, stop);

	CU_add_test(suite, "pages_say_what_they_are_for", pages_say_what_they_are_for);
	CU_add_test(suite, "without_a_store_it_is_neither_healthy_nor_ready", without_a_store_it_is_neither_healthy_nor_ready);
	CU_add_test(suite, "wrong_requests_get_clear_errors", wrong_requests_get_clear_errors);
	CU_add_test(suite, "garbage_and_oversized_requests_do_no_harm", garbage_and_oversized_requests_do_no_harm);
	CU_add_test(suite, "an_address_in_use_is_refused_with_a_remedy", an_address_in_use_is_refused_with_a_remedy);
}
