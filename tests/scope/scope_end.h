/* End: when every datacenter has applied everything: they agree, each pair shows what its row says, the conflicts counted are those of rule 9, and
 * nothing is remembered once all is stable. */
#ifndef SCOPE_END_H
#define SCOPE_END_H

#include "scope_played.h"

void scope_check_end(struct scope_played *play);

#endif
