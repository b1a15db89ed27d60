#include "tls_error.h"

#include <openssl/err.h>
#include <stdio.h>

#include "base/text.h"

void tls_error_add(struct buffer *out, const char *what)
{
	buffer_add_format(out, "%s (%s)", what, tls_error_text());
}

const char *tls_error_text(void)
{
	static char text[128];
	unsigned long error = ERR_get_error();
	const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;
	snprintf(text, sizeof text, "%s", reason != NULL ? reason : "unknown reason");
	ERR_clear_error();
	return text;
}
