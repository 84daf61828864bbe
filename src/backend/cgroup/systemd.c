/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Properties of systemd's units, by sd-bus.
 *
 * libsystemd is loaded when it is needed first: most hosts of a test and many of containers have
 * none.  The connection is closed after the call: a change of a unit is rare and costs about a
 * millisecond.  sd_bus_call() would wait for the connection for 90 s whatever its timeout is, so
 * the call is asynchronous and the loop is ours.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "backend/cgroup/systemd.h"
#include "core/core.h"

#define NS_PER_US 1000

bool pri_cg_systemd_runs(const char *root)
{
	struct stat status;

	/* As sd_booted() does. */
	return !*root && lstat("/run/systemd/system", &status) == 0 && S_ISDIR(status.st_mode);
}

static bool ends_with(const char *text, size_t length, const char *end)
{
	size_t n = strlen(end);

	return length > n && strncmp(text + length - n, end, n) == 0;
}

static bool is_unit(const char *name)
{
	static const char *const types[] = {".scope",  ".service", ".slice",
					    ".socket", ".mount",   ".swap"};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(types); i++)
		if (ends_with(name, strlen(name), types[i]))
			return true;
	return false;
}

bool pri_cg_systemd_unit(const char *path, char unit[PRI_CG_UNIT_MAX])
{
	const char *end;

	while (*path == '/')
		path++;
	while ((end = strchr(path, '/'))) {
		if (!ends_with(path, (size_t)(end - path), ".slice"))
			return false;
		path = end + 1;
	}
	/* Names that would be a file of the kernel have "_" before them. */
	if (*path == '_')
		path++;
	if (!is_unit(path) || strlen(path) >= PRI_CG_UNIT_MAX)
		return false;
	memcpy(unit, path, strlen(path) + 1);
	return true;
}

uint64_t pri_cg_systemd_io_weight(uint64_t bfq_weight)
{
	return bfq_weight <= 100 ? bfq_weight : 100 + 11 * (bfq_weight - 100);
}

#ifndef PRI_HAVE_SD_BUS

static int set_property(const char *unit, const char *property, const char *device, uint64_t value,
			uint64_t deadline_ns, char **ret_error)
{
	(void)device;
	(void)value;
	(void)deadline_ns;
	return pri_set_error(ret_error, -EOPNOTSUPP,
			     "%s is a unit of systemd, and libpralloc was built without sd-bus: "
			     "use `systemctl set-property --runtime` for its %s",
			     unit, property);
}

#else

#include <dlfcn.h>
#include <systemd/sd-bus.h>

#define MANAGER "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"

/* What is used of libsystemd. */
struct sd {
	int (*open)(sd_bus **ret);
	int (*new_call)(sd_bus *bus, sd_bus_message **ret, const char *destination,
			const char *path, const char *interface, const char *member);
	int (*append)(sd_bus_message *message, const char *types, ...);
	int (*call_async)(sd_bus *bus, sd_bus_slot **slot, sd_bus_message *message,
			  sd_bus_message_handler_t callback, void *data, uint64_t usec);
	int (*process)(sd_bus *bus, sd_bus_message **ret);
	int (*wait)(sd_bus *bus, uint64_t usec);
	const sd_bus_error *(*error_of)(sd_bus_message *message);
	sd_bus_message *(*unref_message)(sd_bus_message *message);
	sd_bus *(*close)(sd_bus *bus);
};

static const struct {
	const char *name;
	size_t offset;
} symbols[] = {
	{"sd_bus_open_system", offsetof(struct sd, open)},
	{"sd_bus_message_new_method_call", offsetof(struct sd, new_call)},
	{"sd_bus_message_append", offsetof(struct sd, append)},
	{"sd_bus_call_async", offsetof(struct sd, call_async)},
	{"sd_bus_process", offsetof(struct sd, process)},
	{"sd_bus_wait", offsetof(struct sd, wait)},
	{"sd_bus_message_get_error", offsetof(struct sd, error_of)},
	{"sd_bus_message_unref", offsetof(struct sd, unref_message)},
	{"sd_bus_close_unref", offsetof(struct sd, close)},
};

/* A call that is waited for. */
struct answer {
	const struct sd *sd;
	bool came;
	int code;
	char *error; /* name and text of D-Bus */
};

/* The library stays: the loader counts, and keeps one copy. */
static int load(struct sd *sd, char **ret_error)
{
	void *library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	int r = 0;

	if (!library)
		return pri_set_error(ret_error, -EOPNOTSUPP,
				     "the group is a unit of systemd, which needs libsystemd: %s",
				     dlerror());
	for (size_t i = 0; r == 0 && i < PRI_ARRAY_SIZE(symbols); i++) {
		void *symbol = dlsym(library, symbols[i].name);

		if (symbol)
			memcpy((char *)sd + symbols[i].offset, &symbol, sizeof(symbol));
		else
			r = pri_set_error(ret_error, -EOPNOTSUPP, "libsystemd has no %s",
					  symbols[i].name);
	}
	dlclose(library);
	return r;
}

