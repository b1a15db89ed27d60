/* User hash: 128 bits that stand for a user, and the draw that decides who lives where under weights. The same on every machine. */
#ifndef CORE_USER_HASH_H
#define CORE_USER_HASH_H

#include "base/bytes.h"

struct user_hash { uint64_t low, high; };

/* SipHash-2-4 with a result of 128 bits (Aumasson, Bernstein: SipHash, 2012), under a fixed key: of NAME and ID apart, so that no two users share bytes. */
struct user_hash user_hash(struct slice name, struct slice id);
/* The same in two steps, for many ids of one name. */
struct user_hash user_hash_name(struct slice name);
struct user_hash user_hash_id(struct user_hash name, struct slice id);
/* A number that is the same for all who ask about this user and this datacenter. DC: user_hash_dc of its name. */
uint64_t user_hash_draw(struct user_hash user, uint64_t dc);
uint64_t user_hash_dc(struct slice name);
/* -log2(DRAW / 2^64) with 24 binary digits behind the point, rounded up: at most 2^30. */
uint64_t user_hash_cost(uint64_t draw);

#endif
