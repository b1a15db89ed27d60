/* CLIENT TRACKING and what belongs to it, with Redis's checks in Redis's order (see tracking_commands.h). */
#include "tracking_commands.h"

#include "proxy/sessions/session_reply.h"
#include "proxy/sessions/tracking.h"

#include <string.h>

/* ---- options ---- */

struct finding { uint64_t id; const struct client *found; };

static void finding_visit(void *context, struct client *client)
{
	struct finding *finding = context;
	if (client->id == finding->id)
		finding->found = client;
}

/* NULL: it is good. */
static const char *redirect_read(struct session *session, struct slice text, struct tracking_options *options)
{
	int64_t id;
	if (options->redirect != 0)
		return "ERR A client can only redirect to a single other client";
	if (!slice_to_int64(text, &id))
		return "ERR value is not an integer or out of range";
	struct finding finding = { .id = (uint64_t)id };
	client_table_visit(session->sessions->clients, finding_visit, &finding);
	if (finding.found == NULL)
		return "ERR The client ID you want redirect to does not exist";
	options->redirect = finding.id;
	options->target = client_token(finding.found, 0);
	return NULL;
}

/* PREFIXES has room for all of them. */
static const char *options_read(struct session *session, const struct request *request, struct tracking_options *options, struct slice *prefixes)
{
	options->prefixes = prefixes;
	for (uint32_t i = 3; i < request->argc; i++) {
		struct slice word = request->argv[i];
		bool has_more = i + 1 < request->argc;
		if (word_is(word, "REDIRECT") && has_more) {
			const char *error = redirect_read(session, request->argv[++i], options);
			if (error != NULL)
				return error;
		} else if (word_is(word, "BCAST"))
			options->is_broadcast = true;
		else if (word_is(word, "OPTIN"))
			options->is_optin = true;
		else if (word_is(word, "OPTOUT"))
			options->is_optout = true;
		else if (word_is(word, "NOLOOP"))
			options->is_noloop = true;
		else if (word_is(word, "PREFIX") && has_more)
			prefixes[options->prefix_count++] = request->argv[++i];
		else
			return "ERR syntax error";
	}
	return NULL;
}

static const char *options_check(const struct tracker *tracker, const struct tracking_options *options)
{
	if (!options->is_broadcast && options->prefix_count > 0)
		return "ERR PREFIX option requires BCAST mode to be enabled";
	if (tracker != NULL && tracker->is_broadcast != options->is_broadcast)
		return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.";
	if (options->is_broadcast && (options->is_optin || options->is_optout))
		return "ERR OPTIN and OPTOUT are not compatible with BCAST";
	if (options->is_optin && options->is_optout)
		return "ERR You can't specify both OPTIN mode and OPTOUT mode";
	if (tracker != NULL && ((options->is_optin && tracker->is_optout) || (options->is_optout && tracker->is_optin)))
		return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.";
	return NULL;
}

static bool prefixes_overlap(struct slice one, struct slice other)
{
	size_t len = one.len < other.len ? one.len : other.len;
	return len == 0 || memcmp(one.ptr, other.ptr, len) == 0;
}

static void session_reply_overlap(struct session *session, struct slice prefix, const char *with, struct slice other)
{
	struct buffer text = { 0 };
	buffer_add_text(&text, "ERR Prefix '");
	buffer_add(&text, slice_to_nul(prefix));
	buffer_add_text(&text, "' overlaps with ");
	buffer_add_text(&text, with);
	buffer_add_text(&text, " prefix '");
	buffer_add_byte(&text, '\0');
	session_reply_error_about(session, text.ptr, other, "'. Prefixes for a single client must not overlap.");
	buffer_free(&text);
}

/* True: an error was answered. */
static bool session_finds_overlap(struct session *session, const struct tracker *tracker, const struct tracking_options *options)
{
	for (unsigned i = 0; options->is_broadcast && i < options->prefix_count; i++) {
		struct slice prefix = options->prefixes[i];
		for (unsigned j = 0; tracker != NULL && j < tracker->prefix_count; j++) {
			if (!prefixes_overlap(prefix, tracker->prefixes[j]))
				continue;
			session_reply_overlap(session, prefix, "an existing", tracker->prefixes[j]);
			return true;
		}
		for (unsigned j = i + 1; j < options->prefix_count; j++) {
			if (!prefixes_overlap(prefix, options->prefixes[j]))
				continue;
			session_reply_overlap(session, prefix, "another provided", options->prefixes[j]);
			return true;
		}
	}
	return false;
}