static int code_of(const char *name)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = {
		{"org.freedesktop.DBus.Error.AccessDenied", -EACCES},
		{"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", -EACCES},
		{"org.freedesktop.systemd1.NoSuchUnit", -ENOENT},
		{"org.freedesktop.DBus.Error.InvalidArgs", -EINVAL},
		{"org.freedesktop.DBus.Error.UnknownProperty", -EINVAL},
		{"org.freedesktop.DBus.Error.PropertyReadOnly", -EINVAL},
		{"org.freedesktop.DBus.Error.NoReply", -ETIMEDOUT},
		{"org.freedesktop.DBus.Error.Timeout", -ETIMEDOUT},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(codes); i++)
		if (strcmp(codes[i].name, name) == 0)
			return codes[i].code;
	return -EIO;
}

static int take_answer(sd_bus_message *message, void *data, sd_bus_error *unused)
{
	struct answer *answer = data;
	const sd_bus_error *error = answer->sd->error_of(message);

	(void)unused;
	answer->came = true;
	if (!error)
		return 0;
	answer->code = code_of(error->name);
	pri_note_error(&answer->error, "systemd says: %s%s",
		       error->message ? error->message : error->name,
		       answer->code == -EACCES ? " (needs root)" : "");
	return 0;
}

static int fail_bus(int code, char **ret_error)
{
	return pri_set_error(ret_error, code == -ENOMEM ? -ENOMEM : -EIO,
			     "cannot talk to systemd over D-Bus: %s (is dbus running?)",
			     strerror(-code));
}

static int fail_late(char **ret_error)
{
	return pri_set_error(ret_error, -ETIMEDOUT,
			     "systemd has not answered in time, and may still do it");
}

static int wait_for_answer(const struct sd *sd, sd_bus *bus, struct answer *answer,
			   uint64_t deadline_ns, char **ret_error)
{
	while (!answer->came) {
		uint64_t now_ns = pri_now_ns();
		int r = sd->process(bus, NULL);

		if (r == 0 && now_ns >= deadline_ns)
			return fail_late(ret_error);
		if (r == 0)
			r = sd->wait(bus, (deadline_ns - now_ns) / NS_PER_US + 1);
		if (r < 0 && r != -EINTR)
			return fail_bus(r, ret_error);
	}
	if (answer->code < 0) {
		free(*ret_error);
		*ret_error = pri_steal(answer->error);
	}
	return answer->code;
}

/* Send, wait, and let the message go. */
static int call(const struct sd *sd, sd_bus *bus, sd_bus_message *message, uint64_t deadline_ns,
		char **ret_error)
{
	struct answer answer = {.sd = sd};
	int r = sd->call_async(bus, NULL, message, take_answer, &answer, UINT64_MAX);

	sd->unref_message(message);
	if (r < 0)
		return fail_bus(r, ret_error);
	r = wait_for_answer(sd, bus, &answer, deadline_ns, ret_error);
	free(answer.error);
	return r;
}

static int set(const struct sd *sd, sd_bus *bus, const char *unit, const char *property,
	       const char *device, uint64_t value, uint64_t deadline_ns, char **ret_error)
{
	sd_bus_message *message = NULL;
	int r = sd->new_call(bus, &message, MANAGER, MANAGER_PATH, MANAGER ".Manager",
			     "SetUnitProperties");

	if (r >= 0 && device)
		r = sd->append(message, "sba(sv)", unit, /* runtime= */ 1, 1, property, "a(st)", 1,
			       device, value);
	else if (r >= 0)
		r = sd->append(message, "sba(sv)", unit, /* runtime= */ 1, 1, property, "t", value);
	if (r < 0) {
		sd->unref_message(message);
		return fail_bus(r, ret_error);
	}
	return call(sd, bus, message, deadline_ns, ret_error);
}

/* systemd answers before it writes to the group, but writes before it takes the next message. */
static int wait_until_written(const struct sd *sd, sd_bus *bus, uint64_t deadline_ns,
			      char **ret_error)
{
	sd_bus_message *message = NULL;
	int r = sd->new_call(bus, &message, MANAGER, MANAGER_PATH, "org.freedesktop.DBus.Peer",
			     "Ping");

	return r < 0 ? fail_bus(r, ret_error) : call(sd, bus, message, deadline_ns, ret_error);
}

static int set_property(const char *unit, const char *property, const char *device, uint64_t value,
			uint64_t deadline_ns, char **ret_error)
{
	struct sd sd;
	sd_bus *bus = NULL;
	int r = load(&sd, ret_error);

	if (r < 0)
		return r;
	r = sd.open(&bus);
	if (r < 0)
		return fail_bus(r, ret_error);
	r = set(&sd, bus, unit, property, device, value, deadline_ns, ret_error);
	if (r == 0)
		r = wait_until_written(&sd, bus, deadline_ns, ret_error);
	sd.close(bus);
	return r;
}

#endif /* PRI_HAVE_SD_BUS */

int pri_cg_systemd_set(const char *unit, const char *property, uint64_t value, uint64_t deadline_ns,
		       char **ret_error)
{
	return set_property(unit, property, /* device= */ NULL, value, deadline_ns, ret_error);
}

int pri_cg_systemd_set_device(const char *unit, const char *property, const char *device,
			      uint64_t value, uint64_t deadline_ns, char **ret_error)
{
	return set_property(unit, property, device, value, deadline_ns, ret_error);
}
