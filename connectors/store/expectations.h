/* Expectations: the replies that a pipeline still waits for, oldest first. They are kept in a ring, so that a read allocates nothing. */
#ifndef CONNECTORS_EXPECTATIONS_H
#define CONNECTORS_EXPECTATIONS_H

#include "base/bytes.h"

enum expectation_kind { EXPECT_REPLY, EXPECT_SELECTED, EXPECT_GROUP, EXPECT_SCRIPT, EXPECT_VOID, EXPECT_REMEMBERING };

struct expectation {
	uint64_t tag;                /* of the reply, or id of the group */
	unsigned command_count;      /* of the group */
	enum expectation_kind kind;
};

/* Zero-initialised is empty. */
struct expectations {
	struct expectation *ring;    /* owned; cap is 0 or a power of two */
	size_t head, count, cap;
};

void expectations_add(struct expectations *expectations, struct expectation expectation);
const struct expectation *expectations_oldest(const struct expectations *expectations);   /* NULL: none */
void expectations_drop_oldest(struct expectations *expectations);
void expectations_free(struct expectations *expectations);

#endif
