/* Teller that writes RESP. */
#ifndef PROXY_TELLER_RESP_H
#define PROXY_TELLER_RESP_H

#include "teller.h"

/* RESP2: an object is an array of names and values in turn; numbers and truths (1, 0) are integers. */
struct teller *teller_resp_new(void);
void teller_resp_finish(struct teller *teller, struct buffer *out);

#endif
