/* Commands of the simulated store: what they share. Only the sim_*.c files of the store include this. */
#ifndef SIM_COMMAND_H
#define SIM_COMMAND_H

#include "sim_store.h"

struct sim_call {
	struct sim_store *store;
	uint32_t db;                 /* SELECT changes it */
	unsigned argc;
	const struct slice *argv;
	unsigned protocol;
	uint64_t now_ms;
	uint64_t luck;               /* decides which member SPOP takes; a replay has the same number */
	struct buffer *out;
};

struct sim_command {
	const char *name;
	unsigned argc_min;
	bool is_write;
	bool is_growing;
	void (*run)(struct sim_call *call);
};

const struct sim_command *sim_command_find(struct slice name);

/* The keyspace, with lazy expiry. */
struct sim_key *store_lookup(struct sim_call *call, struct slice name);                       /* NULL: absent */
struct sim_key *store_lookup_in(struct sim_call *call, uint32_t db, struct slice name);
/* Likewise. If the key has another type, *is_wrong is true and WRONGTYPE has been answered. */
struct sim_key *store_lookup_typed(struct sim_call *call, struct slice name, enum sim_type type, bool *is_wrong);
struct sim_key *store_create(struct sim_call *call, uint32_t db, uint32_t name, enum sim_type type);
void store_remove(struct sim_store *store, struct sim_key *key);
void store_remove_if_empty(struct sim_store *store, struct sim_key *key);
void store_flush(struct sim_store *store, uint32_t db);
uint32_t store_intern(struct sim_call *call, struct slice text);
struct slice store_text(struct sim_call *call, uint32_t id);
struct sim_element *key_element(struct sim_key *key, uint32_t name);                          /* NULL: absent */
struct sim_element *key_element_add(struct sim_key *key, uint32_t name);                      /* found or new */
void key_element_remove(struct sim_key *key, struct sim_element *element);
void key_copy_content(struct sim_key *to, const struct sim_key *from);
void key_release_content(struct sim_key *key);

/* Streams of clients, and the scripts that edit them (false: another script). */
void entries_xadd(struct sim_call *call);
void entries_xdel(struct sim_call *call);
void entries_xtrim(struct sim_call *call);
void entries_xlen(struct sim_call *call);
bool entries_eval(struct sim_call *call);
void entry_reply(struct sim_call *call, const struct sim_element *entry);
int entry_order(struct slice id, struct slice other);
/* Their consumer groups: the commands, and what the same script does of them that edits the stream. */
struct sim_fresh { uint32_t *names; unsigned count; };       /* entries that were not there before */
bool groups_eval(struct sim_call *call);
void groups_edit(struct sim_call *call, const struct sim_fresh *fresh);

/* Replies in the call's protocol. */
void reply_integer(struct sim_call *call, int64_t number);
void reply_bulk(struct sim_call *call, struct slice text);
void reply_nil(struct sim_call *call);
void reply_ok(struct sim_call *call);
void reply_error(struct sim_call *call, const char *line);
void reply_double(struct sim_call *call, double number);
void reply_array(struct sim_call *call, uint64_t count);
void reply_set(struct sim_call *call, uint64_t count);
void reply_map(struct sim_call *call, uint64_t pairs);

bool argument_is(struct slice argument, const char *word);           /* ASCII, any case */
bool text_to_int64(struct slice text, int64_t *number);
bool text_to_long_double(struct slice text, long double *number);
struct slice format_long_double(long double number, char *room, size_t size);
struct slice format_double(double number, char *room, size_t size);

/* The rows of sim_command.def; UNLINK shares DEL's. */
#define COMMAND(name, argc_min, is_write, is_growing, function) void function(struct sim_call *call);
#include "sim_command.def"
#undef COMMAND

#endif
