/* The auditor's names of the rules. */
#ifndef SIM_AUDIT_RULE_H
#define SIM_AUDIT_RULE_H

enum audit_rule {
	AUDIT_LWW,
	AUDIT_MERGE,
	AUDIT_LONGEST,               /* merge, and of deadlines the longest */
	AUDIT_SHORTEST,              /* … the shortest */
	AUDIT_PRIORITY,
	AUDIT_RECORD,                /* from here on versions are kept */
	AUDIT_CUSTOM,
	AUDIT_RULES,
};

#endif
