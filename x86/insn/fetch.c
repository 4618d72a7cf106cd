// SPDX-License-Identifier: GPL-2.0-only
/* Translating guest addresses; fetching and decoding the instruction at RIP. */
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "core/guestmem.h"
#include "mmu/mmu_nested.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/debug.h"
#include "x86/cpu/fpu.h"
#include "emul/exec.h"
#include "emul/opcode.h"
#include "x86/insn/emulate.h"
#include "x86/insn/fetch.h"
#include "x86/vcpu/frame.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/vendor.h"

static int force_emulation_prefix;
module_param(force_emulation_prefix, int, 0444);
MODULE_PARM_DESC(force_emulation_prefix,
		 "for tests: what follows UD2 and the letters \"kvm\" is executed in software");

/* Not a call on the way of every instruction that is looked at. */
static __always_inline struct perm_regs perm_regs(struct x86_vcpu *v)
{
	return (struct perm_regs) {
		.pkru = fpu_guest_pkru(v),
		.ac = state_get(v, GRP_RFLAGS)->rflags & X86_EFLAGS_AC,
	};
}

struct perm_regs guest_perm_regs(struct x86_vcpu *v)
{
	return perm_regs(v);
}

/* One linear address to gpa.  EMUL_FAULT: @fault is the guest's #PF. */
static noinline enum emul_result translate_walk(struct x86_vcpu *v, u64 la,
						const struct gwalk_access *walk,
						gpa_t *gpa,
						struct emul_fault *fault)
{
	struct gwalk_result res __uninitialized;

	switch (mmu_translate(&v->vcpu.mmu, v->nested.ctx, la, walk, &res)) {
	case GWALK_OK:
		*gpa = res.gpa;
		return EMUL_OK;
	case GWALK_FAULT:
		*fault = (struct emul_fault) {
			.vector = X86_TRAP_PF,
			.has_error = true,
			.error = res.error,
			.address = la,
		};
		return EMUL_FAULT;
	case GWALK_NEXT:
		/* L1's tables: it is told before L2 runs again. */
		mmu_nested_fault(&v->vcpu.mmu, la, &res);
		return EMUL_RETRY;
	case GWALK_RETRY:
		return EMUL_RETRY;
	default:
		/* The guest's tables lie outside of its memory. */
		return EMUL_UNKNOWN;
	}
}

enum emul_result guest_translate(struct x86_vcpu *v, u64 la, u64 access,
				  gpa_t *gpa, struct emul_fault *fault)
{
	struct gwalk_access walk = { .pf = access, .regs = perm_regs(v) };

	if (unlikely(v->mmu_stale))
		cr_update_mmu(v);
	/* L2's addresses are translated twice, which is not repeated. */
	if (likely(v->nested.ctx == MMU_CTX_GUEST &&
		   mmu_translate_again(&v->vcpu.mmu, state_get(v, GRP_CR3)->cr3, la,
				       &walk, gpa)))
		return EMUL_OK;
	return translate_walk(v, la, &walk, gpa, fault);
}

enum x86_next emulate_raise(struct x86_vcpu *v, const struct emul_fault *fault)
{
	if (fault->vector == X86_TRAP_PF)
		event_page_fault(v, fault->address, fault->error);
	else if (fault->vector == X86_TRAP_DB)
		event_debug(v, fault->address);
	else
		kvm_event_exception(v, fault->vector,
				    fault->has_error ? (s64)fault->error : -1);
	return X86_RESUME;
}

int insn_code_fetch(struct x86_vcpu *v, struct insn_code *c,
		    struct emul_fault *fault)
{
	u64 access = state_get(v, GRP_CPL)->cpl == 3 ? PF_FETCH | PF_USER :
						       PF_FETCH;
	unsigned int want = c->n < CODE_FIRST ? CODE_FIRST : EMUL_INSN_MAX;
	u64 la = c->la + c->n;
	unsigned int n = min_t(u64, min(want, c->room) - c->n,
			       PAGE_SIZE - offset_in_page(la));
	enum emul_result r = EMUL_OK;

	if (unlikely(!n)) {
		*fault = (struct emul_fault) {
			.vector = X86_TRAP_GP,
			.has_error = true,
		};
		return -EFAULT;
	}
	if (!c->n || !offset_in_page(la))
		r = guest_translate(v, la, access, &c->gpa, fault);
	if (r == EMUL_FAULT)
		return -EFAULT;
	if (r == EMUL_RETRY)
		return -EAGAIN;
	if (r != EMUL_OK || guest_read(&v->vcpu, c->gpa, c->bytes + c->n, n))
		return -ENOENT;
	c->gpa += n;
	c->n += n;
	return 0;
}

