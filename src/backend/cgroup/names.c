/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UUIDs of groups and processes, and finding a group by its UUID.
 *
 * A group has no UUID of its own.  The one that it gets is a hash of its path, of version 8 of
 * RFC 9562 (made by the application's own rules): the same for everybody who asks, and for a group
 * of the same path that is made again, which is another incarnation.  That of a process has its
 * start time and its PID, so that it can be found by it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cgroup/cgroup.h"

/* FNV-1a, 64 bits, once from either end of the text. */
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

#define PROCESS_FORMAT "%08" PRIx32 "-%04" PRIx16 "-8c67-8%03x-7069%08" PRIx32
#define PROCESS_MARK "-8c67-8"
#define PROCESS_MARK_AT 13
#define PROCESS_PID_AT 28

static uint64_t hash_forward(const char *text, size_t length)
{
	uint64_t hash = FNV_OFFSET;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * FNV_PRIME;
	return hash;
}

static uint64_t hash_backward(const char *text, size_t length)
{
	uint64_t hash = FNV_OFFSET ^ length;

	for (size_t i = length; i-- > 0;)
		hash = (hash ^ (unsigned char)text[i]) * FNV_PRIME;
	return hash;
}

void pri_cg_uuid_of_path(const char *path, char uuid[37])
{
	size_t length = strlen(path);
	uint64_t a = hash_forward(path, length), b = hash_backward(path, length);

	snprintf(uuid, 37, "%08" PRIx32 "-%04" PRIx16 "-8%03x-%04x-%012" PRIx64,
		 (uint32_t)(a >> 32), (uint16_t)(a >> 16), (unsigned int)(a & 0xfff),
		 0x8000 | (unsigned int)(b >> 48 & 0x3fff), b & UINT64_C(0xffffffffffff));
}

void pri_cg_uuid_of_process(int pid, uint64_t start, char uuid[37])
{
	snprintf(uuid, 37, PROCESS_FORMAT, (uint32_t)(start >> 28), (uint16_t)(start >> 12),
		 (unsigned int)(start & 0xfff), (uint32_t)pid);
}

bool pri_cg_process_of_uuid(const char *uuid, int *ret_pid)
{
	if (strlen(uuid) != 36 ||
	    strncasecmp(uuid + PROCESS_MARK_AT, PROCESS_MARK, strlen(PROCESS_MARK)) != 0 ||
	    strncmp(uuid + 24, "7069", 4) != 0)
		return false;
	*ret_pid = (int)strtoul(uuid + PROCESS_PID_AT, NULL, 16);
	return *ret_pid > 0;
}

static bool to_bytes(const char *uuid, unsigned char bytes[16])
{
	size_t n = 0;

	for (; *uuid && n < 32; uuid++) {
		char digit[2] = {*uuid, '\0'};
		char *end;
		unsigned long value;

		if (*uuid == '-')
			continue;
		value = strtoul(digit, &end, 16);
		if (end == digit)
			return false;
		bytes[n / 2] = (unsigned char)(n % 2 ? bytes[n / 2] | value : value << 4);
		n++;
	}
	return n == 32 && !*uuid;
}

int pri_cg_names_add(struct pri_cg_host *host, const char *uuid, const char *name)
{
	/* The room doubles at each power of two. */
	bool full = (host->name_count & (host->name_count - 1)) == 0;
	size_t room = host->name_count ? 2 * host->name_count : 1;
	struct pri_cg_name *more = host->names;

	if (full)
		more = realloc(host->names, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	host->names = more;
	more[host->name_count] = (struct pri_cg_name){.name = strdup(name)};
	if (!more[host->name_count].name)
		return -ENOMEM;
	to_bytes(uuid, more[host->name_count].hash);
	host->name_count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct pri_cg_name *)a)->hash, ((const struct pri_cg_name *)b)->hash,
		      16);
}

void pri_cg_names_sort(struct pri_cg_host *host)
{
	if (host->name_count)
		qsort(host->names, host->name_count, sizeof(*host->names), compare);
}

void pri_cg_names_clear(struct pri_cg_host *host)
{
	for (size_t i = 0; i < host->name_count; i++)
		free(host->names[i].name);
	free(pri_steal(host->names));
	host->name_count = 0;
}

const char *pri_cg_names_find(const struct pri_cg_host *host, const char *uuid)
{
	struct pri_cg_name key = {.name = NULL}, *found;

	if (!to_bytes(uuid, key.hash) || host->name_count == 0)
		return NULL;
	found = bsearch(&key, host->names, host->name_count, sizeof(key), compare);
	return found ? found->name : NULL;
}
