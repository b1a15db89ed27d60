/* State: what a client can see of the three keys of a case, with all elements that the outcome table's operations can write. Its size is fixed, so
 * that whole states can be compared. */
#ifndef SCOPE_STATE_H
#define SCOPE_STATE_H

#include "tests/sim/store/sim_store.h"

enum scope_key { SCOPE_K, SCOPE_Q, SCOPE_R, SCOPE_KEYS };
enum scope_element {
	SCOPE_STRING, SCOPE_FIELD_F, SCOPE_FIELD_G, SCOPE_MEMBER_M, SCOPE_MEMBER_N, SCOPE_SCORE_M, SCOPE_SCORE_N, SCOPE_LIST, SCOPE_STREAM, SCOPE_ENTRY_ONE, SCOPE_ENTRY_TWO,
	SCOPE_DEADLINE, SCOPE_ELEMENTS
};

#define SCOPE_VALUE_MAX 24

struct scope_value {
	bool is_present;
	char text[SCOPE_VALUE_MAX];  /* lists: a letter each element; streams: their last id; entries: the value of their field; deadlines: Unix time in milliseconds */
};

struct scope_state { struct scope_value at[SCOPE_KEYS][SCOPE_ELEMENTS]; };

extern const char scope_key_letters[SCOPE_KEYS];

enum sim_type scope_type(enum scope_element element);        /* not of the deadline, which belongs to any type */
bool scope_has_key(const struct scope_state *state, unsigned key);
void scope_put(struct scope_value *value, const char *text);
void scope_put_number(struct scope_value *value, int64_t number);
bool scope_number(const struct scope_value *value, int64_t *number);
/* Amounts are numbers with a fraction, in hundredths. */
void scope_put_amount(struct scope_value *value, int64_t amount);
bool scope_amount(const struct scope_value *value, int64_t *amount);
bool scope_parse_amount(const char *text, int64_t *amount);
/* The element of that name, or SCOPE_ELEMENTS. */
enum scope_element scope_element_named(enum sim_type type, struct slice name);
/* Removes deadlines of keys that do not exist. */
void scope_tidy(struct scope_state *state);
bool scope_equal(const struct scope_state *a, const struct scope_state *b);
/* "k=5 until 1700000100000, q{f=1 g=2}", in memory that the fourth call from now uses again. */
const char *scope_text(const struct scope_state *state);
/* Reads one key of the store into VALUES. False: it holds something that no case could have written. */
MUST_CHECK bool scope_read_key(const struct pool *pool, const struct sim_key *key, struct scope_value *values);

#endif
