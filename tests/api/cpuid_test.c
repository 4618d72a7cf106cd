// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID: what is offered against what this CPU has, and what a guest sees against
 * the table that it was given (APM vol. 3, appendix E; SDM vol. 2, CPUID).
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <sys/mman.h>
#include "lib.h"

enum { EAX, EBX, ECX, EDX };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define AMD_ALIAS 0x0183f3ffu

static struct vm vm;
static struct vcpu v;
static struct kvm_cpuid2 *table;

/* The registers of leaves that list features. */
static const struct {
	const char *name;
	uint32_t fn, index;
	int reg;
	uint32_t emulated;	/* may be offered whatever the CPU has */
} words[] = {
	/* X2APIC, HYPERVISOR */
	{ "1 ECX", 1, 0, ECX, 1u << 21 | 1u << 31 },
	/* MCE, APIC, MTRR, MCA */
	{ "1 EDX", 1, 0, EDX, 1 << 7 | 1 << 9 | 1 << 12 | 1 << 14 },
	/* TSC_ADJUST; UMIP; ARCH_CAPABILITIES and speculation control */
	{ "7 EBX", 7, 0, EBX, 1 << 1 },
	{ "7 ECX", 7, 0, ECX, 1 << 2 },
	{ "7 EDX", 7, 0, EDX, 1u << 29 | 7u << 26 | 1u << 31 },
	{ "7.1 EAX", 7, 1, EAX, 0 },
	{ "d.1 EAX", 0xd, 1, EAX, 0 },
	{ "80000001 ECX", 0x80000001, 0, ECX, 0 },
	{ "80000001 EDX", 0x80000001, 0, EDX, AMD_ALIAS },
	{ "80000007 EDX", 0x80000007, 0, EDX, 0 },
	/* speculation control, and that it is not needed; no EFER.LMSLE */
	{ "80000008 EBX", 0x80000008, 0, EBX, 0x27305000 },
};

static uint32_t host_reg(uint32_t fn, uint32_t index, int reg)
{
	uint32_t r[4] = { 0 };

	if (fn <= __get_cpuid_max(fn & 0x80000000, NULL))
		__cpuid_count(fn, index, r[EAX], r[EBX], r[ECX], r[EDX]);
	return r[reg];
}

static uint32_t table_reg(const struct kvm_cpuid2 *c, uint32_t fn,
			  uint32_t index, int reg)
{
	const struct kvm_cpuid_entry2 *e = cpuid_find(c, fn, index);

	return e ? (&e->eax)[reg] : 0;
}

static void offer_is_true(void)
{
	struct kvm_cpuid2 *c = cpuid_supported(kvm_open());
	unsigned int i;
	uint32_t bits;

	for (i = 0; i < COUNT(words); i++) {
		test_row = words[i].name;
		bits = table_reg(c, words[i].fn, words[i].index, words[i].reg);
		bits &= ~words[i].emulated;
		CHECK_EQ(bits & ~host_reg(words[i].fn, words[i].index,
					  words[i].reg), 0);
	}
	test_row = "d.0";
	bits = table_reg(c, 0xd, 0, EAX);
	CHECK_EQ(bits & ~host_reg(0xd, 0, EAX), 0);
	test_row = "physical address width";
	CHECK_EQ(table_reg(c, 0x80000008, 0, EAX) & 0xffff,
		 host_reg(0x80000008, 0, EAX) & 0xffff);
	test_row = "vendor";
	CHECK_EQ(table_reg(c, 0, 0, EBX), host_reg(0, 0, EBX));
}

