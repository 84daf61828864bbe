/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "suggest.h"

#include <string.h>

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Edit distance, two neighbours swapped counting one; both words shorter than SUGGEST_MAX. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][SUGGEST_MAX];
	size_t *two_ago = rows[0], *last = rows[1], *now = rows[2], *spare;
	size_t i, j;

	for (j = 0; j <= strlen(b); j++)
		last[j] = j;
	for (i = 1; i <= strlen(a); i++) {
		now[0] = i;
		for (j = 1; j <= strlen(b); j++) {
			now[j] = smallest(last[j] + 1, now[j - 1] + 1,
					  last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    two_ago[j - 2] + 1 < now[j])
				now[j] = two_ago[j - 2] + 1;
		}
		spare = two_ago;
		two_ago = last;
		last = now;
		now = spare;
	}
	return last[strlen(b)];
}

/* One edit in three characters is a slip, more is another name. */
void suggest_begin(struct suggestion *suggestion, const char *word)
{
	*suggestion = (struct suggestion){.word = word};
	suggestion->distance = (strlen(word) + 2) / 3 + 1;
}

void suggest_offer(struct suggestion *suggestion, const char *name)
{
	size_t distance;

	if (strlen(name) >= SUGGEST_MAX || strlen(suggestion->word) >= SUGGEST_MAX)
		return;
	distance = edit_distance(suggestion->word, name);
	if (distance >= suggestion->distance)
		return;
	suggestion->distance = distance;
	memcpy(suggestion->best, name, strlen(name) + 1);
}
