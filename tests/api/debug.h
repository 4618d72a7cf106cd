/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of KVM_SET_GUEST_DEBUG share: a VMM that debugs its guest. */
#ifndef API_DEBUG_H
#define API_DEBUG_H

#include "msr.h"
#include "start.h"

enum { DB = 1, NMI = 2, BP = 3, UD = 6 };

#define VEC		0x40
#define FLAGS_TF	0x100
#define FLAGS_IF	0x200
#define DR6_BS		(1u << 14)
#define STEP	(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP)
#define SW_BP	(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP)
#define HW_BP	(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP)

/* Skip the rest on Linux's KVM, which does this; on QEMU's TCG. */
void not_linux(const char *what);
void not_tcg(void);
/* On Intel's processors without a monitor trap flag, where RFLAGS.TF is the VMM's. */
void not_by_flag(const char *what);

/* KVM_SET_GUEST_DEBUG; the second with DR0 and DR7. */
void debug(uint32_t control);
void debug_at(uint32_t control, uint64_t address, uint64_t dr7);
struct kvm_debugregs debugregs(void);

/* The next KVM_EXIT_DEBUG must be this one. */
struct kvm_debug_exit_arch stopped(unsigned int vector, uint64_t pc);
/* It must be a step's, and userspace does not see its TF. */
void step_to(uint64_t pc);
/* The guest's next report must be of this exception at GPA_CODE + offset. */
void expect(unsigned int vector, uint64_t offset);

#endif