/* Instructions that need nothing but the CPU, and state that is switched. */
static const struct {
	const char *name;
	uint32_t fn, index;
	int reg;
	uint32_t bits;
} wanted[] = {
	{ "SSE3 to POPCNT, AES, XSAVE, AVX, F16C, RDRAND", 1, 0, ECX,
	  0x76d83203 & ~(1 << 21) },
	{ "PCID", 1, 0, ECX, 1 << 17 },
	{ "FPU to SSE2", 1, 0, EDX, 0x078bfbff },
	{ "FSGSBASE, BMI, AVX2, SMEP, ERMS, INVPCID, RDSEED, ADX, SMAP, CLFLUSHOPT, CLWB, SHA",
	  7, 0, EBX, 0x219c07a9 },
	{ "AVX-512", 7, 0, EBX, 0xdc230000 & ~(1 << 25) },
	{ "UMIP, PKU, GFNI, VAES, VPCLMULQDQ, LA57, RDPID", 7, 0, ECX, 0x0041070c },
	{ "MOVDIRI, MOVDIR64B", 7, 0, ECX, 3 << 27 },
	{ "AVX-512 VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ", 7, 0, ECX, 0x5842 },
	{ "FSRM, SERIALIZE", 7, 0, EDX, 1 << 4 | 1 << 14 },
	{ "AVX-VNNI, AVX-512 BF16", 7, 1, EAX, 3 << 4 },
	{ "XSAVEOPT, XSAVEC, XGETBV1, XSAVES", 0xd, 1, EAX, 15 },
	{ "x87, SSE, AVX, AVX-512, PKRU", 0xd, 0, EAX, 0x2e7 },
	{ "LAHF, CR8, LZCNT, SSE4A, misaligned SSE, PREFETCHW", 0x80000001, 0,
	  ECX, 0x1f1 & ~0x80 },
	{ "SYSCALL, NX, 1 GiB pages, RDTSCP, LM", 0x80000001, 0, EDX, 0x2c100800 },
	{ "CLZERO, XSAVEERPTR, WBNOINVD", 0x80000008, 0, EBX, 0x205 },
};

static void offer_is_complete(void)
{
	struct kvm_cpuid2 *c = cpuid_supported(kvm_open());
	unsigned int i;
	uint32_t want;

	for (i = 0; i < COUNT(wanted); i++) {
		test_row = wanted[i].name;
		want = wanted[i].bits & host_reg(wanted[i].fn, wanted[i].index,
						 wanted[i].reg);
		/* The kernel drops ERMS where the firmware left fast strings off. */
		if (wanted[i].fn == 7 && system("grep -qw erms /proc/cpuinfo"))
			want &= ~(wanted[i].reg == EBX ? 1u << 9 : 0);
		/* It may do without XSAVEC, and XSAVES, which on Intel is no matter. */
		if (wanted[i].index && system("grep -qw xsavec /proc/cpuinfo"))
			want &= cpu_is_amd() ? ~10u : ~2u;
		CHECK_EQ(table_reg(c, wanted[i].fn, wanted[i].index,
				   wanted[i].reg) & want, want);
	}
	/* Emulated: whatever the CPU has (APIC: userspace's). */
	test_row = "APIC, MTRR, MCE, MCA";
	CHECK_EQ(table_reg(c, 1, 0, EDX) & 0x5280, 0x5280);
	test_row = "TSC_ADJUST";
	CHECK_EQ(table_reg(c, 7, 0, EBX) & 2, 2);
}

/* api.rst 4.46: never TSC_DEADLINE; what shows registers is not of the offer. */
static void offer_is_modest(void)
{
	struct kvm_cpuid2 *c = cpuid_supported(kvm_open());

	CHECK_EQ(table_reg(c, 1, 0, ECX) & 1u << 24, 0);
	CHECK_EQ(table_reg(c, 1, 0, ECX) & 1u << 27, 0);	/* OSXSAVE */
	CHECK_EQ(table_reg(c, 1, 0, ECX) & 1u << 3, 0);		/* MONITOR */
	CHECK_EQ(table_reg(c, 1, 0, ECX) & 1u << 6, 0);		/* SMX */
	CHECK_EQ(table_reg(c, 7, 0, ECX) & 1u << 4, 0);		/* OSPKE */
	CHECK_EQ(table_reg(c, 7, 0, ECX) & 1u << 5, 0);		/* WAITPKG */
	CHECK_EQ(table_reg(c, 0x80000001, 0, ECX) & 1u << 12, 0); /* SKINIT */
	CHECK_EQ(table_reg(c, 0xd, 0, EAX) & 0x60000, 0);	/* AMX */
	/* each entry once */
	for (unsigned int i = 0; i < c->nent; i++)
		CHECK(cpuid_find(c, c->entries[i].function,
				 c->entries[i].index) == &c->entries[i]);
}

static void offer_room(void)
{
	struct kvm_cpuid2 *c = cpuid_supported(kvm_open());
	unsigned int n = c->nent;
	int kvm = kvm_open();

	c->nent = n;
	OK(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, c));
	CHECK_EQ(c->nent, n);
	c->nent = n - 1;
	ERR(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, c), E2BIG);
}

