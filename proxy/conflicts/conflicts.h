/* Conflicts: what people and programs do with conflict records, the same over RESP (sessions) and HTTP (admin). All of it is answered
 * later, by the loop; nothing is kept between two questions. A map of the room:
 *
 *   conflicts_query     which records are meant         conflicts_choice   how a conflict is to be ended
 *   conflicts_access    who may resolve conflicts
 *   conflicts_list      a page of records               conflicts_report   which keys, commands and clients conflict most
 *   conflicts_bulk      ends many at once
 *   conflicts_tell      a record as names and values, written by a teller: teller_json or teller_resp
 *   conflicts_publisher repeats records in a topic of Kafka
 *   conflicts_reader    reads records from Redis; conflicts_jobs: the questions under way (both private) */
#ifndef PROXY_CONFLICTS_H
#define PROXY_CONFLICTS_H

#include "proxy/turn/turn.h"

struct conflicts;

struct conflicts *conflicts_new(struct turn *turn, struct turn_clock *clock);
/* Before the turn is freed. Whoever still waits is told. */
void conflicts_free(struct conflicts *conflicts);

/* Answers that any question may get. Errors are lines without '-'. */
#define CONFLICTS_BUSY "HOMEPORT too many questions about conflicts are being answered, ask again"
#define CONFLICTS_STOPPING "LOADING Homeport is stopping"
#define CONFLICTS_STORE_AWAY CORE_STORE_AWAY

#endif
