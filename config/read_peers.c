#include "read_peers.h"

#include "base/text.h"
#include "read_log.h"
#include "value.h"

static const char *const peer_names[] = { "address", "log" };

static void read_peer(struct reading *reading, const struct tree *node, struct settings_peer *peer);

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
	else if (address->kind != TREE_SCALAR || !value_read_address(address->text, &peer->address))
		complain(reading->complaints, address->place, "%s.address: '%s' is no address, write HOST:PORT", path.ptr, address->text);
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

void peers_free(struct settings *settings)
{
	for (unsigned i = 0; i < settings->peer_count; i++) {
		memory_free(settings->peers[i].name);
		memory_free(settings->peers[i].address.host);
		log_free(&settings->peers[i].log);
	}
	memory_free(settings->peers);
}
