#include "handler_limits.h"

void handler_limits_of(const struct settings *settings, struct handler_limits *limits)
{
	*limits = (struct handler_limits){
		.steps = settings->handlers_steps,
		.memory_bytes = settings->handlers_memory_bytes,
		.time_ms = settings->handlers_time_ms,
		.result_bytes = settings->limits_bulk_bytes,
	};
}
