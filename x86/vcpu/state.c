// SPDX-License-Identifier: GPL-2.0-only
/* Register state by groups: fetched when asked for, stored when dirty. */
#include <linux/export.h>

#include "x86/vcpu/vendor.h"

void kvm_state_fetch(struct x86_vcpu *v, u32 groups)
{
	vendor(state_fetch)(v, groups);
}
EXPORT_SYMBOL_GPL(kvm_state_fetch);
