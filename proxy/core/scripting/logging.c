/* Logging (see logging.h). */
#include "logging.h"

#include <string.h>

static enum logging logging_of_plan(enum plan plan)
{
	switch (plan) {
	case PLAN_REPLACE: case PLAN_SET_IF: case PLAN_MSET: case PLAN_MSET_IF: case PLAN_INCREMENT: case PLAN_DECREMENT: case PLAN_INCREMENT_FLOAT:
	case PLAN_FIELDS_SET: case PLAN_FIELD_SET_IF: case PLAN_FIELD_INCREMENT: case PLAN_FIELD_INCREMENT_FLOAT: case PLAN_MEMBERS_ADD:
	case PLAN_SCORE_INCREMENT: case PLAN_CLEAR: case PLAN_GETDEL: case PLAN_FLUSHDB: case PLAN_STREAM_REMOVE: case PLAN_STREAM_SETID:
	case PLAN_LIST_PUSH_HEAD: case PLAN_LIST_PUSH_TAIL: case PLAN_LIST_PUSHX_HEAD: case PLAN_LIST_PUSHX_TAIL:
		return LOG_PLAIN;
	case PLAN_FIELDS_REMOVE: case PLAN_MEMBERS_REMOVE: case PLAN_MEMBERS_POP: case PLAN_MEMBER_MOVE: case PLAN_SCORES_REMOVE: case PLAN_SCORES_POP:
		return LOG_EMPTYING;
	case PLAN_SET: return LOG_SET;
	case PLAN_SETEX: case PLAN_PSETEX: return LOG_SET_FOR;
	case PLAN_EXPIRE: case PLAN_GETEX: return LOG_DEADLINE;
	case PLAN_VALUE: case PLAN_PFADD: case PLAN_PFMERGE: case PLAN_APPEND: case PLAN_SETRANGE: case PLAN_SETBIT: case PLAN_BITFIELD: return LOG_VALUE;
	case PLAN_BITOP: case PLAN_PFDEBUG: return LOG_DESTINATION;
	case PLAN_MEMBERS_STORE: return LOG_MEMBERS;
	case PLAN_SCORES_STORE: return LOG_SCORES;
	case PLAN_SCORES_SET: return LOG_ADDING;
	case PLAN_SCORES_SEEN: return LOG_PLACING;
	case PLAN_SCORES_REMOVE_RANK: case PLAN_SCORES_REMOVE_SCORE: case PLAN_SCORES_REMOVE_LEX: return LOG_RANGE;
	case PLAN_RENAME: case PLAN_COPY: return LOG_WHOLE;
	case PLAN_RESTORE: return LOG_RESTORED;
	case PLAN_MOVE: return LOG_MOVED;
	case PLAN_FLUSHALL: return LOG_FLUSHALL;
	case PLAN_LIST_POP_HEAD: case PLAN_LIST_POP_TAIL: case PLAN_LIST_MOVE: case PLAN_LIST_ROTATE: return LOG_POP;
	case PLAN_LIST_INSERT: return LOG_INSERTION;
	case PLAN_LIST_SET: return LOG_PLACE;
	case PLAN_LIST_REMOVE: return LOG_REMOVAL;
	case PLAN_LIST_TRIM: return LOG_TRIM;
	case PLAN_LIST_POP_FIRST: case PLAN_LIST_WAIT_HEAD: case PLAN_LIST_WAIT_TAIL: case PLAN_LIST_WAIT_FIRST:
	case PLAN_SCORES_POP_FIRST: case PLAN_SCORES_WAIT: case PLAN_SCORES_WAIT_FIRST:
		return LOG_POP_FIRST;
	case PLAN_STREAM_ADD: return LOG_ENTRY;
	case PLAN_STREAM_TRIM: return LOG_CUT;
	case PLAN_GEORADIUS: return LOG_STORING;
	case PLAN_SORT: return LOG_SORTING;
	case PLAN_SCRIPT: case PLAN_SCRIPT_LOAD: return LOG_READ;    /* Redis lets no script call them */
	default: return LOG_REFUSED;
	}
}

enum logging logging_of(const struct command *row)
{
	if (strcmp(row->name, "select") == 0)
		return LOG_SELECT;
	if (row->class == COMMAND_UNSUPPORTED || strcmp(row->name, "xgroup") == 0)
		return LOG_REFUSED;
	return row->class == COMMAND_WRITE ? logging_of_plan(row->plan) : LOG_READ;
}
