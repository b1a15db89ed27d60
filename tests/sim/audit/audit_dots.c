/* Dots beside the data: in the end no store may keep the dot of a value that it no longer holds. The auditor has its own code for reading how they
 * are named. */
#include <stdlib.h>
#include <string.h>

#include "audit_parts.h"

/* "<db>:<string or hash>:<length of key>:<key><element>" */
struct dotted { uint32_t db; enum sim_type type; struct slice key, element; };

static bool take_word(struct slice *text, struct slice *word)
{
	const char *end = memchr(text->ptr, ':', text->len);

	if (end == NULL)
		return false;
	*word = (struct slice){ text->ptr, (size_t)(end - text->ptr) };
	text->len -= word->len + 1;
	text->ptr = end + 1;
	return true;
}

static bool dotted_read(struct slice name, struct dotted *dotted)
{
	struct slice db, type, len;
	bool is_string;

	if (!take_word(&name, &db) || !take_word(&name, &type) || !take_word(&name, &len))
		return false;
	is_string = slice_equal(type, slice_of("string"));
	dotted->db = (uint32_t)strtoul(db.ptr, NULL, 10);
	dotted->type = is_string ? SIM_STRING : SIM_HASH;
	dotted->key = (struct slice){ name.ptr, strtoul(len.ptr, NULL, 10) };
	if (dotted->db >= SIM_RESERVED_DB || dotted->key.len > name.len || (!is_string && !slice_equal(type, slice_of("hash"))))
		return false;
	dotted->element = (struct slice){ name.ptr + dotted->key.len, name.len - dotted->key.len };
	return !is_string || dotted->element.len == 0;
}

static bool is_held(const struct auditor *auditor, const struct sim_store *store, const struct dotted *dotted)
{
	struct pool *pool = auditor->options.pool;
	const struct sim_key *key = sim_store_find(store, dotted->db, pool_intern(pool, dotted->key));

	if (key == NULL || key->type != dotted->type)
		return false;
	return dotted->type == SIM_STRING || sim_key_element(key, pool_intern(pool, dotted->element)) != NULL;
}

void audit_dots(struct auditor *auditor)
{
	struct pool *pool = auditor->options.pool;

	for (unsigned dc = 0; dc < auditor->options.dc_count; dc++) {
		const struct sim_store *store = auditor->dcs[dc].store;
		const struct sim_key *dots = sim_store_find(store, SIM_RESERVED_DB, pool_intern(pool, SLICE("homeport:versions")));

		for (unsigned i = 0; dots != NULL && i < dots->count; i++) {
			struct slice name = pool_text(pool, dots->elements[i].name);
			struct dotted dotted;

			if (slice_equal(name, SLICE("made")))
				continue;
			if (!dotted_read(name, &dotted))
				auditor_find(auditor, "%s keeps a dot of what cannot be read: %s", auditor->options.dc_names[dc], name.ptr);
			else if (!is_held(auditor, store, &dotted))
				auditor_find(auditor, "%s keeps the dot of a value that is gone: %s", auditor->options.dc_names[dc], name.ptr);
		}
	}
}
