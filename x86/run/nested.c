// SPDX-License-Identifier: GPL-2.0-only
/* Nesting: what a vendor asks of x86, and the ioctls for L1's state. */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/traps.h>

#include "core/guestmem.h"
#include "core/run_state.h"
#include "mmu/mmu_nested.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/msr.h"
#include "x86/cpu/tsc.h"
#include "x86/insn/fetch.h"
#include "x86/run/exits.h"
#include "x86/run/nested_ioctl.h"
#include "x86/vcpu/interrupt.h"
#include "x86/vcpu/nested.h"

static u64 l2_root_get(struct mmu_vcpu *mv)
{
	struct kvm_vcpu *vcpu = container_of(mv, struct kvm_vcpu, mmu);

	return state_get(to_x86_vcpu(vcpu), GRP_CR3)->cr3;
}

static void l2_fault(struct mmu_vcpu *mv, const struct mmu_guest_fault *f)
{
	struct kvm_vcpu *vcpu = container_of(mv, struct kvm_vcpu, mmu);

	event_page_fault(to_x86_vcpu(vcpu), f->addr, f->error);
}

static u64 l2_pdptr_get(struct mmu_vcpu *mv, int i)
{
	struct kvm_vcpu *vcpu = container_of(mv, struct kvm_vcpu, mmu);

	return state_get(to_x86_vcpu(vcpu), GRP_PDPTR)->pdptr[i];
}

/* PDPTEs: as for L1 (vcpu.c). */
static const struct mmu_ctx_ops l2_ctx_ops = {
	.root_get = l2_root_get,
	.fault = l2_fault,
};

static const struct mmu_ctx_ops l2_ctx_pdptr_ops = {
	.root_get = l2_root_get,
	.pdptr_get = l2_pdptr_get,
	.fault = l2_fault,
};

void kvm_nested_init(struct x86_vcpu *v, const struct mmu_ctx_ops *second)
{
	mmu_nested_init(&v->vcpu.mmu, x86_caps->pdptrs ? &l2_ctx_pdptr_ops : &l2_ctx_ops,
			second);
}
EXPORT_SYMBOL_GPL(kvm_nested_init);

bool kvm_nested_skip(struct x86_vcpu *v, const struct x86_exit *exit)
{
	return exit_skip(v, exit);
}
EXPORT_SYMBOL_GPL(kvm_nested_skip);

/* The 67h prefix is rare: longer than 0F 01 and ModRM. */
bool kvm_nested_rax(struct x86_vcpu *v, const struct x86_exit *exit, u64 *rax,
		    u64 *next_rip)
{
	enum emul_mode mode = emulate_mode(v);
	u8 size = mode == EMUL_64 ? 8 : mode == EMUL_32 ? 4 : 2;
	struct emul_insn insn;

	if (!exit_next_rip(v, exit, next_rip))
		return false;
	if ((u32)(*next_rip - state_get(v, GRP_RIP)->rip) > 3) {
		if (!emulate_decode(v, exit, &insn, &v->next))
			return false;
		size = insn.addr_size;
	}
	*rax = v->state.gpr[GPR_RAX] & GENMASK_ULL(8 * size - 1, 0);
	return true;
}
EXPORT_SYMBOL_GPL(kvm_nested_rax);

bool kvm_nested_decode(struct x86_vcpu *v, struct emul_insn *insn)
{
	struct emul_fault fault;
	struct insn_code c;

	insn_code_start(v, &c);
	return insn_code_decode(v, &c, insn, &fault) > 0;
}
EXPORT_SYMBOL_GPL(kvm_nested_decode);

int kvm_nested_read(struct x86_vcpu *v, gpa_t gpa, void *buf, unsigned int len)
{
	return guest_read(&v->vcpu, gpa, buf, len);
}
EXPORT_SYMBOL_GPL(kvm_nested_read);

int kvm_nested_write(struct x86_vcpu *v, gpa_t gpa, const void *buf,
		     unsigned int len)
{
	return guest_write(&v->vcpu, gpa, buf, len);
}
EXPORT_SYMBOL_GPL(kvm_nested_write);

