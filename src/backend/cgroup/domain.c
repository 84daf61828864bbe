/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who the domains are: groups below the path of the host, processes, domains of another backend. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <pralloc/ctx.h>
#include <pralloc/domain.h>

#include "backend/cgroup/cgroup.h"

#define PROCESS "pid:"
#define UUID_LENGTH 36
#define UUID_DIGITS "0123456789abcdefABCDEF-"

struct walk {
	struct pri_call *call;
	struct pri_cg_host *host;
	pri_add_identity add; /* NULL: only the names are kept */
	void *arg;
	size_t mount;
	char name[PRI_NAME_MAX];
};

static uint64_t incarnation_of(int fd)
{
	struct stat st;

	/* Group numbers are given once (kernfs): another group of the same path has another. */
	return fstat(fd, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

static void uuid_of(const struct pri_cg_host *host, const char *name, char uuid[37])
{
	char path[PRI_CG_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", host->path, name);
	pri_cg_uuid_of_path(path, uuid);
}

static bool text_is(int directory, const char *name, const char *wanted)
{
	pri_autoclose int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	char text[64];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, wanted) == 0;
}

/* Groups that are parts of a domain: threads, and libvirt's payload below a scope. */
static bool is_part(const char *parent, const char *name, int fd)
{
	size_t length = strlen(parent);
	bool in_scope = length > 6 && strcmp(parent + length - 6, ".scope") == 0;

	return pri_cg_is_thread_group(name) || (in_scope && strcmp(name, "libvirt") == 0) ||
	       text_is(fd, "cgroup.type", "threaded");
}

/* Whether a mount before this one has the group too: it was listed then. */
static bool was_listed(const struct walk *walk)
{
	for (size_t i = 0; i < walk->mount; i++) {
		char path[PRI_CG_PATH_MAX];
		pri_autoclose int fd = -1;

		snprintf(path, sizeof(path), "%s/%s", walk->host->path, walk->name);
		fd = pri_cg_open_below(walk->host->mounts[i].fd, path);
		if (fd >= 0)
			return true;
	}
	return false;
}

static int tell(struct walk *walk, int fd)
{
	struct pri_identity identity = {
		.state = PRALLOC_DOMAIN_RUNNING,
		.incarnation = incarnation_of(fd),
	};
	int r;

	if (was_listed(walk))
		return 0;
	memcpy(identity.name, walk->name, sizeof(identity.name));
	uuid_of(walk->host, walk->name, identity.uuid);
	r = pri_cg_names_add(walk->host, identity.uuid, identity.name);
	return r == 0 && walk->add ? walk->add(walk->arg, &identity) : r;
}

static int walk_below(struct walk *walk, int directory);

static int visit(struct walk *walk, int parent, const char *entry)
{
	size_t length = strlen(walk->name);
	pri_autoclose int fd =
		openat(parent, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	/* It may just have been removed, or be no directory after all. */
	if (fd < 0)
		return pri_cg_shortage(walk->call, errno);
	if (is_part(walk->name, entry, fd))
		return 0;
	if (length + strlen(entry) + 2 > sizeof(walk->name)) {
		pri_cg_core->log(walk->call, PRALLOC_LOG_WARNING,
				 "%s/%s is left out: the name is too long", walk->name, entry);
		return 0;
	}
	snprintf(walk->name + length, sizeof(walk->name) - length, "%s%s", length ? "/" : "",
		 entry);
	r = tell(walk, fd);
	if (r == 0)
		r = walk_below(walk, fd);
	walk->name[length] = '\0';
	return r;
}

static int walk_below(struct walk *walk, int directory)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!dir) {
		r = pri_cg_shortage(walk->call, errno);
		if (copy >= 0)
			close(copy);
		return r;
	}
	while (r == 0 && (entry = readdir(dir))) {
		bool may = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;

		if (may && entry->d_name[0] != '.')
			r = visit(walk, dirfd(dir), entry->d_name);
	}
	closedir(dir);
	return r;
}

static int list_groups(struct walk *walk)
{
	struct pri_cg_host *host = walk->host;
	int r = 0;

	pri_cg_names_clear(host);
	for (size_t i = 0; r == 0 && i < host->mount_count; i++) {
		pri_autoclose int top = pri_cg_open_below(host->mounts[i].fd, host->path);

		walk->mount = i;
		r = top >= 0 ? walk_below(walk, top) : pri_cg_shortage(walk->call, -top);
	}
	pri_cg_names_sort(host);
	return r;
}

int pri_cg_list(struct pri_call *call, pri_add_identity add, void *arg)
{
	struct walk walk = {.call = call, .host = call->host, .add = add, .arg = arg};

	return list_groups(&walk);
}

static struct pri_cg_domain *domain_new(enum pri_cg_kind kind, const char *name)
{
	struct pri_cg_domain *domain = calloc(1, sizeof(*domain));

	if (!domain)
		return NULL;
	domain->kind = kind;
	domain->process = -1;
	domain->name = strdup(name);
	if (domain->name)
		return domain;
	free(domain);
	return NULL;
}

void pri_cg_detach(void *host, void *state)
{
	struct pri_cg_domain *domain = state;

	if (!domain)
		return;
	pri_cg_forget(host, domain);
	if (domain->process >= 0)
		close(domain->process);
	free(domain->memberships);
	free(domain->name);
	free(domain);
}

static int identify_group(struct pri_call *call, struct pri_cg_host *host,
			  const struct pri_cg_domain *domain, struct pri_identity *identity)
{
	int r;

	snprintf(identity->name, sizeof(identity->name), "%s", domain->name);
	uuid_of(host, domain->name, identity->uuid);
	identity->state = PRALLOC_DOMAIN_RUNNING;
	for (size_t i = 0; i < host->mount_count; i++) {
		pri_autoclose int fd = -1;

		if (!domain->paths[i][PRI_CG_UNIT])
			continue;
		fd = pri_cg_open_below(host->mounts[i].fd, domain->paths[i][PRI_CG_UNIT]);
		identity->incarnation = fd < 0 ? 0 : incarnation_of(fd);
		r = fd < 0 ? pri_cg_shortage(call, -fd) : 0;
		return fd < 0 && r == 0 ? -ENOENT : r;
	}
	return -ENOENT;
}

static void identify_process(const struct pri_cg_domain *domain, struct pri_identity *identity)
{
	int pid = (int)strtol(domain->name + strlen(PROCESS), NULL, 10);

	snprintf(identity->name, sizeof(identity->name), "%s", domain->name);
	pri_cg_uuid_of_process(pid, domain->start, identity->uuid);
	identity->state = PRALLOC_DOMAIN_RUNNING;
	identity->incarnation = domain->start + 1;
}

static bool is_proper_part(const char *part, size_t length)
{
	return length > 0 && !(length == 1 && *part == '.') &&
	       !(length == 2 && strncmp(part, "..", 2) == 0);
}

/* A path that stays below that of the host, in *ret_name as the host names the group. */
static int check_name(struct pri_call *call, const struct pri_cg_host *host, const char *name,
		      const char **ret_name)
{
	const char *top = *host->path ? host->path : "/";
	size_t length = strlen(host->path);

	*ret_name = name;
	if (*name == '/' && (strncmp(name, host->path, length) != 0 || name[length] != '/'))
		return pri_cg_core->fail(call, -EACCES, "it is not below %s, which is this host's",
					 top);
	if (*name == '/')
		*ret_name = name = name + length + 1;
	for (;;) {
		size_t n = strcspn(name, "/");

		if (!is_proper_part(name, n))
			return pri_cg_core->fail(call, -EINVAL,
						 "a path of a group has no \"..\", \".\" or empty "
						 "part: it could leave %s",
						 top);
		/* One slash at the end does no harm. */
		if (!name[n] || !name[n + 1])
			return 0;
		name += n + 1;
	}
}

static int attach_group(struct pri_call *call, const char *given, struct pri_identity *identity,
			struct pri_cg_domain **ret_domain)
{
	struct pri_cg_host *host = call->host;
	struct pri_cg_domain *domain;
	const char *name;
	int r = check_name(call, host, given, &name);

	if (r < 0)
		return r;
	domain = domain_new(PRI_CG_BY_PATH, name);
	if (!domain)
		return -ENOMEM;
	if (domain->name[strlen(domain->name) - 1] == '/')
		domain->name[strlen(domain->name) - 1] = '\0';
	r = pri_cg_locate(call, host, domain);
	if (r == 0)
		r = identify_group(call, host, domain, identity);
	if (r < 0) {
		pri_cg_detach(host, domain);
		return r;
	}
	*ret_domain = domain;
	return 0;
}

static int open_process(struct pri_call *call, struct pri_cg_domain *domain)
{
	const struct pri_cg_host *host = call->host;
	pri_autofree char *path = NULL;
	int r;

	if (asprintf(&path, "%s/proc/%s", host->root, domain->name + strlen(PROCESS)) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	domain->process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	domain->start = domain->process < 0 ? 0 : pri_cg_process_start(domain->process);
	if (domain->start)
		return 0;
	r = pri_cg_shortage(call, errno);
	return r < 0 ? r : -ENOENT;
}

static int attach_process(struct pri_call *call, const char *name, struct pri_identity *identity,
			  struct pri_cg_domain **ret_domain)
{
	const char *digits = name + strlen(PROCESS);
	size_t length = strspn(digits, "0123456789");
	struct pri_cg_domain *domain;
	int r;

	if (length == 0 || length > 9 || digits[length] || *digits == '0')
		return pri_cg_core->fail(call, -EINVAL, "\"%s\" is no process ID", digits);
	domain = domain_new(PRI_CG_BY_PROCESS, name);
	if (!domain)
		return -ENOMEM;
	r = open_process(call, domain);
	if (r == -ENOENT)
		pri_cg_core->fail(call, r, "there is no process %s", digits);
	if (r == 0)
		r = pri_cg_locate(call, call->host, domain);
	if (r < 0) {
		pri_cg_detach(call->host, domain);
		return r;
	}
	identify_process(domain, identity);
	*ret_domain = domain;
	return 0;
}

static int attach_uuid(struct pri_call *call, const char *uuid, struct pri_identity *identity,
		       struct pri_cg_domain **ret_domain)
{
	struct pri_cg_host *host = call->host;
	struct walk walk = {.call = call, .host = host};
	const char *name = pri_cg_names_find(host, uuid);
	pri_autofree char *copy = NULL;
	char process[32];
	int pid, r;

	if (pri_cg_process_of_uuid(uuid, &pid)) {
		snprintf(process, sizeof(process), PROCESS "%d", pid);
		r = attach_process(call, process, identity, ret_domain);
		if (r < 0 || strcasecmp(identity->uuid, uuid) == 0)
			return r;
		pri_cg_detach(host, *ret_domain);
		return pri_cg_core->fail(call, -ESTALE, "process %d is another one now", pid);
	}
	if (!name) {
		r = list_groups(&walk);
		if (r < 0)
			return r;
		name = pri_cg_names_find(host, uuid);
	}
	if (!name)
		return pri_cg_core->fail(call, -ENOENT, "no group has this UUID");
	copy = strdup(name);
	return copy ? attach_group(call, copy, identity, ret_domain) : -ENOMEM;
}

static bool is_uuid(const char *name)
{
	return strlen(name) == UUID_LENGTH && strspn(name, UUID_DIGITS) == UUID_LENGTH &&
	       name[8] == '-' && name[13] == '-' && name[18] == '-' && name[23] == '-';
}

int pri_cg_attach(struct pri_call *call, const char *name, struct pri_identity *identity,
		  void **ret_domain)
{
	const struct pri_cg_host *host = call->host;
	struct pri_cg_domain *domain = NULL;
	int r = 0;

	if (host->beside) {
		domain = domain_new(PRI_CG_BESIDE, name);
		r = domain ? 0 : -ENOMEM;
	} else if (strncmp(name, PROCESS, strlen(PROCESS)) == 0) {
		r = attach_process(call, name, identity, &domain);
	} else if (is_uuid(name)) {
		r = attach_uuid(call, name, identity, &domain);
	} else {
		r = attach_group(call, name, identity, &domain);
	}
	if (r == 0)
		*ret_domain = domain;
	return r;
}

static int state_of_process(struct pri_call *call, struct pri_cg_domain *domain,
			    struct pri_identity *identity)
{
	struct pri_cg_domain again = {.name = domain->name, .process = -1};
	int r;

	if (pri_cg_process_start(domain->process) == domain->start) {
		identify_process(domain, identity);
		return 0;
	}
	r = open_process(call, &again);
	if (again.process >= 0)
		close(again.process);
	if (r == 0)
		return pri_cg_core->fail(call, -ESTALE,
					 "the process has ended, and another one has its number");
	if (r != -ENOENT)
		return r;
	return pri_cg_core->fail(call, -ENOENT, "the process has ended");
}

int pri_cg_state(struct pri_call *call, struct pri_identity *identity)
{
	struct pri_cg_domain *domain = call->domain;
	int r;

	if (domain->kind == PRI_CG_BY_PROCESS)
		return state_of_process(call, domain, identity);
	r = pri_cg_locate(call, call->host, domain);
	if (r == 0)
		r = identify_group(call, call->host, domain, identity);
	if (r != -ENOENT || !domain->located)
		return r;
	/* Looked for once more: it may be in another hierarchy now. */
	pri_cg_forget(call->host, domain);
	r = pri_cg_locate(call, call->host, domain);
	return r == 0 ? identify_group(call, call->host, domain, identity) : r;
}
