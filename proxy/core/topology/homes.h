/* Homes: who is home of a user, from the table of homes and the defaults. */
#ifndef CORE_HOMES_H
#define CORE_HOMES_H

#include "home_news.h"
#include "topology.h"
#include "proxy/core/vocabulary/home.h"

void homes_find(const struct topology *topology, const struct user *user, struct user_hash hash, struct home *home);
/* EFFECT_HOME: USER, which has to last until the next step, lives there now. */
void homes_tell_of(struct topology *topology, struct slice user, const struct home *home);
/* USER is written as name:id. False: no pattern has that name. */
bool homes_named(const struct topology *topology, struct slice user, struct home *home);
/* The same for whoever asks: he is told of a new home only when that is known to know of it. */
bool homes_told(const struct topology *topology, struct slice user, struct home *home);
/* The hash of homes as the store has it, piece by piece. */
void homes_load(struct topology *topology, const struct event *event);
/* The store has this home now: VALUE as it stands in the hash. */
void homes_learn(struct topology *topology, struct slice user, struct slice value);
void homes_learn_all(struct topology *topology, const struct home_news *news);
/* What VALUE, as it stands in the hash, says. */
void homes_read(const struct topology *topology, struct slice value, struct home *home);
/* What a home is written as. */
void homes_write(const struct topology *topology, struct buffer *out, uint64_t epoch, unsigned dc, bool is_forced);
bool homes_are_in(uint32_t db, struct slice key);        /* is it the hash of homes? */
/* A remote write to a user's home was applied; it is not rendered yet. */
void homes_note_arrived(struct topology *topology, struct slice user);
/* Does it take a user over? Then USER is his hash. */
bool homes_take_over(const struct topology *topology, const struct change *change, uint64_t user[2]);
/* Whose the key is, as such a hash. Keys that are taken everywhere count as nobody's. */
bool homes_user_of(const void *topology, struct slice key, uint64_t user[2]);
/* The name of a datacenter, for people. */
struct slice homes_dc_name(const struct topology *topology, unsigned dc);

#endif
