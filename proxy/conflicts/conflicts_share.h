/* Conflicts share: how many records to ask Redis for at once. Records may hold large values, so a number alone would not bound a reply. Private to
 * this room. */
#ifndef PROXY_CONFLICTS_SHARE_H
#define PROXY_CONFLICTS_SHARE_H

#include <stddef.h>

#define CONFLICTS_SHARE_BYTES (1u << 20)     /* the size of a reply that is aimed at */
#define CONFLICTS_SHARE_FIRST 16u            /* records, while their size is not known */

/* How many records make a reply of that size, if they are as large as the COUNT records of the last reply; at most MAX. */
static inline unsigned conflicts_share(size_t reply_len, unsigned count, unsigned max)
{
	if (count == 0)
		return CONFLICTS_SHARE_FIRST;
	size_t fitting = CONFLICTS_SHARE_BYTES / (reply_len / count + 1);
	return fitting < 1 ? 1 : fitting > max ? max : (unsigned)fitting;
}

#endif
