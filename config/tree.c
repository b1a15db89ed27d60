#include "tree.h"

#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 12
#define ITEMS_MAX 4096

struct reader {
	yaml_parser_t parser;
	struct complaints *complaints;
	unsigned depth;
};

static struct tree *read_document(struct reader *reader);
static bool read_event(struct reader *reader, yaml_event_t *event);
static bool read_node(struct reader *reader, const yaml_event_t *event, struct tree *node);
static bool read_items(struct reader *reader, bool is_mapping, struct tree *node);
static bool read_key(struct reader *reader, const struct tree *parent, const yaml_event_t *event, struct tree *item);
static bool refuse_extras(struct reader *reader, const yaml_event_t *event);
static bool refuse_nul(struct reader *reader, const yaml_event_t *event);
static struct tree *add_item(struct tree *parent);
static void clear_node(struct tree *node);

struct tree *tree_load(struct complaints *complaints)
{
	struct reader reader = { .complaints = complaints };
	FILE *file = fopen(complaints->path, "rb");
	struct tree *root;

	if (file == NULL) {
		complain(complaints, (struct place){ 1, 1 }, "cannot be read (%s), check the path and its permissions", strerror(errno));
		return NULL;
	}
	bool is_initialized = yaml_parser_initialize(&reader.parser) != 0;

	assert(is_initialized);       /* fails for lack of memory only */
	yaml_parser_set_input_file(&reader.parser, file);
	root = read_document(&reader);
	yaml_parser_delete(&reader.parser);
	fclose(file);
	return root;
}

void tree_free(struct tree *tree)
{
	if (tree == NULL)
		return;
	clear_node(tree);
	memory_free(tree);
}

const struct tree *tree_find(const struct tree *tree, const char *key)
{
	if (tree == NULL || tree->kind != TREE_MAPPING)
		return NULL;
	for (unsigned i = 0; i < tree->count; i++)
		if (strcmp(tree->items[i].key, key) == 0)
			return &tree->items[i];
	return NULL;
}

const char *tree_kind_text(const struct tree *tree)
{
	if (tree->is_empty)
		return "nothing";
	switch (tree->kind) {
	case TREE_MAPPING:
		return "a mapping (name: value)";
	case TREE_SEQUENCE:
		return "a list";
	case TREE_SCALAR:
		break;
	}
	return "a single value";
}

static struct place place_of(const yaml_mark_t *mark)
{
	return (struct place){ (unsigned)mark->line + 1, (unsigned)mark->column + 1 };
}

/* A file is: stream start, document start, one node, document end, stream end. */
static struct tree *read_document(struct reader *reader)
{
	struct tree *root = memory_new(sizeof(*root));
	yaml_event_t event;
	bool is_good = true, is_whole = false;

