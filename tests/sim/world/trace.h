/* Trace: a readable story of a run, one line a happening: virtual time, DC, what. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct trace {
	bool is_on;
	uint64_t now_us;
};

void trace_line(const struct trace *trace, unsigned dc, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Commands as text, for trace_line: valid until the next call. */
const char *trace_command(unsigned argc, const struct slice *argv);
const char *trace_bytes(struct slice bytes);
const char *trace_message(struct slice bytes);       /* of a log: dots, writes, context */

#endif
