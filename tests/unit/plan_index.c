/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hash table of a plan. */
#include "core/plan_index.h"

#include <criterion/criterion.h>

#define MANY 5000u

/* data is the keys, by number. */
static bool is_key(const void *data, uint32_t number, const void *key)
{
	const uint32_t *keys = data;

	return keys[number] == *(const uint32_t *)key;
}

static int put(struct pri_plan_index *index, uint32_t hash, uint32_t number)
{
	int r = pri_plan_index_reserve(index);

	if (r == 0)
		pri_plan_index_put(index, hash, number);
	return r;
}

static uint32_t hash_of(uint32_t key)
{
	return pri_plan_hash(PRI_PLAN_HASH, &key, sizeof(key));
}

Test(plan_index, empty)
{
	struct pri_plan_index index = {0};
	uint32_t number, key = 1;

	cr_expect(!pri_plan_index_get(&index, hash_of(key), is_key, NULL, &key, &number));
	pri_plan_index_clear(&index);
	cr_expect(!pri_plan_index_get(&index, hash_of(key), is_key, NULL, &key, &number));
}

Test(plan_index, same_hash_is_not_the_same_key)
{
	uint32_t keys[] = {7, 8, 9}, number = 0;
	struct pri_plan_index index = {0};

	for (uint32_t i = 0; i < 2; i++)
		cr_assert_eq(put(&index, 5, i), 0);
	for (uint32_t i = 0; i < 2; i++) {
		cr_expect(pri_plan_index_get(&index, 5, is_key, keys, &keys[i], &number));
		cr_expect_eq(number, i);
	}
	cr_expect(!pri_plan_index_get(&index, 5, is_key, keys, &keys[2], &number));
	cr_expect(!pri_plan_index_get(&index, 6, is_key, keys, &keys[0], &number));
	pri_plan_index_clear(&index);
}

Test(plan_index, grows_without_losing_keys)
{
	static uint32_t keys[MANY];
	struct pri_plan_index index = {0};
	uint32_t number;

	for (uint32_t i = 0; i < MANY; i++) {
		keys[i] = 3 * i;
		cr_assert_eq(put(&index, hash_of(keys[i]), i), 0);
	}
	for (uint32_t i = 0; i < MANY; i++) {
		cr_assert(pri_plan_index_get(&index, hash_of(keys[i]), is_key, keys, &keys[i],
					     &number));
		cr_assert_eq(number, i);
	}
	cr_expect_eq(index.count, MANY);
	pri_plan_index_clear(&index);
}

Test(plan_index, usable_after_clear)
{
	uint32_t keys[] = {1, 2}, number = 0;
	struct pri_plan_index index = {0};

	cr_expect_eq(put(&index, hash_of(1), 0), 0);
	pri_plan_index_empty(&index);
	cr_expect(!pri_plan_index_get(&index, hash_of(1), is_key, keys, &keys[0], &number));
	cr_expect_eq(put(&index, hash_of(1), 0), 0);
	pri_plan_index_clear(&index);
	cr_expect(!pri_plan_index_get(&index, hash_of(1), is_key, keys, &keys[0], &number));
	cr_expect_eq(put(&index, hash_of(2), 1), 0);
	cr_expect(pri_plan_index_get(&index, hash_of(2), is_key, keys, &keys[1], &number));
	cr_expect_eq(number, 1);
	pri_plan_index_clear(&index);
}
