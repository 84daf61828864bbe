/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bed.h"

#include "talk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGS_MAX 20

extern char **environ;

static _Thread_local char error_text[512];

static int fail(int r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(int r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error_text, sizeof(error_text), format, args);
	va_end(args);
	return r;
}

const char *bed_error(void)
{
	return error_text;
}

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

const char *bed_uri(void)
{
	return env("PRALLOC_BED_URI");
}

const char *bed_dir(void)
{
	return env("PRALLOC_BED_DIR");
}

const char *bed_bridge(void)
{
	return env("PRALLOC_BED_BRIDGE");
}

bool bed_available(const char **ret_why)
{
	char path[256];
	const char *why = NULL;

	snprintf(path, sizeof(path), "%s/run/libvirt-sock", bed_dir());
	if (!*bed_dir())
		why = "not in a test bed (tests/vm/bed.sh run ...)";
	else if (access(path, F_OK) < 0)
		why = "the test bed's libvirtd has no socket";
	if (why && ret_why)
		*ret_why = why;
	return !why;
}

/* -- programs -- */

static void fetch(int fd, char *out, size_t size)
{
	ssize_t n = pread(fd, out, size - 1, 0);

	out[n > 0 ? n : 0] = '\0';
}

static int wait_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * Run a program; its exit status or a negative errno. Its output goes to files in memory, which,
 * unlike pipes, are never full and never kept open by a daemon that the program has left behind.
 */
static int run(char *out, size_t size, char *const argv[])
{
	posix_spawn_file_actions_t actions;
	int fds[2] = {memfd_create("out", MFD_CLOEXEC), memfd_create("error", MFD_CLOEXEC)};
	pid_t pid;
	int r;

	if (fds[0] < 0 || fds[1] < 0) {
		r = -errno;
		goto end;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, fds[0], 1);
	posix_spawn_file_actions_adddup2(&actions, fds[1], 2);
	r = -posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r == 0)
		r = wait_status(pid);
	if (out && size)
		fetch(fds[0], out, size);
	if (r > 0)
		fetch(fds[1], error_text, sizeof(error_text));
end:
	if (r < 0)
		fail(r, "cannot run %s: %s", argv[0], strerror(-r));
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return r;
}

static int bed_sh(const char *command, const char *arg)
{
	char *argv[] = {(char *)env("PRALLOC_BED_SH"), (char *)command, (char *)arg, NULL};
	int r = run(NULL, 0, argv);

	return r > 0 ? -EIO : r;
}

static int virsh(char *out, size_t size, const char *arguments)
{
	char line[2048];
	char *argv[] = {"sh", "-c", line, NULL};
	int n = snprintf(line, sizeof(line), "exec virsh -q -c '%s' %s", bed_uri(), arguments);

	if (n < 0 || (size_t)n >= sizeof(line))
		return fail(-E2BIG, "virsh: the command is too long");
	return run(out, size, argv);
}