static void emulated(void)
{
	struct kvm_cpuid2 *c = calloc(1, 1 << 16);
	int kvm = kvm_open();

	CHECK_EQ(ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_EXT_EMUL_CPUID), 1);
	c->nent = 256;
	OK(ioctl(kvm, KVM_GET_EMULATED_CPUID, c));
	CHECK(c->nent < 256);
	ERR(ioctl(kvm, KVM_GET_EMULATED_CPUID, (void *)16), EFAULT);
}

/* ------------------------------------------------------------------------ */
/* What a guest sees. */

GUEST(64, g_cpuid, "1: cpuid\n out %al, $0xf4\n jmp 1b\n");

static void guest(enum mode mode)
{
	vm_new(&vm, 0);
	vcpu_raw(&vm, &v, 0);
	if (!table)
		table = cpuid_supported(vm.kvm);
	OK(ioctl(v.fd, KVM_SET_CPUID2, table));
	vcpu_code(&v, mode, g_cpuid);
}

/* EAX to EDX as CPUID left them; the upper halves are cleared. */
static void guest_cpuid(uint32_t fn, uint32_t index, uint32_t r[4])
{
	struct kvm_regs regs = vcpu_regs(&v);

	regs.rip = GPA_CODE;
	regs.rax = 0xaaaaaaaa00000000 | fn;
	regs.rcx = 0xcccccccc00000000 | index;
	regs.rbx = regs.rdx = ~0ull;
	vcpu_set_regs(&v, &regs);
	vcpu_until(&v, PORT_DONE);
	regs = vcpu_regs(&v);
	CHECK_EQ((regs.rax | regs.rbx | regs.rcx | regs.rdx) >> 32, 0);
	r[EAX] = regs.rax;
	r[EBX] = regs.rbx;
	r[ECX] = regs.rcx;
	r[EDX] = regs.rdx;
}

static void guest_expect(uint32_t fn, uint32_t index,
			 const struct kvm_cpuid_entry2 *e)
{
	static char name[32];
	uint32_t r[4];

	snprintf(name, sizeof(name), "%x.%x", fn, index);
	test_row = name;
	guest_cpuid(fn, index, r);
	CHECK_EQ(r[EAX], e->eax);
	CHECK_EQ(r[EBX], e->ebx);
	CHECK_EQ(r[ECX], e->ecx);
	CHECK_EQ(r[EDX], e->edx);
	test_row = NULL;
}

static struct kvm_cpuid_entry2 *put(uint32_t fn, uint32_t index, bool indexed)
{
	struct kvm_cpuid_entry2 *e = &table->entries[table->nent++];
	uint32_t mark = table->nent << 16;

	*e = (struct kvm_cpuid_entry2){
		.function = fn, .index = index, .flags = indexed,
		.eax = mark | 1, .ebx = mark | 2, .ecx = mark | 3,
		.edx = mark | 4,
	};
	return e;
}

/* An AMD CPU with these last leaves, and long mode. */
static void table_start(uint32_t basic, uint32_t extended)
{
	struct kvm_cpuid_entry2 *e;

	table = calloc(1, sizeof(*table) + 300 * sizeof(table->entries[0]));
	CHECK(table);
	e = put(0x80000000, 0, false);
	e->eax = extended;
	e = put(0, 0, false);
	e->eax = basic;
	e->ebx = 0x68747541;
	e->edx = 0x69746e65;
	e->ecx = 0x444d4163;
	put(0x80000001, 0, false)->edx = 0x20100800;
	put(0x80000008, 0, false)->eax = 0x3028;
}

/* As many entries as can be, with neighbours of all kinds. */
static void table_large(void)
{
	unsigned int i;

	table_start(0x20, 0x80000040);
	put(0x40000000, 0, false);
	put(0x40000010, 0, false);
	put(0x40000000, 0, false);		/* a second one: never seen */
	for (i = 0; i < 20; i++)
		put(4, i, true);
	put(0xb, 0xffffffff, true);
	put(0xb, 5, true);
	put(0xb, 0, false);			/* all other subleaves */
	put(0xb, 7, true);			/* too late */
	for (i = 2; i < 0x20; i++)
		if (i != 4 && i != 7 && i != 0xb && i != 0xd && i != 0x12)
			put(i, 0, false);
	for (i = 0x80000002; table->nent < 256; i++)
		if (i != 0x80000008)
			put(i, 0, false);
}

