/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose turn it is to write a tree: a number that all processes map.
 *
 * Odd while somebody writes, with the PID of who does; another even one after each write.  So one
 * atomic instruction takes a turn, and at the same time finds out whether anybody has written since
 * the tree was remembered.  Long writers hold the lock of the link too, which tells others who it
 * is, and only they wait for a turn; one message alone takes a turn that is free, or goes that way.
 *
 * What can happen:
 *
 * - A writer is killed.  The number stays odd.  Nobody who finds it so writes a single message;
 *   the next one with the lock sees that its process has ended, gives it a while of standing
 *   still (its PID may be one of another PID namespace), takes the turn and reads all anew.  A
 *   process has ended only when what it sent is done: nothing of it comes later.
 * - Who took the turn over is killed, too: the same again, with its PID.
 * - A writer is stopped in the middle, so long that its turn is taken over although it lives.  The
 *   end of its turn fails, and it does what it wanted again, with the lock.
 * - Two want it: one exchange succeeds.  The other one goes the long way, and reads again.
 * - Somebody reads meanwhile: what was read is remembered only if the number was the same even one
 *   before and after.
 * - The file is removed, which nothing of ours does: long writers look each time, single messages
 *   once in a second, whether theirs still has a name.  Until then processes that have opened
 *   different files do not know of each other's single messages.
 */
#ifndef PRI_TC_TURN_H
#define PRI_TC_TURN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Begin when the number is the even one that is known; *ret_mine is what to end with. */
bool pri_tc_turn_try(uint64_t *number, uint64_t known, pid_t pid, uint64_t *ret_mine);
/* Wait for it, and take it from who has ended or stands still too long.  Returns the number from
 * before: odd when it was taken over.  For who holds the lock of the link. */
uint64_t pri_tc_turn_take(uint64_t *number, pid_t pid, uint64_t *ret_mine);
/* False: the turn was taken over meanwhile.  next: the even number that is left. */
bool pri_tc_turn_end(uint64_t *number, uint64_t mine, uint64_t next);
/* Another even number than any before. */
uint64_t pri_tc_turn_next(uint64_t mine);

#endif /* PRI_TC_TURN_H */
