/* MessagePack, as Redis's cmsgpack writes it: read piece by piece. Private to this room. */
#ifndef CORE_MSGPACK_H
#define CORE_MSGPACK_H

#include "base/bytes.h"

enum pack_type { PACK_NIL, PACK_BOOLEAN, PACK_INTEGER, PACK_DOUBLE, PACK_TEXT, PACK_ARRAY, PACK_MAP };

struct pack {
	enum pack_type type;
	int64_t integer;             /* boolean, integer; array, map: how many items or pairs follow */
	double number;
	struct slice text;
};

/* Takes one header or scalar off the front of *CURSOR. False: there is none. */
MUST_CHECK bool pack_read(struct slice *cursor, struct pack *pack);

#endif
