/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the backend that opened the host tells those that stand beside it. */
#include <errno.h>

#include "core/core.h"

/* The same target as the backend that opened the host sees it. */
static int first_call(struct pri_call *first, const struct pri_call *call)
{
	return pri_call_begin(first, call->of, 0, call->deadline_ns);
}

static int hand_over(struct pri_call *call, struct pri_call *first, int code)
{
	free(call->error);
	call->error = pri_steal(first->error);
	return code;
}

int pri_place(struct pri_call *call, struct pri_place *place)
{
	struct pri_call first;
	int r = first_call(&first, call);

	*place = (struct pri_place){0};
	if (r == 0 && !first.backend->place)
		r = -EOPNOTSUPP;
	if (r == 0)
		r = first.backend->place(&first, place);
	if (r < 0)
		pri_place_clear(place);
	return hand_over(call, &first, r);
}

static void nic_clear(struct pri_place_nic *nic)
{
	free(nic->mac);
	free(nic->tap);
	free(nic->alias);
	free(nic->link);
	free(nic->bridge);
	free(nic->type);
}

static void disk_clear(struct pri_place_disk *disk)
{
	free(disk->target);
	free(disk->source);
	free(disk->alias);
}

void pri_place_clear(struct pri_place *place)
{
	for (size_t i = 0; i < place->nic_count; i++)
		nic_clear(&place->nics[i]);
	for (size_t i = 0; i < place->disk_count; i++)
		disk_clear(&place->disks[i]);
	free(place->nics);
	free(place->disks);
	*place = (struct pri_place){0};
}

int pri_links(struct pri_call *call, pri_add_link add, void *arg)
{
	struct pri_target host = {.host = call->of->host};
	struct pri_call first;
	int r = pri_call_begin(&first, &host, 0, call->deadline_ns);

	if (r == 0 && first.backend->links)
		r = first.backend->links(&first, add, arg);
	return hand_over(call, &first, r);
}
