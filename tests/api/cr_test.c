// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control registers and EFER: what a guest may write and what gets #GP, by table
 * (APM vol. 2, 3.1, 5.5.1 and 14.6; SDM vol. 3, 2.5), and what a VMM may set.
 */
#define _GNU_SOURCE
#include "lib.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define CR0_TS		(1ull << 3)
#define CR0_WP		(1ull << 16)
#define CR0_AM		(1ull << 18)
#define CR0_NW		(1ull << 29)
#define CR0_CD		(1ull << 30)
#define CR0_PG		(1ull << 31)
#define CR4_TSD		(1ull << 2)
#define CR4_PAE		(1ull << 5)
#define CR4_PGE		(1ull << 7)
#define CR4_UMIP	(1ull << 11)
#define CR4_LA57	(1ull << 12)
#define CR4_SMXE	(1ull << 14)
#define CR4_FSGSBASE	(1ull << 16)
#define CR4_PCIDE	(1ull << 17)
#define CR4_OSXSAVE	(1ull << 18)
#define CR4_SMEP	(1ull << 20)
#define CR4_SMAP	(1ull << 21)
#define CR4_PKE		(1ull << 22)
#define EFER_SCE	(1ull << 0)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define EFER_NXE	(1ull << 11)
#define EFER_FFXSR	(1ull << 14)

enum reg { CR0, CR3, CR4, CR8, EFER };

static struct vm vm;
static struct vcpu v;

/* A feature of the CPU that a row depends on: leaf, register, bit. */
struct feature {
	uint32_t fn;
	int reg, bit;
};

#define ANY	{ 0, 0, 0 }
#define PCID	{ 1, 2, 17 }
#define XSAVE	{ 1, 2, 26 }
#define FSGSBASE { 7, 1, 0 }
#define SMEP	{ 7, 1, 7 }
#define SMAP	{ 7, 1, 20 }
#define UMIP	{ 7, 2, 2 }
#define PKU	{ 7, 2, 3 }
#define LA57	{ 7, 2, 16 }
#define FXSR_OPT { 0x80000001, 3, 25 }

/*
 * No rows for CR0 beyond bit 31 and CR3 beyond its width: SVM leaves these to the
 * CPU, and the lab's does not look.
 *
 * The guest writes the register's old value with @flip flipped.  @has: #GP without
 * that feature, else what @gp says.
 */
