#include "held.h"

void held_list_init(struct held_list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

void held_list_add(struct held_list *list, struct held *held)
{
	held->next = NULL;
	*list->end = held;
	list->end = &held->next;
}

struct held *held_list_take(struct held_list *list)
{
	struct held *held = list->first;
	if (held == NULL)
		return NULL;
	list->first = held->next;
	if (list->first == NULL)
		list->end = &list->first;
	return held;
}

void held_list_move(struct held_list *from, struct held_list *to)
{
	if (from->first == NULL)
		return;
	*to->end = from->first;
	to->end = from->end;
	held_list_init(from);
}

/* What a copy is made of, in this order. */
struct sizes { size_t rows, commands, words, dbs, bytes; };

static struct sizes measure(const struct event *event)
{
	struct sizes sizes = {
		.rows = event->request.count * sizeof *event->request.rows,
		.commands = event->request.count * sizeof *event->request.commands,
		.dbs = event->request.dbs != NULL ? event->request.count * sizeof *event->request.dbs : 0,
		.bytes = event->request.client.len,
	};
	for (unsigned i = 0; i < event->request.count; i++) {
		const struct request *command = &event->request.commands[i];
		sizes.words += command->argc * sizeof *command->argv;
		for (uint32_t j = 0; j < command->argc; j++)
			sizes.bytes += command->argv[j].len;
	}
	return sizes;
}

size_t held_size(const struct event *event)
{
	struct sizes sizes = measure(event);
	return sizeof(struct held) + sizes.rows + sizes.commands + sizes.words + sizes.dbs + sizes.bytes;
}

static struct slice copy_to(char **at, struct slice bytes)
{
	struct slice copy = { *at, bytes.len };
	if (bytes.len > 0)
		memcpy(*at, bytes.ptr, bytes.len);
	*at += bytes.len;
	return copy;
}

/* The commands are kept by their arguments: the bytes as they came are not needed to run them. */
struct held *held_new(const struct event *event)
{
	struct sizes sizes = measure(event);
	size_t size = held_size(event);
	struct held *held = memory_new(size);
	*held = (struct held){ .event = *event, .bytes = size };
	char *at = (char *)(held + 1);
	const struct command **rows = (const struct command **)(void *)at;
	struct request *commands = (struct request *)(void *)(at + sizes.rows);
	struct slice *words = (struct slice *)(void *)(at + sizes.rows + sizes.commands);
	uint32_t *dbs = (uint32_t *)(void *)(at + sizes.rows + sizes.commands + sizes.words);
	char *bytes = (char *)dbs + sizes.dbs;
	for (unsigned i = 0; i < event->request.count; i++) {
		const struct request *command = &event->request.commands[i];
		rows[i] = event->request.rows[i];
		commands[i] = (struct request){ .argv = words, .argc = command->argc };
		for (uint32_t j = 0; j < command->argc; j++)
			*words++ = copy_to(&bytes, command->argv[j]);
	}
	if (sizes.dbs > 0)
		memcpy(dbs, event->request.dbs, sizes.dbs);
	held->event.request.dbs = sizes.dbs > 0 ? dbs : NULL;
	held->event.request.rows = rows;
	held->event.request.commands = commands;
	held->event.request.client = copy_to(&bytes, event->request.client);
	return held;
}
