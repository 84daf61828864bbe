/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far two words are apart. */
#include "util/distance.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#define LONGEST 63

static const struct {
	const char *a, *b;
	size_t distance;
} cases[] = {
	{"", "", 0},
	{"", "abc", 3},
	{"abc", "", 3},
	{"abc", "abc", 0},
	{"abc", "abd", 1},
	{"abc", "ab", 1},
	{"abc", "xabc", 1},
	{"abc", "acb", 2},
	{"kitten", "sitting", 3},
	{"cpu.share", "cpu.shares", 1},
	{"Cpu.shares", "cpu.shares", 1},
};

Test(distance, table)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(pri_edit_distance(cases[i].a, cases[i].b), cases[i].distance,
			     "\"%s\" to \"%s\"", cases[i].a, cases[i].b);
		cr_expect_eq(pri_edit_distance(cases[i].b, cases[i].a), cases[i].distance,
			     "\"%s\" to \"%s\"", cases[i].b, cases[i].a);
	}
}

Test(distance, longest_words)
{
	char word[LONGEST + 2], none[LONGEST + 2];

	memset(word, 'a', sizeof(word));
	memset(none, 'b', sizeof(none));
	word[LONGEST] = none[LONGEST] = '\0';
	cr_expect_eq(pri_edit_distance(word, word), 0);
	cr_expect_eq(pri_edit_distance(word, none), LONGEST);
	word[LONGEST] = 'a';
	word[LONGEST + 1] = '\0';
	cr_expect_eq(pri_edit_distance(word, ""), SIZE_MAX);
	cr_expect_eq(pri_edit_distance("", word), SIZE_MAX);
}
