/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of rows: whole, and in the right scale. */
#include "backend/cgroup/cgroup.h"

#include "fixture.h"

static bool is_served(const struct pri_cg_row *row)
{
	return row->v1.read || row->v2.read || row->host.read;
}

static void check_way(const struct pri_attr *attr, const struct pri_cg_way *way)
{
	bool writable = pri_attr_is(attr, PRALLOC_ATTR_WRITABLE);
	const char *name = attr->name;

	if (!way->read)
		return;
	cr_expect_eq(way->serve.attr, pri_attr_id(attr), "%s", name);
	cr_expect(way->serve.modes & PRI_SERVE_READ, "%s", name);
	cr_expect_eq((way->serve.modes & PRI_SERVE_WRITE) != 0, writable, "%s", name);
	cr_expect(way->write || !writable, "%s", name);
	cr_expect_eq(way->check != NULL, (way->serve.modes & PRI_SERVE_PRECHECK) != 0, "%s", name);
	cr_expect_eq(way->serve.encode != NULL, way->serve.decode != NULL, "%s", name);
	/* A limit that is written as a number needs a word for none. */
	if (way->write == pri_cg_number_write && pri_attr_is(attr, PRALLOC_ATTR_UNLIMITED))
		cr_expect(way->unlimited, "%s", name);
	if (way->write == pri_cg_number_write && attr->def == PRALLOC_DEFAULT)
		cr_expect(way->unset, "%s", name);
}

Test(cgroup_rows, each_attribute_is_served_or_has_a_reason)
{
	for (int i = 0; i < PRI_ATTR_COUNT; i++) {
		const struct pri_cg_row *row = &pri_cg_rows[i];

		cr_expect_neq(is_served(row), row->reason != NULL, "%s", pri_attrs[i].name);
		if (row->v2.read && !row->v1.read)
			cr_expect(row->v2_only, "%s: why not on v1?", pri_attrs[i].name);
		check_way(&pri_attrs[i], &row->v1);
		check_way(&pri_attrs[i], &row->v2);
		check_way(&pri_attrs[i], &row->host);
	}
}

Test(cgroup_rows, shares_keep_their_ratio_as_weights)
{
	static const struct {
		uint64_t shares, weight;
	} cases[] = {{20, 2},	  {100, 10},   {512, 50},     {1000, 98},
		     {1024, 100}, {2048, 200}, {10240, 1000}, {102400, 10000}};
	const struct pri_serve *serve = &pri_cg_rows[PRI_CPU_SHARES].v2.serve;

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++)
		cr_expect_eq(serve->encode(cases[i].shares), cases[i].weight,
			     "%" PRIu64 " shares: %" PRIu64, cases[i].shares,
			     serve->encode(cases[i].shares));
	for (uint64_t shares = 512; shares <= serve->max; shares++) {
		uint64_t back = serve->decode(serve->encode(shares));
		uint64_t distance = back > shares ? back - shares : shares - back;

		cr_assert_leq(distance * 100, shares, "%" PRIu64 " becomes %" PRIu64, shares, back);
	}
}

Test(cgroup_rows, each_weight_comes_back_as_itself)
{
	const struct pri_serve *serve = &pri_cg_rows[PRI_CPU_SHARES].v2.serve;

	for (uint64_t weight = 2; weight <= 10000; weight++)
		cr_assert_eq(serve->encode(serve->decode(weight)), weight, "%" PRIu64, weight);
}
