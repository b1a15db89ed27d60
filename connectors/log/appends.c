#include "appends.h"

static void drop_from(struct appends *appends, uint64_t id);

bool appends_give(struct appends *appends, uint64_t id)
{
	if (id != appends->next)
		appends->first_due = appends->dropped_from = id;
	appends->next = id + 1;
	return !appends->is_dropping;
}

bool appends_acknowledge(struct appends *appends, uint64_t id)
{
	uint64_t end = appends->is_dropping ? appends->dropped_from : appends->next;
	if (id < appends->first_due || id >= end)
		return false;
	appends->first_due = id + 1;
	return true;
}

void appends_drop_due(struct appends *appends)
{
	appends->is_dropping = true;
	appends->dropped_from = appends->first_due;
}

void appends_drop_coming(struct appends *appends)
{
	drop_from(appends, appends->next);
}

void appends_drop_last(struct appends *appends)
{
	drop_from(appends, appends->next - 1);
}

bool appends_go_on(struct appends *appends, uint64_t *id)
{
	if (!appends->is_dropping)
		return false;
	appends->is_dropping = false;
	*id = appends->dropped_from;
	bool is_owed = appends->next > appends->dropped_from;
	appends->next = appends->dropped_from;
	return is_owed;
}

bool appends_are_under_way(const struct appends *appends)
{
	return (appends->is_dropping ? appends->dropped_from : appends->next) > appends->first_due;
}

static void drop_from(struct appends *appends, uint64_t id)
{
	if (appends->is_dropping)
		return;
	appends->is_dropping = true;
	appends->dropped_from = id;
}
