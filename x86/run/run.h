/* SPDX-License-Identifier: GPL-2.0-only */
/* The run loop's helpers for exit handlers. */
#ifndef LAMINA_X86_RUN_RUN_H
#define LAMINA_X86_RUN_RUN_H

#include "x86/vcpu/x86.h"

/**
 * run_fail - end KVM_RUN with an error
 * @v: the vCPU
 * @err: negative errno
 *
 * Return: X86_FAIL, for the handler to return.
 */
enum x86_next run_fail(struct x86_vcpu *v, int err);

#endif
