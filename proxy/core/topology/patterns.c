/* Patterns (see patterns.h). The bytes beside the placeholder are literal and no part of an id. So where an id begins it also ends in one way only,
 * and a key is looked at in one go. */
#include "patterns.h"

#include "proxy/core/rules/glob.h"

#define PLACEHOLDER "{id}"

/* ---- as configured ---- */

static bool is_wildcard(char c)
{
	return c == '*' || c == '?' || c == '[' || c == ']' || c == '\\';
}

static bool has_wildcard(struct slice glob)
{
	for (size_t i = 0; i < glob.len; i++)
		if (is_wildcard(glob.ptr[i]))
			return true;
	return false;
}

/* The literal bytes beside the placeholder. False: there stands something else. */
static bool find_stops(struct home_pattern *pattern)
{
	struct slice before = pattern->before, behind = pattern->behind;
	pattern->stop_before = before.len > 0 ? (unsigned char)before.ptr[before.len - 1] : -1;
	pattern->stop_behind = behind.len > 0 ? (unsigned char)behind.ptr[0] : -1;
	return (before.len == 0 || !is_wildcard(before.ptr[before.len - 1])) && (behind.len == 0 || !is_wildcard(behind.ptr[0]));
}

static const char *pattern_split(struct home_pattern *pattern)
{
	struct slice text = pattern->text;
	const size_t len = strlen(PLACEHOLDER);
	unsigned found = 0;
	for (size_t i = 0; i + len <= text.len; i++) {
		if (memcmp(text.ptr + i, PLACEHOLDER, len) != 0)
			continue;
		pattern->before = (struct slice){ text.ptr, i };
		pattern->behind = (struct slice){ text.ptr + i + len, text.len - i - len };
		found++;
	}
	if (found != 1)
		return "a pattern of homes must have {id} in one place, as in user:{id}:*";
	if (!find_stops(pattern))
		return "a pattern of homes needs a literal byte, or an end, on both sides of {id}: no wildcard or backslash, as in user:{id}:*";
	pattern->is_before_plain = !has_wildcard(pattern->before);
	return NULL;
}

static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] == ':' || name.ptr[i] == 127)
			return false;
	return name.len > 0;
}

static const char *default_load(const struct origins *origins, const struct core_home_default *configured, bool is_hash, struct home_default *found)
{
	int dc = origins_dc(origins, slice_of(configured->dc));
	if (dc < 0)
		return "a default home names a datacenter that does not exist: name this one and its peers";
	if (is_hash && configured->weight == 0)
		return "a weight of a default home must be 1 or more: leave out who shall have no users";
	if (!is_hash && configured->match == NULL)
		return "a default home in a list needs a match, as in 1*";
	*found = (struct home_default){ .dc = (unsigned)dc, .weight = configured->weight, .draw = user_hash_dc(slice_of(configured->dc)) };
	if (!is_hash)
		found->match = buffer_copy(slice_of(configured->match));
	return NULL;
}

static const char *defaults_load(struct home_pattern *pattern, const struct origins *origins, const struct core_home *configured)
{
	pattern->is_hash = configured->is_hash;
	pattern->is_first = configured->is_first;
	pattern->defaults = memory_new((configured->default_count + 1) * sizeof *pattern->defaults);
	for (unsigned i = 0; i < configured->default_count; i++) {
		const char *error = default_load(origins, &configured->defaults[i], configured->is_hash, &pattern->defaults[i]);
		if (error != NULL)
			return error;
		pattern->default_count++;
		for (unsigned j = 0; configured->is_hash && j < i; j++)
			if (pattern->defaults[j].dc == pattern->defaults[i].dc)
				return "a default home names a datacenter twice: name each once";
	}
	unsigned count = pattern->default_count;
	if (count > 0 && !pattern->is_hash && !slice_equal(pattern->defaults[count - 1].match, SLICE("*")))
		return "the last match of a list of default homes must be *, so that every user has a home";
	return NULL;
}

