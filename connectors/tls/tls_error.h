/* TLS error: what OpenSSL says is wrong, as text. */
#ifndef CONNECTORS_TLS_ERROR_H
#define CONNECTORS_TLS_ERROR_H

#include "base/bytes.h"

/* Adds WHAT, and OpenSSL's reason in brackets. OpenSSL forgets it then. */
void tls_error_add(struct buffer *out, const char *what);
/* OpenSSL's reason, the oldest one; static until the next call. */
const char *tls_error_text(void);

#endif