static const struct row {
	const char *name;
	enum mode mode;
	enum reg reg;
	uint64_t flip;
	bool gp;
	struct feature has;
} rows[] = {
	{ "TS", MODE_LONG, CR0, CR0_TS, 0, ANY },
	{ "WP, AM", MODE_LONG, CR0, CR0_WP | CR0_AM, 0, ANY },
	{ "CD", MODE_LONG, CR0, CR0_CD, 0, ANY },
	{ "CD and NW", MODE_LONG, CR0, CR0_CD | CR0_NW, 0, ANY },
	{ "NW without CD", MODE_LONG, CR0, CR0_NW, 1, ANY },
	{ "NW without CD, 32-bit", MODE_PROT, CR0, CR0_NW, 1, ANY },
	{ "PG without PE", MODE_LONG, CR0, 1, 1, ANY },
	{ "PG without PE, 32-bit", MODE_32, CR0, 1, 1, ANY },
	{ "PG off in 64-bit code", MODE_LONG, CR0, CR0_PG, 1, ANY },
	{ "PG off", MODE_32, CR0, CR0_PG, 0, ANY },
	{ "PG off, PAE", MODE_PAE, CR0, CR0_PG, 0, ANY },

	{ "CR3 again", MODE_LONG, CR3, 0, 0, ANY },
	{ "PWT, PCD", MODE_LONG, CR3, 0x18, 0, ANY },
	{ "CR3 low bits, PAE", MODE_PAE, CR3, 0x18, 0, ANY },

	{ "TSD", MODE_LONG, CR4, CR4_TSD, 0, ANY },
	{ "PGE", MODE_32, CR4, CR4_PGE, 0, ANY },
	{ "PAE off in long mode", MODE_LONG, CR4, CR4_PAE, 1, ANY },
	{ "UMIP", MODE_LONG, CR4, CR4_UMIP, 0, UMIP },
	{ "LA57 in long mode", MODE_LONG, CR4, CR4_LA57, 1, ANY },
	{ "LA57 off in long mode", MODE_LONG5, CR4, CR4_LA57, 1, LA57 },
	{ "LA57 outside", MODE_PROT, CR4, CR4_LA57, 0, LA57 },
	{ "SMXE", MODE_LONG, CR4, CR4_SMXE, 1, ANY },
	{ "FSGSBASE", MODE_LONG, CR4, CR4_FSGSBASE, 0, FSGSBASE },
	{ "PCIDE", MODE_LONG, CR4, CR4_PCIDE, 0, PCID },
	{ "PCIDE outside of long mode", MODE_PAE, CR4, CR4_PCIDE, 1, ANY },
	{ "OSXSAVE", MODE_LONG, CR4, CR4_OSXSAVE, 0, XSAVE },
	{ "SMEP", MODE_LONG, CR4, CR4_SMEP, 0, SMEP },
	{ "SMAP", MODE_LONG, CR4, CR4_SMAP, 0, SMAP },
	{ "PKE", MODE_LONG, CR4, CR4_PKE, 0, PKU },
	{ "PKE outside of long mode", MODE_PROT, CR4, CR4_PKE, 0, PKU },
	{ "CR4 bit 15", MODE_LONG, CR4, 1ull << 15, 1, ANY },
	{ "CR4 bit 19", MODE_LONG, CR4, 1ull << 19, 1, ANY },
	{ "CR4 bit 31", MODE_PROT, CR4, 1ull << 31, 1, ANY },
	{ "CR4 bit 32", MODE_LONG, CR4, 1ull << 32, 1, ANY },
	{ "CR4 bit 63", MODE_LONG, CR4, 1ull << 63, 1, ANY },

	{ "CR8 15", MODE_LONG, CR8, 15, 0, ANY },
	{ "CR8 16", MODE_LONG, CR8, 16, 1, ANY },

	{ "SCE", MODE_LONG, EFER, EFER_SCE, 0, ANY },
	{ "NXE", MODE_LONG, EFER, EFER_NXE, 0, ANY },
	{ "LME under paging", MODE_LONG, EFER, EFER_LME, 1, ANY },
	{ "LME under paging, PAE", MODE_PAE, EFER, EFER_LME, 1, ANY },
	{ "LME", MODE_PROT, EFER, EFER_LME, 0, ANY },
	{ "FFXSR", MODE_LONG, EFER, EFER_FFXSR, 0, FXSR_OPT },
	{ "EFER bit 1", MODE_LONG, EFER, 2, 1, ANY },
	{ "EFER bit 9", MODE_LONG, EFER, 1ull << 9, 1, ANY },
	{ "EFER bit 22", MODE_LONG, EFER, 1ull << 22, 1, ANY },
	{ "EFER bit 63", MODE_LONG, EFER, 1ull << 63, 1, ANY },
};

GUEST(64, g_cr0, "mov %rax, %cr0\n" DONE);
GUEST(64, g_cr3, "mov %rax, %cr3\n" DONE);
GUEST(64, g_cr4, "mov %rax, %cr4\n" DONE);
GUEST(64, g_cr8, "mov %rax, %cr8\n" DONE);
GUEST(64, g_efer, "wrmsr\n" DONE);	/* each the same bytes in 32-bit code */

static void code_load(enum reg reg)
{
	static const struct {
		const uint8_t *from, *to;
	} code[] = {
		[CR0] = { g_cr0, g_cr0_end }, [CR3] = { g_cr3, g_cr3_end },
		[CR4] = { g_cr4, g_cr4_end }, [CR8] = { g_cr8, g_cr8_end },
		[EFER] = { g_efer, g_efer_end },
	};

	vm_load(&vm, GPA_CODE, code[reg].from, code[reg].to);
}

