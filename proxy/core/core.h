/* Core: the replication rules, as a state machine without I/O. core_step takes one event and gives effects.
 * No clock, socket, thread, file, log, global or random number in here; the same events give the same effects.
 * The simulator and the daemon drive it through the same three headers: core.h, event.h, effect.h. */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "proxy/core/causes/core_status.h"
#include "proxy/core/vocabulary/effect.h"
#include "proxy/core/vocabulary/event.h"
#include "proxy/core/vocabulary/home.h"
#include "proxy/core/vocabulary/options.h"

struct core;
/* NULL when the options contradict each other: *error says what and what to do. */
struct core *core_new(const struct core_options *options, const char **error);
void core_free(struct core *core);
void core_step(struct core *core, const struct event *event, struct effects *effects);
/* An opening went on without metadata that a log had lost: what met those writes may have ended otherwise here. */
bool core_has_lost_metadata(const struct core *core);
const struct core_status *core_status(struct core *core);
/* A counter, incremented whenever gathered groups are sent. If it is unchanged since a client's last write, that write is unsent, and the client's
 * next read must also go through the core to see it. */
uint64_t core_gathering(const struct core *core);
/* After EVENT_TURN_ENDED: there is more to do, so the next turn should begin at once. */
bool core_is_unfinished(const struct core *core);
/* With which error clients are refused whatever they ask for, as the data may be wrong; NULL: they are not. */
const char *core_refusal(const struct core *core);
/* Local writes are paused until remote batches, or re-runs, are done. */
bool core_is_holding(const struct core *core);
/* The bytes of groups that were sent to the store and not answered. */
uint64_t core_unanswered_bytes(const struct core *core);
/* Adds to USER the name:id of whoever the key belongs to. False: nobody. */
bool core_user_of_key(const struct core *core, struct slice key, struct buffer *user);
/* Where a user lives, written as name:id. False: no pattern of homes has that name, or none are configured. */
bool core_home_of_user(const struct core *core, struct slice user, struct home *home);
/* Does a key of this read belong to a pattern with `read: home`? Then it is to be given to the core as a request. False at once where no pattern has it. */
bool core_concerns_read(const struct core *core, const struct command *row, const struct request *request);
/* Does XREAD show an entry of this stream only once nothing can come in front of it (a rule's `stream: ordered`)? False at once where no rule says so. */
bool core_reads_in_order(const struct core *core, struct slice key);
/* Of entries whose ids datacenters chose, all with ids before this time are in the store. 0: nothing is known. */
uint64_t core_entries_until_ms(const struct core *core);
/* The datacenter to which writes of these keys are forwarded. 0: this one, or they are not forwarded. CORE_DC_UNKNOWN: not all to the same. */
unsigned core_forwarded_to(const struct core *core, const struct command *row, const struct request *request);
/* Asserts every invariant. The simulator calls it after each step. */
void core_check(const struct core *core);

const char *peer_state_text(enum peer_state state);
const char *core_rule_text(unsigned rule);       /* NULL past the end */
const char *core_kind_text(unsigned kind);
const char *move_result_text(enum move_result result);
const char *outcome_text(enum outcome outcome);

#endif