static bool are_defaults_equal(const struct home_pattern *a, const struct home_pattern *b)
{
	bool is_equal = a->is_hash == b->is_hash && a->is_first == b->is_first && a->default_count == b->default_count;
	for (unsigned i = 0; is_equal && i < a->default_count; i++) {
		const struct home_default *x = &a->defaults[i], *y = &b->defaults[i];
		is_equal = x->dc == y->dc && (a->is_hash ? x->weight == y->weight : slice_equal(x->match, y->match));
	}
	return is_equal;
}

/* The first pattern of a name says where its users live; others say the same, or nothing. */
static const char *find_first(struct patterns *patterns, struct home_pattern *pattern)
{
	pattern->first = pattern;
	for (struct home_pattern *other = patterns->items; other < pattern && pattern->first == pattern; other++)
		if (slice_equal(other->name, pattern->name))
			pattern->first = other;
	if (pattern->first == pattern)
		return pattern->default_count > 0 || pattern->is_first ? NULL : "homes need a default: a list, or weights by datacenter";
	return (pattern->default_count == 0 && !pattern->is_first) || are_defaults_equal(pattern->first, pattern)
	               ? NULL
	               : "two patterns of homes have the same name and different defaults: give the default at the first only, or another name";
}

static const char *pattern_load(struct patterns *patterns, const struct origins *origins, const struct core_home *configured)
{
	struct home_pattern *pattern = &patterns->items[patterns->count++];
	*pattern = (struct home_pattern){
		.text = buffer_copy(slice_of(configured->match)),
		.name = buffer_copy(slice_of(configured->name == NULL ? "user" : configured->name)),
		.away = configured->away, .is_read_home = configured->is_read_home, .is_pop_home = configured->is_pop_home,
		.is_mixed_accepted = configured->is_mixed_accepted,
	};
	pattern->name_hash = user_hash_name(pattern->name);
	patterns->has_read_home |= pattern->is_read_home;
	const char *error = pattern_split(pattern);
	if (error == NULL && !is_name(pattern->name))
		error = "the name of a pattern of homes is a word without spaces and colons, as in user";
	if (error == NULL)
		error = defaults_load(pattern, origins, configured);
	return error != NULL ? error : find_first(patterns, pattern);
}

/* What makes two datacenters agree on whose a key is, and where he lives. */
static void add_digest_text(const struct home_pattern *pattern, const struct origins *origins, struct buffer *text)
{
	buffer_add(text, pattern->text);
	buffer_add_byte(text, '\0');
	buffer_add(text, pattern->name);
	buffer_add_byte(text, pattern->is_first ? 'f' : pattern->is_hash ? 'h' : 'l');
	for (unsigned i = 0; i < pattern->default_count; i++) {
		const struct home_default *one = &pattern->defaults[i];
		buffer_add_byte(text, '\0');
		buffer_add(text, one->match);
		buffer_add_byte(text, '\0');
		buffer_add_text(text, origins->dcs[one->dc]);
		buffer_add_byte(text, '\0');
		buffer_add_uint64(text, pattern->is_hash ? one->weight : 0);
	}
	buffer_add_byte(text, '\n');
}

const char *patterns_init(struct patterns *patterns, const struct origins *origins, const struct core_home *homes, unsigned count)
{
	const char *error = NULL;
	struct buffer text = { 0 };
	*patterns = (struct patterns){ .items = memory_new((count + 1) * sizeof *patterns->items) };
	for (unsigned i = 0; i < count && error == NULL; i++) {
		error = pattern_load(patterns, origins, &homes[i]);
		if (error == NULL)
			add_digest_text(&patterns->items[i], origins, &text);
	}
	patterns->digest = count == 0 ? 0 : slice_hash(buffer_slice(&text)) | 1;
	buffer_free(&text);
	return error;
}

void patterns_free(struct patterns *patterns)
{
	for (unsigned i = 0; i < patterns->count; i++) {
		struct home_pattern *pattern = &patterns->items[i];
		for (unsigned j = 0; j < pattern->default_count; j++)
			bytes_free(pattern->defaults[j].match);
		memory_free(pattern->defaults);
		bytes_free(pattern->text);
		bytes_free(pattern->name);
	}
	memory_free(patterns->items);
}

/* ---- keys ---- */