static uint64_t reg_get(enum reg reg)
{
	struct kvm_sregs s = vcpu_sregs(&v);

	return reg == CR0 ? s.cr0 : reg == CR3 ? s.cr3 : reg == CR4 ? s.cr4 :
	       reg == CR8 ? s.cr8 : s.efer;
}

static bool feature_there(const struct feature *f)
{
	static struct kvm_cpuid2 *c;
	const struct kvm_cpuid_entry2 *e;

	if (!c)
		c = cpuid_supported(kvm_open());
	e = f->fn ? cpuid_find(c, f->fn, 0) : NULL;
	return !f->fn || (e && ((&e->eax)[f->reg] >> f->bit & 1));
}

static void machine(enum mode mode)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_mode(&v, mode, GPA_CODE);
	/* not the user's: SMEP and SMAP do not mind */
	if (mode >= MODE_32)
		pt_map(&v.pt, 0, 0, 2, PTE_P | PTE_W);
	exc_setup(&v);
}

static void cr4_set(uint64_t bits)
{
	struct kvm_sregs s = vcpu_sregs(&v);

	s.cr4 |= bits;
	vcpu_set_sregs(&v, &s);
}

/* MOV or WRMSR at the start of a mode; expects #GP and no change, or the change. */
static void write_try(enum reg reg, uint64_t value, bool gp)
{
	struct kvm_regs r = vcpu_regs(&v);
	uint64_t old = reg_get(reg);

	code_load(reg);
	r.rip = GPA_CODE;
	r.rax = value;
	r.rdx = value >> 32;
	r.rcx = 0xc0000080;
	vcpu_set_regs(&v, &r);
	if (gp) {
		CHECK_EQ(exc_next(&v).vector, 13);
		CHECK_EQ(reg_get(reg), old);
	} else {
		vcpu_until(&v, PORT_DONE);
	}
}

static void guest_rows(enum reg reg)
{
	const struct row *row;
	uint64_t now, want;

	for (row = rows; row < rows + COUNT(rows); row++) {
		if (row->reg != reg)
			continue;
		test_row = row->name;
		machine(row->mode == MODE_LONG5 && !feature_there(&row->has) ?
			MODE_LONG : row->mode);
		/* The lab's CPU hangs with LME and neither PAE nor paging. */
		if (row->reg == EFER && row->mode == MODE_PROT)
			cr4_set(CR4_PAE);
		want = reg_get(reg) ^ row->flip;
		write_try(reg, want, row->gp || !feature_there(&row->has));
		now = reg_get(reg);
		if (!row->gp && feature_there(&row->has)) {
			/* LMA is the processor's. */
			CHECK_EQ((now ^ want) & ~(reg == EFER ? EFER_LMA : 0), 0);
		}
		vcpu_close(&v);
		vm_close(&vm);
	}
}

/* Reserved bits of the lower half are ignored (APM vol. 2, 3.1.1). */
static void cr0_reserved(void)
{
	uint64_t old;

	test_row = "reserved";
	machine(MODE_LONG);
	old = reg_get(CR0);
	/* NE too, or the hardware alone would do it: it exits for other changes only */
	write_try(CR0, (old ^ 0x20) | 0x1fd0ffc0, false);
	CHECK_EQ(reg_get(CR0), old ^ 0x20);
	vcpu_close(&v);
	vm_close(&vm);
}

GUEST(64, g_first, "out %al, $0x21\n");

