/* Drill canaries: users of homeportctl's own who write and read while a drill runs, as applications do: each on connections of his own, where he lives (canary.h). */
#ifndef PROXY_CTL_DRILL_CANARIES_H
#define PROXY_CTL_DRILL_CANARIES_H

#include "canary.h"
#include "ctl_options.h"

#define CANARIES_MAX 64

struct canaries;

/* As many as --canaries says, who live in FROM; with keys as --canary writes them. Returns once each has written. NULL: *code is how to exit, and why was said. */
struct canaries *canaries_start(const struct ctl_options *options, const char *from, const char *to, int *code);
unsigned canaries_count(const struct canaries *canaries);
/* Of what is constant: its user. */
const char *canaries_user(const struct canaries *canaries, unsigned index);
/* Waits until each has written once more, WAIT_MS at most. */
void canaries_await(struct canaries *canaries, unsigned wait_ms);
/* They write no more, and what is there is compared with what was acknowledged; their keys are removed. The caller owns what
 * they have noted. */
struct canary *canaries_stop(struct canaries *canaries, unsigned *count);
/* NULL is fine. */
void canaries_free(struct canaries *canaries);

#endif
