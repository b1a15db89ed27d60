/* Turn store: connects to the store, and makes what it tells into events. Private to this room. */
#ifndef PROXY_TURN_STORE_H
#define PROXY_TURN_STORE_H

#include "turn_step.h"

/* Begins to connect. The core is made when the store is open for the first time. */
void turn_open_store(struct turn *turn);
/* Drops the connection and connects again: the core mistrusts what it knows of the store, and so starts over. */
void turn_reopen_store(struct turn *turn);
/* Log lines where what Redis permits has changed. */
void turn_watch_store(struct turn *turn);
void turn_close_store(struct turn *turn);

#endif
