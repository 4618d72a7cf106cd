// SPDX-License-Identifier: GPL-2.0-only
/* Translating guest addresses; fetching and decoding the instruction at RIP. */
#include <linux/mm.h>
#include <linux/string.h>

#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "core/guestmem.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/fpu.h"
#include "x86/insn/emulate.h"
#include "x86/vcpu/vendor.h"

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
enum emul_result guest_translate(struct x86_vcpu *v, u64 la, u64 access,
				  gpa_t *gpa, struct emul_fault *fault)
{
	struct gwalk_access walk = { .pf = access, .regs = perm_regs(v) };
	struct gwalk_result res __uninitialized;

	if (unlikely(v->mmu_stale))
		cr_update_mmu(v);
	if (likely(mmu_translate_again(&v->vcpu.mmu, MMU_CTX_GUEST, la, &walk,
				       gpa)))
		return EMUL_OK;
	switch (mmu_translate(&v->vcpu.mmu, MMU_CTX_GUEST, la, &walk, &res)) {
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
	case GWALK_RETRY:
		return EMUL_RETRY;
	default:
		/* The guest's tables lie outside of its memory. */
		return EMUL_UNKNOWN;
	}
}

enum x86_next emulate_raise(struct x86_vcpu *v, const struct emul_fault *fault)
{
	if (fault->vector == X86_TRAP_PF)
		event_page_fault(v, fault->address, fault->error);
	else
		kvm_event_exception(v, fault->vector,
				    fault->has_error ? (s64)fault->error : -1);
	return X86_RESUME;
}

static inline enum emul_mode code_mode(struct x86_vcpu *v)
{
	u16 attr = state_get(v, GRP_CSSS)->seg[SEG_CS].attr;

	if (state_is_64bit_code(v))
		return EMUL_64;
	return attr & SEG_DB ? EMUL_32 : EMUL_16;
}

enum emul_mode emulate_mode(struct x86_vcpu *v)
{
	return code_mode(v);
}

/* The bytes at RIP, as far as they have been fetched. */
struct code {
	enum emul_mode mode;
	u64 la;			/* of the first byte */
	gpa_t gpa;		/* of byte @n, unless that begins a page */
	unsigned int n;
	u8 bytes[EMUL_INSN_MAX];
};

/* Copied at once, and hardly an instruction that exits is longer. */
#define CODE_FIRST	8

static inline void code_start(struct x86_vcpu *v, struct code *c)
{
	const struct x86_state *s = state_get(v, GRP_RIP | GRP_CSSS);

	c->mode = code_mode(v);
	c->la = c->mode == EMUL_64 ? s->rip :
				     (u32)(s->seg[SEG_CS].base + s->rip);
	c->n = 0;
}

/* Fetch a few bytes more; a second page only when the first one's do not suffice. */
static int code_fetch(struct x86_vcpu *v, struct code *c,
		      struct emul_fault *fault)
{
	unsigned int want = c->n < CODE_FIRST ? CODE_FIRST : EMUL_INSN_MAX;
	u64 access = state_get(v, GRP_CPL)->cpl == 3 ? PF_FETCH | PF_USER :
						       PF_FETCH;
	u64 la = c->la + c->n;
	unsigned int n = min_t(u64, want - c->n, PAGE_SIZE - offset_in_page(la));
	enum emul_result r = EMUL_OK;

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

/* Return: the length; -EINVAL for no instruction, or what code_fetch() returns. */
static int code_decode(struct x86_vcpu *v, struct code *c,
		       struct emul_insn *insn, struct emul_fault *fault)
{
	int len, err;

	for (;;) {
		len = -ENODATA;
		if (c->n)
			len = emul_decode(insn, c->mode, c->bytes, c->n);
		if (len != -ENODATA || c->n == EMUL_INSN_MAX)
			return len;
		err = code_fetch(v, c, fault);
		if (err)
			return err;
	}
}

/* Layout of api.rst, struct kvm_run, emulation_failure. */
static enum x86_next failed(struct x86_vcpu *v, const u8 *bytes,
				      unsigned int n)
{
	struct kvm_run *run = v->vcpu.run;

	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->emulation_failure.suberror = KVM_INTERNAL_ERROR_EMULATION;
	run->emulation_failure.ndata = n ? 4 : 1;
	run->emulation_failure.flags = 0;
	if (n) {
		run->emulation_failure.flags =
			KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES;
		run->emulation_failure.insn_size = n;
		memset(run->emulation_failure.insn_bytes, 0x90,
		       sizeof(run->emulation_failure.insn_bytes));
		memcpy(run->emulation_failure.insn_bytes, bytes, n);
	}
	return X86_USER;
}

/* What comes of fetching or decoding that ended with @err. */
static enum x86_next code_failed(struct x86_vcpu *v, const struct code *c,
				 int err, const struct emul_fault *fault)
{
	if (err == -EFAULT)
		return emulate_raise(v, fault);
	if (err == -EAGAIN)
		return X86_RESUME;
	return failed(v, c->bytes, c->n);
}

bool emulate_decode(struct x86_vcpu *v, const struct x86_exit *exit,
		    struct emul_insn *insn, enum x86_next *next)
{
	struct emul_fault fault;
	struct code c;
	int len;

