#include "complaints.h"

#include "base/text.h"

void complain(struct complaints *complaints, struct place place, const char *format, ...)
{
	va_list args;

	complaints->count++;
	buffer_add_format(complaints->out, "%s:%u:%u: ", complaints->path, place.line, place.col);
	va_start(args, format);
	buffer_add_vformat(complaints->out, format, args);
	va_end(args);
	buffer_add_byte(complaints->out, '\n');
}