/* A MOV that ends where addresses begin again. */
static void cr8_last_bytes(void)
{
	struct kvm_regs r;

	machine(MODE_LONG);
	pt_map(&v.pt, -0x1000ull, GPA_CODE, 1, PTE_P | PTE_W);
	vm_load(&vm, GPA_CODE + 0xffc, g_cr8, g_cr8 + 4);
	vm_load(&vm, 0, g_first, g_first_end);
	r = vcpu_regs(&v);
	r.rip = -4ull;
	r.rax = 9;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, 0x21);
	CHECK_EQ(reg_get(CR8), 9);
	/* Lowered, it exits wherever a controller in userspace is to hear of it. */
	r.rax = 2;
	vcpu_set_regs(&v, &r);
	v.run->cr8 = 9;
	if (vcpu_run(&v) == KVM_EXIT_SET_TPR)
		vcpu_until(&v, 0x21);
	CHECK_EQ(reg_get(CR8), 2);
}

static void cr0_rows(void) { guest_rows(CR0); }
static void cr3_rows(void) { guest_rows(CR3); }
static void cr4_rows(void) { guest_rows(CR4); }
static void cr8_rows(void) { guest_rows(CR8); }
static void efer_rows(void) { guest_rows(EFER); }

/* PCIDE: long mode and PCID 0; then PG cannot go, CR3 has a PCID and bit 63. */
static void pcid_rules(void)
{
	uint64_t cr3;

	machine(MODE_LONG);
	if (!feature_there(&(struct feature)PCID))
		test_skip("no PCID");
	cr3 = reg_get(CR3);
	write_try(CR3, cr3 | 0x18, false);
	write_try(CR4, reg_get(CR4) | CR4_PCIDE, true);
	write_try(CR3, cr3, false);
	write_try(CR4, reg_get(CR4) | CR4_PCIDE, false);
	write_try(CR3, cr3 | 0x123, false);
	CHECK_EQ(reg_get(CR3), cr3 | 0x123);
	write_try(CR3, cr3 | 1ull << 63 | 0x124, false);
	CHECK_EQ(reg_get(CR3), cr3 | 0x124);
	write_try(CR4, reg_get(CR4) & ~CR4_PCIDE, false);
}

/* ------------------------------------------------------------------------ */
/* The guest's CPUID decides, not the host's. */

static const struct {
	const char *name;
	struct feature feature;
	enum reg reg;
	uint64_t bit;
} hidden[] = {
	{ "PCIDE", PCID, CR4, CR4_PCIDE },
	{ "OSXSAVE", XSAVE, CR4, CR4_OSXSAVE },
	{ "FSGSBASE", FSGSBASE, CR4, CR4_FSGSBASE },
	{ "SMEP", SMEP, CR4, CR4_SMEP },
	{ "SMAP", SMAP, CR4, CR4_SMAP },
	{ "UMIP", UMIP, CR4, CR4_UMIP },
	{ "PKE", PKU, CR4, CR4_PKE },
	{ "FFXSR", FXSR_OPT, EFER, EFER_FFXSR },
};

static void hide(const struct feature *f)
{
	struct kvm_cpuid2 *c = cpuid_supported(vm.kvm);
	struct kvm_cpuid_entry2 *e = (void *)cpuid_find(c, f->fn, 0);

	(&e->eax)[f->reg] &= ~(1u << f->bit);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	free(c);
}

static void hidden_features(void)
{
	struct kvm_sregs s;
	unsigned int i;

	for (i = 0; i < COUNT(hidden); i++) {
		test_row = hidden[i].name;
		machine(MODE_LONG);
		hide(&hidden[i].feature);
		s = vcpu_sregs(&v);
		if (hidden[i].reg == CR4) {
			s.cr4 |= hidden[i].bit;
			ERR(ioctl(v.fd, KVM_SET_SREGS, &s), EINVAL);
		}
		write_try(hidden[i].reg, reg_get(hidden[i].reg) | hidden[i].bit,
			  true);
		vcpu_close(&v);
		vm_close(&vm);
	}
}

