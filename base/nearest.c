#include "nearest.h"

#include <string.h>

#define WORD_MAX 63

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Optimal string alignment distance. Three rows of the table are enough: a swap looks back two. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *above_that = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && above_that[j - 2] + 1 < row[j])
				row[j] = above_that[j - 2] + 1;
		}
	}
	return rows[a_len % 3][b_len];
}

const char *nearest_name(const char *word, const char *const *names, unsigned count)
{
	const char *best = NULL;
	size_t word_len = strlen(word);
	unsigned best_distance = (unsigned)(word_len / 3) + 2; /* farther ones would only puzzle */

	if (word_len > WORD_MAX)
		return NULL;
	for (unsigned i = 0; i < count; i++) {
		if (strlen(names[i]) > WORD_MAX)
			continue;
		unsigned distance = edit_distance(word, names[i]);
		if (distance < best_distance && distance < strlen(names[i])) {
			best = names[i];
			best_distance = distance;
		}
	}
	return best;
}
