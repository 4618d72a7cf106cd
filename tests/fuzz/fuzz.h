/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fuzzing target gives to libFuzzer, or to replay.c: bytes are a program,
 * and whatever it is, it ends, and no check of the worlds it runs in fails.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
