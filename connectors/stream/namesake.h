/* Namesake: another process that reads a log under our name. Each tells the log's owner how far it has read in the same field of a hash, so each
 * finds there what the other wrote. */
#ifndef CONNECTORS_STREAM_NAMESAKE_H
#define CONNECTORS_STREAM_NAMESAKE_H

#include "base/bytes.h"

#define NAMESAKE_MARK_SIZE 20            /* bytes of a mark, its end included */

struct namesake {                    /* zero-initialise, but for the mark */
	char mark[NAMESAKE_MARK_SIZE];   /* of this process: the end of all that it writes into the field */
	char found[80];                  /* what another one wrote last */
	unsigned count;                  /* how often such a one has written */
};

/* VALUE stood in the field before we write it again. True: another process is alive. A process that ended may have left one value on its way. */
bool namesake_hear(struct namesake *namesake, struct slice value);

#endif
