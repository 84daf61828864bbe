/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backends there are, what they get from the core, and how the loadable one is loaded. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/core.h"

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

/* Those in modules of their own, which link what the library does not need; in a static library
 * they have their entry here.  The last one is asked for every URI that is nobody's. */
#ifdef PRI_STATIC_LIBVIRT
const struct pri_backend *PRI_BACKEND_ENTRY(const struct pri_core *core);
#define LIBVIRT_ENTRY PRI_BACKEND_ENTRY
#else
#define LIBVIRT_ENTRY NULL
#endif
#ifdef PRI_STATIC_TC
const struct pri_backend *pri_tc_backend(const struct pri_core *core);
#define TC_ENTRY pri_tc_backend
#else
#define TC_ENTRY NULL
#endif

static const struct module {
	const char *backend, *file;
	const char *scheme; /* NULL: any */
	bool beside;	    /* stands beside another backend */
	pri_backend_entry entry;
} modules[] = {
	{"tc", "pralloc-tc.so", "tc:", true, TC_ENTRY},
	{"libvirt", "pralloc-libvirt.so", NULL, false, LIBVIRT_ENTRY},
};

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

static int load_module(struct pr_ctx *ctx, const struct module *which,
		       const struct pri_backend **ret_backend, char **error)
{
	pri_autofree char *path = NULL;
	pri_backend_entry entry;
	void *module;

	if (asprintf(&path, "%s/%s", module_directory(ctx), which->file) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	/* Never unloaded: its threads outlive the last host. */
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!module && access(path, F_OK) < 0)
		return pri_set_error(error, -EOPNOTSUPP,
				     "the %s backend is not installed (there is no %s)",
				     which->backend, path);
	if (!module)
		return pri_set_error(error, -EOPNOTSUPP, "the %s backend cannot be loaded (%s)",
				     which->backend, dlerror());
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

static int get_module(struct pr_ctx *ctx, const struct module *which,
		      const struct pri_backend **ret_backend, char **error)
{
	if (!which->entry)
		return load_module(ctx, which, ret_backend, error);
	*ret_backend = which->entry(&pri_core_services);
	return *ret_backend ? 0 : -EOPNOTSUPP;
}

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

static void module_beside(struct pr_host *host, const struct module *which)
{
	const struct pri_backend *backend = NULL;
	pri_autofree char *error = NULL;

	if (get_module(host->ctx, which, &backend, &error) == 0)
		open_beside(host, backend);
	else
		pri_log(host->ctx, PRALLOC_LOG_INFO, "%s", error ? error : which->file);
}

void pri_backends_beside(struct pr_host *host)
{
	const struct pri_host_backend *first = &host->backends[0];

	if (!first->backend->is_local || !first->backend->is_local(first->state))
		return;
	for (size_t i = 0; i < PRI_ARRAY_SIZE(built_in); i++)
		if (built_in[i]->open_beside && host->backend_count < PRI_HOST_BACKENDS)
			open_beside(host, built_in[i]);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(modules); i++)
		if (modules[i].beside && host->backend_count < PRI_HOST_BACKENDS)
			module_beside(host, &modules[i]);
}

static const char uri_forms[] = "qemu:///system, cgroup:, test:///default, tc:, fake:///3 …";

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
	const struct module *which;
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
	which = modules;
	while (which->scheme && strncmp(uri, which->scheme, strlen(which->scheme)) != 0)
		which++;
	r = get_module(ctx, which, ret_backend, error);
	return r < 0 ? r : claims(*ret_backend, uri, error);
}
