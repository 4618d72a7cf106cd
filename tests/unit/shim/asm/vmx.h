/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own, of the headers that modules are built with: tests/Makefile. */
#ifndef SHIM_ASM_VMX_H
#define SHIM_ASM_VMX_H

/* Not <asm/vmx.h>, which is also the name of a header for programs. */
#include <../include/asm/vmx.h>

#endif
