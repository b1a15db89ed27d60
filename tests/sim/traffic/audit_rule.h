/* The auditor's names of the rules. */
#ifndef SIM_AUDIT_RULE_H
#define SIM_AUDIT_RULE_H

enum audit_rule {
	AUDIT_LWW,
	AUDIT_MERGE,
	AUDIT_LONGEST,               /* merge; the longest deadline wins */
	AUDIT_SHORTEST,              /* merge; the shortest deadline wins */
	AUDIT_PRIORITY,
	AUDIT_RECORD,                /* this and the next keep all concurrent versions */
	AUDIT_CUSTOM,
	AUDIT_RULES,
};

#endif
