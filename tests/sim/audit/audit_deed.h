/* Deed: one executed command under examination: its arguments, its reply, and the keys it names as the store holds them right after it. */
#ifndef SIM_AUDIT_DEED_H
#define SIM_AUDIT_DEED_H

#include "audit_parts.h"

struct deed {
	struct auditor *auditor;
	const struct sim_store *store;
	const struct sim_executed *executed;
	struct facts *facts;
};

/* Arguments are counted from 0, the command's name. */
uint32_t deed_name(const struct deed *deed, unsigned argument);
long double deed_number(const struct deed *deed, unsigned argument);
bool deed_argument_is(const struct deed *deed, unsigned argument, const char *word);     /* in whatever case */
bool deed_has_option(const struct deed *deed, unsigned first, const char *word);         /* among the arguments from FIRST on */
/* The key that an argument names, as the store holds it now. NULL: it holds none. */
const struct sim_key *deed_key(const struct deed *deed, unsigned argument);
/* Adds a fact about the key that an argument names. */
struct fact *deed_add(const struct deed *deed, enum fact_kind kind, unsigned key_argument);

bool deed_reply_is_nil(const struct deed *deed);         /* in either protocol */
long long deed_reply_number(const struct deed *deed);
/* Takes the next bulk text off *REPLY. False: there is none left. */
bool deed_next_text(struct slice *reply, struct slice *text);

/* WIDTH bits of BYTES from bit AT on, as a number. */
uint64_t deed_bits(struct slice bytes, int64_t at, int64_t width);

#endif
