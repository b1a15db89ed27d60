/* Text: owned C strings and formatted additions to buffers. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "bytes.h"

#include <stdarg.h>

/* An owned copy, released with memory_free. */
char *text_copy(const char *text);
/* Item number INDEX of LIST, whose items have commas between them, without the spaces around it; owned. NULL: there are no so many. */
char *text_list_item(const char *list, unsigned index);
bool text_is_among(const char *text, const char *const *texts, unsigned count);
void buffer_add_format(struct buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_add_vformat(struct buffer *out, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

#endif
