/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest side of the test bed: PID 1 of an initramfs. It loads the virtio drivers and then
 * answers one-line commands on a virtio-serial port. README.md lists the commands.
 *
 * Everything that burns or holds something is a child: when the balloon takes more than there is,
 * the kernel kills the biggest process, and a guest whose PID 1 is killed panics.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHANNEL "org.pralloc.agent.0"

/* Load order matters: each module needs symbols of those before it. */
static const char *const modules[] = {
	"virtio_ring",
	"virtio",
	"virtio_pci_legacy_dev",
	"virtio_pci_modern_dev",
	"virtio_pci",
	"failover",
	"net_failover",
	"virtio_console",
	"virtio_blk",
	"virtio_net",
	"virtio_mem",
};

static char reply[1024];

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reply, sizeof(reply), format, args);
	va_end(args);
}

void say_errno(const char *what)
{
	say("error %s: %s", what, strerror(errno));
}

uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void nap_ms(long ms)
{
	struct timespec nap = {.tv_nsec = ms * 1000000};

	nanosleep(&nap, NULL);
}

bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		return false;
	text[length] = '\0';
	return true;
}

bool parse_number(const char *arg, uint64_t *ret)
{
	char *end;

	if (!arg || *arg < '0' || *arg > '9')
		return false;
	errno = 0;
	*ret = strtoull(arg, &end, 10);
	return !errno && (*end == '\0' || *end == ' ');
}

