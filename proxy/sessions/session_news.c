/* Session news (see session_news.h). */
#include "session_news.h"

#define NEWS_MAX 256                 /* users in one message */
#define UNREAD_MAX (256 * 1024)      /* bytes that a client has not taken: beyond, it is told once they are gone */

struct home_news { struct slice user; unsigned dc; };   /* USER is owned */

struct news {
	struct session *first;       /* those that hear */
	struct home_news changes[NEWS_MAX];
	unsigned count;
	bool is_all;
};

void session_hear_news(struct session *session, bool is_on)
{
	struct sessions *sessions = session->sessions;
	if (session->is_hearing == is_on)
		return;
	if (sessions->news == NULL)
		sessions->news = memory_new(sizeof(*sessions->news));
	struct session **link = &sessions->news->first;
	session->is_hearing = is_on;
	session->is_news_owed = false;
	if (is_on) {
		session->next_hearing = *link;
		*link = session;
		return;
	}
	while (*link != session)
		link = &(*link)->next_hearing;
	*link = session->next_hearing;
}

void sessions_note_news(struct sessions *sessions, struct slice user, unsigned dc)
{
	struct news *news = sessions->news;
	unsigned at = 0;
	if (news == NULL || news->first == NULL)
		return;
	while (at < news->count && !slice_equal(news->changes[at].user, user))
		at++;
	if (at == NEWS_MAX) {
		news->is_all = true;
		return;
	}
	if (at == news->count)
		news->changes[news->count++].user = buffer_copy(user);
	news->changes[at].dc = dc;
}

void sessions_forget_homes(struct sessions *sessions)
{
	if (sessions->news != NULL)
		sessions->news->is_all = true;
}

static void news_clear(struct news *news)
{
	for (unsigned i = 0; i < news->count; i++)
		bytes_free(news->changes[i].user);
	news->count = 0;
	news->is_all = false;
}

static void news_add(const struct sessions *sessions, bool is_all, struct buffer *message)
{
	const struct news *news = sessions->news;
	const struct sidecar_status *status = sessions->status;
	buffer_add_text(message, ">2\r\n$14\r\nhomeport-homes\r\n");
	if (is_all) {
		buffer_add_text(message, "_\r\n");
		return;
	}
	resp_add_array(message, 2 * news->count);
	for (unsigned i = 0; i < news->count; i++) {
		unsigned dc = news->changes[i].dc;
		resp_add_bulk(message, news->changes[i].user);
		resp_add_bulk(message, dc < status->dc_count ? slice_of(status->dcs[dc]) : SLICE("?"));
	}
}

static void session_tell_news(struct session *session, struct slice changes, struct slice all)
{
	struct client *client = session->client;
	bool is_behind = client->out.len - client->out_sent > UNREAD_MAX;
	if (session->protocol != 3)
		return;
	session->is_news_owed |= is_behind && changes.len > 0;
	if (is_behind)
		return;
	if (session->is_news_owed || changes.len > 0)
		client_reply(client, session->is_news_owed ? all : changes, false);
	session->is_news_owed = false;
}

void sessions_tell_news(struct sessions *sessions)
{
	struct news *news = sessions->news;
	struct buffer changes = { 0 }, all = { 0 };
	if (news == NULL || news->first == NULL)
		return;
	news_add(sessions, true, &all);
	if (news->is_all || news->count > 0)
		news_add(sessions, news->is_all, &changes);
	for (struct session *session = news->first; session != NULL; session = session->next_hearing)
		session_tell_news(session, buffer_slice(&changes), buffer_slice(&all));
	buffer_free(&changes);
	buffer_free(&all);
	news_clear(news);
}

void sessions_free_news(struct sessions *sessions)
{
	if (sessions->news != NULL)
		news_clear(sessions->news);
	memory_free(sessions->news);
	sessions->news = NULL;
}
