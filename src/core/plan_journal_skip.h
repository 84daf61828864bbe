/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of a journal that cannot be put into a plan now: the others are taken back all the same. */
#ifndef PRI_PLAN_JOURNAL_SKIP_H
#define PRI_PLAN_JOURNAL_SKIP_H

#include <errno.h>

#include "core/plan_journal.h"

/* Why a step cannot be a part of the plan. */
struct pri_reason {
	int code;
	bool again; /* another attempt may find it */
	char *why;  /* malloc'ed, or NULL */
};

struct pri_skipped {
	size_t number, mode; /* in the journal; PRI_STEP_* */
	bool gives, undone;
	struct pri_reason reason;
};

struct pri_skips {
	struct pri_skipped *list;
	size_t count;
};

/* The list with room for one more at its end, which doubles at powers of two; NULL: none, and it is
 * as it was. */
static inline void *pri_journal_grow(void *list, size_t count, size_t size)
{
	return count & (count - 1) ? list : realloc(list, (count ? 2 * count : 1) * size);
}

/* Whether the error of a step is of this moment; what no plan could ever have had is nonsense. */
static inline bool pri_skip_may(int code)
{
	return code != -EINVAL && code != -ERANGE && code != -ENOMEM;
}

/* Whether a step that could not be added for that error can be added later.  mode: PRI_STEP_*;
 * attribute: with its instance; incarnation: of the domain when it was changed. */
bool pri_skip_may_come_back(const struct pri_target *target, size_t mode, const char *attribute,
			    uint64_t incarnation, int code);
/* The text of the reason is taken over.  0 or -ENOMEM. */
int pri_skips_add(struct pri_skips *skips, size_t number, size_t mode, bool gives,
		  struct pri_reason *reason);
/* Such a step was taken back already, if there is one. */
void pri_skips_undone(const struct pri_skips *skips, size_t number, size_t mode);
/* The first that was touched, in the phases that were begun, and was not taken back. */
void pri_skips_tell(const struct pri_skips *skips, bool gives, bool takes,
		    struct pri_journal_left *left);
void pri_skips_clear(struct pri_skips *skips);

#endif /* PRI_PLAN_JOURNAL_SKIP_H */
