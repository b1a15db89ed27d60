/* Facts about answers: where the replies to a group end, and what they say. */
#include "connectors/store/group_reply.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_group_reply(void);

/* The state when BYTES came one more at a time, in memory that moves; the answer is left as it is then. */
static enum resp_state feed(struct group_reply *reply, unsigned command_count, struct slice bytes, size_t *len)
{
	enum resp_state state = RESP_MORE;
	group_reply_begin(reply, command_count);
	for (size_t end = 1; end <= bytes.len && state == RESP_MORE; end++) {
		struct slice copy = buffer_copy((struct slice){ bytes.ptr, end });
		state = group_reply_read(reply, copy, len);
		bytes_free(copy);
	}
	return state;
}

static void replies_are_found_at_every_cut(void)
{
	struct slice bytes = SLICE("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$3\r\na\r\n\r\n*2\r\n:1\r\n$-1\r\n");
	struct group_reply reply = { 0 };
	struct slice error;
	size_t len = 0;
	CU_ASSERT(feed(&reply, 2, bytes, &len) == RESP_READY && len == bytes.len);
	const struct slice *replies = group_reply_replies(&reply, bytes, &error);
	CU_ASSERT_FATAL(replies != NULL);
	CU_ASSERT(slice_equal(replies[0], SLICE("$3\r\na\r\n\r\n")) && slice_equal(replies[1], SLICE("*2\r\n:1\r\n$-1\r\n")));
	group_reply_free(&reply);
}

static void a_cut_line_does_not_spoil_what_follows(void)
{
	struct slice bytes = SLICE("+OK\r\n+QUEUED\r\n*1\r\n:1\r\n"), aborted = SLICE("+OK\r\n+QUEUED\r\n-ERR\r\n");
	struct group_reply reply = { 0 };
	size_t len = 0;
	for (size_t cut = 1; cut < bytes.len; cut++) {
		group_reply_begin(&reply, 1);
		CU_ASSERT(group_reply_read(&reply, (struct slice){ bytes.ptr, cut }, &len) == RESP_MORE);
		CU_ASSERT(group_reply_read(&reply, bytes, &len) == RESP_READY && len == bytes.len);
	}
	for (size_t cut = 1; cut < aborted.len; cut++) {
		group_reply_begin(&reply, 1);
		CU_ASSERT(group_reply_read(&reply, (struct slice){ aborted.ptr, cut }, &len) == RESP_MORE);
		CU_ASSERT(group_reply_read(&reply, aborted, &len) == RESP_READY && len == aborted.len);
	}
	group_reply_free(&reply);
}

static void only_the_answer_is_taken_from_what_follows(void)
{
	struct slice bytes = SLICE("+OK\r\n*0\r\n+OK\r\n");
	struct group_reply reply = { 0 };
	struct slice error;
	size_t len = 0;
	group_reply_begin(&reply, 0);
	CU_ASSERT(group_reply_read(&reply, bytes, &len) == RESP_READY && len == strlen("+OK\r\n*0\r\n"));
	CU_ASSERT(group_reply_replies(&reply, bytes, &error) != NULL && error.len == 0);
	group_reply_free(&reply);
}

static void messages_between_the_lines_are_told_apart(void)
{
	struct slice message = SLICE(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
	struct slice bytes = SLICE(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n+OK\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n+QUEUED\r\n"
	                           ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n*1\r\n:1\r\n");
	struct group_reply reply = { 0 };
	struct slice error;
	size_t len = 0, at = 0;
	CU_ASSERT(feed(&reply, 1, bytes, &len) == RESP_READY && len == bytes.len);
	const struct slice *replies = group_reply_replies(&reply, bytes, &error);
	CU_ASSERT_FATAL(replies != NULL);
	CU_ASSERT(slice_equal(replies[0], SLICE(":1\r\n")));
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT(slice_equal(group_reply_next_push(&reply, bytes, &at), message));
	CU_ASSERT(group_reply_next_push(&reply, bytes, &at).len == 0);
	bytes = SLICE("+OK\r\n+QUEUED\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n-OOM no memory\r\n");
	CU_ASSERT(feed(&reply, 1, bytes, &len) == RESP_READY && len == bytes.len);
	CU_ASSERT(group_reply_replies(&reply, bytes, &error) == NULL && slice_equal(error, SLICE("OOM no memory")));
	group_reply_free(&reply);
}

static void the_first_queueing_error_is_the_groups_error(void)
{
	struct slice bytes = SLICE("+OK\r\n+QUEUED\r\n-OOM no memory\r\n-ERR unknown\r\n-EXECABORT aborted\r\n");
	struct group_reply reply = { 0 };
	struct slice error;
	size_t len = 0;
	CU_ASSERT(feed(&reply, 3, bytes, &len) == RESP_READY && len == bytes.len);
	CU_ASSERT(group_reply_replies(&reply, bytes, &error) == NULL && slice_equal(error, SLICE("OOM no memory")));
	bytes = SLICE("+OK\r\n+QUEUED\r\n-READONLY replica\r\n");
	CU_ASSERT(feed(&reply, 1, bytes, &len) == RESP_READY);
	CU_ASSERT(group_reply_replies(&reply, bytes, &error) == NULL && slice_equal(error, SLICE("READONLY replica")));
	group_reply_free(&reply);
}

static void replies_outside_a_transaction_are_refused(void)
{
	struct group_reply reply = { 0 };
	size_t len = 0;
	CU_ASSERT(feed(&reply, 1, SLICE("-NOPERM no multi\r\n:1\r\n"), &len) == RESP_ERROR);
	CU_ASSERT(feed(&reply, 1, SLICE("+OK\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n"), &len) == RESP_ERROR);
	CU_ASSERT(feed(&reply, 1, SLICE("+OK\r\n+QUEUED\r\n:1\r\n"), &len) == RESP_ERROR);
	group_reply_free(&reply);
}

void suite_group_reply(void)
{
	CU_pSuite suite = CU_add_suite("group reply", NULL, NULL);
	CU_ADD_TEST(suite, replies_are_found_at_every_cut);
	CU_ADD_TEST(suite, a_cut_line_does_not_spoil_what_follows);
	CU_ADD_TEST(suite, only_the_answer_is_taken_from_what_follows);
	CU_ADD_TEST(suite, messages_between_the_lines_are_told_apart);
	CU_ADD_TEST(suite, the_first_queueing_error_is_the_groups_error);
	CU_ADD_TEST(suite, replies_outside_a_transaction_are_refused);
}
