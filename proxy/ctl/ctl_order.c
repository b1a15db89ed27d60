#include "ctl_order.h"

#include <string.h>

bool ctl_order_takes(const struct ctl_order *order, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = order->options; *at != '\0'; at += strspn(at, " ")) {
		size_t word_len = strcspn(at, " ");

		if (word_len == len && strncmp(at, name, len) == 0)
			return true;
		at += word_len;
	}
	return false;
}

size_t ctl_order_family_len(const struct ctl_order *order)
{
	return strcspn(order->name, " ");
}
