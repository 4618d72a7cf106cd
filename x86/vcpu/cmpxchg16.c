// SPDX-License-Identifier: GPL-2.0-only
/* A locked access to userspace's memory that the kernel's macros do not have. */
#include <linux/uaccess.h>

#include <asm/asm.h>
#include <asm/cpufeature.h>

#include "core/arch.h"

int arch_user_cmpxchg16(u64 __user *p, const u64 *old, const u64 *new)
{
	u64 low = old[0], high = old[1];
	int err = 0;
	bool done;

	if (!boot_cpu_has(X86_FEATURE_CX16))
		return -EOPNOTSUPP;
	if (!user_access_begin(p, 16))
		return -EFAULT;
	asm volatile("1: lock cmpxchg16b %[p]\n"
		     CC_SET(z)
		     "2:\n"
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_EFAULT_REG, %[err])
		     : CC_OUT(z) (done), [err] "+r" (err), [p] "+m" (*p),
		       "+a" (low), "+d" (high)
		     : "b" (new[0]), "c" (new[1])
		     : "memory");
	user_access_end();
	if (err)
		return err;
	return done ? 0 : -EAGAIN;
}
