// SPDX-License-Identifier: GPL-2.0-only
/* Xen's hypercalls: xen.h. */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/msr-index.h>

#include "core/guestmem.h"
#include "core/vm.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/msr.h"
#include "x86/hyperv/xen.h"

/* ------------------------------------------------------------------------ */

static bool config_is_valid(const struct kvm_xen_hvm_config *c)
{
	if (c->flags & ~KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL)
		return false;
	return !c->flags || !(c->blob_addr_32 | c->blob_addr_64 | c->blob_size_32 |
			      c->blob_size_64);
}

long xen_ioctl_config(void *obj, void *data, unsigned long arg)
{
	const struct kvm_xen_hvm_config *args = data;
	struct kvm_xen_hvm_config *new, *old;
	struct kvm *kvm = obj;
	struct hv_vm *vm;

	if (!config_is_valid(args))
		return -EINVAL;
	vm = hv_vm_make(to_x86_vm(kvm));
	if (!vm)
		return -ENOMEM;
	new = kmemdup(args, sizeof(*args), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	mutex_lock(&kvm->lock);
	old = rcu_replace_pointer(vm->xen, new, lockdep_is_held(&kvm->lock));
	WRITE_ONCE(vm->xen_calls, new->flags & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL);
	mutex_unlock(&kvm->lock);
	synchronize_srcu(&kvm->srcu);
	kfree(old);
	return 0;
}

void xen_vm_free(struct hv_vm *vm)
{
	kfree(rcu_dereference_protected(vm->xen, true));
}

/* ------------------------------------------------------------------------ */
/* The page: 32 bytes for each hypercall, MOV EAX, VMCALL or VMMCALL, RET, INT3. */

#define ENTRY_BYTES	32
#define INSN_INT3	0xcc

static int page_make(struct x86_vcpu *v, u64 data)
{
	u8 code[ENTRY_BYTES] = { 0xb8, 0, 0, 0, 0, 0x0f, 0x01, x86_caps->hypercall_modrm, 0xc3 };
	unsigned int at;

	/* There is one. */
	if (data & ~PAGE_MASK)
		return -EINVAL;
	memset(code + 9, INSN_INT3, sizeof(code) - 9);
	for (at = 0; at < PAGE_SIZE; at += ENTRY_BYTES) {
		code[1] = at / ENTRY_BYTES;
		if (guest_write(&v->vcpu, data + at, code, sizeof(code)))
			return -EINVAL;
	}
	return 0;
}

/* Of userspace's pages the one that the address's low bits name. */
static int page_copy(struct x86_vcpu *v, const struct kvm_xen_hvm_config *c, u64 data)
{
	bool wide = state_get(v, GRP_EFER)->efer & EFER_LMA;
	u64 n = data & ~PAGE_MASK, gpa = data & PAGE_MASK;
	const u8 __user *from = (void __user *)(wide ? c->blob_addr_64 : c->blob_addr_32);
	unsigned int at;
	u8 buf[256];

	if (n >= (wide ? c->blob_size_64 : c->blob_size_32))
		return -EINVAL;
	for (at = 0; at < PAGE_SIZE; at += sizeof(buf))
		if (copy_from_user(buf, from + n * PAGE_SIZE + at, sizeof(buf)) ||
		    guest_write(&v->vcpu, gpa + at, buf, sizeof(buf)))
			return -EINVAL;
	return 0;
}

int xen_msr_set(struct x86_vcpu *v, const struct msr_access *a)
{
	const struct hv_vm *vm = smp_load_acquire(&to_x86_vm(v->vcpu.kvm)->hv);
	const struct kvm_xen_hvm_config *c;

	if (a->host || !vm)
		return -ENOENT;
	c = srcu_dereference(vm->xen, &v->vcpu.kvm->srcu);
	if (!c || !c->msr || c->msr != a->index)
		return -ENOENT;
	return c->flags ? page_make(v, a->data) : page_copy(v, c, a->data);
}

/* ------------------------------------------------------------------------ */
/* Xen's public headers, arch-x86/xen-x86_64.h and xen-x86_32.h. */

static const u8 args_64[] = { GPR_RDI, GPR_RSI, GPR_RDX, GPR_R10, GPR_R8, GPR_R9 };
static const u8 args_32[] = { GPR_RBX, GPR_RCX, GPR_RDX, GPR_RSI, GPR_RDI, GPR_RBP };

void xen_ask(struct x86_vcpu *v)
{
	struct kvm_run *run = v->vcpu.run;
	bool wide = state_is_64bit_code(v);
	u64 mask = wide ? U64_MAX : U32_MAX;
	unsigned int i;

	stat_inc(v->vcpu.stats.hypercalls);
	run->exit_reason = KVM_EXIT_XEN;
	memset(&run->xen, 0, sizeof(run->xen));
	run->xen.type = KVM_EXIT_XEN_HCALL;
	run->xen.u.hcall.longmode = wide;
	run->xen.u.hcall.cpl = state_get(v, GRP_CPL)->cpl;
	run->xen.u.hcall.input = v->state.gpr[GPR_RAX] & mask;
	for (i = 0; i < ARRAY_SIZE(args_64); i++)
		run->xen.u.hcall.params[i] = v->state.gpr[wide ? args_64[i] : args_32[i]] &
					     mask;
}

enum x86_next xen_answered(struct x86_vcpu *v)
{
	u64 mask = state_is_64bit_code(v) ? U64_MAX : U32_MAX;

	/* Userspace has put the vCPU elsewhere: its registers stand. */
	if (exit_rip_stands(v))
		v->state.gpr[GPR_RAX] = v->vcpu.run->xen.u.hcall.result & mask;
	return X86_RESUME;
}
