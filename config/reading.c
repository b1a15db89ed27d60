#include "reading.h"

#include "base/nearest.h"
#include "base/text.h"

bool reading_take_text(struct reading *reading, const struct tree *node, const char *path, char **target)
{
	if (node->kind == TREE_SCALAR && !node->is_empty) {
		memory_free(*target);
		*target = text_copy(node->text);
		return true;
	}
	complain(reading->complaints, node->place, "%s is %s, write one value", path, tree_kind_text(node));
	return false;
}

bool reading_is_mapping(struct reading *reading, const struct tree *node, const char *path)
{
	if (node->kind == TREE_MAPPING || (node->is_empty && node != reading->root))
		return true;
	complain(reading->complaints, node->place, "%s is %s, write a mapping (name: value)", path, tree_kind_text(node));
	return false;
}

void reading_refuse_key(struct reading *reading, const struct tree *item, const char *parent, const char *const *names, unsigned count)
{
	const char *near = nearest_name(item->key, names, count);
	const char *dot = parent[0] == '\0' ? "" : ".";
	struct buffer remedy = { 0 };

	if (near != NULL) {
		buffer_add_format(&remedy, "did you mean '%s'?", near);
	} else {
		buffer_add_text(&remedy, "known are");
		for (unsigned i = 0; i < count; i++)
			buffer_add_format(&remedy, "%s %s", i == 0 ? "" : ",", names[i]);
	}
	complain(reading->complaints, item->key_place, "unknown setting '%s%s%s', %.*s", parent, dot, item->key, (int)remedy.len, remedy.ptr);
	buffer_free(&remedy);
}

struct place reading_place(const struct reading *reading, const char *first, const char *second)
{
	const struct tree *outer = tree_find(reading->root, first);
	const struct tree *inner = second != NULL ? tree_find(outer, second) : NULL;

	if (inner != NULL)
		return inner->key_place;
	return outer != NULL ? outer->key_place : reading->root->place;
}