static void session_track(struct session *session, const struct tracking_options *options)
{
	const struct tracker *tracker = tracking_of(session);
	const char *error = options_check(tracker, options);
	if (error != NULL)
		session_reply_error(session, error);
	else if (!session_finds_overlap(session, tracker, options))
		tracking_begin(session, options);
}

void session_client_tracking(struct session *session, const struct request *request)
{
	struct slice *prefixes = memory_new(request->argc * sizeof(*prefixes));
	struct tracking_options options = { 0 };
	const char *error = options_read(session, request, &options, prefixes);
	if (error != NULL) {
		session_reply_error(session, error);
	} else if (word_is(request->argv[2], "ON")) {
		session_track(session, &options);
	} else if (word_is(request->argv[2], "OFF")) {
		tracking_end(session);
		session_reply_ok(session);
	} else {
		session_reply_error(session, "ERR syntax error");
	}
	memory_free(prefixes);
}

/* ---- the others ---- */

void session_client_caching(struct session *session, const struct request *request)
{
	const struct tracker *tracker = tracking_of(session);
	bool is_yes = word_is(request->argv[2], "YES"), is_no = word_is(request->argv[2], "NO");
	if (tracker == NULL)
		session_reply_error(session, "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled");
	else if (is_yes && !tracker->is_optin)
		session_reply_error(session, "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
	else if (is_no && !tracker->is_optout)
		session_reply_error(session, "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
	else if (!is_yes && !is_no)
		session_reply_error(session, "ERR syntax error");
	else {
		session->tracker->is_caching = true;
		session_reply_ok(session);
	}
}

static void flag_add(struct buffer *flags, unsigned *count, bool is_set, const char *name)
{
	if (!is_set)
		return;
	resp_add_bulk(flags, slice_of(name));
	(*count)++;
}

static void set_add(struct buffer *reply, const struct session *session, const struct buffer *flags, unsigned count)
{
	buffer_add_byte(reply, session->protocol == 3 ? '~' : '*');
	buffer_add_uint64(reply, count);
	buffer_add_text(reply, "\r\n");
	buffer_add(reply, buffer_slice(flags));
}

void session_client_trackinginfo(struct session *session, const struct request *request)
{
	(void)request;
	static const struct tracker off;
	const struct tracker *tracker = tracking_of(session) != NULL ? tracking_of(session) : &off;
	struct buffer flags = { 0 };
	unsigned count = 0;
	flag_add(&flags, &count, true, tracker->is_on ? "on" : "off");
	flag_add(&flags, &count, tracker->is_broadcast, "bcast");
	flag_add(&flags, &count, tracker->is_optin, "optin");
	flag_add(&flags, &count, tracker->is_optin && tracker->is_caching, "caching-yes");
	flag_add(&flags, &count, tracker->is_optout, "optout");
	flag_add(&flags, &count, tracker->is_optout && tracker->is_caching, "caching-no");
	flag_add(&flags, &count, tracker->is_noloop, "noloop");
	flag_add(&flags, &count, tracker->is_broken, "broken_redirect");
	struct buffer *reply = session_reply_begin(session);
	buffer_add_text(reply, session->protocol == 3 ? "%3\r\n" : "*6\r\n");
	resp_add_bulk(reply, SLICE("flags"));
	set_add(reply, session, &flags, count);
	resp_add_bulk(reply, SLICE("redirect"));
	resp_add_integer(reply, tracker->is_on ? (int64_t)tracker->redirect : -1);
	resp_add_bulk(reply, SLICE("prefixes"));
	resp_add_array(reply, tracker->prefix_count);
	for (unsigned i = 0; i < tracker->prefix_count; i++)
		resp_add_bulk(reply, tracker->prefixes[i]);
	buffer_free(&flags);
	session_reply_built(session);
}

void session_client_getredir(struct session *session, const struct request *request)
{
	(void)request;
	const struct tracker *tracker = tracking_of(session);
	resp_add_integer(session_reply_begin(session), tracker != NULL ? (int64_t)tracker->redirect : -1);
	session_reply_built(session);
}
