#include "url.h"

#include "base/text.h"

#include <string.h>

#define HOST_MAX_LEN 255
#define SOCKET_PATH_MAX_LEN 107       /* sockaddr_un.sun_path with its end */
#define PORT_USUAL ":6379"

struct scheme {
	const char *name;
	bool is_tls, is_path;
};

static const struct scheme schemes[] = { { "redis://", false, false }, { "rediss://", true, false }, { "unix://", false, true } };

static const struct scheme *scheme_find(const char *text);
static bool read_place(const struct scheme *scheme, struct slice place, struct settings_address *address);
static bool read_login(struct slice login, struct settings_address *address);
static char *decode(struct slice text);

bool address_read_host(const char *text, struct settings_address *address)
{
	const char *colon = strrchr(text, ':');
	const char *host = text;
	int64_t port;

	if (colon == NULL || !slice_to_int64(slice_of(colon + 1), &port) || port <= 0 || port > UINT16_MAX)
		return false;
	size_t host_len = (size_t)(colon - text);
	bool is_bracketed = host_len > 2 && text[0] == '[' && colon[-1] == ']';

	if (is_bracketed) {
		host++;
		host_len -= 2;
	}
	if (host_len == 0 || host_len > HOST_MAX_LEN || strcspn(host, " \t/[]") < host_len)
		return false;
	if (!is_bracketed && memchr(host, ':', host_len) != NULL)
		return false;
	address->host = memcpy(memory_new(host_len + 1), host, host_len);
	address->port = (uint16_t)port;
	return true;
}

bool address_read_path(const char *text, struct settings_address *address)
{
	if (strlen(text) > SOCKET_PATH_MAX_LEN)
		return false;
	address->host = text_copy(text);
	address->port = 0;
	return true;
}

void address_free(struct settings_address *address)
{
	memory_free(address->host);
	memory_free(address->username);
	memory_free(address->password);
	*address = (struct settings_address){ 0 };
}

bool url_is_one(const char *text)
{
	return scheme_find(text) != NULL;
}

/* The password may hold any character, an @ also: the last one ends it. */
bool url_read(const char *text, struct settings_address *address)
{
	const struct scheme *scheme = scheme_find(text);

	if (scheme == NULL)
		return false;
	const char *rest = text + strlen(scheme->name), *at = strrchr(rest, '@');
	struct settings_address found = { .is_tls = scheme->is_tls };
	bool is_good = at == NULL || read_login((struct slice){ rest, (size_t)(at - rest) }, &found);

	if (is_good && read_place(scheme, slice_of(at != NULL ? at + 1 : rest), &found)) {
		address_free(address);
		*address = found;
		return true;
	}
	address_free(&found);
	return false;
}

char *url_hide_secret(const char *text)
{
	const char *at = strrchr(text, '@'), *start = strstr(text, "://");
	struct buffer shown = { 0 };

	if (at == NULL || start == NULL || start > at)
		return text_copy(text);
	buffer_add(&shown, (struct slice){ text, (size_t)(start + 3 - text) });
	buffer_add_format(&shown, "(hidden)%s", at);
	buffer_add_byte(&shown, '\0');
	return shown.ptr;
}

static const struct scheme *scheme_find(const char *text)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(text, schemes[i].name, strlen(schemes[i].name)) == 0)
			return &schemes[i];
	return NULL;
}

/* HOST, HOST:PORT or a path. A slash behind a host would begin the number of a database: a setting of its own says that. */
static bool read_place(const struct scheme *scheme, struct slice place, struct settings_address *address)
{
	struct buffer text = { 0 };
	const char *bracket = memchr(place.ptr, ']', place.len);
	size_t host_len = bracket != NULL ? (size_t)(bracket - place.ptr) : 0;

	if (!scheme->is_path && place.len > 0 && place.ptr[place.len - 1] == '/')
		place.len--;
	bool has_port = memchr(place.ptr + host_len, ':', place.len - host_len) != NULL;

	buffer_add(&text, place);
	if (!scheme->is_path && !has_port)
		buffer_add_text(&text, PORT_USUAL);
	buffer_add_byte(&text, '\0');
	bool is_good = scheme->is_path ? text.ptr[0] == '/' && strchr(text.ptr, '?') == NULL && address_read_path(text.ptr, address)
	                               : address_read_host(text.ptr, address);

	buffer_free(&text);
	return is_good;
}

/* "user:password", ":password". */
static bool read_login(struct slice login, struct settings_address *address)
{
	const char *colon = memchr(login.ptr, ':', login.len);

	if (colon == NULL)
		return false;
	struct slice user = { login.ptr, (size_t)(colon - login.ptr) };

	address->username = user.len > 0 ? decode(user) : NULL;
	address->password = decode((struct slice){ colon + 1, login.len - user.len - 1 });
	return (user.len == 0 || address->username != NULL) && address->password != NULL && address->password[0] != '\0';
}

static int hex_digit(char byte)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = byte != '\0' ? strchr(digits, byte >= 'A' && byte <= 'F' ? byte + 'a' - 'A' : byte) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* %XX stands for a byte. NULL: there is a % that begins none. */
static char *decode(struct slice text)
{
	char *decoded = memory_new(text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '%') {
			decoded[len++] = text.ptr[i];
			continue;
		}
		int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1, low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;

		if (low < 0 || high * 16 + low == 0) {
			memory_free(decoded);
			return NULL;
		}
		decoded[len++] = (char)(high * 16 + low);
		i += 2;
	}
	return decoded;
}
