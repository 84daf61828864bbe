/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one domain gives and another takes: the sum of what is wanted is the sum of what is. */
#include <errno.h>
#include <string.h>

#include "core/plan.h"

/* Steps of a scale around the wanted one that are tried until both sides hold the amount. */
#define TRIES 64
/* As for a single value: 2.5 % is 1 / 40. */
#define ERROR_DIVISOR 40

struct side {
	struct pri_target target;
	const char *instance; /* as given, or NULL */
	struct pri_item item; /* reads what is */
	bool is_planned;      /* the plan has a step of it already: */
	size_t number;
	struct pri_value is;	/* what was read */
	uint64_t base, planned; /* as a number: what is, and what the plan makes of it so far */
};

static int fail_side(const struct side *side, int code, const char *why, char **error)
{
	return pri_set_error(error, code, "%s of %s %s", side->item.change.attr->name,
			     pri_target_name(&side->target), why);
}

/* A guarantee that is not set keeps nothing; of a weight the default is one. */
static int as_number(struct side *side, char **error)
{
	const struct pri_attr *attr = side->item.change.attr;
	uint64_t number = side->is.number;

	if (number == PRALLOC_DEFAULT)
		number = attr->kind == PRALLOC_KIND_SOFT && attr->def == PRALLOC_DEFAULT
				 ? 0
				 : attr->def;
	if (number > PRI_NUMBER_MAX)
		return fail_side(side, -ERANGE,
				 number == PRALLOC_UNLIMITED
					 ? "is unlimited: there is no amount to move"
					 : "is not set: there is no amount to move",
				 error);
	side->base = side->planned = number;
	return 0;
}

static int side_read(struct pr_plan *plan, struct side *side, const struct pri_attr *attr,
		     uint32_t mode, char **error)
{
	const struct pri_step *step;
	int r = pri_item_init_read(&side->item, &side->target, attr, side->instance, mode, error);

	if (r < 0)
		return r;
	side->is_planned = pri_plan_find(plan, &side->item, &side->number);
	step = side->is_planned ? &plan->steps[pri_step_mode(mode)][side->number] : NULL;
	if (step && !step->is_moved)
		return fail_side(side, -EINVAL, "is set by another step of the plan", error);
	r = pri_get(&side->target, attr, side->instance, mode, &side->is, error);
	if (r == 0)
		r = as_number(side, error);
	if (r == 0 && step)
		side->planned = step->item.change.wanted.number;
	return r;
}

static void side_clear(struct side *side)
{
	pri_item_clear(&side->item);
	pri_value_clear(&side->is);
}

static bool in_range(const struct side *side, uint64_t value)
{
	const struct pri_attr *attr = side->item.change.attr;
	const struct pri_serve *serve = side->item.change.serve;
	uint64_t min = serve->max ? serve->min : attr->min;
	uint64_t max = serve->max ? serve->max : attr->max;

	return value >= min && value <= max;
}

/* The amount that both sides hold exactly and that is nearest to the wanted one; 0: none. */
static uint64_t find_amount(const struct side *from, const struct side *to, uint64_t amount)
{
	const struct pri_serve *gives = from->item.change.serve, *takes = to->item.change.serve;

	for (int i = 0; i <= 2 * TRIES; i++) {
		int by = i % 2 ? (i + 1) / 2 : -(i / 2);
		uint64_t left = pri_serve_step(gives, from->planned - amount, by);
		uint64_t moved = from->planned > left ? from->planned - left : 0;
		uint64_t error = moved > amount ? moved - amount : amount - moved;

		if (moved > 0 && error <= amount / ERROR_DIVISOR && in_range(from, left) &&
		    in_range(to, to->planned + moved) &&
		    pri_serve_step(takes, to->planned + moved, 0) == to->planned + moved)
			return moved;
	}
	return 0;
}

static int choose_amount(const struct side *from, const struct side *to, uint64_t amount,
			 uint64_t *ret_moved, char **error)
{
	const struct pri_attr *attr = from->item.change.attr;
	pri_autofree char *has = pri_value_text(attr, &(struct pri_value){.number = from->planned});
	pri_autofree char *wants = pri_value_text(attr, &(struct pri_value){.number = amount});
	pri_autofree char *cause = NULL;

	if (amount > from->planned || !in_range(from, from->planned - amount)) {
		pri_note_error(&cause, "is %s, and %s of it cannot be given", has ? has : "?",
			       wants ? wants : "?");
		return fail_side(from, -ERANGE, cause ? cause : "is too small", error);
	}
	if (to->planned > PRI_NUMBER_MAX - amount || !in_range(to, to->planned + amount))
		return fail_side(to, -ERANGE, "would be beyond its range", error);
	*ret_moved = find_amount(from, to, amount);
	if (*ret_moved > 0)
		return 0;
	return pri_set_error(error, -ERANGE,
			     "%s: no amount near %s is a step of the scales of both %s and %s",
			     attr->name, wants ? wants : "?", pri_target_name(&from->target),
			     pri_target_name(&to->target));
}

static int put(struct pr_plan *plan, struct side *side, uint32_t mode, uint64_t wanted,
	       char **error)
{
	struct pri_request request = {
		.attr = side->item.change.attr, .instance = side->item.instance, .number = wanted};
	struct pri_step *step;
	int r;

	if (!side->is_planned) {
		r = pri_plan_add(plan, &side->target, &request, error);
		if (r < 0)
			return r;
		side->number = plan->count - 1;
		step = &plan->steps[pri_step_mode(mode)][side->number];
		r = pri_value_copy(&step->expected, &side->is);
		if (r < 0)
			return r;
		step->is_expected = step->is_moved = true;
	}
	for (size_t i = 0; i < PRI_STEP_MODES; i++)
		plan->steps[i][side->number].item.change.wanted.number = wanted;
	return 0;
}

