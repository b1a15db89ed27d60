/* SHA-1 (RFC 3174): how Redis names scripts. */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include "bytes.h"

#define SHA1_HEX 40

void sha1_hex(struct slice bytes, char hex[SHA1_HEX]);   /* in lower case, without a terminator */

#endif
