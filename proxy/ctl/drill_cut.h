/* Drill cut: with --isolate the source is really cut off while the drill runs (proxy/ops/isolation.h), and its users are taken over as if it had died. A thread says that it shall
 * stay so; when homeportctl ends, however, nobody does, and it heals. */
#ifndef PROXY_CTL_DRILL_CUT_H
#define PROXY_CTL_DRILL_CUT_H

#include "ctl_options.h"
#include "drill.h"

#include <signal.h>

struct cut;

/* Is it the datacenter that users move to which is asked? Only that one knows what it lacks. And may the other be cut off? Returns how to exit. */
int cut_check(const struct ctl_options *options);
/* Cuts --from off, and waits until it is taken to be dead at --to; *IS_STOPPED ends the waiting. NULL: *code is how to exit, and why was said. */
struct cut *cut_begin(const struct ctl_options *options, struct drill_cut *facts, const volatile sig_atomic_t *is_stopped, int *code);
/* It has healed by itself, before it was told to. */
bool cut_has_ended(const struct cut *cut);
/* How long ago it was cut off. */
uint64_t cut_age_ms(const struct cut *cut);
/* Heals, waits until all that was written there is at --to, and counts what was stranded. Frees CUT. */
void cut_heal(struct cut *cut, struct drill_cut *facts);

#endif
