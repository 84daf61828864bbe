/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The test bed seen from a test that runs in it (bed.sh run TEST). Nothing here uses the library
 * under test or libvirt's: guests are made by bed.sh, asked through virsh and the agent's socket.
 *
 * Nothing prints. Functions that return int return 0 or a negative errno unless they say more;
 * after a failure bed_error() has the text.
 */
#ifndef PRALLOC_BED_H
#define PRALLOC_BED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A field that is 0, NULL or false has the default named here. */
struct bed_guest_options {
	unsigned int memory_mib;  /* 512; the balloon's target at the start */
	unsigned int maximum_mib; /* memory_mib */
	unsigned int vcpus;	  /* 2 */
	const char *cpus;	  /* host CPUs for the vCPUs and the emulator, like "1"; all */
	bool no_balloon_device;
	bool no_balloon_driver; /* until the agent's "balloon on" */
	bool autodeflate;
	/* virtio-mem devices of that size, of which nothing is plugged; none */
	unsigned int virtio_mem_mib[2];
};

/* Are we in a bed? If not, *ret_why says why, for a test's skip. */
bool bed_available(const char **ret_why);
const char *bed_uri(void);
const char *bed_dir(void);
const char *bed_bridge(void);
/* The text of the calling thread's last failure, or "". */
const char *bed_error(void);

/*
 * Define and start a guest (@options may be NULL) and wait until it is ready: its agent answers
 * and its balloon, if it has one, has reached its target and tells the guest's figures.
 */
int bed_guest_start(const char *name, const struct bed_guest_options *options);
/* Destroy and undefine; an absent guest is fine. */
int bed_guest_destroy(const char *name);
/* Power off, without undefining it, and on again; bed_guest_boot() waits until it is ready. */
int bed_guest_stop(const char *name);
int bed_guest_boot(const char *name);
/* Wait until a guest that has rebooted itself is ready again, with new figures. */
int bed_guest_wait(const char *name);

/* QEMU's process, or a negative errno. */
pid_t bed_guest_pid(const char *name);
/* CPU time that QEMU has used since its start, all threads, ended ones too. */
int bed_guest_cpu_ns(const char *name, uint64_t *ret_ns);

/*
 * One line to the guest's agent. @reply, which may be NULL, gets its answer: "ok ..." with 0,
 * "error ..." with -EREMOTEIO.
 */
int bed_agent(char *reply, size_t size, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The number after "@key=" in an agent's reply. */
bool bed_reply_value(const char *reply, const char *key, uint64_t *ret);

/*
 * Run virsh with arguments as a shell would split them. @out, which may be NULL, gets its standard
 * output. Returns virsh's exit status or a negative errno.
 */
int bed_virsh(char *out, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The bed's libvirtd; guests survive its end. Restarting one that is dead starts it. */
pid_t bed_libvirtd_pid(void);
int bed_libvirtd_restart(void);
int bed_libvirtd_signal(int sig);

#endif