static void guest_sees_table(void)
{
	static const struct kvm_cpuid_entry2 zero;
	const struct kvm_cpuid_entry2 *e;
	unsigned int i;

	table_large();
	guest(MODE_LONG);
	for (i = 0; i < table->nent; i++) {
		e = &table->entries[i];
		guest_expect(e->function, e->index,
			     cpuid_find(table, e->function, e->index));
	}
	guest_expect(2, 17, cpuid_find(table, 2, 0));
	guest_expect(0xb, 6, cpuid_find(table, 0xb, 6));
	guest_expect(4, 20, &zero);
	guest_expect(0x40000002, 0, &zero);
	/* beyond the last leaf, AMD */
	guest_expect(0x21, 0, &zero);
	guest_expect(0x80000fff, 0, &zero);
	guest_expect(0xc0000000, 0, &zero);
	guest_expect(0xffffffff, 0xffffffff, &zero);
}

/* An Intel CPU answers with its last basic leaf (SDM vol. 2, CPUID). */
static void guest_beyond_intel(void)
{
	struct kvm_cpuid_entry2 *e;

	table_start(0x14, 0x80000008);
	e = (void *)cpuid_find(table, 0, 0);
	e->ebx = 0x756e6547;
	e->edx = 0x49656e69;
	e->ecx = 0x6c65746e;
	put(0x14, 0, true);
	put(0x14, 1, true);
	guest(MODE_LONG);
	guest_expect(0x15, 0, cpuid_find(table, 0x14, 0));
	guest_expect(0x7fffffff, 1, cpuid_find(table, 0x14, 1));
	guest_expect(0x80000009, 1, cpuid_find(table, 0x14, 1));
}

/* A guest without a table sees nothing. */
static void guest_without_table(void)
{
	static const struct kvm_cpuid_entry2 zero;

	vm_new(&vm, 0);
	vcpu_raw(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_cpuid);
	guest_expect(0, 0, &zero);
	guest_expect(1, 0, &zero);
	guest_expect(0x80000000, 0, &zero);
}

static void cr4_set(uint64_t bits, bool on)
{
	struct kvm_sregs s = vcpu_sregs(&v);

	s.cr4 = on ? s.cr4 | bits : s.cr4 & ~bits;
	vcpu_set_sregs(&v, &s);
}

static uint32_t guest_reg(uint32_t fn, uint32_t index, int reg)
{
	uint32_t r[4];

	guest_cpuid(fn, index, r);
	return r[reg];
}

/* OSXSAVE and OSPKE show CR4, whatever the table says. */
static void shows_cr4(void)
{
	guest(MODE_LONG);
	CHECK_EQ(guest_reg(1, 0, ECX) >> 27 & 1, 0);
	if (vcpu_has(&v, 1, ECX, 26)) {
		cr4_set(1 << 18, true);
		CHECK_EQ(guest_reg(1, 0, ECX) >> 27 & 1, 1);
		cr4_set(1 << 18, false);
		CHECK_EQ(guest_reg(1, 0, ECX) >> 27 & 1, 0);
	}
	CHECK_EQ(guest_reg(7, 0, ECX) >> 4 & 1, 0);
	if (vcpu_has(&v, 7, ECX, 3)) {
		cr4_set(1 << 22, true);
		CHECK_EQ(guest_reg(7, 0, ECX) >> 4 & 1, 1);
		cr4_set(1 << 22, false);
		CHECK_EQ(guest_reg(7, 0, ECX) >> 4 & 1, 0);
	}
}

/* The APIC bit goes with APIC_BASE's enable bit (SDM vol. 3, 10.4.3). */
static void shows_apic_base(void)
{
	struct kvm_sregs s;

	guest(MODE_LONG);
	CHECK_EQ(guest_reg(1, 0, EDX) >> 9 & 1, 1);
	s = vcpu_sregs(&v);
	s.apic_base &= ~(1ull << 11);
	vcpu_set_sregs(&v, &s);
	CHECK_EQ(guest_reg(1, 0, EDX) >> 9 & 1, 0);
	s.apic_base |= 1ull << 11;
	vcpu_set_sregs(&v, &s);
	CHECK_EQ(guest_reg(1, 0, EDX) >> 9 & 1, 1);
}