	root->place = (struct place){ 1, 1 };
	while (is_good && !is_whole) {
		if (!read_event(reader, &event)) {
			is_good = false;
			break;
		}
		if (event.type == YAML_SCALAR_EVENT || event.type == YAML_MAPPING_START_EVENT || event.type == YAML_SEQUENCE_START_EVENT ||
		    event.type == YAML_ALIAS_EVENT) {
			is_good = read_node(reader, &event, root);
		} else if (event.type == YAML_DOCUMENT_START_EVENT && root->text != NULL) {
			complain(reader->complaints, place_of(&event.start_mark), "a second document begins here, keep one per file");
			is_good = false;
		}
		is_whole = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	if (is_whole && root->text == NULL) {
		complain(reader->complaints, root->place, "the file is empty, begin with dc: NAME");
		is_good = false;
	}
	if (is_good)
		return root;
	tree_free(root);
	return NULL;
}

static bool read_event(struct reader *reader, yaml_event_t *event)
{
	const yaml_parser_t *parser = &reader->parser;

	if (yaml_parser_parse(&reader->parser, event))
		return true;
	struct place place = place_of(&parser->problem_mark);
	const char *problem = parser->problem != NULL ? parser->problem : "not readable";

	if (parser->error == YAML_READER_ERROR)
		complain(reader->complaints, (struct place){ 1, 1 }, "byte %zu: %s, save the file as UTF-8 text", parser->problem_offset, problem);
	else
		complain(reader->complaints, place, "not valid YAML: %s, check indentation (spaces, no tabs), quotes and brackets", problem);
	return false;
}

/* Fills NODE from EVENT and, for mappings and sequences, the events up to its end. */
static bool read_node(struct reader *reader, const yaml_event_t *event, struct tree *node)
{
	node->place = place_of(&event->start_mark);
	if (!refuse_extras(reader, event))
		return false;
	if (event->type == YAML_SCALAR_EVENT) {
		node->kind = TREE_SCALAR;
		node->text = text_copy((const char *)event->data.scalar.value);
		node->is_empty = event->data.scalar.length == 0 && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		return refuse_nul(reader, event);
	}
	node->kind = event->type == YAML_MAPPING_START_EVENT ? TREE_MAPPING : TREE_SEQUENCE;
	node->text = text_copy("");
	if (reader->depth == DEPTH_MAX) {
		complain(reader->complaints, node->place, "nested deeper than %d levels, nothing here needs that", DEPTH_MAX);
		return false;
	}
	reader->depth++;
	bool is_good = read_items(reader, node->kind == TREE_MAPPING, node);

	reader->depth--;
	return is_good;
}

static bool read_items(struct reader *reader, bool is_mapping, struct tree *node)
{
	for (;;) {
		yaml_event_t event;

		if (!read_event(reader, &event))
			return false;
		if (event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return true;
		}
		struct tree item = { 0 };
		bool is_good = node->count < ITEMS_MAX;

		if (!is_good)
			complain(reader->complaints, node->place, "more than %d entries, nothing here needs that", ITEMS_MAX);
		if (is_good && is_mapping) {
			is_good = read_key(reader, node, &event, &item);
			yaml_event_delete(&event);
			if (is_good && !read_event(reader, &event)) {
				clear_node(&item);
				return false;
			}
		}
		if (is_good)
			is_good = read_node(reader, &event, &item);
		yaml_event_delete(&event);
		if (!is_good) {
			clear_node(&item);
			return false;
		}
		*add_item(node) = item;
	}
}

static bool read_key(struct reader *reader, const struct tree *parent, const yaml_event_t *event, struct tree *item)
{
	struct place place = place_of(&event->start_mark);

	if (event->type != YAML_SCALAR_EVENT) {
		complain(reader->complaints, place, "a name is expected here, quote it if it begins with [, { or *");
		return false;
	}
	if (!refuse_extras(reader, event) || !refuse_nul(reader, event))
		return false;
	item->key_place = place;
	item->key = text_copy((const char *)event->data.scalar.value);
	const struct tree *first = tree_find(parent, item->key);

	if (first == NULL)
		return true;
	complain(reader->complaints, place, "'%s' is given twice (first on line %u), remove one", item->key, first->key_place.line);
	return false;
}

/* Anchors, aliases and tags make a file mean something else than it says. */
static bool refuse_extras(struct reader *reader, const yaml_event_t *event)
{
	const void *anchor = NULL, *tag = NULL;

	switch (event->type) {
	case YAML_ALIAS_EVENT:
		anchor = event->data.alias.anchor;
		break;
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
		break;
	default:
		break;
	}
	if (anchor == NULL && tag == NULL)
		return true;
	complain(reader->complaints, place_of(&event->start_mark), "%s, write the value out (or quote it)",
	         anchor != NULL ? "anchors (&) and aliases (*) are not taken" : "tags (!) are not taken");
	return false;
}

/* A value that reads as something shorter than it is. */
static bool refuse_nul(struct reader *reader, const yaml_event_t *event)
{
	if (strlen((const char *)event->data.scalar.value) == event->data.scalar.length)
		return true;
	complain(reader->complaints, place_of(&event->start_mark), "holds a NUL byte, remove it");
	return false;
}

static struct tree *add_item(struct tree *parent)
{
	parent->items = memory_resize(parent->items, (parent->count + 1) * sizeof(*parent->items));
	return &parent->items[parent->count++];
}

static void clear_node(struct tree *node)
{
	for (unsigned i = 0; i < node->count; i++)
		clear_node(&node->items[i]);
	memory_free(node->items);
	memory_free(node->text);
	memory_free(node->key);
}
