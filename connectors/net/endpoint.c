#include "endpoint.h"

bool endpoint_set(struct endpoint *endpoint, const char *host, uint16_t port, struct tls *tls, const char *name)
{
	*endpoint = (struct endpoint){ .port = port, .tls = tls };
	if (strlen(host) >= sizeof endpoint->host || (name != NULL && strlen(name) >= sizeof endpoint->name))
		return false;
	memcpy(endpoint->host, host, strlen(host) + 1);
	if (name != NULL)
		memcpy(endpoint->name, name, strlen(name) + 1);
	return true;
}
