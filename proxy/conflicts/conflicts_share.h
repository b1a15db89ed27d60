/* Conflicts share: how many records to ask Redis for at once. Records may hold whole values, so their number alone bounds nothing. */
#ifndef PROXY_CONFLICTS_SHARE_H
#define PROXY_CONFLICTS_SHARE_H

#include <stddef.h>

#define CONFLICTS_SHARE_BYTES (1u << 20)     /* aimed at, of one reply */
#define CONFLICTS_SHARE_FIRST 16u            /* while their size is not known */

/* As many as make a reply of the size aimed at, were they all like the COUNT records of the last one; at most MAX. */
static inline unsigned conflicts_share(size_t reply_len, unsigned count, unsigned max)
{
	if (count == 0)
		return CONFLICTS_SHARE_FIRST;
	size_t fitting = CONFLICTS_SHARE_BYTES / (reply_len / count + 1);
	return fitting < 1 ? 1 : fitting > max ? max : (unsigned)fitting;
}

#endif
