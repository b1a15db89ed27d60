#include "stream_end.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream_cut.h"
#include "stream_writer.h"

static void take_sound(struct stream_socket *redis, void *reply, void *context);
static void take_end(struct stream_socket *redis, void *reply, void *context);

void stream_end_ask(struct stream_end *end, struct stream_socket *redis, int64_t unsure)
{
	end->sound = -1;
	stream_socket_command(redis, take_sound, end, "EVAL %s 1 " STREAM_KEY " %d", STREAM_CUT, STREAM_CUT_LOOKS + (int)unsure);
	stream_socket_command(redis, take_end, end, "XINFO STREAM " STREAM_KEY);
	stream_link_expect(end->link, 0);
}

static void take_sound(struct stream_socket *redis, void *reply, void *context)
{
	struct stream_end *end = context;
	const redisReply *sound = reply;
	(void)redis;
	if (sound->type == REDIS_REPLY_ERROR)
		stream_link_drop(end->link, sound->str);
	else if (sound->type == REDIS_REPLY_STRING)
		end->sound = strtoll(sound->str, NULL, 10);
}

static bool read_end(const redisReply *info, int64_t *position)
{
	if (info->type != REDIS_REPLY_ARRAY)
		return false;
	for (size_t i = 0; i + 1 < info->elements; i += 2) {
		const redisReply *name = info->element[i], *value = info->element[i + 1];
		if (name->type == REDIS_REPLY_STRING && strcmp(name->str, "last-generated-id") == 0)
			return value->type == REDIS_REPLY_STRING && sscanf(value->str, "%" SCNd64 "-", position) == 1;
	}
	return false;
}

static void take_end(struct stream_socket *redis, void *reply, void *context)
{
	struct stream_end *end = context;
	const redisReply *info = reply;
	int64_t last = 0;
	bool is_new = info->type == REDIS_REPLY_ERROR && strstr(info->str, "no such key") != NULL;
	if (!is_new && !read_end(info, &last)) {
		stream_link_drop(end->link, info->type == REDIS_REPLY_ERROR ? info->str : "XINFO STREAM " STREAM_KEY " tells no last id");
		return;
	}
	stream_link_expect_none(end->link);
	end->found(end->context, redis, last, end->sound >= 0 ? end->sound : last);
}
