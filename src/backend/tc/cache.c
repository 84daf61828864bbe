/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trees that were read or written, for the next call.
 *
 * The kernel's state alone counts.  What tells that it is still the one that is remembered: a
 * number in a file that all processes map, another one after each write (turn.h); and that no
 * interface has come or gone.  Without the file all is read always.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "backend/tc/tc.h"
#include "backend/tc/turn.h"

/* How often a single message looks whether the file still has its name. */
#define LOOK_NS UINT64_C(1000000000)
#define SIZE (PRI_TC_DIRECTIONS * sizeof(uint64_t))

struct pri_tc_entry *pri_tc_entry_find(const struct pri_tc_host *host, int owner,
				       enum pri_tc_direction direction)
{
	for (size_t i = 0; i < host->entry_count; i++) {
		struct pri_tc_entry *entry = host->entries[i];

		if (entry->tree.owner == owner && entry->tree.direction == direction)
			return entry;
	}
	return NULL;
}

static struct pri_tc_entry *entry_of(struct pri_tc_host *host, int owner,
				     enum pri_tc_direction direction)
{
	struct pri_tc_entry **more, *entry = pri_tc_entry_find(host, owner, direction);

	if (entry)
		return entry;
	more = realloc(host->entries, (host->entry_count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	host->entries = more;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->tree = (struct pri_tc_tree){.owner = owner, .direction = direction};
	entry->fd = -1;
	more[host->entry_count++] = entry;
	return entry;
}

void pri_tc_entries_free(struct pri_tc_host *host)
{
	for (size_t i = 0; i < host->entry_count; i++) {
		pri_tc_entry_clear(host->entries[i]);
		free(host->entries[i]);
	}
	free(host->entries);
}

/* malloc'ed, or NULL. */
static char *path_of(const struct pri_call *call, int owner)
{
	const struct pri_tc_host *host = call->host;
	char *path = NULL;

	if (asprintf(&path, "%s/run/pralloc/tc-%" PRIx64 "-%d", call->root, host->network, owner) <
	    0)
		return NULL;
	return path;
}

static int open_numbers(const struct pri_call *call, int owner, bool make)
{
	pri_autofree char *path = path_of(call, owner);
	int fd;

	if (!path)
		return -1;
	fd = open(path, O_RDWR | (make ? O_CREAT : 0) | O_CLOEXEC | O_NOFOLLOW, 0644);
	/* Pages that a full file system does not have would be a SIGBUS at the first store. */
	if (fd >= 0 && posix_fallocate(fd, 0, SIZE) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Only who may write can know that others can, too. */
static void map_numbers(const struct pri_call *call, struct pri_tc_entry *entry, bool make)
{
	struct stat status;
	void *map;

	/* A file that was removed is nobody else's any more. */
	if (entry->numbers && fstat(entry->fd, &status) == 0 && status.st_nlink > 0)
		return;
	pri_tc_entry_clear(entry);
	entry->fd = open_numbers(call, entry->tree.owner, make);
	if (entry->fd < 0)
		return;
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, entry->fd, 0);
	if (map != MAP_FAILED)
		entry->numbers = map;
}

static uint64_t *number_of(const struct pri_tc_entry *entry)
{
	return &entry->numbers[entry->tree.direction];
}

void pri_tc_entry_clear(struct pri_tc_entry *entry)
{
	int owner = entry->tree.owner;
	enum pri_tc_direction direction = entry->tree.direction;

	if (entry->numbers)
		munmap(entry->numbers, SIZE);
	if (entry->fd >= 0)
		close(entry->fd);
	pri_tc_tree_clear(&entry->tree);
	*entry = (struct pri_tc_entry){.tree = {.owner = owner, .direction = direction}, .fd = -1};
}

struct pri_tc_entry *pri_tc_entry(struct pri_call *call, int owner, enum pri_tc_direction direction,
				  bool make)
{
	struct pri_tc_host *host = call->host;
	struct pri_tc_entry *entry = entry_of(host, owner, direction);

	if (entry)
		map_numbers(call, entry, make);
	return entry;
}

bool pri_tc_entry_has_file(struct pri_tc_entry *entry, uint64_t now_ns)
{
	struct stat status;

	/* now_ns is that of a deadline: it need not grow. */
	if (now_ns - entry->looked_ns < LOOK_NS)
		return true;
	entry->looked_ns = now_ns;
	if (fstat(entry->fd, &status) < 0 || status.st_nlink == 0)
		entry->valid = false;
	return entry->valid;
}

uint64_t pri_tc_entry_number(const struct pri_tc_entry *entry)
{
	if (!entry || !entry->numbers)
		return 1;
	return entry->mine ? entry->before : __atomic_load_n(number_of(entry), __ATOMIC_ACQUIRE);
}

void pri_tc_entry_begin(const struct pri_tc_host *host, struct pri_tc_entry *entry)
{
	if (entry && entry->numbers)
		entry->before = pri_tc_turn_take(number_of(entry), host->pid, &entry->mine);
}

bool pri_tc_entry_try(const struct pri_tc_host *host, struct pri_tc_entry *entry)
{
	entry->before = entry->number;
	if (pri_tc_turn_try(number_of(entry), entry->number, host->pid, &entry->mine))
		return true;
	entry->mine = 0;
	return false;
}

bool pri_tc_entry_end(struct pri_tc_entry *entry, bool wrote)
{
	bool same = !wrote && !(entry->before & 1);
	uint64_t next = same ? entry->before : pri_tc_turn_next(entry->mine);
	bool ended = pri_tc_turn_end(number_of(entry), entry->mine, next);

	entry->mine = 0;
	if (ended)
		entry->number = next;
	return ended;
}

bool pri_tc_entry_holds(const struct pri_tc_host *host, const struct pri_tc_entry *entry)
{
	uint64_t number = pri_tc_entry_number(entry);

	return entry && entry->valid && host->watch && !(number & 1) && entry->number == number &&
	       entry->changes == host->changes;
}

/* The tree moves. */
void pri_tc_entry_keep(const struct pri_tc_host *host, struct pri_tc_pair *pair)
{
	struct pri_tc_entry *entry = pair->entry;

	pri_tc_tree_clear(&entry->tree);
	entry->tree = pair->was;
	pair->was = (struct pri_tc_tree){0};
	for (uint32_t i = 0; i < entry->tree.port_count; i++)
		entry->tree.ports[i].seen = false;
	entry->valid = true;
	entry->synced = pair->synced;
	entry->number = pair->number;
	entry->changes = host->changes;
}