/* A table may claim what the host lacks; the hardware must not see it. */
static void claimed_features(void)
{
	struct kvm_cpuid2 *c;
	struct kvm_cpuid_entry2 *e;
	struct kvm_sregs s;
	unsigned int bit;

	machine(MODE_LONG);
	c = cpuid_supported(vm.kvm);
	e = (void *)cpuid_find(c, 7, 0);
	e->ebx = e->ecx = ~0u;
	e = (void *)cpuid_find(c, 1, 0);
	e->ecx = ~0u;
	e = (void *)cpuid_find(c, 0x80000001, 0);
	e->edx = ~0u;
	e->ecx = ~4u;
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	code_load(CR8);
	for (bit = 0; bit < 64; bit++) {
		s = vcpu_sregs(&v);
		/* LA57: the guest's tables are not made for it. */
		if ((s.cr4 >> bit & 1) || bit == 12)
			continue;
		s.cr4 |= 1ull << bit;
		if (ioctl(v.fd, KVM_SET_SREGS, &s))
			continue;
		struct kvm_regs r = vcpu_regs(&v);
		r.rip = GPA_CODE;
		r.rax = 0;
		vcpu_set_regs(&v, &r);
		vcpu_until(&v, PORT_DONE);
		s.cr4 &= ~(1ull << bit);
		vcpu_set_sregs(&v, &s);
	}
}

/* ------------------------------------------------------------------------ */
/* What a VMM may set at once. */

static const struct {
	const char *name;
	uint64_t cr0, cr4, efer, cr3;	/* flipped, from long mode */
	bool bad;
} sets[] = {
	{ "nothing", 0, 0, 0, 0, 0 },
	{ "caches off", CR0_CD | CR0_NW, 0, 0, 0, 0 },
	{ "NW without CD", CR0_NW, 0, 0, 0, 1 },
	{ "LME and LMA off", 0, 0, EFER_LME | EFER_LMA, 0, 0 },
	{ "paging off, LME left", CR0_PG, 0, EFER_LMA, 0, 0 },
	{ "paging off, LMA left", CR0_PG, 0, 0, 0, 1 },
	{ "LMA without LME", 0, 0, EFER_LME, 0, 1 },
	{ "LMA without PAE", 0, CR4_PAE, 0, 0, 1 },
	{ "CR3 beyond the CPU's width", 0, 0, 0, 1ull << 58, 1 },
};

static void vmm_sets(void)
{
	struct kvm_sregs s, now;
	unsigned int i;

	for (i = 0; i < COUNT(sets); i++) {
		test_row = sets[i].name;
		machine(MODE_LONG);
		s = vcpu_sregs(&v);
		s.cr0 ^= sets[i].cr0;
		s.cr4 ^= sets[i].cr4;
		s.efer ^= sets[i].efer;
		s.cr3 ^= sets[i].cr3;
		s.cs.l = s.efer >> 10 & 1;
		s.cs.db = !s.cs.l;
		if (sets[i].bad) {
			ERR(ioctl(v.fd, KVM_SET_SREGS, &s), EINVAL);
		} else {
			OK(ioctl(v.fd, KVM_SET_SREGS, &s));
			now = vcpu_sregs(&v);
			CHECK_EQ(now.cr0, s.cr0);
			CHECK_EQ(now.cr4, s.cr4);
			CHECK_EQ(now.efer, s.efer);
		}
		vcpu_close(&v);
		vm_close(&vm);
	}
}

static const struct test_case cases[] = {
	{ "cr0_rows", cr0_rows, 0 },
	{ "cr0_reserved", cr0_reserved, 0 },
	{ "cr3_rows", cr3_rows, 0 },
	{ "cr4_rows", cr4_rows, 0 },
	{ "cr8_rows", cr8_rows, 0 },
	{ "cr8_last_bytes", cr8_last_bytes, 0 },
	{ "efer_rows", efer_rows, 0 },
	{ "pcid_rules", pcid_rules, 0 },
	{ "hidden_features", hidden_features, 0 },
	{ "claimed_features", claimed_features, 0 },
	{ "vmm_sets", vmm_sets, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
