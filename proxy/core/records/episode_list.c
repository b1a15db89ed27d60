#include "episode_list.h"

#include "episode.h"

void episode_unlist(struct episodes *episodes, struct episode *episode)
{
	if (episode->listed_before != NULL)
		episode->listed_before->listed_after = episode->listed_after;
	else
		episodes->lists[episode->list] = episode->listed_after;
	if (episode->listed_after != NULL)
		episode->listed_after->listed_before = episode->listed_before;
	episodes->kept_count -= episode->list == EPISODES_KEPT;
	episodes->covered_count -= episode->list == EPISODES_KEPT && episode->cover_count > 0;
}

void episode_enlist(struct episodes *episodes, struct episode *episode, enum episode_list list)
{
	episode->list = list;
	episode->listed_before = NULL;
	episode->listed_after = episodes->lists[list];
	if (episode->listed_after != NULL)
		episode->listed_after->listed_before = episode;
	episodes->lists[list] = episode;
	episodes->kept_count += list == EPISODES_KEPT;
	episodes->covered_count += list == EPISODES_KEPT && episode->cover_count > 0;
}

void episode_move(struct episodes *episodes, struct episode *episode, enum episode_list list)
{
	if (episode->list == list)
		return;
	episode_unlist(episodes, episode);
	episode_enlist(episodes, episode, list);
}

void episode_bring_forward(struct episodes *episodes, struct episode *episode)
{
	episode_unlist(episodes, episode);
	episode_enlist(episodes, episode, episode->list);
}

void episode_note_status(struct episodes *episodes, struct episode *episode, enum record_status status, bool is_kept)
{
	episodes->open_count -= episode->is_counted;
	episode->is_counted = status == RECORD_OPEN;
	episodes->open_count += episode->is_counted;
	episode_move(episodes, episode, is_kept ? EPISODES_KEPT : EPISODES_WAITING);
}

void episode_count_bytes(struct keyspace *keyspace, struct episode *episode, int64_t bytes)
{
	episode->bytes += (uint64_t)bytes;
	keyspace->bytes += (uint64_t)bytes;
	keyspace->episodes->bytes += (uint64_t)bytes;
}

void episode_touch(struct keyspace *keyspace, struct episode *episode)
{
	struct episodes *episodes = keyspace->episodes;
	if (episode->is_dirty)
		return;
	episodes->dirty = array_reserve(episodes->dirty, episodes->dirty_count, &episodes->dirty_cap, sizeof *episodes->dirty);
	episode->is_dirty = true;
	episodes->dirty[episodes->dirty_count++] = episode;
}

struct episode *element_open_episode(const struct element *element)
{
	struct episode *episode = element->episodes;
	while (episode != NULL && episode->list != EPISODES_KEPT)
		episode = episode->next;
	return episode;
}
