#include "number.h"

#include <stdio.h>

#define TEXT_MAX 5200                /* LDBL_MAX in fixed point has 4933 digits */

void buffer_add_double(struct buffer *buffer, double number)
{
	char text[40];
	int len = snprintf(text, sizeof text, "%.17g", number);
	buffer_add(buffer, (struct slice){ text, (size_t)len });
}

void buffer_add_long_double(struct buffer *buffer, long double number)
{
	char text[TEXT_MAX];
	size_t len = (size_t)snprintf(text, sizeof text, "%.17Lf", number);
	while (len > 0 && text[len - 1] == '0')
		len--;
	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 2 && text[0] == '-' && text[1] == '0') {
		text[0] = '0';
		len = 1;
	}
	buffer_add(buffer, (struct slice){ text, len });
}
