/* Info view: the lines of INFO as a client's own world: its commands and connections are those of this homeportd's clients; the reserved database, and what the
 * sidecar itself subscribes to, are left out. What Redis counts for all alike (bytes, memory, hits and misses, times) stays as it is. */
#ifndef PROXY_INFO_VIEW_H
#define PROXY_INFO_VIEW_H

#include "session.h"

void info_view_add(struct sessions *sessions, struct slice info, struct buffer *out);

#endif
