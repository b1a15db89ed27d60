/* Base64 (RFC 4648, with padding): how JSON carries bytes that are no text. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "bytes.h"

void base64_encode(struct slice bytes, struct buffer *out);
/* Adds to OUT. False: TEXT is none. */
MUST_CHECK bool base64_decode(struct slice text, struct buffer *out);

#endif
