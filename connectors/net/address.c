#include "address.h"

#include <string.h>

#define TLS_SCHEME "rediss://"

bool address_parse(const char *text, char *host, size_t host_size, uint16_t *port, bool *is_tls)
{
	*is_tls = strncmp(text, TLS_SCHEME, sizeof TLS_SCHEME - 1) == 0;
	text += *is_tls ? sizeof TLS_SCHEME - 1 : 0;
	size_t len = strlen(text);
	*port = 0;
	if (text[0] == '/') {
		if (len >= host_size)
			return false;
		memcpy(host, text, len + 1);
		return true;
	}
	const char *colon = strrchr(text, ':');
	int64_t number;
	if (colon == NULL || !slice_to_int64(slice_of(colon + 1), &number) || number <= 0 || number > UINT16_MAX)
		return false;
	*port = (uint16_t)number;
	const char *start = text, *end = colon;
	if (text[0] == '[' && colon > text + 1 && colon[-1] == ']') {
		start++;
		end--;
	}
	size_t host_len = (size_t)(end - start);
	if (host_len == 0 || host_len >= host_size)
		return false;
	memcpy(host, start, host_len);
	host[host_len] = '\0';
	return true;
}
