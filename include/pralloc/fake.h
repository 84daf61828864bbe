/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fake host: domains in memory, for testing programs that use the library.
 *
 * fake: and fake:///N (1 to 100000, default 3) make domains vm1 to vmN with 2 vCPUs of 4, 1 GiB
 * of memory of at most 2 GiB, a disk vda on /dev/fake0 and an interface
 * 52:54:00:00:HI:LO on the link fakebr0.  They live until the host is closed.
 */
#ifndef PRALLOC_FAKE_H
#define PRALLOC_FAKE_H

#include <pralloc/base.h>

PRALLOC_BEGIN

/**
 * pr_fake_inject - make the fake host misbehave
 *
 * @directive: a word and its parameters, separated by blanks.  Parameters in brackets are
 * optional; [domain=NAME] and [attribute=NAME] narrow it down; [at=K] is the K-th matching call
 * from now, 1 the next one (without at: every one).
 *
 *   fail error=EIO [at=K] [domain=] [attribute=] [effect=yes]   a write fails; with effect=yes it
 *                                                               took effect all the same
 *   failread error=EIO [at=K] [domain=] [attribute=]            a read fails
 *   lose [at=K] [domain=] [attribute=] [effect=yes] [ms=N]      nobody knows what became of a write
 *                                                               (-ENOTCONN), with effect=yes it
 *                                                               took effect; with ms: it hangs
 *                                                               (-ETIMEDOUT at once), the host is
 *                                                               -EBUSY so long, and it takes
 *                                                               effect then
 *   lie [at=K] [domain=] [attribute=]                           a write is accepted and dropped
 *   stall domain=NAME at_bytes=400MiB                           the guest stops giving there
 *   balloon domain=NAME rate=100MiB/s                           the balloon moves that fast
 *       (both with attribute=mem.virtio_requested               memory that is plugged instead)
 *   uses domain=NAME bytes=700MiB                               the guest needs that much itself
 *   memory bytes=8GiB                                           the host has that much
 *   nodriver domain=NAME, driver domain=NAME                    the balloon driver goes, comes
 *   delay ms=50 [domain=]                                       every call takes that long
 *   restart domain=NAME [at=K]                                  the domain restarts (before the
 *                                                               K-th write to any domain)
 *   stop domain=NAME [at=K], start domain=NAME                  … stops, starts
 *   vanish domain=NAME [at=K]                                   … is undefined
 *   replace domain=NAME [at=K]                                  … makes room for another one of
 *                                                               the same name
 *   reboot domain=NAME [at=K]                                   … its guest starts anew
 *   migrate domain=NAME [at=K]                                  … goes to another host
 *   migrating domain=NAME [at=K]                                … is on its way there: nothing of
 *                                                               it can be changed (-EBUSY) until
 *                                                               migrate, stop, restart or clear
 *   set domain=NAME attribute=NAME value=V [event=no]           somebody else sets a value, of
 *       [config=yes]                                            which with event=no nothing tells;
 *                                                               config=yes: a persistent one
 *                                                               Instead of at=K, these eight take
 *                                                               ms=N: N ms from now, as soon as
 *                                                               events are asked for
 *   disconnect, connect                                         the connection is lost, is back
 *   clear                                                       forget all directives
 *
 * The same directives can stand in the URI, separated by ";", with "+" for a blank:
 * fake:///3?inject=stall+domain=vm1+at_bytes=400MiB;delay+ms=5
 * Errors: -EINVAL (directive, or not a fake host), -ENOENT (no such domain).  Since: 0.1.
 */
PRALLOC_API int pr_fake_inject(struct pr_host *host, const char *directive, uint32_t flags);

PRALLOC_END

#endif /* PRALLOC_FAKE_H */
