#include "ctl_fetch.h"

#include "base/text.h"
#include "connectors/tls/tls.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <string.h>

#define WAIT_SECONDS 60                  /* many conflicts at once take a while */
#define BODY_BYTES_MAX (64 * 1024 * 1024)

/* What the request's end tells. */
struct fetch {
	int status;
	struct buffer *body;
	struct ssl_st *ssl;              /* owned; NULL: the connection is plain */
};

static void request_ended(struct evhttp_request *request, void *context);
static struct evhttp_connection *connect_to(struct event_base *loop, const struct settings_address *address, const struct ctl_request *asked, struct ssl_st **ssl, struct buffer *error);
static void add_password(struct evkeyvalq *headers, const char *password);

int ctl_fetch(const struct settings_address *address, const struct ctl_request *asked, struct buffer *body, struct buffer *error)
{
	struct fetch fetch = { .status = 0, .body = body };
	struct event_base *loop = event_base_new();
	struct evhttp_connection *connection = connect_to(loop, address, asked, &fetch.ssl, error);
	if (connection == NULL) {
		event_base_free(loop);
		return 0;
	}
	struct evhttp_request *request = evhttp_request_new(request_ended, &fetch);

	evhttp_connection_set_timeout(connection, WAIT_SECONDS);
	evhttp_connection_set_max_body_size(connection, BODY_BYTES_MAX);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	evhttp_add_header(headers, "Host", address->host);
	evhttp_add_header(headers, "Connection", "close");
	if (asked->password != NULL)
		add_password(headers, asked->password);
	if (asked->body != NULL) {
		evhttp_add_header(headers, "Content-Type", "application/json");
		evbuffer_add(evhttp_request_get_output_buffer(request), asked->body, strlen(asked->body));
	}
	/* The connection owns the request from here on, also where making it fails. */
	if (evhttp_make_request(connection, request, asked->body != NULL ? EVHTTP_REQ_POST : EVHTTP_REQ_GET, asked->path) == 0)
		event_base_dispatch(loop);
	evhttp_connection_free(connection);
	event_base_free(loop);
	const char *reason = fetch.ssl != NULL ? tls_disbelief(fetch.ssl) : NULL;

	tls_release(fetch.ssl);
	if (fetch.status == 0 && reason != NULL)
		buffer_add_format(error, "the certificate of %s:%u is not believed (%s), name in --cacert who vouches for it", address->host, address->port, reason);
	else if (fetch.status == 0)
		buffer_add_format(error, "no sidecar answers at %s:%u, see that it runs and that this is its admin address (--admin)", address->host,
		                  address->port);
	return fetch.status;
}

/* NULL: ERROR says what is wrong with the files. */
static struct evhttp_connection *connect_to(struct event_base *loop, const struct settings_address *address, const struct ctl_request *asked, struct ssl_st **ssl, struct buffer *error)
{
	const struct tls_options options = { .cert = asked->cert, .key = asked->key, .ca = asked->cacert };
	struct tls_fault fault = { 0 };

	if (!address->is_tls)
		return evhttp_connection_base_new(loop, NULL, address->host, address->port);
	struct tls *tls = tls_new(&options, &fault);

	buffer_add(error, buffer_slice(&fault.why));
	buffer_free(&fault.why);
	if (tls == NULL)
		return NULL;
	*ssl = tls_connect(tls, address->host);
	struct bufferevent *encrypted = bufferevent_openssl_socket_new(loop, -1, tls_share(*ssl), BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);

	bufferevent_openssl_set_allow_dirty_shutdown(encrypted, 1);
	tls_free(tls);       /* the connection keeps what it uses */
	return evhttp_connection_base_bufferevent_new(loop, NULL, encrypted, address->host, address->port);
}

static void add_password(struct evkeyvalq *headers, const char *password)
{
	struct buffer text = { 0 };

	buffer_add_format(&text, "Bearer %s", password);
	buffer_add_byte(&text, '\0');
	evhttp_add_header(headers, "Authorization", text.ptr);
	buffer_free(&text);
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
