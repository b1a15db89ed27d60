/* Story: a world without luck. DCs are told what to do, time passes when the story says so, and facts are checked on the way;
 * at the end everything heals and the auditor judges as in any other run. */
#ifndef SIM_STORY_H
#define SIM_STORY_H

#include "tests/sim/world/client_ask.h"
#include "tests/sim/world/generator.h"
#include "tests/sim/world/sidecar.h"
#include "stories.h"

enum { AMS, BOM, CPT };

struct story {
	const char *name;
	struct world *world;
	bool is_told;                /* the story has ended the run itself: nothing is left to judge */
};

void story_say(struct story *story, unsigned dc, const char *command);
/* A client that watched keys has its transaction of one COMMAND run: nobody has written them since. Returns its token. */
uint64_t story_exec(struct story *story, unsigned dc, const char *command);
void story_wait(struct story *story, uint64_t duration_ms);
/* A client asks, with the context that the answer to SEEN gave it (0: none); returns its token once there was time for an answer. */
uint64_t story_ask(struct story *story, unsigned dc, enum ask_verb verb, const char *key, const char *value, uint64_t seen);
void story_set_clock(struct story *story, unsigned dc, int64_t ahead_ms);
/* DC no longer reads the log of PEER, or does again. */
void story_cut(struct story *story, unsigned dc, unsigned peer);
void story_mend(struct story *story, unsigned dc, unsigned peer);
/* Neither reads the other's log. */
void story_part(struct story *story, unsigned dc, unsigned peer);
void story_rejoin(struct story *story, unsigned dc, unsigned peer);
/* Sidecar and store stop; the store comes back with its first KEPT transactions, then the sidecar. */
void story_restore(struct story *story, unsigned dc, unsigned kept);

/* What the store of DC holds at KEY: its string value, or VALUE NULL: nothing. ELEMENT: a field's value, or "" for a member that is there. */
void story_expect(struct story *story, unsigned dc, const char *key, const char *value);
void story_expect_element(struct story *story, unsigned dc, const char *key, const char *element, const char *value);
void story_expect_everywhere(struct story *story, const char *key, const char *value);
/* VALUES: the elements of the list at KEY, with blanks between them. */
void story_expect_list_everywhere(struct story *story, const char *key, const char *values);
void story_expect_element_everywhere(struct story *story, const char *key, const char *element, const char *value);
/* What HOMEPORT GET tells of KEY at DC: values between blanks, newest first; "-": a removal. */
void story_expect_siblings(struct story *story, unsigned dc, const char *key, const char *values);
/* Of how many settled values DC's store keeps the dot. */
void story_expect_dots(struct story *story, unsigned dc, unsigned count);
/* How many conflicts DC has counted since it started. */
void story_expect_conflicts(struct story *story, unsigned dc, uint64_t count);
void story_check(struct story *story, bool is_true, const char *fact);

#endif
