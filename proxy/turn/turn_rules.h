/* Turn rules: the conflict rules of the settings, given to the core and changed while it runs; and the runs of their handlers.
 * Private to this room. */
#ifndef PROXY_TURN_RULES_H
#define PROXY_TURN_RULES_H

#include "turn_step.h"

/* The rules in the core's form. Owned by the caller; what they point to belongs to the settings. */
struct core_rule *turn_rules_new(const struct settings *settings);
/* The settings were reloaded. */
void turn_reload_rules(struct turn *turn);
/* Runs one handler that the core has asked for, if there is any. True: there are more. */
bool turn_run_handler(struct turn *turn);
/* Logs when the rules of a peer begin to differ from ours, and when they cease to. */
void turn_watch_rules(struct turn *turn);

#endif