	if (exit->insn_len) {
		len = emul_decode(insn, emulate_mode(v), exit->insn,
				  exit->insn_len);
		if (len > 0)
			return true;
	}
	code_start(v, &c);
	len = code_decode(v, &c, insn, &fault);
	if (len > 0)
		return true;
	*next = code_failed(v, &c, len, &fault);
	return false;
}

unsigned int emulate_soft_len(struct x86_vcpu *v, u8 vector)
{
	u8 opcode = vector == X86_TRAP_BP ? OPCODE_INT3 : OPCODE_INTO;
	struct emul_fault fault;
	struct emul_insn insn;
	struct code c;
	int len;

	code_start(v, &c);
	len = code_decode(v, &c, &insn, &fault);
	return len > 0 && !insn.map && insn.opcode == opcode ? len : 0;
}

/* The same bytes in the same mode are the same instruction. */
static bool code_is_known(const struct x86_emulator *em, const struct code *c)
{
	u64 bytes;

	if (!em->known || em->known > c->n)
		return false;
	memcpy(&bytes, c->bytes, sizeof(bytes));
	return !((bytes ^ em->bytes) << (64 - 8 * em->known));
}

/* Kernels reach their devices by few instructions, and loops by one. */
static void code_remember(struct x86_emulator *em, const struct code *c,
			  unsigned int len)
{
	em->known = len <= sizeof(em->bytes) ? len : 0;
	memcpy(&em->bytes, c->bytes, sizeof(em->bytes));
}

bool emulate_fetch(struct x86_vcpu *v, const struct x86_exit *exit,
		   enum x86_next *next)
{
	struct x86_emulator *em = v->emul;
	struct emul_fault fault __uninitialized;
	struct code c __uninitialized;
	int len;

	if (exit->insn_len) {
		em->known = 0;
		return emulate_decode(v, exit, &em->ctx.insn, next);
	}
	code_start(v, &c);
	len = code_fetch(v, &c, &fault);
	if (likely(!len)) {
		if (likely(code_is_known(em, &c)))
			return true;
		len = code_decode(v, &c, &em->ctx.insn, &fault);
	}
	if (unlikely(len < 0)) {
		em->known = 0;
		*next = code_failed(v, &c, len, &fault);
		return false;
	}
	code_remember(em, &c, len);
	return true;
}

/*
 * Instructions that exit, as they are nearly always encoded: without prefixes.
 * These bytes are complete, and the same in every mode.
 */
static const struct {
	u8 len;
	u8 bytes[3];
} usual_form[X86_EXIT_KINDS] = {
	[X86_EXIT_CPUID]	= { 2, { 0x0f, 0xa2 } },
	[X86_EXIT_RDMSR]	= { 2, { 0x0f, 0x32 } },
	[X86_EXIT_WRMSR]	= { 2, { 0x0f, 0x30 } },
	[X86_EXIT_HLT]		= { 1, { 0xf4 } },
	[X86_EXIT_HYPERCALL]	= { 3, { 0x0f, 0x01, 0xd9 } },
};

/* Return: the length, or 0 when it takes decoding. */
static unsigned int usual_len(enum x86_exit_kind kind, const struct code *c)
{
	unsigned int len = usual_form[kind].len, i;

	if (len > c->n)
		return 0;
	for (i = 0; i < len; i++)
		if (c->bytes[i] != usual_form[kind].bytes[i])
			return 0;
	return len;
}

/* RIP wraps at the size of the code segment's addresses. */
static inline u64 rip_after(enum emul_mode mode, u64 rip)
{
	switch (mode) {
	case EMUL_64:
		return rip;
	case EMUL_32:
		return (u32)rip;
	default:
		return rip & 0xffff;
	}
}

/* Not in the usual form: apart, because the decoder's result takes clearing. */
static noinline int unusual_len(struct x86_vcpu *v, struct code *c,
				struct emul_fault *fault)
{
	struct emul_insn insn;

	return code_decode(v, c, &insn, fault);
}

bool emulate_next_rip(struct x86_vcpu *v, const struct x86_exit *exit,
		      u64 *next_rip, enum x86_next *next)
{
	struct emul_fault fault __uninitialized;
	struct code c __uninitialized;
	int len;

	code_start(v, &c);
	len = code_fetch(v, &c, &fault);
	if (!len)
		len = usual_len(exit->kind, &c);
	if (unlikely(!len))
		len = unusual_len(v, &c, &fault);
	if (unlikely(len < 0)) {
		*next = code_failed(v, &c, len, &fault);
		return false;
	}
	*next_rip = rip_after(c.mode, state_get(v, GRP_RIP)->rip + len);
	return true;
}

#define REX_B	0x41

bool emulate_usual_gpr(struct x86_vcpu *v, u8 opcode, u8 modrm, u8 *gpr,
		       u64 *next_rip)
{
	struct emul_fault fault __uninitialized;
	struct code c __uninitialized;
	const u8 *p = c.bytes;

	code_start(v, &c);
	if (c.mode != EMUL_64 || code_fetch(v, &c, &fault) || c.n != CODE_FIRST)
		return false;
	*gpr = *p == REX_B ? 8 : 0;
	p += *p == REX_B;
	if (p[0] != 0x0f || p[1] != opcode || (p[2] & ~7) != modrm)
		return false;
	*gpr |= p[2] & 7;
	*next_rip = state_get(v, GRP_RIP)->rip + (p - c.bytes) + 3;
	return true;
}

enum x86_next emulate_failed(struct x86_vcpu *v)
{
	struct emul_fault fault;
	struct emul_insn insn;
	struct code c;
	int len;

	code_start(v, &c);
	len = code_decode(v, &c, &insn, &fault);
	return failed(v, c.bytes, len > 0 ? len : c.n);
}
