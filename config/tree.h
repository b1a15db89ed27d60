/* Tree: a YAML file as plain nodes that know their place. The only file that meets libyaml is tree.c.
 * Strict: one document; no anchors, aliases, tags or merge keys; no key twice in a mapping. */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "complaints.h"

enum tree_kind { TREE_SCALAR, TREE_MAPPING, TREE_SEQUENCE };

struct tree {
	enum tree_kind kind;
	struct place place;
	char *key;              /* owned; NULL where the parent is no mapping */
	struct place key_place;
	char *text;             /* of a scalar; owned; "" also for a key with nothing after it */
	bool is_empty;          /* a scalar that is not there at all: "key:" */
	struct tree *items;     /* of a mapping or sequence; owned */
	unsigned count;
};

/* NULL: complaints say why. */
struct tree *tree_load(struct complaints *complaints);
void tree_free(struct tree *tree);
/* The item of a mapping with this key; NULL: none (or TREE is NULL or no mapping). */
const struct tree *tree_find(const struct tree *tree, const char *key);
/* "a mapping", … for messages. */
const char *tree_kind_text(const struct tree *tree);

#endif
