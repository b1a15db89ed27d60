#include "ctl_fetch.h"

#include "../config/text.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#define WAIT_SECONDS 10
#define BODY_BYTES_MAX (64 * 1024 * 1024)

/* What the request's end tells. */
struct fetch {
	int status;
	struct buffer *body;
};

static void request_ended(struct evhttp_request *request, void *context);

int ctl_fetch(const struct settings_address *address, const char *path, struct buffer *body, struct buffer *error)
{
	struct fetch fetch = { .status = 0, .body = body };
	struct event_base *loop = event_base_new();
	struct evhttp_connection *connection = evhttp_connection_base_new(loop, NULL, address->host, address->port);
	struct evhttp_request *request = evhttp_request_new(request_ended, &fetch);

	evhttp_connection_set_timeout(connection, WAIT_SECONDS);
	evhttp_connection_set_max_body_size(connection, BODY_BYTES_MAX);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Host", address->host);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
	/* The connection owns the request from here on, also where making it fails. */
	if (evhttp_make_request(connection, request, EVHTTP_REQ_GET, path) == 0)
		event_base_dispatch(loop);
	evhttp_connection_free(connection);
	event_base_free(loop);
	if (fetch.status == 0)
		buffer_add_format(error, "no sidecar answers at %s:%u, see that it runs and that this is its admin address (--admin)", address->host,
		                  address->port);
	return fetch.status;
}

/* REQUEST is NULL, or its status 0, when there was no answer. */
static void request_ended(struct evhttp_request *request, void *context)
{
	struct fetch *fetch = context;

	if (request == NULL)
		return;
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	size_t len = evbuffer_get_length(input);

	fetch->status = evhttp_request_get_response_code(request);
	if (len > 0)
		evbuffer_remove(input, buffer_grow(fetch->body, len), len);
}
