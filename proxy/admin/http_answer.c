/* HTTP answer (see http_answer.h). */
#include "http_answer.h"

#include <jansson.h>
#include <string.h>

void http_answer_set_error(struct http_answer *answer, unsigned status, const char *text)
{
	json_t *object = json_pack("{s:s}", "error", text);
	/* A URL may hold what is no UTF-8. */
	char *body = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

	answer->status = status;
	answer->type = "application/json";
	buffer_add_text(&answer->body, body != NULL ? body : "{\"error\":\"not found\"}");
	buffer_add_byte(&answer->body, '\n');
	free(body);
	json_decref(object);
}

enum MHD_Result http_answer_send(struct MHD_Connection *connection, struct http_answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(answer->body.len, answer->body.ptr, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result = MHD_NO;

	if (response != NULL) {
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
		MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
		if (answer->tag[0] != '\0')
			MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, answer->tag);
		if (answer->home != NULL)
			MHD_add_response_header(response, "Homeport-Home", answer->home);
		if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
			MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
		if (answer->status == MHD_HTTP_UNAUTHORIZED)
			MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"homeport\"");
		result = MHD_queue_response(connection, answer->status, response);
		MHD_destroy_response(response);
	}
	buffer_free(&answer->body);
	return result;
}
