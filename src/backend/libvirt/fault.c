/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's errors to ours. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

/* Error codes whose meaning does not depend on where they come from. */
static const struct {
	int libvirt;
	int code;
} codes[] = {
	{VIR_ERR_NO_MEMORY, -ENOMEM},
	{VIR_ERR_NO_DOMAIN, -ENOENT},
	{VIR_ERR_OPERATION_DENIED, -EACCES},
	{VIR_ERR_ACCESS_DENIED, -EACCES},
	{VIR_ERR_AUTH_FAILED, -EACCES},
	{VIR_ERR_AUTH_CANCELLED, -EACCES},
	{VIR_ERR_AUTH_UNAVAILABLE, -EACCES},
	{VIR_ERR_INVALID_ARG, -ERANGE},
	{VIR_ERR_OVERFLOW, -ERANGE},
	{VIR_ERR_NO_SUPPORT, -EOPNOTSUPP},
	{VIR_ERR_CONFIG_UNSUPPORTED, -EOPNOTSUPP},
	{VIR_ERR_ARGUMENT_UNSUPPORTED, -EOPNOTSUPP},
	{VIR_ERR_OPERATION_UNSUPPORTED, -EOPNOTSUPP},
	{VIR_ERR_OPERATION_INVALID, -EOPNOTSUPP},
	/* The monitor's lock is held by a call that hangs or a job that lasts. */
	{VIR_ERR_OPERATION_TIMEOUT, -EBUSY},
	{VIR_ERR_RESOURCE_BUSY, -EBUSY},
	{VIR_ERR_AGENT_UNRESPONSIVE, -ENOTCONN},
	{VIR_ERR_NO_CONNECT, -ENOTCONN},
	{VIR_ERR_INVALID_CONN, -ENOTCONN},
	{VIR_ERR_UNKNOWN_HOST, -ENOTCONN},
	{VIR_ERR_RPC, -ENOTCONN},
	{VIR_ERR_SSH, -ENOTCONN},
	{VIR_ERR_LIBSSH, -ENOTCONN},
	{VIR_ERR_GNUTLS_ERROR, -ENOTCONN},
	{VIR_ERR_DEVICE_MISSING, -ENODEV},
};

/* The same for the errno that comes with VIR_ERR_SYSTEM_ERROR: mostly what a cgroup file said. */
static const struct {
	int number;
	int code;
} system_codes[] = {
	{EACCES, -EACCES}, {EPERM, -EACCES},  {EINVAL, -ERANGE}, {ERANGE, -ERANGE},
	{EBUSY, -EBUSY},   {ENOMEM, -ENOMEM}, {ENODEV, -ENODEV}, {EOPNOTSUPP, -EOPNOTSUPP},
};

int pri_lv_fail(struct pri_lv_fault *fault, int code, const char *format, ...)
{
	va_list args;

	*fault = (struct pri_lv_fault){.code = code};
	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	return code;
}

static int code_of(const virError *error)
{
	if (error->code == VIR_ERR_SYSTEM_ERROR) {
		for (size_t i = 0; i < PRI_ARRAY_SIZE(system_codes); i++)
			if (system_codes[i].number == error->int1)
				return system_codes[i].code;
		return error->domain == VIR_FROM_RPC ? -ENOTCONN : -EIO;
	}
	for (size_t i = 0; i < PRI_ARRAY_SIZE(codes); i++)
		if (codes[i].libvirt == error->code)
			return codes[i].code;
	return -EIO;
}

/*
 * Whether the error says that the connection is dead.  Where no event loop runs,
 * virConnectIsAlive() still says yes after the daemon died, and only the error tells: a system
 * error of the socket at first, then "client socket is closed".
 */
static bool is_lost(const virError *error, virConnectPtr conn)
{
	if (error->code == VIR_ERR_INVALID_CONN)
		return true;
	if (error->domain != VIR_FROM_RPC)
		return false;
	if (error->code == VIR_ERR_SYSTEM_ERROR || error->code == VIR_ERR_INTERNAL_ERROR)
		return true;
	return conn && virConnectIsAlive(conn) == 0;
}

/* For some 10 ms a restarted libvirtd answers before it has found the cgroups of the domains that
 * run, and says of them that it is not a valid operation. */
#define RESTART_NS UINT64_C(2000000000)

static bool just_restarted(const struct pri_lv_host *host)
{
	return host->reopened_ns && pri_monotonic_ns() - host->reopened_ns < RESTART_NS;
}

/* What "operation is not valid now" meant.  The message cannot be searched: it is translated. */
static void refine_invalid(struct pri_lv_fault *fault, struct pri_lv_host *host, virDomainPtr ptr,
			   uint32_t mode)
{
	if (mode == PRALLOC_LIVE && PRI_LV(host, virDomainIsActive, ptr) == 0)
		pri_lv_fail(fault, -ENOTCONN, "the domain does not run");
	else if (mode == PRALLOC_CONFIG && PRI_LV(host, virDomainIsPersistent, ptr) == 0)
		pri_lv_fail(fault, -EOPNOTSUPP,
			    "the domain is transient and has no persistent configuration");
	else if (just_restarted(host)) {
		pri_lv_fail(fault, -EBUSY,
			    "libvirtd was just restarted and is not ready: try again");
		fault->early = true;
	}
}

static void copy_line(char text[PRI_LV_TEXT_MAX], const char *message)
{
	snprintf(text, PRI_LV_TEXT_MAX, "%s", message ? message : "libvirt gives no reason");
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ' ';
}

int pri_lv_fault_take(struct pri_lv_fault *fault, struct pri_lv_host *host, virDomainPtr ptr,
		      uint32_t mode)
{
	/* Later calls replace the thread's last error. */
	const virError *error = virGetLastError();
	int code;

	if (!error)
		return pri_lv_fail(fault, -EIO, "libvirt failed and gives no reason");
	code = error->code;
	*fault = (struct pri_lv_fault){.code = code_of(error)};
	copy_line(fault->text, error->message);
	fault->gone = code == VIR_ERR_NO_DOMAIN;
	fault->lost = is_lost(error, host->conn);
	/* EPIPE comes from writing alone, and half a request is not executed. */
	fault->undelivered = fault->lost && code == VIR_ERR_SYSTEM_ERROR && error->int1 == EPIPE;
	if (fault->lost)
		fault->code = -ENOTCONN;
	host->lost = host->lost || fault->lost;
	if (fault->lost)
		pri_wake_lost(host->wake, PRI_LV_RETRY_NS);
	if (code == VIR_ERR_OPERATION_INVALID && ptr)
		refine_invalid(fault, host, ptr, mode);
	virResetLastError();
	return fault->code;
}
