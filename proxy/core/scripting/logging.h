/* Logging: what a script's call of a command leaves in the log of its wrapper (wrapper.h). */
#ifndef CORE_LOGGING_H
#define CORE_LOGGING_H

#include "proxy/core/commands/command.h"

/* How a script's call of a command is logged, one letter each. */
enum logging {
	LOG_READ = 'r',              /* not at all */
	LOG_PLAIN = 'p',             /* with its reply */
	LOG_EMPTYING = 'e',          /* … and whether the key is still there */
	LOG_SET = 's',               /* with options: what is there afterwards */
	LOG_SET_FOR = 'f',           /* SETEX, PSETEX: likewise */
	LOG_DEADLINE = 't',          /* the deadline afterwards */
	LOG_VALUE = 'g',             /* the string afterwards */
	LOG_DESTINATION = 'o',       /* likewise, of the second argument */
	LOG_MEMBERS = 'm',           /* the set afterwards */
	LOG_SCORES = 'z',            /* the sorted set afterwards */
	LOG_ADDING = 'c',            /* ZADD: with a condition, the scores before and afterwards */
	LOG_PLACING = 'a',           /* GEOADD: likewise, and without one afterwards */
	LOG_RANGE = 'b',             /* what is in the range before it is removed */
	LOG_POP = 'l',               /* of a list: how long it was, and whether it is still there */
	LOG_INSERTION = 'n',         /* LINSERT: how long the list was, and where the pivot stood */
	LOG_PLACE = 'v',             /* LSET: how long the list was */
	LOG_REMOVAL = 'q',           /* LREM: how long the list was, where such elements stood, and whether it is still there */
	LOG_TRIM = 'i',              /* LTRIM: how long the list was, how long it is, and whether it is still there */
	LOG_POP_FIRST = 'h',         /* as a pop of the key that it popped from */
	LOG_ENTRY = 'A',             /* XADD: under the id that it got; where it trims, the first entry before and afterwards */
	LOG_CUT = 'T',               /* XTRIM: the first entry before and afterwards */
	LOG_WHOLE = 'w',             /* the whole second key afterwards */
	LOG_RESTORED = 'j',          /* the whole key afterwards */
	LOG_MOVED = 'k',             /* MOVE: the whole key before */
	LOG_FLUSHALL = 'F',          /* as a FLUSHDB of each database but ours */
	LOG_STORING = 'u',           /* GEORADIUS: the destination afterwards */
	LOG_SORTING = 'y',           /* SORT: with STORE, the list afterwards; else not at all, as it only reads */
	LOG_SELECT = 'd',
	LOG_REFUSED = 'x',
};

enum logging logging_of(const struct command *row);

#endif
