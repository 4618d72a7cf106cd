/* SPDX-License-Identifier: GPL-2.0-only */
/* A test with one VM, @vm, and one vCPU, @v: both made anew, at some code. */
#ifndef API_START_H
#define API_START_H

#include "lib.h"

/* Without exception handlers. */
#define START_BARE(mode, code)						\
	do {								\
		vm_new(&vm, 0);						\
		vcpu_new(&vm, &v, 0);					\
		vcpu_code(&v, mode, code);				\
	} while (0)

#define START(mode, code)						\
	do {								\
		START_BARE(mode, code);					\
		exc_setup(&v);						\
	} while (0)

#endif
