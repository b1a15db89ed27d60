/* Family: commands that do the same to an element, one of which stands for all in the outcome table. */
#ifndef SCOPE_FAMILY_H
#define SCOPE_FAMILY_H

#include <stdbool.h>

/* Has every replicated command its family, and every two families that can meet a row? Says what is missing. */
bool scope_check_families(void);
void scope_describe_families(void);

#endif
