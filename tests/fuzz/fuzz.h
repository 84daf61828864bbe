/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entry of a fuzz target: called by libFuzzer, or by fuzz_main.c for files. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* FUZZ_H */
