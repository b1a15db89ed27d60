/* Admission: is a client's request taken here? It is asked before a request joins a group. */
#ifndef CORE_ADMISSION_H
#define CORE_ADMISSION_H

#include "topology.h"

/* True: take it. Else it was held, refused, or given to its home (EFFECT_AWAY), and is not the caller's any more. HELD: it waited before; NULL: it comes
 * from its client. */
bool admission_ask(struct topology *topology, const struct event *request, struct held *held);
/* May a write of KEY that is no command (a client that deals with versions) be taken here? NULL; or why not. It does not wait. */
const char *admission_error(const struct topology *topology, struct slice key);
/* Is this a read that has to be asked for, too? */
bool admission_concerns_read(struct topology *topology, const struct command *row, const struct request *request);
/* The datacenter to which writes of these keys are forwarded. 0: this one, or they are not forwarded. CORE_DC_UNKNOWN: not all to the same. */
unsigned admission_forwarded_to(struct topology *topology, const struct command *row, const struct request *request);

#endif
