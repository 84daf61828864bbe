/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/domain_lock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "core/held.h"

#define PATIENCE_NS UINT64_C(500000000)
#define PAUSE_NS 2000000L
/* So many files of a host are kept open, so that a program with thousands of domains has
 * descriptors left. */
#define KEPT_MAX 64

static void lock_name(const struct pr_domain *dom, char name[64])
{
	snprintf(name, 64, "domain-%s", dom->identity.uuid);
}

static bool needs_none(const struct pr_domain *dom)
{
	return pri_domain_lock_needless(dom->host);
}

int pri_domain_lock(struct pr_domain *dom, char **error)
{
	char name[64];
	int r;

	if (needs_none(dom))
		return 0;
	lock_name(dom, name);
	if (dom->locked)
		return pri_set_error(error, -EBUSY, "a plan of this program is changing it");
	if (dom->lock_fd < 0) {
		r = pri_lock_open(pri_root(dom->host->ctx), name, &dom->lock_fd, error);
		if (r < 0)
			return r;
		dom->host->lock_count++;
	}
	r = pri_lock_take(dom->lock_fd, dom->identity.name, error);
	dom->locked = r == 0;
	if (dom->locked)
		pri_held_begin(dom);
	return r;
}

int pri_domain_lock_wait(struct pr_domain *dom, uint64_t deadline_ns, char **error)
{
	static const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t until_ns = pri_now_ns() + PATIENCE_NS;
	int r;

	if (until_ns > deadline_ns)
		until_ns = deadline_ns;
	while ((r = pri_domain_lock(dom, error)) == -EBUSY && !dom->locked &&
	       pri_now_ns() < until_ns)
		nanosleep(&pause, NULL);
	if (r == 0)
		free(pri_steal(*error));
	return r;
}

void pri_domain_lock_close(struct pr_domain *dom)
{
	if (dom->lock_fd < 0)
		return;
	if (dom->locked)
		pri_held_end(dom);
	close(dom->lock_fd);
	dom->lock_fd = -1;
	dom->locked = false;
	dom->host->lock_count--;
}

void pri_domain_unlock(struct pr_domain *dom)
{
	if (!dom->locked)
		return;
	dom->locked = false;
	pri_held_end(dom);
	if (dom->host->lock_count > KEPT_MAX)
		pri_domain_lock_close(dom);
	else
		pri_lock_release(dom->lock_fd);
}

int pri_domain_lock_look(struct pr_domain *dom, char **error)
{
	char name[64];

	if (needs_none(dom))
		return 0;
	if (dom->locked)
		return pri_set_error(error, -EBUSY, "a plan of this program is changing it");
	lock_name(dom, name);
	return pri_lock_look(pri_root(dom->host->ctx), name, dom->identity.name, error);
}
