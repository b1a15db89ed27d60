/* Number: floating-point numbers as Redis writes them. The only place of the core that formats through the C library. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "bytes.h"

void buffer_add_double(struct buffer *buffer, double number);            /* a score: shortest of %.17g that Redis reads back exactly */
void buffer_add_long_double(struct buffer *buffer, long double number);  /* as INCRBYFLOAT's result: fixed point, 17 digits, no trailing zeros */

#endif
