#include <CUnit/CUnit.h>

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "connectors/net/channel.h"
#include "connectors/store/outgoing.h"

void suite_outgoing(void);

#define LONG_LEN 100000

static struct event_base *loop;
static struct channel *channel;      /* owns the first socket */

static void nothing(void *context)
{
	(void)context;
}

static void make_sockets(int fds[2])
{
	CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	for (unsigned i = 0; i < 2; i++)
		CU_ASSERT_FATAL(fcntl(fds[i], F_SETFL, O_NONBLOCK) == 0);
	loop = event_base_new();
	channel = channel_new(loop, fds[0], NULL, NULL, &(struct channel_callbacks){ NULL, nothing, nothing });
}

static void free_channel(void)
{
	channel_free(channel);
	event_base_free(loop);
}

static void receive(int fd, struct buffer *received)
{
	char room[4096];
	for (ssize_t got; (got = read(fd, room, sizeof room)) > 0;)
		buffer_add(received, (struct slice){ room, (size_t)got });
}

/* Copied and lent pieces, each with bytes of its own; EXPECTED gets all of them. */
static void add_pieces(struct outgoing *outgoing, char (*lent)[LONG_LEN], unsigned count, struct buffer *expected)
{
	for (unsigned i = 0; i < count; i++) {
		memset(lent[i], (int)('a' + i), LONG_LEN);
		char head[] = "head ?;";
		head[5] = (char)('0' + i);
		outgoing_copy(outgoing, slice_of(head));
		outgoing_lend(outgoing, (struct slice){ lent[i], LONG_LEN });
		outgoing_lend(outgoing, SLICE("short;"));
		buffer_add(expected, slice_of(head));
		buffer_add(expected, (struct slice){ lent[i], LONG_LEN });
		buffer_add(expected, SLICE("short;"));
	}
}

/* A socket takes far less than this at once. */
static void pieces_leave_in_their_order_however_little_the_socket_takes(void)
{
	static char lent[8][LONG_LEN];
	struct outgoing outgoing = { 0 };
	struct buffer expected = { 0 }, received = { 0 };
	int fds[2];
	make_sockets(fds);
	add_pieces(&outgoing, lent, 8, &expected);
	CU_ASSERT(outgoing.queued == expected.len);
	while (outgoing.sent < outgoing.queued) {
		CU_ASSERT_FATAL(outgoing_send(&outgoing, channel, UINT64_MAX));
		receive(fds[1], &received);
	}
	CU_ASSERT(slice_equal(buffer_slice(&received), buffer_slice(&expected)));
	CU_ASSERT(outgoing.count == 0 && outgoing.own.len == 0);
	buffer_free(&expected);
	buffer_free(&received);
	outgoing_free(&outgoing);
	free_channel();
	close(fds[1]);
}

static void nothing_leaves_beyond_the_end(void)
{
	static char lent[2][LONG_LEN];
	struct outgoing outgoing = { 0 };
	struct buffer expected = { 0 }, received = { 0 };
	int fds[2];
	make_sockets(fds);
	add_pieces(&outgoing, lent, 2, &expected);
	for (uint64_t end = 3; end < outgoing.queued; end += 40000) {
		while (outgoing.sent < end) {
			CU_ASSERT_FATAL(outgoing_send(&outgoing, channel, end));
			receive(fds[1], &received);
		}
		CU_ASSERT(outgoing.sent == end && received.len == end);
		CU_ASSERT(outgoing_send(&outgoing, channel, 1) && outgoing.sent == end);
	}
	CU_ASSERT(memcmp(received.ptr, expected.ptr, received.len) == 0);
	buffer_free(&expected);
	buffer_free(&received);
	outgoing_free(&outgoing);
	free_channel();
	close(fds[1]);
}

static void a_closed_socket_is_told(void)
{
	struct outgoing outgoing = { 0 };
	int fds[2];
	make_sockets(fds);
	close(fds[1]);
	outgoing_copy(&outgoing, SLICE("x"));
	CU_ASSERT(!outgoing_send(&outgoing, channel, UINT64_MAX));
	outgoing_free(&outgoing);
	free_channel();
}

void suite_outgoing(void)
{
	CU_pSuite suite = CU_add_suite("outgoing", NULL, NULL);
	CU_ADD_TEST(suite, pieces_leave_in_their_order_however_little_the_socket_takes);
	CU_ADD_TEST(suite, nothing_leaves_beyond_the_end);
	CU_ADD_TEST(suite, a_closed_socket_is_told);
}