int kvm_nested_cmpxchg(struct x86_vcpu *v, gpa_t gpa, u64 old, u64 new)
{
	return guest_cmpxchg(&v->vcpu, gpa, &old, &new, sizeof(new));
}
EXPORT_SYMBOL_GPL(kvm_nested_cmpxchg);

void __user *kvm_nested_page(struct x86_vcpu *v, gpa_t gpa, bool write)
{
	return guest_page_user(&v->vcpu, gpa, write);
}
EXPORT_SYMBOL_GPL(kvm_nested_page);

void kvm_nested_page_written(struct x86_vcpu *v, gpa_t gpa)
{
	guest_page_written(&v->vcpu, gpa);
}
EXPORT_SYMBOL_GPL(kvm_nested_page_written);

int kvm_nested_npt(struct x86_vcpu *v, const struct x86_state *s)
{
	struct mmu_cpu cpu = cr_mmu_cpu(v, s);
	int err = mmu_nested_npt(&v->vcpu.mmu, &cpu);

	if (err)
		return err;
	mmu_ctx_update(&v->vcpu.mmu, MMU_CTX_GUEST, &cpu);
	v->nested.l1_waits = true;
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_nested_npt);

int kvm_nested_ept(struct x86_vcpu *v, u64 eptp, u64 cap)
{
	return mmu_nested_ept(&v->vcpu.mmu, eptp, cap, v->cpuid.maxphyaddr);
}
EXPORT_SYMBOL_GPL(kvm_nested_ept);

/* ------------------------------------------------------------------------ */
/* Operands in memory. */

static bool operand_find(struct x86_vcpu *v, u64 la, u64 access, gpa_t *gpa)
{
	struct emul_fault fault;

	if (state_get(v, GRP_CPL)->cpl == 3)
		access |= PF_USER;
	v->next = X86_RESUME;
	switch (guest_translate(v, la, access, gpa, &fault)) {
	case EMUL_OK:
		return true;
	case EMUL_FAULT:
		v->next = emulate_raise(v, &fault);
		return false;
	case EMUL_RETRY:
		return false;
	default:
		v->next = X86_UNKNOWN;
		return false;
	}
}

static unsigned int operand_first(u64 la, unsigned int len)
{
	return min_t(unsigned int, len, PAGE_SIZE - offset_in_page(la));
}

/* Both pages, before anything is written. */
static bool operand_pages(struct x86_vcpu *v, u64 la, unsigned int len, u64 access,
			  gpa_t gpa[2])
{
	unsigned int first = operand_first(la, len);

	return operand_find(v, la, access, &gpa[0]) &&
	       (first == len || operand_find(v, la + first, access, &gpa[1]));
}

bool kvm_nested_load(struct x86_vcpu *v, u64 la, void *buf, unsigned int len)
{
	unsigned int first = operand_first(la, len);
	gpa_t gpa[2];

	if (!operand_pages(v, la, len, 0, gpa))
		return false;
	if (!guest_read(&v->vcpu, gpa[0], buf, first) &&
	    (first == len || !guest_read(&v->vcpu, gpa[1], buf + first, len - first)))
		return true;
	v->next = X86_UNKNOWN;
	return false;
}
EXPORT_SYMBOL_GPL(kvm_nested_load);

bool kvm_nested_store(struct x86_vcpu *v, u64 la, const void *buf, unsigned int len)
{
	unsigned int first = operand_first(la, len);
	gpa_t gpa[2];

	if (!operand_pages(v, la, len, PF_WRITE, gpa))
		return false;
	if (!guest_write(&v->vcpu, gpa[0], buf, first) &&
	    (first == len || !guest_write(&v->vcpu, gpa[1], buf + first, len - first)))
		return true;
	v->next = X86_UNKNOWN;
	return false;
}
EXPORT_SYMBOL_GPL(kvm_nested_store);

