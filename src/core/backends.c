/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backends there are, what they get from the core, and how the loadable one is loaded. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/core.h"

#define MODULE_NAME "pralloc-libvirt.so"

static int core_fail(struct pri_call *call, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int core_fail_change(const struct pri_call *call, struct pri_change *change, int code,
			    const char *format, ...) __attribute__((format(printf, 4, 5)));
static void core_log(const struct pri_call *call, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int core_fail(struct pri_call *call, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	pri_note_error_v(&call->error, format, args);
	va_end(args);
	return code;
}

static int core_fail_change(const struct pri_call *call, struct pri_change *change, int code,
			    const char *format, ...)
{
	bool bare = !*change->instance;
	char *cause = NULL;
	va_list args;

	va_start(args, format);
	pri_note_error_v(&cause, format, args);
	va_end(args);
	change->error = code;
	pri_set_error(&change->text, code, "%s%s%s%s of %s%s: %s: %s", change->attr->name,
		      bare ? "" : "[", change->instance, bare ? "" : "]", call->target,
		      change->mode == PRALLOC_CONFIG ? " (persistent)" : "", call->backend->name,
		      cause ? cause : pri_strerror(code));
	free(cause);
	return code;
}

static void core_log(const struct pri_call *call, int level, const char *format, ...)
{
	char *line = NULL;
	va_list args;

	va_start(args, format);
	pri_note_error_v(&line, format, args);
	va_end(args);
	if (line)
		pri_log(call->ctx, level, "%s: %s: %s", call->target, call->backend->name, line);
	free(line);
}

const struct pri_core pri_core_services = {
	.abi = PRI_BACKEND_ABI,
	.size = sizeof(struct pri_core),
	.attrs = pri_attrs,
	.fail = core_fail,
	.fail_change = core_fail_change,
	.value_set_text = pri_value_set_text,
	.log = core_log,
	.now_ns = pri_now_ns,
	.event_post = pri_event_post,
	.event_ref = pri_event_ref,
	.event_unref = pri_event_unref,
	.place = pri_place,
	.place_clear = pri_place_clear,
	.links = pri_links,
	.lock = pri_lock,
	.unlock = pri_unlock,
};

/* Those that are part of the library, in the order in which they are asked. */
static const struct pri_backend *const built_in[] = {
	&pri_fake_backend,
	&pri_cgroup_backend,
};

static void open_beside(struct pr_host *host, const struct pri_backend *backend)
{
	struct pri_target target = {.host = host};
	struct pri_host_backend *slot = &host->backends[host->backend_count];
	pri_autofree char *error = NULL;
	struct pri_call call;
	void *state = NULL;
	int r;

	*slot = (struct pri_host_backend){.backend = backend};
	pri_call_begin(&call, &target, host->backend_count, pri_deadline(host->ctx));
	r = backend->open_beside(&call, &state);
	if (r < 0) {
		pri_call_failed(&call, r, host->uri, &error);
		pri_log(host->ctx, PRALLOC_LOG_WARNING, "%s", error ? error : pri_strerror(r));
		return;
	}
	free(call.error);
	slot->state = state;
	host->backend_count++;
}

void pri_backends_beside(struct pr_host *host)
{
	const struct pri_host_backend *first = &host->backends[0];

	if (!first->backend->is_local || !first->backend->is_local(first->state))
		return;
	for (size_t i = 0; i < PRI_ARRAY_SIZE(built_in); i++)
		if (built_in[i]->open_beside && host->backend_count < PRI_HOST_BACKENDS)
			open_beside(host, built_in[i]);
}

#ifdef PRI_STATIC_LIBVIRT

const struct pri_backend *PRI_BACKEND_ENTRY(const struct pri_core *core);

static int load_module(struct pr_ctx *ctx, const struct pri_backend **ret_backend, char **error)
{
	(void)ctx;
	(void)error;
	*ret_backend = PRI_BACKEND_ENTRY(&pri_core_services);
	return 0;
}

#else

/* A directory that only root can write to: what root loads from it is root's own. */
static bool is_roots(const char *directory)
{
	struct stat st;

	return stat(directory, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == 0 &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static const char *module_directory(struct pr_ctx *ctx)
{
	const char *directory = secure_getenv("PRALLOC_MODULE_DIR");

	if (!directory || !*directory)
		return PRI_MODULE_DIR;
	if (geteuid() != 0 || is_roots(directory))
		return directory;
	pri_log(ctx, PRALLOC_LOG_WARNING,
		"PRALLOC_MODULE_DIR %s is ignored: it is not a directory of root alone", directory);
	return PRI_MODULE_DIR;
}

static int load_module(struct pr_ctx *ctx, const struct pri_backend **ret_backend, char **error)
{
	pri_autofree char *path = NULL;
	pri_backend_entry entry;
	void *module;

	if (asprintf(&path, "%s/%s", module_directory(ctx), MODULE_NAME) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	/* Never unloaded: its threads outlive the last host. */
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!module && access(path, F_OK) < 0)
		return pri_set_error(error, -EOPNOTSUPP,
				     "the libvirt backend is not installed (there is no %s)", path);
	if (!module)
		return pri_set_error(error, -EOPNOTSUPP,
				     "the libvirt backend cannot be loaded (%s)", dlerror());
	/* POSIX makes the conversion of dlsym's result to a function work. */
	*(void **)&entry = dlsym(module, PRI_BACKEND_ENTRY_NAME);
	if (!entry) {
		dlclose(module);
		return pri_set_error(error, -EOPNOTSUPP,
				     "%s is of another version of libpralloc (no %s)", path,
				     PRI_BACKEND_ENTRY_NAME);
	}
	*ret_backend = entry(&pri_core_services);
	dlclose(module);
	if (!*ret_backend)
		return pri_set_error(error, -EOPNOTSUPP, "%s does not work with this libpralloc",
				     path);
	return 0;
}

#endif

static const char uri_forms[] = "qemu:///system, cgroup:, test:///default, fake:///3 …";

static int claims(const struct pri_backend *backend, const char *uri, char **error)
{
	if (backend->claims(uri))
		return 0;
	return pri_set_error(error, -EOPNOTSUPP, "no backend opens \"%.128s\" (%s)", uri,
			     uri_forms);
}

int pri_backend_for(struct pr_ctx *ctx, const char *uri, const struct pri_backend **ret_backend,
		    char **error)
{
	const char *colon = strchr(uri, ':');
	int r;

	if (!colon || colon == uri)
		return pri_set_error(error, -EINVAL, "\"%.128s\" is not a URI of a host (%s)", uri,
				     uri_forms);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(built_in); i++) {
		if (!built_in[i]->claims(uri))
			continue;
		*ret_backend = built_in[i];
		return 0;
	}
	r = load_module(ctx, ret_backend, error);
	return r < 0 ? r : claims(*ret_backend, uri, error);
}
