/* Contradictions: settings that are right by themselves and wrong together. */
#ifndef CONFIG_CONTRADICTIONS_H
#define CONFIG_CONTRADICTIONS_H

#include "reading.h"

void contradictions_find(struct reading *reading);

#endif
