#include "scope_list.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS_MAX 32

/* A letter of the list, or its middle, which no write sees as an element. Letters that all had stand behind each other. */
struct letter {
	const struct dated *by;      /* NULL: all had it */
	unsigned fact;               /* which of the write's facts made it */
	char text;
	uint64_t put_at;             /* the stamp of what set it last */
	int place, after;            /* beside which letter it stands; behind which it was made: -1: before all */
	bool is_before;
	unsigned gone_count;
	struct { const struct dated *by; unsigned fact; } gone[SCOPE_VERSIONS_MAX * 4];
};

struct board {
	struct letter letters[LETTERS_MAX];
	unsigned count;
	int order[LETTERS_MAX];
	unsigned shown;
};

/* Did the fact of BY at AT have that of OTHER before it? */
static bool saw(const struct dated *by, unsigned at, const struct dated *other, unsigned other_at)
{
	return by == other ? other_at < at : scope_covers(by, other);
}

static bool knows(const struct letter *letter, const struct dated *by, unsigned at)
{
	return letter->by == NULL || saw(by, at, letter->by, letter->fact);
}

static bool sees(const struct letter *letter, const struct dated *by, unsigned at)
{
	if (letter->text == '\0' || !knows(letter, by, at))
		return false;
	for (unsigned i = 0; i < letter->gone_count; i++)
		if (saw(by, at, letter->gone[i].by, letter->gone[i].fact))
			return false;
	return true;
}

static bool is_earlier(const struct board *board, int a, int b)
{
	const struct letter *one = &board->letters[a], *other = &board->letters[b];

	if (one->by == NULL || other->by == NULL)
		return one->by == NULL;
	if (one->is_before && board->letters[one->place].after < 0)
		return one->by->stamp > other->by->stamp;
	return one->by->stamp < other->by->stamp;
}

static void show(struct board *board, int place)
{
	for (int side = 1; side >= 0; side--) {
		bool is_done[LETTERS_MAX] = { false };

		for (;;) {
			int next = -1;

			for (int i = 0; i < (int)board->count; i++)
				if (!is_done[i] && board->letters[i].place == place && board->letters[i].is_before == side && (next < 0 || is_earlier(board, i, next)))
					next = i;
			if (next < 0)
				break;
			is_done[next] = true;
			show(board, next);
		}
		if (side == 1)
			board->order[board->shown++] = place;
	}
}

static int add_letter(struct board *board, struct letter letter)
{
	assert(board->count < LETTERS_MAX);
	board->letters[board->count] = letter;
	return (int)board->count++;
}

static void start_board(struct board *board, const struct scope_value *start)
{
	*board = (struct board){ .count = 0 };
	add_letter(board, (struct letter){ .text = '\0', .place = -1, .after = -1 });
	for (const char *at = start->text; start->is_present && *at != '\0'; at++)
		add_letter(board, (struct letter){ .text = *at, .place = (int)board->count - 1, .after = (int)board->count - 1 });
	show(board, 0);
}

/* The place in the order of the letter that BY sees at INDEX; -1: none. */
static int seen_at(const struct board *board, const struct dated *by, unsigned at, int64_t index)
{
	for (unsigned i = 0; i < board->shown; i++)
		if (sees(&board->letters[board->order[i]], by, at) && index-- == 0)
			return (int)i;
	return -1;
}

static void insert(struct board *board, const struct dated *by, unsigned at, const struct scope_fact *fact)
{
	struct letter letter = { .by = by, .fact = at, .text = fact->text[0] };
	int first = -1, last = -1, next;
	int found = fact->number > 0 ? seen_at(board, by, at, fact->number - 1) : -1;

	for (int i = 0; i < (int)board->shown; i++) {
		if (!knows(&board->letters[board->order[i]], by, at))
			continue;
		first = first < 0 ? i : first;
		last = i;
	}
	if (fact->number == 0) {
		letter.place = board->order[first];
		letter.is_before = true;
		letter.after = -1;
	} else {
		found = found < 0 || fact->number >= fact->length ? last : found;
		for (next = found + 1; next < (int)board->shown && !knows(&board->letters[board->order[next]], by, at); next++)
			;
		letter.after = board->order[found];
		letter.is_before = next < (int)board->shown && board->letters[board->order[next]].after == letter.after;
		letter.place = letter.is_before ? board->order[next] : letter.after;
	}
	add_letter(board, letter);
	board->shown = 0;
	show(board, 0);
}

static void take(struct letter *letter, const struct dated *by, unsigned at)
{
	letter->gone[letter->gone_count].by = by;
	letter->gone[letter->gone_count++].fact = at;
}

static uint32_t change(struct board *board, const struct dated *by, unsigned at, const struct scope_fact *fact)
{
	uint32_t hits = 0;

	for (int64_t i = 0; i < (fact->kind == SCOPE_PUT ? 1 : fact->amount); i++) {
		int found = seen_at(board, by, at, fact->number + i);

		if (found < 0)
			break;
		hits |= 1u << board->order[found];
		if (fact->kind == SCOPE_PUT)
			board->letters[board->order[found]].text = fact->text[0];
	}
	for (unsigned i = 0; fact->kind == SCOPE_TAKE && i < board->count; i++)
		if (hits >> i & 1)
			take(&board->letters[i], by, at);
	return hits;
}

/* Clears what it has seen; a write of another type all that is older. */
static void erase(struct board *board, const struct dated *by, unsigned at, bool is_all)
{
	for (unsigned i = 0; i < board->count; i++)
		if (is_all || sees(&board->letters[i], by, at))
			take(&board->letters[i], by, at);
}

static uint32_t play(struct board *board, const struct dated *by, unsigned at, unsigned key)
{
	const struct scope_fact *fact = &by->write->facts[at];

	if (fact->kind != SCOPE_FLUSH && fact->key != key)
		return 0;
	if (fact->kind == SCOPE_FLUSH || fact->kind == SCOPE_CLEAR)
		erase(board, by, at, false);
	else if (fact->kind == SCOPE_INSERT)
		insert(board, by, at, fact);
	else if (fact->kind == SCOPE_TAKE || fact->kind == SCOPE_PUT)
		return change(board, by, at, fact);
	else if (scope_makes_present(fact))
		erase(board, by, at, true);
	return 0;
}

struct scope_value scope_list(const struct dated_writes *writes, unsigned key, const struct scope_value *start, struct scope_hits *hits)
{
	struct board board;
	struct scope_value value = { .is_present = false };
	char text[LETTERS_MAX + 1] = "";
	unsigned len = 0;
	bool is_played[SCOPE_VERSIONS_MAX] = { false };

	start_board(&board, start);
	for (unsigned turn = 0; turn < writes->count; turn++) {
		unsigned next = SCOPE_VERSIONS_MAX;

		for (unsigned i = 0; i < writes->count; i++)
			if (!is_played[i] && (next == SCOPE_VERSIONS_MAX || writes->items[i].stamp < writes->items[next].stamp))
				next = i;
		is_played[next] = true;
		for (unsigned i = 0; i < writes->items[next].write->count; i++) {
			uint32_t hit = play(&board, &writes->items[next], i, key);

			if (hits != NULL)
				hits->of[next][i] |= hit;
		}
	}
	for (unsigned i = 0; i < board.shown; i++) {
		const struct letter *letter = &board.letters[board.order[i]];

		if (letter->text != '\0' && letter->gone_count == 0)
			text[len++] = letter->text;
	}
	if (len > 0)
		scope_put(&value, text);
	return value;
}