/* ------------------------------------------------------------------------ */

void kvm_nested_skip_to(struct x86_vcpu *v, u64 rip)
{
	exit_skip_to(v, rip);
}
EXPORT_SYMBOL_GPL(kvm_nested_skip_to);

int kvm_nested_cr(struct x86_vcpu *v, u32 nr, u64 value)
{
	return cr_set(v, nr, value);
}
EXPORT_SYMBOL_GPL(kvm_nested_cr);

int kvm_nested_interrupt(struct x86_vcpu *v)
{
	return interrupt_take(v);
}
EXPORT_SYMBOL_GPL(kvm_nested_interrupt);

void kvm_nested_eoi(struct x86_vcpu *v)
{
	apic_reg_set(v, APIC_REG_EOI, 0);
}
EXPORT_SYMBOL_GPL(kvm_nested_eoi);

void kvm_nested_timer_due(struct x86_vcpu *v)
{
	WRITE_ONCE(v->nested.due, true);
	request_one(&v->vcpu, REQ_EVENT);
}
EXPORT_SYMBOL_GPL(kvm_nested_timer_due);

void kvm_nested_init_taken(struct x86_vcpu *v)
{
	if (apic_in_kernel(v))
		lapic_events_take(&v->apic.lapic, LAPIC_EVENT_INIT);
}
EXPORT_SYMBOL_GPL(kvm_nested_init_taken);

bool kvm_nested_pdptrs(struct x86_vcpu *v)
{
	return cr_pdptrs_load(v);
}
EXPORT_SYMBOL_GPL(kvm_nested_pdptrs);

enum x86_next kvm_nested_halt(struct x86_vcpu *v)
{
	return exit_halt(v);
}
EXPORT_SYMBOL_GPL(kvm_nested_halt);

int kvm_nested_rdmsr(struct x86_vcpu *v, u32 index, u64 *data)
{
	struct msr_access a = { .index = index };
	int err = msr_read(v, &a);

	*data = !err && index == MSR_IA32_TSC ? tsc_read(v) : a.data;
	return err;
}
EXPORT_SYMBOL_GPL(kvm_nested_rdmsr);

int kvm_nested_wrmsr(struct x86_vcpu *v, u32 index, u64 data)
{
	struct msr_access a = { .index = index, .data = data };

	return msr_write(v, &a);
}
EXPORT_SYMBOL_GPL(kvm_nested_wrmsr);

u64 kvm_nested_tsc(const struct x86_vcpu *v)
{
	return tsc_read(v);
}
EXPORT_SYMBOL_GPL(kvm_nested_tsc);

/* On shadow page tables one root serves both: it is found anew. */
void kvm_nested_switched(struct x86_vcpu *v)
{
	mmu_guest_flush(&v->vcpu.mmu);
	cr_changed(v);
}
EXPORT_SYMBOL_GPL(kvm_nested_switched);

void kvm_nested_enter(struct x86_vcpu *v, bool second)
{
	v->nested.l2 = true;
	v->nested.ctx = second ? MMU_CTX_L2 : MMU_CTX_GUEST;
	if (second)
		mmu_nested_enter(&v->vcpu.mmu);
	kvm_nested_switched(v);
}
EXPORT_SYMBOL_GPL(kvm_nested_enter);

void kvm_nested_leave(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;

	if (v->nested.ctx == MMU_CTX_L2)
		mmu_nested_leave(&v->vcpu.mmu);
	if (v->nested.ctx != MMU_CTX_L2 || !v->nested.l1_waits)
		kvm_nested_switched(v);
	v->nested.l2 = false;
	v->nested.masks_if = false;
	ev->injected = ev->exception = ev->to_l1 = (struct x86_event){ };
	ev->has_payload = ev->virtual_irq = false;
	v->nested.due = v->nested.woken = false;
	v->nested.ctx = MMU_CTX_GUEST;
}
EXPORT_SYMBOL_GPL(kvm_nested_leave);

