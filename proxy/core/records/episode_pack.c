#include "episode_pack.h"

#include <string.h>

static void count_bytes(struct keyspace *keyspace, int64_t bytes)
{
	keyspace->bytes += (uint64_t)bytes;
	keyspace->episodes->bytes += (uint64_t)bytes;
}

static int64_t pack_bytes(const struct pack *pack)
{
	return (int64_t)(sizeof *pack + pack->name.len + pack->records.len);
}

static void enlist(struct episodes *episodes, struct pack *pack, enum episode_list list)
{
	pack->list = list;
	pack->before = NULL;
	pack->after = episodes->packs[list];
	if (pack->after != NULL)
		pack->after->before = pack;
	episodes->packs[list] = pack;
}

static void unlist(struct episodes *episodes, struct pack *pack)
{
	if (pack->before != NULL)
		pack->before->after = pack->after;
	else
		episodes->packs[pack->list] = pack->after;
	if (pack->after != NULL)
		pack->after->before = pack->before;
}

void pack_move(struct episodes *episodes, struct pack *pack, enum episode_list list)
{
	if (pack->list == list)
		return;
	unlist(episodes, pack);
	enlist(episodes, pack, list);
}

struct pack *pack_new(struct keyspace *keyspace, struct slice name, enum episode_list list)
{
	struct pack *pack = memory_new(sizeof *pack);
	enlist(keyspace->episodes, pack, list);
	pack->name = buffer_copy(name);
	count_bytes(keyspace, pack_bytes(pack));
	return pack;
}

static void pack_free(struct keyspace *keyspace, struct pack *pack)
{
	unlist(keyspace->episodes, pack);
	count_bytes(keyspace, -pack_bytes(pack));
	bytes_free(pack->name);
	bytes_free(pack->records);
	memory_free(pack);
}

void pack_add(struct pack *pack, struct episode *episode)
{
	episode->pack = pack;
	episode->packed_policy = episode->element->key->policy;
	episode->packed_before = NULL;
	episode->packed_after = pack->first;
	if (pack->first != NULL)
		pack->first->packed_before = episode;
	pack->first = episode;
	pack->count++;
}

void pack_leave(struct keyspace *keyspace, struct episode *episode)
{
	struct pack *pack = episode->pack;
	if (episode->packed_before != NULL)
		episode->packed_before->packed_after = episode->packed_after;
	else
		pack->first = episode->packed_after;
	if (episode->packed_after != NULL)
		episode->packed_after->packed_before = episode->packed_before;
	episode->pack = NULL;
	if (--pack->count == 0)
		pack_free(keyspace, pack);
}

void pack_keep_records(struct keyspace *keyspace, struct pack *pack, struct slice records, uint64_t digest)
{
	int64_t before = pack_bytes(pack);
	bytes_free(pack->records);
	pack->records = records.len > 0 ? buffer_copy(records) : (struct slice){ 0 };
	pack->digest = digest;
	count_bytes(keyspace, pack_bytes(pack) - before);
}

bool pack_is_known(const struct pack *pack, uint64_t digest)
{
	if (pack->records.len == 0 || pack->digest != digest)
		return false;
	for (const struct episode *episode = pack->first; episode != NULL; episode = episode->packed_after)
		if (episode->is_dirty || episode->packed_policy != episode->element->key->policy)
			return false;
	return true;
}

void pack_leave_store(struct episodes *episodes, const struct pack *pack)
{
	resp_add_bulk(&episodes->gone, pack->name);
	episodes->gone_count++;
}

void pack_break(struct keyspace *keyspace, struct pack *pack)
{
	bool is_whole = pack->count > 1 && pack->changed == pack->count;
	pack_leave_store(keyspace->episodes, pack);
	for (struct episode *episode = pack->first, *next; episode != NULL; episode = next) {
		next = episode->packed_after;
		episode->has_company = is_whole;
		episode_touch(keyspace, episode);
		pack_leave(keyspace, episode);
	}
}