int bed_virsh(char *out, size_t size, const char *format, ...)
{
	char arguments[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(arguments, sizeof(arguments), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(arguments))
		return fail(-E2BIG, "virsh: the command is too long");
	return virsh(out, size, arguments);
}

/* -- guests -- */

struct arguments {
	char *argv[ARGS_MAX];
	char numbers[5][16];
	unsigned int count, number;
};

static void add(struct arguments *args, const char *arg)
{
	args->argv[args->count++] = (char *)arg;
}

static void add_number(struct arguments *args, const char *option, unsigned int value)
{
	char *text = args->numbers[args->number];

	if (!value)
		return;
	args->number++;
	snprintf(text, sizeof(args->numbers[0]), "%u", value);
	add(args, option);
	add(args, text);
}

int bed_guest_start(const char *name, const struct bed_guest_options *options)
{
	static const struct bed_guest_options defaults;
	const struct bed_guest_options *o = options ? options : &defaults;
	struct arguments args = {.count = 0};
	int r;

	add(&args, env("PRALLOC_BED_SH"));
	add(&args, "guest");
	add(&args, name);
	add_number(&args, "--memory", o->memory_mib);
	add_number(&args, "--maximum", o->maximum_mib);
	add_number(&args, "--vcpus", o->vcpus);
	if (o->cpus) {
		add(&args, "--cpus");
		add(&args, o->cpus);
	}
	if (o->no_balloon_device)
		add(&args, "--no-balloon-device");
	if (o->no_balloon_driver)
		add(&args, "--no-balloon-driver");
	if (o->autodeflate)
		add(&args, "--autodeflate");
	for (int i = 0; i < 2; i++)
		add_number(&args, "--virtio-mem", o->virtio_mem_mib[i]);
	r = run(NULL, 0, args.argv);
	return r > 0 ? -EIO : r;
}

int bed_guest_destroy(const char *name)
{
	return bed_sh("destroy", name);
}

int bed_guest_stop(const char *name)
{
	int r = bed_virsh(NULL, 0, "destroy %s", name);

	return r > 0 ? -EIO : r;
}

int bed_guest_boot(const char *name)
{
	return bed_sh("boot", name);
}

int bed_guest_wait(const char *name)
{
	return bed_sh("wait", name);
}

static pid_t read_pid(const char *path)
{
	FILE *file = fopen(path, "re");
	int pid;

	if (!file)
		return fail(-errno, "%s: %s", path, strerror(errno));
	if (fscanf(file, "%d", &pid) != 1 || pid <= 0)
		pid = fail(-EBADMSG, "%s: no process id", path);
	fclose(file);
	return pid;
}

pid_t bed_guest_pid(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/run/qemu/%s.pid", bed_dir(), name);
	return read_pid(path);
}

int bed_guest_cpu_ns(const char *name, uint64_t *ret_ns)
{
	pid_t pid = bed_guest_pid(name);
	struct timespec time;
	clockid_t clock;
	int r;

	if (pid < 0)
		return pid;
	r = clock_getcpuclockid(pid, &clock);
	if (r == 0 && clock_gettime(clock, &time) < 0)
		r = errno;
	if (r)
		return fail(-r, "CPU time of %s: %s", name, strerror(r));
	*ret_ns = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
	return 0;
}

/* -- the agent -- */

int bed_agent(char *reply, size_t size, const char *name, const char *format, ...)
{
	char path[256], line[1024], text[2048];
	const char *timeout = getenv("PRALLOC_BED_TIMEOUT");
	va_list args;
	int r;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/guests/%s.agent", bed_dir(), name);
	r = bed_talk(path, line, text, sizeof(text), (timeout ? atoi(timeout) : 60) * 1000);
	if (reply && size)
		snprintf(reply, size, "%s", text);
	if (r < 0)
		fail(r, "%s: %s: %s", name, line, r == -EREMOTEIO ? text : strerror(-r));
	return r;
}

bool bed_reply_value(const char *reply, const char *key, uint64_t *ret)
{
	size_t length = strlen(key);

	for (const char *at = reply; (at = strchr(at, ' '));) {
		at++;
		if (strncmp(at, key, length) || at[length] != '=')
			continue;
		*ret = strtoull(at + length + 1, NULL, 10);
		return true;
	}
	return false;
}

/* -- libvirtd -- */

pid_t bed_libvirtd_pid(void)
{
	char path[256];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/libvirtd.pid", bed_dir());
	pid = read_pid(path);
	if (pid > 0 && kill(pid, 0) < 0)
		return fail(-errno, "libvirtd (%d): %s", pid, strerror(errno));
	return pid;
}

int bed_libvirtd_restart(void)
{
	int r = bed_sh("libvirtd", "stop");

	return r < 0 ? r : bed_sh("libvirtd", "start");
}

int bed_libvirtd_signal(int sig)
{
	pid_t pid = bed_libvirtd_pid();

	if (pid < 0)
		return pid;
	if (kill(pid, sig) < 0)
		return fail(-errno, "libvirtd: %s", strerror(errno));
	return 0;
}
