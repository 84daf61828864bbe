#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Set the CPU shares of a running VM, from Python through ctypes.

usage: shares.py VM SHARES [URI]          shares.py vm1 2048

Handles are pointers, results are 0 or a negative errno, and texts belong to the library: declare
the argument types once, and raise what the library says.
"""
import ctypes
import sys

lib = ctypes.CDLL('libpralloc.so.0')
HANDLE = ctypes.c_void_p
U64, U32, TEXT, OUT = ctypes.c_uint64, ctypes.c_uint32, ctypes.c_char_p, ctypes.POINTER(HANDLE)

for name, result, arguments in (
        ('pr_ctx_new', ctypes.c_int, [OUT]),
        ('pr_ctx_unref', None, [HANDLE]),
        ('pr_ctx_errmsg', TEXT, [HANDLE]),
        ('pr_host_open', ctypes.c_int, [HANDLE, TEXT, U32, OUT]),
        ('pr_host_close', None, [HANDLE]),
        ('pr_host_errmsg', TEXT, [HANDLE]),
        ('pr_domain_open', ctypes.c_int, [HANDLE, TEXT, U32, OUT]),
        ('pr_domain_close', None, [HANDLE]),
        ('pr_domain_errmsg', TEXT, [HANDLE]),
        ('pr_cpu_set_shares', ctypes.c_int, [HANDLE, U64, U32]),
        ('pr_get_u64', ctypes.c_int,
         [HANDLE, TEXT, TEXT, ctypes.POINTER(U64), U32])):
    function = getattr(lib, name)
    function.restype = result
    function.argtypes = arguments


class Error(Exception):
    """What the library says about a call that failed."""


def check(code, errmsg, handle):
    """Raise the text of the handle's last error for a negative code."""
    if code < 0:
        raise Error(errmsg(handle).decode(errors='replace'))


def get_shares(dom):
    """The CPU shares that the domain has now."""
    value = U64()
    check(lib.pr_get_u64(dom, b'cpu.shares', None, ctypes.byref(value), 0),
          lib.pr_domain_errmsg, dom)
    return value.value


def set_shares(uri, name, shares):
    """Set the shares and tell what was and what is."""
    ctx, host, dom = HANDLE(), HANDLE(), HANDLE()
    if lib.pr_ctx_new(ctypes.byref(ctx)) < 0:
        raise Error('out of memory')
    try:
        check(lib.pr_host_open(ctx, uri.encode(), 0, ctypes.byref(host)), lib.pr_ctx_errmsg, ctx)
        check(lib.pr_domain_open(host, name.encode(), 0, ctypes.byref(dom)),
              lib.pr_host_errmsg, host)
        before = get_shares(dom)
        check(lib.pr_cpu_set_shares(dom, shares, 0), lib.pr_domain_errmsg, dom)
        print(f'{name}: {get_shares(dom)} shares, was {before}')
    finally:
        lib.pr_domain_close(dom)
        lib.pr_host_close(host)
        lib.pr_ctx_unref(ctx)


def main():
    """Exit status 0 done, 1 refused or failed, 2 usage."""
    if not 3 <= len(sys.argv) <= 4 or not sys.argv[2].isdigit():
        print('usage: shares.py VM SHARES [URI]', file=sys.stderr)
        return 2
    try:
        set_shares(sys.argv[3] if len(sys.argv) > 3 else 'qemu:///system',
                   sys.argv[1], int(sys.argv[2]))
    except Error as error:
        print(f'shares.py: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
