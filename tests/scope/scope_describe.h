/* The page that people read is written from the rows that the test plays. */
#ifndef SCOPE_DESCRIBE_H
#define SCOPE_DESCRIBE_H

/* docs/outcomes.md, on the standard output. */
void scope_describe(void);

#endif
