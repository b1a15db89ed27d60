#include "silence.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

void silence_connect(struct silence *silence)
{
	*silence = (struct silence){ .began_ms = silence->began_ms };
}

void silence_forget(struct silence *silence)
{
	*silence = (struct silence){ 0 };
}

/* How long we ourselves were away: stopped, or busy. Answers may have lain unread in the socket meanwhile. */
static uint64_t absence_ms(const struct silence *silence, uint64_t now_ms, uint64_t limit_ms)
{
	uint64_t look_ms = limit_ms / SILENCE_LOOKS;
	uint64_t passed_ms = silence->looked_ms != 0 ? now_ms - silence->looked_ms : 0;
	return passed_ms > 2 * look_ms ? passed_ms - look_ms : 0;
}

enum silence_verdict silence_look(struct silence *silence, uint64_t now_ms, uint64_t moved, uint64_t limit_ms)
{
	uint64_t away_ms = absence_ms(silence, now_ms, limit_ms);
	silence->looked_ms = now_ms;
	if (moved != silence->moved) {
		silence->moved = moved;
		silence->since_ms = silence->began_ms = 0;
		silence->is_probed = false;
		return SILENCE_NONE;
	}
	silence->since_ms = silence->since_ms == 0 ? now_ms : silence->since_ms + away_ms;
	if (silence->began_ms == 0)
		silence->began_ms = now_ms;
	if (!silence->is_probed) {
		silence->is_probed = true;
		return SILENCE_PROBE;
	}
	return now_ms - silence->since_ms >= limit_ms ? SILENCE_TOO_LONG : SILENCE_NONE;
}

uint64_t silence_ms(const struct silence *silence, uint64_t now_ms, uint64_t moved)
{
	return silence->began_ms > 0 && moved == silence->moved ? now_ms - silence->began_ms : 0;
}

bool queue_has_moved(struct queue_look *look, int fd, uint64_t given)
{
	int queued;
	if (ioctl(fd, SIOCOUTQ, &queued) != 0)
		queued = 0;
	bool has_moved = given == look->given && queued < look->queued;
	*look = (struct queue_look){ given, queued };
	return has_moved;
}