/* The id begins at START of KEY, or in braces there. */
static bool match_at(const struct home_pattern *pattern, struct slice key, size_t start, struct slice *id)
{
	bool is_braced = start < key.len && key.ptr[start] == '{';
	size_t from = start + is_braced, end = from;
	while (end < key.len && key.ptr[end] != '{' && key.ptr[end] != '}' && (unsigned char)key.ptr[end] != pattern->stop_before &&
	       (unsigned char)key.ptr[end] != pattern->stop_behind)
		end++;
	if (end == from || (is_braced && (end == key.len || key.ptr[end] != '}')))
		return false;
	*id = (struct slice){ key.ptr + from, end - from };
	end += is_braced;
	struct slice rest = { key.ptr + end, key.len - end };
	return pattern->behind.len == 0 ? rest.len == 0 : glob_match(pattern->behind, rest);
}

static bool match_key(const struct home_pattern *pattern, struct slice key, struct slice *id)
{
	struct slice before = pattern->before;
	/* The first byte mostly tells. */
	if (before.len > 0 && key.len > 0 && before.ptr[0] != key.ptr[0] && !is_wildcard(before.ptr[0]))
		return false;
	if (pattern->is_before_plain)
		return key.len > before.len && memcmp(key.ptr, before.ptr, before.len) == 0 && match_at(pattern, key, before.len, id);
	for (size_t start = 1; start < key.len; start++)
		if ((unsigned char)key.ptr[start - 1] == pattern->stop_before && match_at(pattern, key, start, id) &&
		    glob_match(before, (struct slice){ key.ptr, start }))
			return true;
	return false;
}

bool patterns_user(const struct patterns *patterns, struct slice key, struct user *user)
{
	for (unsigned i = 0; i < patterns->count; i++) {
		user->pattern = &patterns->items[i];
		if (match_key(user->pattern, key, &user->id))
			return true;
	}
	return false;
}

bool patterns_named(const struct patterns *patterns, struct slice text, struct user *user)
{
	struct slice name = slice_take_until(&text, ':');
	user->id = text;
	for (unsigned i = 0; i < patterns->count; i++) {
		user->pattern = &patterns->items[i];
		if (slice_equal(user->pattern->name, name))
			return text.len > 0;
	}
	return false;
}

struct user_hash patterns_hash(const struct user *user)
{
	return user_hash_id(user->pattern->name_hash, user->id);
}

void patterns_add_user(struct buffer *out, const struct user *user)
{
	buffer_add(out, user->pattern->name);
	buffer_add_byte(out, ':');
	buffer_add(out, user->id);
}

/* ---- defaults ---- */

/* Weighted rendezvous hashing: the highest random weight wins (Thaler, Ravishankar: Using name-based mappings to increase hit rates, 1998), with weights
 * by the logarithmic method (Schindelhauer, Schomaker: Weighted distributed hash tables, 2005). A user moves only to or from a datacenter whose weight
 * changes. */
static unsigned default_by_weight(const struct home_pattern *pattern, struct user_hash hash)
{
	const struct home_default *best = &pattern->defaults[0];
	uint64_t best_cost = user_hash_cost(user_hash_draw(hash, best->draw));
	for (unsigned i = 1; i < pattern->default_count; i++) {
		const struct home_default *one = &pattern->defaults[i];
		uint64_t cost = user_hash_cost(user_hash_draw(hash, one->draw));
		uint64_t ours = cost * best->weight, theirs = best_cost * one->weight;
		/* The order in the configuration counts for nothing. */
		if (ours > theirs || (ours == theirs && one->draw > best->draw))
			continue;
		best = one;
		best_cost = cost;
	}
	return best->dc;
}

unsigned patterns_default(const struct user *user, struct user_hash hash)
{
	const struct home_pattern *pattern = user->pattern->first;
	if (pattern->is_first)
		return CORE_DC_UNKNOWN;
	if (pattern->is_hash)
		return default_by_weight(pattern, hash);
	unsigned i = 0;
	while (i + 1 < pattern->default_count && !glob_match(pattern->defaults[i].match, user->id))
		i++;
	return pattern->defaults[i].dc;
}
