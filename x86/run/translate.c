// SPDX-License-Identifier: GPL-2.0-only
/* KVM_TRANSLATE (api.rst 4.15). */
#include <linux/srcu.h>

#include "core/run_state.h"
#include "x86/cpu/cr.h"
#include "x86/run/regs.h"
#include "x86/vcpu/vendor.h"

/* Long mode: the address is canonical; else it has 32 bits. */
static bool address_exists(struct x86_vcpu *v, u64 la)
{
	return state_is_long_mode(v) ? state_is_canonical(v, la) :
				       !(la >> 32);
}

static bool translate_access(struct x86_vcpu *v, u64 la, u64 access,
			     struct gwalk_result *res)
{
	/* SMAP forbids nothing to somebody who only looks. */
	struct gwalk_access walk = {
		.pf = access, .regs.ac = true, .no_ad = true,
	};

	return mmu_translate(&v->vcpu.mmu, v->nested.ctx, la, &walk, res) ==
	       GWALK_OK;
}

/*
 * A supervisor's view.  It tells as well whether the page may be written and
 * whether user code may read it.  Accessed and dirty bits stay as they are.
 */
long translate_ioctl(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	struct kvm_translation *tr = data;
	u64 la = tr->linear_address;
	struct gwalk_result res;
	int idx;

	*tr = (struct kvm_translation){ .linear_address = la,
					.physical_address = ~0ull };
	if (!address_exists(v, la))
		return 0;
	cr_update_mmu(v);
	idx = srcu_read_lock(&v->vcpu.kvm->srcu);
	if (request_take(&v->vcpu, REQ_PDPTRS))
		cr_pdptrs_refresh(v);
	tr->valid = translate_access(v, la, 0, &res);
	if (tr->valid) {
		tr->physical_address = res.gpa;
		tr->writeable = translate_access(v, la, PF_WRITE, &res);
		tr->usermode = translate_access(v, la, PF_USER, &res);
	}
	srcu_read_unlock(&v->vcpu.kvm->srcu, idx);
	return 0;
}
