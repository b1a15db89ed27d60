/* Teller that writes JSON. */
#ifndef PROXY_TELLER_JSON_H
#define PROXY_TELLER_JSON_H

#include "teller.h"

/* Bytes that are not UTF-8 are told as "name" in base64 with "name_encoding": "base64" beside it; in a list, as {"base64": …}. */
struct teller *teller_json_new(bool is_indented);
/* Adds the text of the one object or list that was told to OUT; frees the teller. */
void teller_json_finish(struct teller *teller, struct buffer *out);
/* Frees the teller: nobody wants what it was told. */
void teller_json_drop(struct teller *teller);

#endif
