/* Library dump: libraries as FUNCTION DUMP gives them and FUNCTION RESTORE takes them: as they stand in RDB files. */
#ifndef CORE_LIBRARY_DUMP_H
#define CORE_LIBRARY_DUMP_H

#include "base/bytes.h"

/* Begins to read a dump; false: Redis would not take it. LIBRARIES is what stands in front of its end, VERSION what dump_end wants. */
MUST_CHECK bool library_dump_open(struct slice dump, struct slice *libraries, struct slice *version);
/* Appends the text of the next one to CODE, which is no longer than BYTES_MAX then. False: that cannot be read. */
MUST_CHECK bool library_dump_next(struct slice *libraries, size_t bytes_max, struct buffer *code);
void library_dump_add(struct buffer *out, struct slice code);
/* What the first line of a library calls it; empty: nothing. */
struct slice library_dump_name(struct slice code);

#endif
