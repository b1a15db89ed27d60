/* Generator: what clients send: every kind of write, on few keys, so that DCs meet. */
#ifndef SIM_GENERATOR_H
#define SIM_GENERATOR_H

#include "world.h"

/* One request of a client of DC, drawn from the world's dice. */
void generator_send(struct world *world, struct dc *dc);
/* Stories: one command as text, words separated by blanks; returns its token. */
uint64_t generator_say(struct world *world, struct dc *dc, const char *text, bool is_guarded);

/* For asks: a request to be filled, a key of a rule whose values are texts, and sending; false: there is nobody to take it. */
struct client_request *generator_request(struct world *world, const struct dc *dc);
void generator_text_key(struct world *world, enum audit_rule rule, bool is_hash, char *room, size_t size);
bool generator_enter(struct world *world, struct dc *dc, struct client_request *request);
unsigned generator_ask_operation(enum ask_verb verb);

unsigned operation_count(void);
const struct operation *operation_at(unsigned index);

#endif
