/* Conflicts choice (see conflicts_choice.h). */
#include "conflicts_choice.h"

#include "base/text.h"

#include <string.h>

static const struct {
	const char *word;
	const char *with;            /* what has to follow the word; NULL: nothing */
	enum choice choice;
} choices[] = {
	{ "winner", NULL, CHOICE_RULE },
	{ "side", "the dot of the side, as in eu/1763917200000000/42", CHOICE_SIDE },
	{ "value", "the value", CHOICE_VALUE },
	{ "remove", NULL, CHOICE_REMOVAL },
	{ "rule", "a rule, lww or merge", CHOICE_RULE },
};

#define CHOICE_COUNT (sizeof(choices) / sizeof(choices[0]))

static bool is_dot(struct slice text)
{
	unsigned slashes = 0;
	for (size_t i = 0; i < text.len; i++)
		slashes += text.ptr[i] == '/';
	return slashes == 2;
}

bool conflicts_choice_read(struct slice word, struct slice with, struct conflicts_order *order, struct buffer *error)
{
	size_t i = 0;
	while (i < CHOICE_COUNT && !slice_equal_nocase(word, slice_of(choices[i].word)))
		i++;
	if (i == CHOICE_COUNT) {
		buffer_add_format(error, "'%.*s' is no way to end a conflict, choose winner, side DOT, value VALUE, remove or rule NAME",
		                  (int)(word.len < 64 ? word.len : 64), word.ptr);
		return false;
	}
	if ((choices[i].with != NULL) != (with.ptr != NULL) || (choices[i].choice == CHOICE_SIDE && !is_dot(with))) {
		buffer_add_format(error, "behind %s must stand %s", choices[i].word, choices[i].with != NULL ? choices[i].with : "nothing");
		return false;
	}
	order->ask = ASK_RESOLVE;
	order->choice = choices[i].choice;
	/* "winner" resolves by the rule lww, whose winner is the provisional one; ignoring would leave that winner without resolving. */
	order->value = choices[i].with != NULL ? with : choices[i].choice == CHOICE_RULE ? SLICE("lww") : (struct slice){ "", 0 };
	return true;
}
