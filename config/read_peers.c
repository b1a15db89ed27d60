#include "read_peers.h"

#include "base/text.h"
#include "read_log.h"
#include "url.h"
#include "value.h"

#include <string.h>

static const char *const peer_names[] = { "address", "log", "username", "password", "password_file", "tls_name" };

static void read_peer(struct reading *reading, const struct tree *node, struct settings_peer *peer);
static void read_address(struct reading *reading, const struct tree *node, const char *path, struct settings_peer *peer);
static void read_login(struct reading *reading, const struct tree *node, struct settings_peer *peer);

void peers_read(struct reading *reading, const struct tree *node)
{
	struct settings *settings = reading->settings;

	if (!reading_is_mapping(reading, node, "peers"))
		return;
	if (node->count > SETTINGS_PEERS_MAX) {
		complain(reading->complaints, node->items[SETTINGS_PEERS_MAX].key_place, "peers names %u datacenters, keep at most %d", node->count, SETTINGS_PEERS_MAX);
		return;
	}
	settings->peers = memory_new(node->count * sizeof(*settings->peers));
	settings->peer_count = node->count;
	for (unsigned i = 0; i < node->count; i++)
		read_peer(reading, &node->items[i], &settings->peers[i]);
}

static void read_peer(struct reading *reading, const struct tree *node, struct settings_peer *peer)
{
	struct buffer path = { 0 };

	peer->name = text_copy(node->key);
	if (!value_is_name(node->key))
		complain(reading->complaints, node->key_place, "'%s' is no name, use 1 to 32 letters, digits, - and _", node->key);
	buffer_add_format(&path, "peers.%s", node->key);
	buffer_add_byte(&path, '\0');
	if (!reading_is_mapping(reading, node, path.ptr)) {
		buffer_free(&path);
		return;
	}
	for (unsigned i = 0; i < node->count; i++)
		if (!text_is_among(node->items[i].key, peer_names, COUNT_OF(peer_names)))
			reading_refuse_key(reading, &node->items[i], path.ptr, peer_names, COUNT_OF(peer_names));
	const struct tree *address = tree_find(node, "address"), *log = tree_find(node, "log");

	if (address == NULL)
		complain(reading->complaints, node->key_place, "%s has no address, add address: HOST:PORT (its sidecar's listen)", path.ptr);
	else
		read_address(reading, address, path.ptr, peer);
	read_login(reading, node, peer);
	path.len--;
	buffer_add_text(&path, ".log");
	buffer_add_byte(&path, '\0');
	if (log == NULL)
		complain(reading->complaints, node->key_place, "%s is missing, add log: { kafka: { bootstrap.servers: HOST:PORT } } or "
		         "log: { redis-stream: { address: HOST:PORT } }", path.ptr);
	else
		log_read(reading, log, path.ptr, &peer->log);
	buffer_free(&path);
}

static void read_address(struct reading *reading, const struct tree *node, const char *path, struct settings_peer *peer)
{
	if (node->kind == TREE_SCALAR && node->text[0] != '/' && value_read_endpoint(node->text, &peer->address) && peer->address.host[0] != '/')
		return;
	char *shown = url_hide_secret(node->kind == TREE_SCALAR ? node->text : tree_kind_text(node));

	complain(reading->complaints, node->place, "%s.address: '%s' is no address, write HOST:PORT, or redis:// or rediss:// without a database", path, shown);
	memory_free(shown);
}

/* How this sidecar logs in where it forwards to. */
static void read_login(struct reading *reading, const struct tree *node, struct settings_peer *peer)
{
	const struct tree *username = tree_find(node, "username"), *password = tree_find(node, "password");
	const struct tree *file = tree_find(node, "password_file");
	const struct tree *tls_name = tree_find(node, "tls_name");
	struct settings_address *address = &peer->address;
	struct buffer why = { 0 };

	if (tls_name != NULL && !reading_take_text(reading, tls_name, "tls_name", &peer->tls_name))
		return;
	if (address->password != NULL && (username != NULL || password != NULL || file != NULL)) {
		complain(reading->complaints, node->key_place, "peers.%s.address names a user or password, and so does another setting, remove one", node->key);
		return;
	}
	if (address->password != NULL) {
		peer->username = address->username;
		peer->password = address->password;
		address->username = address->password = NULL;
		return;
	}
	if (username != NULL && !reading_take_text(reading, username, "username", &peer->username))
		return;
	if (password != NULL && file != NULL)
		complain(reading->complaints, password->key_place, "peers.%s.password and peers.%s.password_file are both given, remove one", node->key, node->key);
	else if (password != NULL && !reading_take_text(reading, password, "password", &peer->password))
		return;
	if (password == NULL && file != NULL) {
		peer->password = file->kind == TREE_SCALAR && !file->is_empty ? value_read_file(file->text, reading->directory, &why) : NULL;
		if (peer->password == NULL)
			complain(reading->complaints, file->place, "peers.%s.password_file: %.*s", node->key, why.len > 0 ? (int)why.len : (int)strlen("write a file's name"),
			         why.len > 0 ? why.ptr : "write a file's name");
	}
	if (username != NULL && password == NULL && file == NULL)
		complain(reading->complaints, username->key_place, "peers.%s.username has no password, add peers.%s.password_file", node->key, node->key);
	buffer_free(&why);
}

void peers_free(struct settings *settings)
{
	for (unsigned i = 0; i < settings->peer_count; i++) {
		memory_free(settings->peers[i].name);
		address_free(&settings->peers[i].address);
		memory_free(settings->peers[i].tls_name);
		memory_free(settings->peers[i].username);
		memory_free(settings->peers[i].password);
		log_free(&settings->peers[i].log);
	}
	memory_free(settings->peers);
}