void kvm_nested_flush(struct x86_vcpu *v)
{
	mmu_nested_flush(&v->vcpu.mmu);
}
EXPORT_SYMBOL_GPL(kvm_nested_flush);

void kvm_nested_guest_flush(struct x86_vcpu *v)
{
	cr_flush(v);
}
EXPORT_SYMBOL_GPL(kvm_nested_guest_flush);

bool kvm_nested_keeps(struct x86_vcpu *v, u8 vector)
{
	switch (vector) {
	case X86_TRAP_DB:
		return debug_steps(v) || debug_has_breakpoints(v);
	case X86_TRAP_BP:
		return debug_takes_int3(v);
	case X86_TRAP_AC:
		return exit_is_split_lock(v);
	default:
		return false;
	}
}
EXPORT_SYMBOL_GPL(kvm_nested_keeps);

void kvm_nested_trap(struct x86_vcpu *v)
{
	event_debug(v, DR6_BS);
}
EXPORT_SYMBOL_GPL(kvm_nested_trap);

void kvm_nested_shutdown(struct x86_vcpu *v)
{
	request_set(&v->vcpu, REQ_TRIPLE_FAULT);
}
EXPORT_SYMBOL_GPL(kvm_nested_shutdown);

void kvm_nested_recheck(struct x86_vcpu *v)
{
	if (atomic_read(&v->apic.lapic.events))
		request_set(&v->vcpu, REQ_EVENT);
}
EXPORT_SYMBOL_GPL(kvm_nested_recheck);

u64 kvm_nested_efer(const struct x86_vcpu *v)
{
	return efer_allowed(v);
}
EXPORT_SYMBOL_GPL(kvm_nested_efer);

bool kvm_nested_regs_valid(struct x86_vcpu *v, const struct x86_state *s)
{
	return cr_state_is_valid(v, s->cr0, s->cr4, s->efer) &&
	       !(s->cr3 >> v->cpuid.maxphyaddr);
}
EXPORT_SYMBOL_GPL(kvm_nested_regs_valid);

/* ------------------------------------------------------------------------ */

long nested_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct kvm_nested_state __user *user = (void __user *)arg;
	struct x86_vcpu *v = to_x86_vcpu(obj);
	struct kvm_nested_state *out;
	long ret = 0;
	u32 room;
	int idx;

	if (!x86_caps->nested)
		return -EINVAL;
	if (get_user(room, &user->size))
		return -EFAULT;
	out = kzalloc(nested_ops->state_size, GFP_KERNEL_ACCOUNT);
	if (!out)
		return -ENOMEM;
	idx = srcu_read_lock(&v->vcpu.kvm->srcu);
	nested_ops->state_get(v, out);
	srcu_read_unlock(&v->vcpu.kvm->srcu, idx);
	if (room < out->size)
		ret = put_user(out->size, &user->size) ? -EFAULT : -E2BIG;
	else if (copy_to_user(user, out, out->size))
		ret = -EFAULT;
	kfree(out);
	return ret;
}

static long nested_set(struct x86_vcpu *v, const struct kvm_nested_state *in)
{
	int idx = srcu_read_lock(&v->vcpu.kvm->srcu);
	long ret = nested_ops->state_set(v, in);

	srcu_read_unlock(&v->vcpu.kvm->srcu, idx);
	return ret;
}

long nested_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct kvm_nested_state __user *user = (void __user *)arg;
	struct x86_vcpu *v = to_x86_vcpu(obj);
	struct kvm_nested_state *in;
	u32 size;
	long ret;

	if (!x86_caps->nested)
		return -EINVAL;
	if (get_user(size, &user->size))
		return -EFAULT;
	if (size < sizeof(*in))
		return -EINVAL;
	/* What no format has is not looked at. */
	size = min(size, nested_ops->state_size);
	in = memdup_user(user, size);
	if (IS_ERR(in))
		return PTR_ERR(in);
	/* Userspace may have changed it meanwhile. */
	in->size = size;
	ret = nested_set(v, in);
	kfree(in);
	return ret;
}