static void xcr0_set(uint64_t value)
{
	struct kvm_xcrs x = { .nr_xcrs = 1 };

	x.xcrs[0].value = value;
	OK(ioctl(v.fd, KVM_SET_XCRS, &x));
}

/* End of the last part, in the standard and in the compacted format. */
static uint32_t image_size(uint64_t xcr0, bool compact)
{
	uint32_t end = 576, at;
	int i;

	for (i = 2; i < 10; i++) {
		if (!(xcr0 >> i & 1))
			continue;
		at = host_reg(0xd, i, EBX);
		if (compact)
			at = host_reg(0xd, i, ECX) & 2 ? (end + 63) & ~63 : end;
		if (at + host_reg(0xd, i, EAX) > end)
			end = at + host_reg(0xd, i, EAX);
	}
	return end;
}

/* Leaf 0xd: EBX of subleaf 0 follows XCR0, ECX does not (APM vol. 3, E.3.8). */
static void shows_xcr0(void)
{
	static const uint64_t values[] = { 1, 3, 7, 0x203, 0x207, 0xe7, 0x2e7 };
	uint64_t all;
	unsigned int i;

	guest(MODE_LONG);
	if (!vcpu_has(&v, 1, ECX, 26))
		test_skip("no XSAVE");
	cr4_set(1 << 18, true);
	all = guest_reg(0xd, 0, EAX);
	for (i = 0; i < COUNT(values); i++) {
		if (values[i] & ~all)
			continue;
		xcr0_set(values[i]);
		CHECK_EQ(guest_reg(0xd, 0, EAX), all);
		CHECK_EQ(guest_reg(0xd, 0, EBX), image_size(values[i], false));
		CHECK_EQ(guest_reg(0xd, 0, ECX), image_size(all, false));
		if (guest_reg(0xd, 1, EAX) & 2)
			CHECK_EQ(guest_reg(0xd, 1, EBX),
				 image_size(values[i], true));
		CHECK_EQ(guest_reg(0xd, 2, EBX), host_reg(0xd, 2, EBX));
	}
}

/* ------------------------------------------------------------------------ */
/* The ioctls. */

/* Bits that follow registers are in what is got, and may be set again. */
static void get_is_current(void)
{
	struct kvm_cpuid2 *c = calloc(1, 1 << 16);
	unsigned int i;

	guest(MODE_LONG);
	if (!vcpu_has(&v, 1, ECX, 26))
		test_skip("no XSAVE");
	cr4_set(1 << 18, true);
	guest_reg(1, 0, EAX);
	/* Stock KVM does not say how many there are. */
	c->nent = cpuid_supported(vm.kvm)->nent;
	OK(ioctl(v.fd, KVM_GET_CPUID2, c));
	CHECK(cpuid_find(c, 1, 0)->ecx >> 27 & 1);
	for (i = 0; i < c->nent; i++)
		guest_expect(c->entries[i].function, c->entries[i].index,
			     &c->entries[i]);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	cr4_set(1 << 18, false);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
}

static void get_returns_set(void)
{
	struct kvm_cpuid2 *c = calloc(1, 1 << 16);

	table_large();
	vm_new(&vm, 0);
	vcpu_raw(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_SET_CPUID2, table));
	c->nent = 255;
	ERR(ioctl(v.fd, KVM_GET_CPUID2, c), E2BIG);
	CHECK_EQ(c->nent, 255);
	c->nent = 256;
	OK(ioctl(v.fd, KVM_GET_CPUID2, c));
	CHECK_EQ(c->nent, 256);
	CHECK(!memcmp(c->entries, table->entries, 256 * sizeof(c->entries[0])));
	/* too many, unreadable ones: the old table stays */
	table->nent = 257;
	ERR(ioctl(v.fd, KVM_SET_CPUID2, table), E2BIG);
	ERR(ioctl(v.fd, KVM_SET_CPUID, table), E2BIG);
	table->nent = ~0u;
	ERR(ioctl(v.fd, KVM_SET_CPUID2, table), E2BIG);
	ERR(ioctl(v.fd, KVM_SET_CPUID, table), E2BIG);
	memset(c, 0, 1 << 16);
	c->nent = 256;
	OK(ioctl(v.fd, KVM_GET_CPUID2, c));
	CHECK(!memcmp(c->entries, table->entries,
		      256 * sizeof(c->entries[0])));
	/* none at all */
	c->nent = 0;
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	OK(ioctl(v.fd, KVM_GET_CPUID2, c));
	CHECK_EQ(c->nent, 0);
}