int insn_code_first(struct x86_vcpu *v, struct insn_code *c,
		    const struct mmu_walk *walk, struct emul_fault *fault)
{
	insn_code_start(v, c);
	if (!walk)
		return insn_code_fetch(v, c, fault);
	memcpy(c->bytes, &walk->code, CODE_FIRST);
	c->gpa = (walk->gfn << PAGE_SHIFT) + offset_in_page(c->la) + CODE_FIRST;
	c->n = CODE_FIRST;
	return 0;
}

int insn_code_decode(struct x86_vcpu *v, struct insn_code *c,
		     struct emul_insn *insn, struct emul_fault *fault)
{
	int len, err;

	for (;;) {
		len = -ENODATA;
		if (c->n)
			len = emul_decode(insn, c->mode, c->amd, c->bytes,
					  c->n);
		if (len != -ENODATA || c->n == EMUL_INSN_MAX)
			return len;
		err = insn_code_fetch(v, c, fault);
		if (err)
			return err;
	}
}

/* The last exit, for people who read a VMM's message.  Return: how many of @data. */
static unsigned int failure_exit_data(struct x86_vcpu *v, u64 *data)
{
	struct x86_exit_info info;

	vendor(exit_info)(v, &info);
	data[0] = info.code;
	data[1] = info.info1;
	data[2] = info.info2;
	data[3] = info.event;
	data[4] = info.error;
	return 5;
}

/*
 * Neither a program of the guest nor the guest's own guest can end its machine, unless
 * userspace wants to hear of it (api.rst 7.27).
 */
static bool failure_is_undefined(struct x86_vcpu *v)
{
	return !READ_ONCE(to_x86_vm(v->vcpu.kvm)->exit_on_failure) &&
	       (nested_l2_runs(v) || state_get(v, GRP_CPL)->cpl);
}

/* Layout of api.rst, struct kvm_run, emulation_failure. */
static enum x86_next emulation_failure(struct x86_vcpu *v, const u8 *bytes,
				       unsigned int n)
{
	struct kvm_run *run = v->vcpu.run;
	/* The flags; and what they tell of, the bytes and their number. */
	unsigned int words = n ? 3 : 1;

	if (frame_failed(v))
		return X86_RESUME;
	stat_inc(v->vcpu.stats.insn_emulation_fail);
	if (failure_is_undefined(v)) {
		kvm_event_exception(v, X86_TRAP_UD, -1);
		return X86_RESUME;
	}
	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->emulation_failure.suberror = KVM_INTERNAL_ERROR_EMULATION;
	run->emulation_failure.flags = 0;
	if (n) {
		run->emulation_failure.flags =
			KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES;
		run->emulation_failure.insn_size = n;
		memset(run->emulation_failure.insn_bytes, 0x90,
		       sizeof(run->emulation_failure.insn_bytes));
		memcpy(run->emulation_failure.insn_bytes, bytes, n);
	}
	run->internal.ndata = words + failure_exit_data(v, &run->internal.data[words]);
	return X86_USER;
}

enum x86_next insn_code_failed(struct x86_vcpu *v, const struct insn_code *c,
			       int err, const struct emul_fault *fault)
{
	if (err == -EFAULT)
		return emulate_raise(v, fault);
	if (err == -EAGAIN)
		return X86_RESUME;
	return X86_UNKNOWN;
}

bool emulate_decode(struct x86_vcpu *v, const struct x86_exit *exit,
		    struct emul_insn *insn, enum x86_next *next)
{
	struct emul_fault fault;
	struct insn_code c;
	int len;

	if (exit->insn_len) {
		len = emul_decode(insn, emulate_mode(v), v->cpuid.as_amd,
				  exit->insn, exit->insn_len);
		if (len > 0)
			return true;
	}
	insn_code_start(v, &c);
	len = insn_code_decode(v, &c, insn, &fault);
	if (len > 0)
		return true;
	*next = insn_code_failed(v, &c, len, &fault);
	return false;
}

unsigned int emulate_soft_len(struct x86_vcpu *v, u8 vector)
{
	u8 opcode = vector == X86_TRAP_BP ? OPCODE_INT3 : OPCODE_INTO;
	struct emul_fault fault;
	struct emul_insn insn;
	struct insn_code c;
	int len;

	insn_code_start(v, &c);
	len = insn_code_decode(v, &c, &insn, &fault);
	return len > 0 && !insn.map && insn.opcode == opcode ? len : 0;
}

