#include "episode_open.h"

#include "episode.h"
#include "proxy/core/versions/policy.h"
#include "proxy/core/versions/version.h"

bool episode_is_keeping(const struct episode *episode)
{
	return episode->element->kind < KIND_LIST && episode->element->key->policy->is_keeping;
}

const struct version *episode_live_version(const struct episode *episode, const struct side *side)
{
	const struct version *version = element_version(episode->element, side->stamp.origin, side->stamp.seq);
	return version == NULL || version->is_outdone ? NULL : version;
}

bool episode_is_kept(const struct episode *episode)
{
	unsigned count = 0, present = 0;
	if (episode->resolution.seq != 0 || !episode_is_keeping(episode))
		return false;
	for (unsigned i = 0; i < episode->side_count; i++) {
		const struct version *version = episode_live_version(episode, &episode->sides[i]);
		count += version != NULL;
		present += version != NULL && version->is_present;
	}
	/* The same test as in element_is_open: if all live versions are removals, nobody has to decide. */
	return count > 1 && present > 0;
}

bool dispute_add(struct dispute *dispute, struct note *note, bool is_present)
{
	if (dispute->first != NULL &&
	    (dispute->is_present != is_present || (is_present && !note_is_same(dispute->first, note, dispute->kind))))
		return true;
	dispute->first = note;
	dispute->is_present = is_present;
	return false;
}

/* Do live versions differ? */
static bool is_disputed(const struct episode *episode)
{
	struct dispute dispute = { .kind = episode->element->kind };
	for (unsigned i = 0; i < episode->side_count; i++) {
		const struct version *version = episode_live_version(episode, &episode->sides[i]);
		if (version != NULL && dispute_add(&dispute, episode->sides[i].note, version->is_present))
			return true;
	}
	return false;
}

enum record_status episode_status(const struct episode *episode)
{
	static const enum record_status ends[] = {
		[WRITE_ORDINARY] = RECORD_SUPERSEDED, [WRITE_RESOLVES] = RECORD_RESOLVED, [WRITE_IGNORES] = RECORD_IGNORED,
	};
	if (episode->resolution.seq != 0)
		return ends[episode->resolution_note->choice];
	return episode_is_keeping(episode) && is_disputed(episode) ? RECORD_OPEN : RECORD_AUTO;
}
