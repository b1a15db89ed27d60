/* User rules: what ACL GETUSER says of a user, as far as the sidecar has to know: who may do everything is not watched; of anybody else Redis itself
 * decides each command (rights.h). */
#ifndef PROXY_USER_RULES_H
#define PROXY_USER_RULES_H

#include "base/bytes.h"

struct user_rules {
	bool is_there;               /* Redis knows the user */
	bool is_open;                /* it needs no password, and is not switched off */
	bool reads_all_keys;         /* it may read every key by whatever it may run: it has no selectors, which might allow a command for other keys */
	bool is_unrestricted;        /* all commands, all keys, all channels */
};

/* REPLY is that of ACL GETUSER, in whatever protocol. False: it is an error, or no such reply. */
MUST_CHECK bool user_rules_read(struct slice reply, struct user_rules *rules);

#endif
