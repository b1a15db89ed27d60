/* Order: a row of homeportctl's table of orders (ctl_orders.c), and what its function is called with. */
#ifndef PROXY_CTL_ORDER_H
#define PROXY_CTL_ORDER_H

#include "ctl_options.h"

#define EXIT_WRONG 1    /* the sidecar says so */
#define EXIT_UNKNOWN 2  /* it could not be asked, or was not asked rightly */

struct ctl_order;

struct ctl_call {
	const struct ctl_options *options;
	int count;                               /* words after the order's name */
	char **words;
	const struct ctl_order *orders;          /* the whole table, for orders about orders */
	unsigned order_count;
};

struct ctl_order {
	const char *name;                        /* "status", "conflicts list" */
	const char *words;                       /* what may follow it */
	const char *follow;                      /* the words among these that are always the same, with spaces between: for completion */
	const char *options;                     /* names of its own options, with spaces between */
	const char *prose;                       /* one line */
	const char *more;                        /* for its own help: lines; NULL: nothing more */
	int (*run)(const struct ctl_call *call); /* how to exit */
};

/* Is NAME among the order's own options? */
bool ctl_order_takes(const struct ctl_order *order, const char *name);
/* The first word of its name, which several orders may share, ends here. */
size_t ctl_order_family_len(const struct ctl_order *order);

#endif
