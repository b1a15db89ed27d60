/* Dump: what DUMP gives and RESTORE takes, as far as it has to be looked at: is it whole, and is what it holds replicated? */
#ifndef CORE_DUMP_H
#define CORE_DUMP_H

#include "base/bytes.h"

#define DUMP_FOOTER 10               /* bytes at the end: two of version, then eight of checksum, the lowest first */
#define DUMP_VERSION 2

/* Is a type that a DUMP begins with this byte of replicated? */
bool dump_type_is_known(unsigned char type);
/* The store refuses any that is not, after everything else that may be wrong with the command. */
bool dump_is_whole(struct slice dump);
/* Ends what OUT holds from FIRST on. VERSION: as another dump has it. */
void dump_end(struct buffer *out, size_t first, struct slice version);

#endif