static int insert_module(const char *name)
{
	char path[64];
	int fd, r;

	snprintf(path, sizeof(path), "/modules/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	r = (int)syscall(SYS_finit_module, fd, "", 0);
	close(fd);
	return r < 0 && errno != EEXIST ? -1 : 0;
}

/* A child starts with the signal mask of PID 1, which blocks SIGIO and SIGCHLD. */
pid_t spawn(void)
{
	sigset_t none;
	pid_t pid = fork();

	if (pid)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void do_ping(const char *arg)
{
	(void)arg;
	say("ok pong");
}

/* A vCPU plugged at run time stays offline until somebody brings it online: we do. */
static void do_vcpus(const char *arg)
{
	char path[64];

	(void)arg;
	for (int cpu = 1; cpu < WORKERS_MAX; cpu++) {
		int fd;

		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (write(fd, "1", 1) < 0)
			say_errno(path);
		close(fd);
	}
	say("ok vcpus=%ld", sysconf(_SC_NPROCESSORS_ONLN));
}

static void do_balloon(const char *arg)
{
	int r;

	if (arg && !strcmp(arg, "on"))
		r = insert_module("virtio_balloon");
	else if (arg && !strcmp(arg, "off"))
		r = (int)syscall(SYS_delete_module, "virtio_balloon", O_NONBLOCK);
	else
		return say("error balloon needs on or off");
	if (r < 0)
		return say_errno("balloon");
	say("ok balloon=%s", arg);
}

static void do_sh(const char *arg)
{
	char text[900], *at;
	FILE *pipe;
	size_t length;
	int status;

	pipe = popen(arg ? arg : "true", "r");
	if (!pipe)
		return say_errno("sh");
	length = fread(text, 1, sizeof(text) - 1, pipe);
	text[length] = '\0';
	status = pclose(pipe);
	for (at = text; *at; at++)
		if (*at == '\n')
			*at = '|';
	say("ok status=%d %s", WIFEXITED(status) ? WEXITSTATUS(status) : 128, text);
}

/* Answered first and done afterwards, in serve(). */
static int reboot_with;

static void do_poweroff(const char *arg)
{
	(void)arg;
	reboot_with = RB_POWER_OFF;
	say("ok poweroff");
}

static void do_reboot(const char *arg)
{
	(void)arg;
	reboot_with = RB_AUTOBOOT;
	say("ok reboot");
}

static const struct {
	const char *name;
	void (*run)(const char *arg);
} commands[] = {
	{"ping", do_ping},	   {"mem", do_mem},	  {"meminfo", do_meminfo},
	{"write", do_write},	   {"send", do_send},	  {"netinfo", do_netinfo},
	{"vcpus", do_vcpus},	   {"loads", do_loads},	  {"balloon", do_balloon},
	{"poweroff", do_poweroff}, {"reboot", do_reboot}, {"sh", do_sh},
};

static void reap(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		mem_reaped(pid);
}

static void run(char *line)
{
	char *arg = strchr(line, ' ');

	if (arg)
		*arg++ = '\0';
	reap();
	if (load_command(line, arg))
		return;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(line, commands[i].name))
			return commands[i].run(arg);
	say("error unknown command %s", line);
}

/*
 * A request is "#ID COMMAND"; the ID comes back with the reply, so that a caller never takes the
 * late reply to somebody who has given up for its own.
 */
static void answer(int port, char *line)
{
	char out[sizeof(reply) + 64];
	char *command = strchr(line, ' ');
	int length;

	if (line[0] != '#' || !command)
		return;
	*command++ = '\0';
	run(command);
	length = snprintf(out, sizeof(out), "%s %s\n", line, reply);
	if (write(port, out, (size_t)length) != length)
		return;
	if (reboot_with) {
		/* Let the host fetch the reply before the port goes away. */
		nap_ms(100);
		sync();
		reboot(reboot_with);
	}
}

static void serve(int port)
{
	static char buffer[4096];
	size_t used = 0;
	sigset_t wake;

	sigemptyset(&wake);
	sigaddset(&wake, SIGIO);
	for (;;) {
		struct pollfd poller = {.fd = port, .events = POLLIN};
		char *end;
		ssize_t n;

		poll(&poller, 1, -1);
		n = read(port, buffer + used, sizeof(buffer) - 1 - used);
		/*
		 * While nobody is connected poll() and read() return at once; SIGIO tells about
		 * a new connection, and the time-out only covers a lost signal.
		 */
		if (n <= 0) {
			used = 0;
			sigtimedwait(&wake, NULL, &(struct timespec){.tv_sec = 1});
			continue;
		}
		used += (size_t)n;
		buffer[used] = '\0';
		while ((end = strchr(buffer, '\n'))) {
			*end++ = '\0';
			answer(port, buffer);
			used -= (size_t)(end - buffer);
			memmove(buffer, end, used + 1);
		}
		if (used == sizeof(buffer) - 1)
			used = 0;
	}
}

static int port_open(void)
{
	char path[64], name[64];

	for (int i = 0; i < 500; i++) {
		for (int nr = 0; nr < 4; nr++) {
			snprintf(path, sizeof(path), "/sys/class/virtio-ports/vport%dp1/name", nr);
			if (!read_text(path, name, sizeof(name)) ||
			    strncmp(name, CHANNEL, strlen(CHANNEL)))
				continue;
			snprintf(path, sizeof(path), "/dev/vport%dp1", nr);
			return open(path, O_RDWR | O_CLOEXEC);
		}
		nap_ms(10);
	}
	return -1;
}

static void mount_all(void)
{
	static const struct {
		const char *type, *target;
	} mounts[] = {{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].target, 0755);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, 0, NULL) < 0)
			perror(mounts[i].target);
	}
}

static void insert_modules(void)
{
	char cmdline[1024] = "";

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (insert_module(modules[i]) < 0)
			perror(modules[i]);
	read_text("/proc/cmdline", cmdline, sizeof(cmdline));
	if (!strstr(cmdline, "pralloc.noballoon") && insert_module("virtio_balloon") < 0)
		perror("virtio_balloon");
}

int main(void)
{
	sigset_t blocked;
	bool ready;
	int port;

	mount_all();
	setenv("PATH", "/bin", 1);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGIO);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	insert_modules();
	ready = load_init();
	port = port_open();
	if (port < 0 || !ready) {
		fprintf(stderr, "agent: no port %s or no memory\n", CHANNEL);
		reboot(RB_POWER_OFF);
	}
	fcntl(port, F_SETOWN, getpid());
	fcntl(port, F_SETFL, O_ASYNC);
	serve(port);
	return 0;
}
