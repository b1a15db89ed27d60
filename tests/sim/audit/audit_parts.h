/* What the auditor's files do for each other. Lowest first: a file calls only those above it, and auditor.c and audit_final.c call all.
 *
 *   audit_fact.c     facts, vectors, pairs              audit_ask.c           clients that deal with versions
 *   audit_report.c   what was found                     audit_ship.c          what was shipped, by the logs
 *   audit_writes.c   every write, by its dot            audit_handler.c       handlers of custom rules
 *   audit_expiry.c   deadlines that stores met          audit_conflict.c      which pairs are conflicts (rule 9)
 *   audit_context.c  contexts as clients hold them      audit_record.c        which conflict records there must be
 *   audit_command.c  what a store is told for clients   audit_record_judge.c  whether they are there, and right
 *   audit_deed.c     one command and its reply          audit_dots.c          dots beside the data
 *   audit_derive.c   what a command did, by its reply   audit_final.c         the end: stores against outcomes
 *   audit_outcome.c  what a key must hold (rules 4-8)   auditor.c             what happens, as it happens
 *   audit_list.c     the order of a list                audit_stream.c        the entries of a stream
 *   audit_keys.c     what was shipped, by key           audit_break.c         what breaks
 *   audit_choice.c   what somebody decided              audit_fresh.c         how fresh a core says that it is
 *   audit_home.c     homes of users (H1-H6)
 *   audit_session.c  what session tokens promise        audit_apart.c         the end, where some datacenter needs a resync */
#ifndef SIM_AUDIT_PARTS_H
#define SIM_AUDIT_PARTS_H

#include "audit_state.h"

/* ---- audit_writes.c ---- */

unsigned audit_origin(struct auditor *auditor, unsigned dc, uint64_t incarnation);     /* finds or adds */
int audit_dc(const struct auditor *auditor, struct slice name);                        /* -1: unknown */
struct audited_write *audit_write(struct auditor *auditor, unsigned origin, uint64_t seq);     /* finds or adds */
struct audited_write *audit_find(const struct auditor *auditor, unsigned origin, uint64_t seq); /* NULL: never heard of */
const char *audit_dot(const struct auditor *auditor, unsigned origin, uint64_t seq);   /* readable; eight at a time */
/* Does NEWER cover OLDER, so that it replaces it where both wrote? The shipped context tells; if the client gave one, that one. */
bool audit_covers(const struct audited_write *newer, const struct audited_write *older);
/* Had NEWER's DC applied OLDER when it made it? */
bool audit_follows(const struct audited_write *newer, const struct audited_write *older);
/* Positive: A is newer. */
int audit_compare(const struct auditor *auditor, const struct audited_write *a, const struct audited_write *b);

/* A position of a context names a floor: all that the earlier incarnations of DC have shipped was seen, but for what VECTOR is told of them later. */
void audit_take_floor(struct auditor *auditor, struct vector *vector, unsigned dc, uint64_t incarnation);
/* Is it, or a later one of its origin, in a log? */
bool audit_is_heard(const struct auditor *auditor, unsigned origin, uint64_t seq);

/* ---- audit_fact.c ---- */

const char *audit_facts_text(const struct auditor *auditor, const struct facts *facts);

/* ---- audit_dots.c ---- */

void audit_dots(struct auditor *auditor);

/* ---- audit_expiry.c ---- */

struct touch;
/* Of what store, log and sidecar of a DC lost together, nobody knows unless another DC has applied it. */
bool audit_is_forgotten(const struct auditor *auditor, const struct audited_write *write);
void audit_drop_forgotten(struct auditor *auditor);
bool audit_is_exempt(const struct auditor *auditor, uint32_t db, uint32_t key);
/* Had this DC's store, when it had executed SEEN, removed what TOUCH wrote because its deadline had passed? There may be no write yet that says
 * so. */
bool audit_has_expired(const struct auditor *auditor, unsigned dc, const struct touch *touch, const struct vector *seen);
void audit_expiries_free(struct auditor *auditor);

/* ---- audit_context.c ---- */

/* Into VECTOR; false: it cannot be read. */
bool audit_context_read(struct auditor *auditor, struct slice text, struct vector *vector);

/* ---- audit_command.c ---- */

bool audit_is_word(struct slice argument, const char *word);     /* in whatever case */
/* Checks a command against what clients asked for. Returns how many clients' commands it answers. */
unsigned audit_command(struct auditor *auditor, unsigned dc, const struct sim_executed *executed);

/* ---- audit_derive.c ---- */

/* Adds to FACTS what the command did. False: its reply does not tell. */
bool audit_derive(struct auditor *auditor, const struct sim_store *store, const struct sim_executed *executed, struct facts *facts);
/* Adds to FACTS what the pair at argument AT of an MSET did: the same as a SET. */
void audit_derive_pair(struct auditor *auditor, const struct sim_executed *executed, unsigned at, struct facts *facts);

/* ---- audit_ask.c ---- */

/* A write on behalf of a client that deals with versions was executed, or shipped as SHIPPED. */
void audit_asked_execution(struct auditor *auditor, const struct audited_write *write, const struct proto_write *shipped);
void audit_asked_write(struct auditor *auditor, unsigned dc, struct audited_write *write, const struct proto_write *shipped);
struct audited_keys;
void audit_asks(struct auditor *auditor, const struct audited_keys *keys);
void audit_asks_free(struct auditor *auditor);

/* ---- audit_home.c ---- */

void audit_home_written(struct auditor *auditor, struct audited_dc *watched, const struct sim_executed *executed);
void audit_home_command(struct auditor *auditor, unsigned dc, const struct sim_executed *executed);
/* A group has run. IS_OWN: it holds writes of its datacenter. */
void audit_homes_ran(struct auditor *auditor, unsigned dc, struct audited_group *ran, bool is_own);
/* A change of the reserved database was shipped. */
void audit_home_shipped(struct auditor *auditor, struct audited_write *write, const struct proto_change *change);
/* Take-over NUMBER, if it was shipped: whose. NULL: there are no more. */
const struct audited_write *audit_take_over(const struct auditor *auditor, unsigned number, unsigned *user);
/* Had neither WRITE seen TAKE_OVER, nor that WRITE? */
bool audit_is_stranded_by(const struct audited_write *write, const struct audited_write *take_over);
void audit_homes(struct auditor *auditor);

/* ---- audit_session.c ---- */

void audit_sessions_free(struct auditor *auditor);

/* ---- audit_handler.c ---- */

void audit_handlings(struct auditor *auditor, struct audited_keys *keys);
void audit_handlings_free(struct auditor *auditor);

/* ---- audit_conflict.c ---- */

/* Was the write lost with store and sidecar, or shipped as nothing because a crash took its reply? Its own DC may have reported conflicts for it
 * that no other DC can see. */
bool audit_has_changed(const struct auditor *auditor, unsigned origin, uint64_t seq);
void audit_conflicts(struct auditor *auditor, const struct audited_keys *keys);

/* audit_stream.c: does a stream have it beside its entries: a consumer group, or what is pending there? And what stands behind the first such byte of a text. */
bool audit_is_part(struct slice element);
bool audit_is_pending(struct slice element);
struct slice audit_behind(struct slice text, char byte);

#endif
