/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who competes with the domains of a plan, and has no step in it. */
#include <errno.h>
#include <string.h>

#include "core/plan_siblings.h"
#include "core/walk.h"

/* Who has a weight that cannot act competes with nobody: its backend would refuse the step. */
static int leave_out_ineffective(struct pri_siblings *siblings, size_t first)
{
	size_t n = 0;
	pri_autofree struct pri_item **items =
		calloc(siblings->count - first + 1, sizeof(struct pri_item *));

	if (!items)
		return -ENOMEM;
	for (size_t i = first; i < siblings->count; i++) {
		struct pri_item *item = &siblings->all[i].item;

		item->change.wanted.number = siblings->all[i].value;
		if (siblings->all[i].value > 0 && pri_item_has_precheck(item))
			items[n++] = item;
	}
	pri_batch_check(items, n, pri_deadline(siblings->plan->ctx));
	for (size_t i = first; i < siblings->count; i++)
		if (siblings->all[i].item.change.error == -EOPNOTSUPP)
			siblings->all[i].value = 0;
	return 0;
}

struct listing {
	struct pri_identity *domains;
	size_t count, size;
	bool all; /* also those that are off */
};

static int note_domain(void *arg, const struct pri_identity *identity)
{
	struct listing *listing = arg;
	void *domains = listing->domains;
	int r;

	if (!listing->all && identity->state == PRALLOC_DOMAIN_OFF)
		return 0;
	r = pri_siblings_make_room(&domains, listing->count, &listing->size, sizeof(*identity));
	listing->domains = domains;
	if (r == 0)
		listing->domains[listing->count++] = *identity;
	return r;
}

static int compare_uuids(const void *key, const void *element)
{
	const struct pri_sibling *sibling = element;

	return strcmp(key, sibling->item.target.domain->identity.uuid);
}

static struct pri_sibling *find_planned(struct pri_siblings *siblings, size_t group,
					const char *uuid)
{
	const struct pri_sibling_group *of = &siblings->groups[group];

	return bsearch(uuid, &siblings->all[of->first], of->count, sizeof(*siblings->all),
		       compare_uuids);
}

/* What is absent is no error: 0 without *ret_dom. */
static int open_domain(const struct pri_siblings *siblings, struct pr_host *host, const char *uuid,
		       struct pr_domain **ret_dom)
{
	pri_autofree char *error = NULL;
	int r = pri_domain_open(host, uuid, ret_dom, &error);

	if (r == 0 || pri_sibling_is_absent(r))
		return 0;
	return pri_set_error(siblings->error, r, "%s", error ? error : pri_strerror(r));
}

static int add_other(struct pri_siblings *siblings, size_t group, struct pr_domain *dom)
{
	const struct pri_change *change = &pri_siblings_like(siblings, group)->change;
	const struct pri_attr *attr = change->attr;
	const char *instance = *change->instance ? change->instance : NULL;
	struct pri_target target = {dom->host, dom};
	struct pri_sibling *sibling = pri_siblings_add(siblings);
	pri_autofree char *error = NULL;
	int r;

	if (!sibling)
		return -ENOMEM;
	sibling->group = group;
	sibling->number = siblings->count;
	sibling->opened = pri_domain_ref(dom);
	r = pri_item_init_read(&sibling->item, &target, attr, instance, siblings->mode, &error);
	if (r == 0)
		return 0;
	pri_item_clear(&sibling->item);
	pr_domain_close(pri_steal(sibling->opened));
	siblings->count--;
	if (pri_sibling_is_absent(r))
		return 0;
	return pri_set_error(siblings->error, r, "%s", error ? error : pri_strerror(r));
}

/* In each of the host's groups that it competes in. */
static int place_domain(struct pri_siblings *siblings, struct pr_host *host, size_t first,
			size_t end, const struct pri_identity *domain)
{
	struct pr_domain *dom = NULL;
	int r = 0;

	for (size_t g = first; r == 0 && g < end; g++) {
		struct pri_sibling *planned;

		if (!siblings->groups[g].is_outside ||
		    pri_siblings_compare_parents(
			    pri_siblings_like(siblings, g)->target.domain->identity.name,
			    domain->name) != 0)
			continue;
		planned = find_planned(siblings, g, domain->uuid);
		if (planned) {
			planned->is_listed = true;
			continue;
		}
		if (!dom)
			r = open_domain(siblings, host, domain->uuid, &dom);
		if (!dom)
			break;
		r = add_other(siblings, g, dom);
	}
	pr_domain_close(dom);
	return r;
}

static int add_others_of_host(struct pri_siblings *siblings, size_t first, size_t end)
{
	struct pr_host *host = pri_siblings_like(siblings, first)->target.host;
	struct listing listing = {.all = siblings->mode == PRALLOC_CONFIG};
	bool is_outside = false;
	int r = 0;

	for (size_t g = first; g < end; g++)
		is_outside = is_outside || siblings->groups[g].is_outside;
	if (is_outside)
		r = pri_walk_over(host, note_domain, &listing, siblings->error);
	for (size_t i = 0; r == 0 && i < listing.count; i++)
		r = place_domain(siblings, host, first, end, &listing.domains[i]);
	free(listing.domains);
	return r;
}

/* A process that was opened by its number is in a group whose place is not known. */
static int check_listed(const struct pri_siblings *siblings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct pri_sibling *sibling = &siblings->all[i];

		if (!siblings->groups[sibling->group].is_outside || sibling->is_listed ||
		    sibling->value == 0)
			continue;
		return pri_set_error(siblings->error, -EINVAL,
				     "%s of %s: the host does not list it, so that it is not known "
				     "what it competes with",
				     sibling->item.change.attr->name,
				     pri_target_name(&sibling->item.target));
	}
	return 0;
}

static int compare_all(const void *first, const void *second)
{
	const struct pri_sibling *a = first, *b = second;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->is_planned != b->is_planned)
		return a->is_planned ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static void count_groups(struct pri_siblings *siblings)
{
	qsort(siblings->all, siblings->count, sizeof(*siblings->all), compare_all);
	for (size_t i = 0; i < siblings->group_count; i++)
		siblings->groups[i].count = 0;
	for (size_t i = siblings->count; i-- > 0;) {
		siblings->groups[siblings->all[i].group].first = i;
		siblings->groups[siblings->all[i].group].count++;
	}
}

int pri_siblings_others(struct pri_siblings *siblings)
{
	size_t planned = siblings->count;
	int r = 0;

	for (size_t first = 0, end; r == 0 && first < siblings->group_count; first = end) {
		end = first + 1;
		while (end < siblings->group_count &&
		       pri_siblings_like(siblings, end)->target.host ==
			       pri_siblings_like(siblings, first)->target.host)
			end++;
		r = add_others_of_host(siblings, first, end);
	}
	if (r == 0)
		r = check_listed(siblings, planned);
	if (r == 0)
		r = pri_siblings_read(siblings, planned);
	if (r == 0)
		r = leave_out_ineffective(siblings, planned);
	if (r == 0 && siblings->count > 0)
		count_groups(siblings);
	return r;
}