bool emulate_is_rsm(struct x86_vcpu *v)
{
	struct emul_fault fault;
	struct emul_insn insn;
	struct insn_code c;

	insn_code_start(v, &c);
	return insn_code_decode(v, &c, &insn, &fault) > 0 &&
	       insn.exec == exec_rsm;
}

bool emulate_is_forced(struct x86_vcpu *v)
{
	static const u8 prefix[] = { 0x0f, 0x0b, 'k', 'v', 'm' };
	struct emul_fault fault;
	struct insn_code c;
	struct x86_state *s;

	if (likely(!force_emulation_prefix))
		return false;
	insn_code_start(v, &c);
	while (c.n < sizeof(prefix))
		if (insn_code_fetch(v, &c, &fault))
			return false;
	if (memcmp(c.bytes, prefix, sizeof(prefix)))
		return false;
	s = state_set(v, GRP_RIP);
	s->rip = emul_rip_advance(c.mode, s->rip, sizeof(prefix));
	return true;
}

/* The rest of one that is longer; a failure is found out about by the decoder. */
static noinline bool code_tail_is_known(struct x86_vcpu *v, struct insn_code *c)
{
	const struct x86_emulator *em = v->emul;
	struct emul_fault fault;

	return !insn_code_fetch(v, c, &fault) && em->known <= c->n &&
	       !memcmp(em->bytes + CODE_FIRST, c->bytes + CODE_FIRST,
		       em->known - CODE_FIRST);
}

/* The same bytes in the same mode, and of the same vendor, are the same instruction. */
static __always_inline bool code_is_same(const struct x86_emulator *em, enum emul_mode mode,
					 bool amd, u64 now)
{
	u64 first;

	memcpy(&first, em->bytes, sizeof(first));
	return mode == em->ctx.mode && amd == em->ctx.amd &&
	       !((first ^ now) & em->first);
}

static bool code_is_known(struct x86_vcpu *v, struct insn_code *c)
{
	const struct x86_emulator *em = v->emul;
	unsigned int n = min_t(unsigned int, em->known, CODE_FIRST);
	u64 now;

	memcpy(&now, c->bytes, sizeof(now));
	return n && n <= c->n && code_is_same(em, c->mode, c->amd, now) &&
	       (em->known == n || code_tail_is_known(v, c));
}

/* Kernels reach their devices by few instructions, and loops by one. */
static void code_remember(struct x86_emulator *em, const struct insn_code *c,
			  unsigned int len)
{
	em->known = len;
	em->first = len < CODE_FIRST ? BIT_ULL(8 * len) - 1 : ~0ull;
	memcpy(em->bytes, c->bytes, sizeof(em->bytes));
}

static noinline bool emulate_fetch_slow(struct x86_vcpu *v, const struct x86_exit *exit,
					const struct mmu_walk *walk, enum x86_next *next)
{
	struct x86_emulator *em = v->emul;
	struct emul_fault fault __uninitialized;
	struct insn_code c __uninitialized;
	int len;

	if (exit->insn_len) {
		em->known = 0;
		em->ctx.mode = emulate_mode(v);
		em->ctx.amd = v->cpuid.as_amd;
		return emulate_decode(v, exit, &em->ctx.insn, next);
	}
	len = insn_code_first(v, &c, walk, &fault);
	if (likely(!len)) {
		if (code_is_known(v, &c))
			return true;
		em->ctx.mode = c.mode;
		em->ctx.amd = c.amd;
		len = insn_code_decode(v, &c, &em->ctx.insn, &fault);
	}
	if (unlikely(len < 0)) {
		em->known = 0;
		*next = insn_code_failed(v, &c, len, &fault);
		return false;
	}
	code_remember(em, &c, len);
	return true;
}

bool emulate_fetch(struct x86_vcpu *v, const struct x86_exit *exit,
		   enum x86_next *next)
{
	const struct x86_emulator *em = v->emul;
	const struct mmu_walk *walk = exit->insn_len ? NULL : insn_code_again(v);

	/* Known, and with the first bytes all of it is. */
	if (likely(walk && em->known - 1u < CODE_FIRST &&
		   code_is_same(em, state_mode(&v->state), v->cpuid.as_amd, walk->code)))
		return true;
	return emulate_fetch_slow(v, exit, walk, next);
}

enum x86_next emulate_give_up(struct x86_vcpu *v)
{
	struct emul_fault fault;
	struct emul_insn insn;
	struct insn_code c;
	int len;

	insn_code_start(v, &c);
	len = insn_code_decode(v, &c, &insn, &fault);
	return emulation_failure(v, c.bytes, len > 0 ? len : c.n);
}