static int move(struct pr_plan *plan, const struct pri_attr *attr, struct side *from,
		struct side *to, uint64_t amount, uint32_t mode, char **error)
{
	size_t count = plan->count;
	uint64_t moved = 0;
	int r = side_read(plan, from, attr, mode, error);

	if (r == 0)
		r = side_read(plan, to, attr, mode, error);
	if (r == 0)
		r = choose_amount(from, to, amount, &moved, error);
	if (r < 0)
		return r;
	/* What fails is forgotten: steps that are there already are changed last. */
	if (!from->is_planned)
		r = put(plan, from, mode, from->planned - moved, error);
	if (r == 0 && !to->is_planned)
		r = put(plan, to, mode, to->planned + moved, error);
	if (r < 0) {
		pri_plan_truncate(plan, count);
		return r;
	}
	if (from->is_planned)
		put(plan, from, mode, from->planned - moved, error);
	if (to->is_planned)
		put(plan, to, mode, to->planned + moved, error);
	return 0;
}

static const char *mode_name(uint32_t mode)
{
	return mode == PRALLOC_CONFIG ? "persistent" : "live";
}

int pri_move_from(const struct pr_plan *plan, uint32_t mode, char **error)
{
	if (plan->moved_mode == 0 || plan->moved_mode == mode)
		return 0;
	return pri_set_error(error, -EINVAL,
			     "the plan has steps reckoned from %s values already: %s ones take a "
			     "plan of their own",
			     mode_name(plan->moved_mode), mode_name(mode));
}

int pri_move_modes(const struct pr_plan *plan, uint32_t modes, char **error)
{
	const struct pri_step *steps = plan->steps[pri_step_mode(plan->moved_mode)];
	size_t i = 0;

	if (plan->moved_mode == 0 || plan->moved_mode == modes)
		return 0;
	while (i + 1 < plan->count && !steps[i].is_moved)
		i++;
	return pri_set_error(error, -EINVAL,
			     "%s of %s was reckoned from %s values, which say nothing of others: "
			     "check and apply need %s alone",
			     steps[i].item.change.attr->name,
			     pri_target_name(&steps[i].item.target), mode_name(plan->moved_mode),
			     plan->moved_mode == PRALLOC_CONFIG ? "PRALLOC_CONFIG"
								: "PRALLOC_LIVE");
}

static int check_domains(const struct pr_plan *plan, const struct pr_domain *from,
			 const struct pr_domain *to, char **error)
{
	if (!from || !to)
		return pri_set_error(error, -EINVAL, "domain is NULL");
	if (from->host != to->host)
		return pri_set_error(error, -EINVAL,
				     "%s and %s are of different hosts: nothing moves between them",
				     from->identity.name, to->identity.name);
	if (from->host->ctx != plan->ctx)
		return pri_set_error(error, -EINVAL, "%s was opened from another context",
				     from->identity.name);
	if (strcmp(from->identity.uuid, to->identity.uuid) == 0)
		return pri_set_error(error, -EINVAL, "%s cannot give to itself",
				     from->identity.name);
	return 0;
}

static int plan_move(struct pr_plan *plan, const char *attribute, struct pr_domain *from,
		     struct pr_domain *to, uint64_t amount, uint32_t flags, char **error)
{
	const struct pri_attr *attr = NULL;
	char instance[PRI_NAME_MAX] = "";
	const char *given;
	struct side gives, takes;
	uint32_t mode = flags ? flags : PRALLOC_LIVE;
	int r = pri_flags_check(flags, PRI_MODE_FLAGS, error);

	if (r == 0 && flags == PRI_MODE_FLAGS)
		r = pri_set_error(error, -EINVAL, "live or persistent values are moved, not both");
	if (r == 0)
		r = pri_move_from(plan, mode, error);
	if (r == 0 && (!attribute || amount == 0))
		r = pri_set_error(error, -EINVAL, "the attribute is NULL or the amount is 0");
	if (r == 0)
		r = check_domains(plan, from, to, error);
	if (r == 0)
		r = pri_attr_split(error, attribute, &attr, instance, sizeof(instance));
	if (r == 0 && (!pri_attr_is(attr, PRALLOC_ATTR_ADDITIVE) || pri_attr_is_text(attr) ||
		       !pri_attr_is(attr, PRALLOC_ATTR_WRITABLE)))
		r = pri_set_error(error, -EINVAL,
				  "%s is no amount that one gives and another takes", attr->name);
	if (r < 0)
		return r;
	given = *instance ? instance : NULL;
	gives = (struct side){.target = {from->host, from}, .instance = given};
	takes = (struct side){.target = {to->host, to}, .instance = given};
	r = move(plan, attr, &gives, &takes, amount, mode, error);
	if (r == 0)
		plan->moved_mode = mode;
	side_clear(&gives);
	side_clear(&takes);
	return r;
}

int pr_plan_move(struct pr_plan *plan, const char *attribute, struct pr_domain *from,
		 struct pr_domain *to, uint64_t amount, uint32_t flags)
{
	char *error = NULL;
	int r;

	if (!plan)
		return -EINVAL;
	r = pri_plan_idle(plan, &error);
	if (r == 0)
		r = plan_move(plan, attribute, from, to, amount, flags, &error);
	return pri_plan_result(plan, r, &error);
}
