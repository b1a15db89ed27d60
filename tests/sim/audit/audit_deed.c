#include "audit_deed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

uint32_t deed_name(const struct deed *deed, unsigned argument)
{
	return pool_intern(deed->auditor->options.pool, deed->executed->argv[argument]);
}

struct fact *deed_add(const struct deed *deed, enum fact_kind kind, unsigned key_argument)
{
	return facts_add(deed->facts, kind, deed->executed->db, deed_name(deed, key_argument));
}

bool deed_argument_is(const struct deed *deed, unsigned argument, const char *word)
{
	struct slice text = deed->executed->argv[argument];

	return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

bool deed_has_option(const struct deed *deed, unsigned first, const char *word)
{
	for (unsigned i = first; i < deed->executed->argc; i++)
		if (deed_argument_is(deed, i, word))
			return true;
	return false;
}

long double deed_number(const struct deed *deed, unsigned argument)
{
	char room[128];
	struct slice text = deed->executed->argv[argument];

	snprintf(room, sizeof(room), "%.*s", (int)text.len, text.ptr);
	return strtold(room, NULL);
}

const struct sim_key *deed_key(const struct deed *deed, unsigned argument)
{
	return sim_store_find(deed->store, deed->executed->db, deed_name(deed, argument));
}

bool deed_reply_is_nil(const struct deed *deed)
{
	struct slice reply = deed->executed->reply;

	return reply.ptr[0] == '_' || (reply.len >= 3 && reply.ptr[0] == '$' && reply.ptr[1] == '-');
}

long long deed_reply_number(const struct deed *deed)
{
	return strtoll(deed->executed->reply.ptr + 1, NULL, 10);
}

bool deed_next_text(struct slice *reply, struct slice *text)
{
	while (reply->len > 0) {
		const char *end = memchr(reply->ptr, '\n', reply->len);
		char sign = reply->ptr[0];
		/* Behind "_", which is nil, no number stands, and perhaps nothing. */
		long len = sign == '$' ? strtol(reply->ptr + 1, NULL, 10) : -1;

		if (end == NULL)
			return false;
		reply->len -= (size_t)(end + 1 - reply->ptr);
		reply->ptr = end + 1;
		if (len < 0)
			continue;
		*text = (struct slice){ reply->ptr, (size_t)len };
		reply->ptr += len + 2;
		reply->len -= (size_t)len + 2;
		return true;
	}
	return false;
}

uint64_t deed_bits(struct slice bytes, int64_t at, int64_t width)
{
	uint64_t number = 0;

	for (int64_t bit = at; bit < at + width; bit++)
		number = number * 2 + ((size_t)(bit / 8) < bytes.len && ((unsigned char)bytes.ptr[bit / 8] & 128u >> bit % 8) != 0);
	return number;
}
