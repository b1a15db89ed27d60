/* Remote homes: a remote write has changed where a user lives. What the store will hold then counts here once it has answered. */
#include "remote_state.h"

#include "proxy/core/rules/rule.h"
#include "proxy/core/versions/forget.h"
#include "proxy/core/scripting/libraries.h"
#include "proxy/core/topology/homes.h"
#include "proxy/core/topology/leaving.h"
#include "proxy/core/wire/envelope.h"

void remote_note_homes(struct remote *remote, struct group *group)
{
	struct topology *topology = remote->topology;
	if (topology->arrived_count == 0)
		return;
	topology->is_learning = true;
	for (unsigned i = 0; i < topology->arrived_count; i++) {
		struct slice user = topology->arrived[i];
		struct key *key = keyspace_key(remote->keyspace, DB_RESERVED, SLICE(CORE_HOMES_KEY));
		struct element *element = keyspace_element(remote->keyspace, key, KIND_HASH, user);
		const struct version *home = key->policy->rule->decide(remote->keyspace, element);
		if (home != NULL && home->is_present)
			home_news_add(&group->remote.homes, user, home->value);
		else if (scripts_are_field(user) || libraries_are_field(user))
			home_news_add(&group->remote.homes, user, (struct slice){ NULL, 0 });
		keyspace_settle_element(remote->keyspace, element);
		bytes_free(user);
	}
	topology->arrived_count = 0;
}

bool remote_takes_users(struct remote *remote, struct delivery *delivery)
{
	struct envelope_walk walk = { .writes = delivery->writes };
	struct changes *changes = &remote->step->changes;
	if (delivery->is_homes_known && !delivery->has_homes)
		return false;
	delivery->is_homes_known = true;
	while (envelope_walk_next(&walk, changes)) {
		for (unsigned i = 0; i < changes->count; i++) {
			const struct change *change = &changes->items[i];
			if (change->kind != CHANGE_FIELD_SET || !homes_are_in(change->db, change->key))
				continue;
			delivery->has_homes = true;
			leaving_begin(remote->topology, change->element, change->value);
		}
	}
	return delivery->has_homes && !leaving_may_go(remote->topology);
}
