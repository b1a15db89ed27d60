/* Turn homes (see turn_homes.h). */
#include "turn_homes.h"

static enum home_away away_of(enum settings_away away)
{
	switch (away) {
	case SETTINGS_AWAY_ACCEPT: return HOME_ACCEPT;
	case SETTINGS_AWAY_REDIRECT: return HOME_REDIRECT;
	case SETTINGS_AWAY_FORWARD: return HOME_FORWARD;
	case SETTINGS_AWAY_REFUSE: return HOME_REFUSE;
	}
	return HOME_REFUSE;
}

static struct core_home_default *defaults_new(const struct settings_home *home)
{
	struct core_home_default *defaults = memory_new(home->default_count * sizeof(*defaults));
	for (unsigned i = 0; i < home->default_count; i++)
		defaults[i] = (struct core_home_default){ home->defaults[i].match, home->defaults[i].dc, home->defaults[i].weight };
	return defaults;
}

struct core_home *turn_homes_new(const struct settings *settings)
{
	struct core_home *homes = memory_new(settings->home_count * sizeof(*homes));
	for (unsigned i = 0; i < settings->home_count; i++) {
		const struct settings_home *home = &settings->homes[i];
		homes[i] = (struct core_home){
			.match = home->match,
			.name = home->name,
			.away = away_of(home->away),
			.is_read_home = home->is_read_home,
			.is_pop_home = home->is_pop_home,
			.is_mixed_accepted = home->is_mixed_accepted,
			.is_hash = home->is_hash,
			.is_first = home->is_first,
			.defaults = defaults_new(home),
			.default_count = home->default_count,
		};
	}
	return homes;
}

void turn_homes_free(struct core_home *homes, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		memory_free((void *)homes[i].defaults);
	memory_free(homes);
}
