/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/plan_journal_skip.h"

/* A persistent setting may be of a device that runs no more and is still configured. */
static bool is_configured(const struct pri_target *target, const char *attribute)
{
	const struct pri_attr *attr = NULL;
	pri_autofree char *error = NULL, *found = NULL;
	char inside[PRI_NAME_MAX];

	return pri_attr_split(&error, attribute, &attr, inside, sizeof(inside)) < 0 ||
	       pri_instance_resolve(target, attr, PRALLOC_CONFIG, inside, &found, &error) !=
		       -ENODEV;
}

bool pri_skip_may_come_back(const struct pri_target *target, size_t mode, const char *attribute,
			    uint64_t incarnation, int code)
{
	if (mode == PRI_STEP_CONFIG)
		return code != -ENODEV || is_configured(target, attribute);
	/* What was live is gone with the start of the domain that it was of. */
	return code != -ENODEV &&
	       (!target->domain || target->domain->identity.incarnation == incarnation);
}

int pri_skips_add(struct pri_skips *skips, size_t number, size_t mode, bool gives,
		  struct pri_reason *reason)
{
	struct pri_skipped *more = pri_journal_grow(skips->list, skips->count, sizeof(*more));

	if (!more)
		return -ENOMEM;
	skips->list = more;
	more[skips->count++] = (struct pri_skipped){
		.number = number, .mode = mode, .gives = gives, .reason = *reason};
	reason->why = NULL;
	return 0;
}

void pri_skips_undone(const struct pri_skips *skips, size_t number, size_t mode)
{
	for (size_t i = 0; i < skips->count; i++)
		if (skips->list[i].number == number && skips->list[i].mode == mode)
			skips->list[i].undone = true;
}

void pri_skips_tell(const struct pri_skips *skips, bool gives, bool takes,
		    struct pri_journal_left *left)
{
	for (size_t i = 0; i < skips->count; i++) {
		struct pri_skipped *skipped = &skips->list[i];

		if (skipped->undone || !(skipped->gives ? gives : takes))
			continue;
		left->again = left->again || skipped->reason.again;
		if (left->code == 0) {
			left->code = skipped->reason.code;
			left->why = pri_steal(skipped->reason.why);
		}
	}
}

void pri_skips_clear(struct pri_skips *skips)
{
	for (size_t i = 0; i < skips->count; i++)
		free(skips->list[i].reason.why);
	free(skips->list);
}
