#include "connectors.h"

#include <string.h>

#include "connectors/kafka/log_kafka.h"
#include "connectors/kafka/topic_kafka.h"
#include "connectors/stream/log_stream.h"

struct connector {
	const struct log_class *log;
	const struct topic_class *topic;     /* NULL: this kind of log has no topic beside it */
};

static const struct connector connectors[] = {
	{ &log_kafka, &topic_kafka },
	{ &log_stream, NULL },
};

static const struct connector *connector_find(const char *name);

const struct log_class *log_class_find(const char *name)
{
	const struct connector *connector = connector_find(name);
	return connector != NULL ? connector->log : NULL;
}

const struct topic_class *topic_class_find(const char *log)
{
	const struct connector *connector = connector_find(log);
	return connector != NULL ? connector->topic : NULL;
}

static const struct connector *connector_find(const char *name)
{
	for (size_t i = 0; i < sizeof connectors / sizeof connectors[0]; i++)
		if (strcmp(connectors[i].log->name, name) == 0)
			return &connectors[i];
	return NULL;
}
