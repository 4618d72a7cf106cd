// SPDX-License-Identifier: GPL-2.0-only
/* Register state by groups: fetched when asked for, stored when dirty. */
#include <linux/export.h>

#include "x86/vcpu/vendor.h"

void kvm_state_fetch(struct x86_vcpu *v, u32 groups)
{
	vendor(state_fetch)(v, groups);
}
EXPORT_SYMBOL_GPL(kvm_state_fetch);

u64 state_code_la(struct x86_vcpu *v)
{
	const struct x86_state *s = state_get(v, GRP_RIP | GRP_EFER | GRP_CSSS);

	return state_is_64bit_code(v) ? s->rip : (u32)(s->seg[SEG_CS].base + s->rip);
}
