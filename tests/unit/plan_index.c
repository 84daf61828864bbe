/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hash table of a plan. */
#include "core/plan_index.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define MANY 5000u

static void key_of(char key[32], unsigned int i)
{
	snprintf(key, 32, "%u key", i);
}

Test(plan_index, keeps_the_first_number)
{
	struct pri_plan_index index = {0};
	uint32_t number = 0;

	cr_expect_eq(pri_plan_index_put(&index, "a", 7, &number), 0);
	cr_expect_eq(number, 7);
	cr_expect_eq(pri_plan_index_put(&index, "a", 8, &number), 1);
	cr_expect_eq(number, 7);
	cr_expect_eq(pri_plan_index_put(&index, "", 9, &number), 0);
	cr_expect_eq(pri_plan_index_put(&index, "", 1, &number), 1);
	cr_expect_eq(number, 9);
	pri_plan_index_clear(&index);
}

Test(plan_index, grows_without_losing_keys)
{
	struct pri_plan_index index = {0};
	uint32_t number;
	char key[32];

	for (unsigned int i = 0; i < MANY; i++) {
		key_of(key, i);
		cr_assert_eq(pri_plan_index_put(&index, key, i, &number), 0, "%s", key);
	}
	for (unsigned int i = 0; i < MANY; i++) {
		key_of(key, i);
		cr_assert_eq(pri_plan_index_put(&index, key, 0, &number), 1, "%s", key);
		cr_assert_eq(number, i, "%s", key);
	}
	cr_expect_eq(index.count, MANY);
	pri_plan_index_clear(&index);
}

Test(plan_index, usable_after_clear)
{
	struct pri_plan_index index = {0};
	uint32_t number;

	pri_plan_index_clear(&index);
	cr_expect_eq(pri_plan_index_put(&index, "a", 1, &number), 0);
	pri_plan_index_clear(&index);
	cr_expect_eq(pri_plan_index_put(&index, "a", 2, &number), 0);
	cr_expect_eq(number, 2);
	pri_plan_index_clear(&index);
}
