/* Execute: what an operation of the outcome table does where it is executed. Told from the command's words and from what was there before, by
 * code of its own that knows nothing of the core's plans. */
#ifndef SCOPE_EXECUTE_H
#define SCOPE_EXECUTE_H

#include "scope_words.h"
#include "scope_write.h"

/* What OPERATION writes, executed on STATE at NOW_MS; STATE becomes what is there afterwards. */
/* IS_KEEPING: the rule keeps every value, so a part is written as the whole. */
void scope_execute(const char *operation, uint64_t now_ms, bool is_keeping, struct scope_state *state, struct scope_batch *batch);

#endif
