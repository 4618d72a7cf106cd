/* SPDX-License-Identifier: GPL-2.0-only */
/* Constants only: those of the kernel's interface to programs. */
#ifndef SHIM_ASM_PROCESSOR_FLAGS_H
#define SHIM_ASM_PROCESSOR_FLAGS_H

#include_next <asm/processor-flags.h>

#endif