/* A table whose end cannot be read changes nothing. */
static void set_faults(void)
{
	struct kvm_cpuid2 *c = calloc(1, 1 << 16), *cut;
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED);
	OK(munmap(page + 4096, 4096));
	table_large();
	vm_new(&vm, 0);
	vcpu_raw(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_SET_CPUID2, table));
	cut = (void *)(page + 4096 - sizeof(*cut) - 60);
	cut->nent = 3;
	ERR(ioctl(v.fd, KVM_SET_CPUID2, cut), EFAULT);
	ERR(ioctl(v.fd, KVM_SET_CPUID, cut), EFAULT);
	c->nent = 256;
	OK(ioctl(v.fd, KVM_GET_CPUID2, c));
	CHECK(!memcmp(c->entries, table->entries,
		      256 * sizeof(c->entries[0])));
}

/* KVM_SET_CPUID: entries without an index (api.rst 4.20). */
static void set_old(void)
{
	struct {
		struct kvm_cpuid head;
		struct kvm_cpuid_entry e[4];
	} old = {
		{ .nent = 4 },
		{ { .function = 0, .eax = 7, .ebx = 0x68747541,
		    .ecx = 0x444d4163, .edx = 0x69746e65 },
		  { .function = 4, .eax = 0x41, .ebx = 0x42, .ecx = 0x43,
		    .edx = 0x44 },
		  { .function = 0x80000000, .eax = 0x80000008 },
		  { .function = 0x80000008, .eax = 0x3028 } },
	};
	struct kvm_cpuid_entry2 want = { .function = 4, .eax = 0x41,
		.ebx = 0x42, .ecx = 0x43, .edx = 0x44 };
	struct kvm_cpuid2 *c = calloc(1, 1 << 16);

	guest(MODE_LONG);
	OK(ioctl(v.fd, KVM_SET_CPUID, &old));
	c->nent = 4;
	OK(ioctl(v.fd, KVM_GET_CPUID2, c));
	CHECK(!memcmp(&c->entries[1], &want, sizeof(want)));
	guest_expect(4, 0, &want);
	guest_expect(4, 3, &want);
}

/* Once it runs, a CPU stays what it is; to be told so again is no harm. */
static void set_after_run(void)
{
	struct kvm_cpuid2 *c = calloc(1, 1 << 16);

	table_large();
	guest(MODE_LONG);
	guest_reg(0, 0, EAX);
	OK(ioctl(v.fd, KVM_SET_CPUID2, table));
	table->entries[100].edx ^= 1;
	ERR(ioctl(v.fd, KVM_SET_CPUID2, table), EINVAL);
	table->entries[100].edx ^= 1;
	table->nent--;
	ERR(ioctl(v.fd, KVM_SET_CPUID2, table), EINVAL);
	table->nent++;
	c->nent = 256;
	OK(ioctl(v.fd, KVM_GET_CPUID2, c));
	CHECK(!memcmp(c->entries, table->entries,
		      256 * sizeof(c->entries[0])));
	guest_expect(table->entries[255].function, 0, &table->entries[255]);
}

static const struct test_case cases[] = {
	{ "offer_is_true", offer_is_true, 0 },
	{ "offer_is_complete", offer_is_complete, 0 },
	{ "offer_is_modest", offer_is_modest, 0 },
	{ "offer_room", offer_room, 0 },
	{ "emulated", emulated, 0 },
	{ "guest_sees_table", guest_sees_table, 0 },
	{ "guest_beyond_intel", guest_beyond_intel, 0 },
	{ "guest_without_table", guest_without_table, 0 },
	{ "shows_cr4", shows_cr4, 0 },
	{ "shows_apic_base", shows_apic_base, 0 },
	{ "shows_xcr0", shows_xcr0, 0 },
	{ "get_is_current", get_is_current, 0 },
	{ "get_returns_set", get_returns_set, 0 },
	{ "set_faults", set_faults, 0 },
	{ "set_old", set_old, 0 },
	{ "set_after_run", set_after_run, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
