/* Admin request: begun, suspended, answered (see admin_request.h). */
#include "admin_request.h"

#include "proxy/conflicts/teller_json.h"

#include <event2/event.h>
#include <string.h>

struct admin_request *admin_request_new(struct admin *admin, struct MHD_Connection *connection)
{
	struct admin_request *request = memory_new(sizeof(*request));

	*request = (struct admin_request){ .admin = admin, .connection = connection, .next = admin->requests, .link = &admin->requests };
	request->answer = (struct http_answer){ .status = MHD_HTTP_OK, .type = "application/json" };
	if (request->next != NULL)
		request->next->link = &request->next;
	admin->requests = request;
	return request;
}

void admin_request_free(struct admin_request *request)
{
	*request->link = request->next;
	if (request->next != NULL)
		request->next->link = request->link;
	buffer_free(&request->body);
	buffer_free(&request->answer.body);
	memory_free(request);
}

void admin_request_suspend(struct admin_request *request)
{
	request->is_suspended = true;
	MHD_suspend_connection(request->connection);
}

void admin_request_end(struct admin_request *request)
{
	request->is_answered = true;
	if (!request->is_suspended)
		return;
	request->is_suspended = false;
	MHD_resume_connection(request->connection);
	/* A resumed connection does not make the server's epoll set readable, so the server is run by its timer. */
	event_active(request->admin->due, EV_TIMEOUT, 0);
}

void admin_request_fail(struct admin_request *request, unsigned status, const char *text)
{
	http_answer_set_error(&request->answer, status, text);
	admin_request_end(request);
}

void admin_request_fail_with(struct admin_request *request, unsigned status, struct slice text)
{
	struct buffer copy = { 0 };

	buffer_add(&copy, text);
	buffer_add_byte(&copy, '\0');
	admin_request_fail(request, status, copy.ptr);
	buffer_free(&copy);
}

bool admin_request_is_json(const struct admin_request *request)
{
	static const char json[] = "application/json";
	const char *type = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);

	return type != NULL && strncasecmp(type, json, strlen(json)) == 0;
}

void admin_request_finish(struct admin_request *request, struct teller *teller)
{
	teller_json_finish(teller, &request->answer.body);
	buffer_add_byte(&request->answer.body, '\n');
	admin_request_end(request);
}
