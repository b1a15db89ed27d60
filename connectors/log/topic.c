#include "topic.h"

#include <string.h>

const struct topic_class *topic_class_find(const char *log)
{
	return strcmp(topic_kafka.log, log) == 0 ? &topic_kafka : NULL;
}
