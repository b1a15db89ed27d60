#include "log.h"

#include <string.h>

const struct log_class *log_class_find(const char *name)
{
	static const struct log_class *const classes[] = { &log_kafka, &log_stream };
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (strcmp(classes[i]->name, name) == 0)
			return classes[i];
	return NULL;
}
