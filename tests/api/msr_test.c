// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model-specific registers: what the lists promise, what a guest reads, writes
 * and may not.
 */
#define _GNU_SOURCE
#include "msr.h"
#include "msr_list.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct kvm_msr_list *list_get(unsigned long req)
{
	struct kvm_msr_list *l = calloc(1, 1 << 16);

	ERR(ioctl(vm.kvm, req, l), E2BIG);
	CHECK(l->nmsrs > 0 && l->nmsrs < 4096);
	OK(ioctl(vm.kvm, req, l));
	return l;
}

/* What a VMM has read it can write back, on a fresh vCPU, in one call. */
static void listed(void)
{
	struct kvm_msrs *m = calloc(1, 1 << 16);
	struct kvm_msr_list *l;
	unsigned int i;

	msr_machine();
	l = list_get(KVM_GET_MSR_INDEX_LIST);
	/* paravirtual ones of stock KVM depend on its capabilities */
	for (m->nmsrs = i = 0; i < l->nmsrs; i++)
		if (l->indices[i] >> 8 != 0x4b564d)
			m->entries[m->nmsrs++].index = l->indices[i];
	i = OK(ioctl(v.fd, KVM_GET_MSRS, m));
	if (i < m->nmsrs)
		FAIL("MSR %#x is listed and cannot be read",
		     m->entries[i].index);
	vcpu_close(&v);
	vcpu_new(&vm, &v, 1);
	i = OK(ioctl(v.fd, KVM_SET_MSRS, m));
	if (i < m->nmsrs)
		FAIL("MSR %#x does not take %#llx again", m->entries[i].index,
		     m->entries[i].data);
}

/* Those that count, and what a timer or the time decides. */
static bool runs(uint32_t index)
{
	return index == 0x10 || index == 0x3b || index == 0x6e0 || index == 0x40000010 ||
	       index == 0x40000020;
}

/* Each is the same in whichever order a VMM asks, also beside those of no table (DEBUGCTL). */
static void any_order(void)
{
	static const unsigned int steps[] = { 1, -1u, 2, 3, 5, 7, 41 };
	struct kvm_msrs *m = calloc(1, 1 << 16);
	struct kvm_msr_list *l;
	unsigned int i, n, step, at;

	msr_machine();
	l = list_get(KVM_GET_MSR_INDEX_LIST);
	/* neighbours in one row, and in rows of their own, that differ */
	for (i = 0; i < 8; i++) {
		CHECK_EQ(host_set(0x268 + i, i & 1 ? 0x0504 : 0x0605), 1);
		CHECK_EQ(host_set(0x200 + i, i & 1 ? 0x800ull | (i + 1ull) << 12 :
				  6 | (i + 1ull) << 32), 1);
	}
	for (i = 0; i < 3; i++)
		CHECK_EQ(host_set(0xc0000081 + i, 0x1000 + i), 1);
	for (step = 0; step < COUNT(steps); step++) {
		for (n = at = i = 0; i < l->nmsrs; i++, at += steps[step] + l->nmsrs) {
			m->entries[n++].index = l->indices[at % l->nmsrs];
			if (i % 16 == 3)
				m->entries[n++].index = 0x1d9;
		}
		m->entries[n].index = 0x12345678;
		m->entries[n].data = 77;
		m->nmsrs = n + 1;
		CHECK_EQ(ioctl(v.fd, KVM_GET_MSRS, m), n);
		for (i = 0; i < n; i++)
			if (!runs(m->entries[i].index) &&
			    m->entries[i].data != host_msr(m->entries[i].index))
				FAIL("MSR %#x: %#llx by a list of step %d, %#lx alone",
				     m->entries[i].index, m->entries[i].data, (int)steps[step],
				     host_msr(m->entries[i].index));
	}
}

static unsigned int times_listed(const struct kvm_msr_list *l, uint32_t index)
{
	unsigned int i, n = 0;

	for (i = 0; i < l->nmsrs; i++)
		n += l->indices[i] == index;
	return n;
}

/* What QEMU saves on a processor of AMD's must be in the list. */
static void list_complete(void)
{
	static const uint32_t want[] = {
		0x10, 0x34, 0x3b, 0x8b, 0x174, 0x175, 0x176, 0x17a, 0x17b,
		0x1a0, 0xc0000081, 0xc0000082, 0xc0000083,
		0xc0000084, 0xc0000102, 0xc0010015,
	};
	struct kvm_msr_list *l;
	unsigned int i;

	msr_machine();
	l = list_get(KVM_GET_MSR_INDEX_LIST);
	for (i = 0; i < COUNT(want); i++)
		if (!times_listed(l, want[i]))
			FAIL("MSR %#x is not listed", want[i]);
	for (i = 0; i < l->nmsrs; i++)
		if (times_listed(l, l->indices[i]) != 1)
			FAIL("MSR %#x is listed twice", l->indices[i]);
}

static bool expected(enum msr_who who)
{
	return who == BOTH || who == (cpu_is_amd() ? AMD : INTEL);
}

/* Those of guests that are hosts, and Hyper-V's, come with these as a whole. */
static bool in_table(uint32_t index)
{
	unsigned int row;

	if ((index >= 0x480 && index <= 0x493) || index >> 12 == 0x40000)
		return true;
	for (row = 0; row < COUNT(msr_list); row++)
		if (index >= msr_list[row].first && index <= msr_list[row].last)
			return true;
	return false;
}

/* The vendors' lists are the table's: nothing that it does not have, all that it promises. */
static void list_by_vendor(void)
{
	struct kvm_msr_list *l;
	unsigned int i, row;
	uint32_t index;

	msr_machine();
	if (is_stock())
		test_skip("Linux's KVM has other lists");
	l = list_get(KVM_GET_MSR_INDEX_LIST);
	for (row = 0; row < COUNT(msr_list); row++)
		for (index = msr_list[row].first;
		     msr_list[row].who != FEATURE && index <= msr_list[row].last; index++)
			if (times_listed(l, index) != expected(msr_list[row].who))
				FAIL("%s: MSR %#x is listed %u times",
				     msr_list[row].name, index, times_listed(l, index));
	for (i = 0; i < l->nmsrs; i++)
		if (!in_table(l->indices[i]))
			FAIL("MSR %#x is listed, and not in the table", l->indices[i]);
}

static void features(void)
{
	struct kvm_msrs *m = calloc(1, 1 << 12);
	struct kvm_msr_list *l;
	unsigned int i;
	bool ucode = false, perf = false;

	msr_machine();
	CHECK_EQ(vm_cap(&vm, KVM_CAP_GET_MSR_FEATURES), 1);
	l = list_get(KVM_GET_MSR_FEATURE_INDEX_LIST);
	m->nmsrs = l->nmsrs;
	for (i = 0; i < l->nmsrs; i++) {
		m->entries[i].index = l->indices[i];
		ucode |= l->indices[i] == 0x8b;
		perf |= l->indices[i] == 0x345;
	}
	CHECK(ucode && perf);
	CHECK_EQ(ioctl(vm.kvm, KVM_GET_MSRS, m), l->nmsrs);
	/* IA32_PERF_CAPABILITIES of a host that announces no PDCM */
	for (i = 0; i < l->nmsrs; i++)
		if (m->entries[i].index == 0x345)
			CHECK_EQ(m->entries[i].data, 0);
	/* no feature: a register of the guest's, and one that nobody knows */
	m->entries[1].index = 0x10;
	CHECK_EQ(ioctl(vm.kvm, KVM_GET_MSRS, m), 1);
	m->entries[0].index = 0x12345678;
	CHECK_EQ(ioctl(vm.kvm, KVM_GET_MSRS, m), 0);
	m->nmsrs = 100000;
	ERR(ioctl(vm.kvm, KVM_GET_MSRS, m), E2BIG);
}

/* Any memory type, then what follows. */
#define WB8	0x0606060606060606ull
#define GP	1
#define TAKEN	0
#define DROPPED	2	/* taken, and something else is read afterwards */

/*
 * What a guest's WRMSR does: SDM vol. 3, 12.11 (MTRRs; a width of 40 bits at
 * most is assumed), 12.12 (PAT), vol. 4 (the others); APM vol. 2, appendix A.
 */
static const struct {
	const char *name;
	uint32_t index;
	uint64_t value;
	int result;
} writes[] = {
	{ "MTRRcap", 0xfe, 0x508, GP },
	{ "performance capabilities without PDCM", 0x345, 0, GP },
	{ "default type, all enabled", 0x2ff, 0xc06, TAKEN },
	{ "default type, off", 0x2ff, 0, TAKEN },
	{ "default type 2", 0x2ff, 0xc02, GP },
	{ "default type 7", 0x2ff, 7, GP },
	{ "default type, bit 8", 0x2ff, 0x100, GP },
	{ "default type, bit 12", 0x2ff, 0x1000, GP },
	{ "default type, bit 63", 0x2ff, 1ull << 63, GP },
	{ "first fixed range", 0x250, WB8, TAKEN },
	{ "first of 16 KiB", 0x258, 0x0504010006050401, TAKEN },
	{ "second of 16 KiB", 0x259, 0, TAKEN },
	{ "first of 4 KiB", 0x268, 0x0505050505050505, TAKEN },
	{ "last of 4 KiB", 0x26f, 0x0101010101010101, TAKEN },
	{ "fixed type 2", 0x26f, WB8 - 4, GP },
	{ "fixed type 3 on top", 0x250, 3ull << 56, GP },
	{ "fixed type 7", 0x268, WB8 + 1, GP },
	{ "behind the fixed ranges", 0x270, 0, GP },
	{ "between the fixed ranges", 0x25a, 0, GP },
	{ "first base", 0x200, 0xc0000006, TAKEN },
	{ "first mask", 0x201, 0xffc0000800, TAKEN },
	{ "last base", 0x20e, 0x100000001, TAKEN },
	{ "last mask", 0x20f, 0xff00000800, TAKEN },
	{ "ninth base", 0x210, 0, GP },
	{ "base of type 2", 0x200, 0xc0000002, GP },
	{ "base, bit 8", 0x200, 0x100, GP },
	{ "base, bit 11", 0x200, 0x806, GP },
	{ "base, bit 52", 0x200, 1ull << 52, GP },
	{ "mask, bit 0", 0x201, 0x801, GP },
	{ "mask, bit 10", 0x201, 0xc00, GP },
	{ "mask, bit 63", 0x201, 1ull << 63, GP },
	{ "PAT", 0x277, 0x0007010600070106, TAKEN },
	{ "PAT, type 2", 0x277, 0x0002010600070106, GP },
	{ "MISC_ENABLE", 0x1a0, 0x1801, TAKEN },
	{ "MISC_ENABLE, a read-only bit", 0x1a0, 0x0001, DROPPED },
	{ "SYSENTER_CS", 0x174, 0x10, TAKEN },
	{ "SYSENTER_EIP", 0x176, 0xffffffff81000000, TAKEN },
	{ "microcode loader's result", 0x8b, 0, DROPPED },
	{ "SMI count", 0x34, 1, GP },
	{ "HWCR, error injection", 0xc0010015, 1 << 18, TAKEN },
	{ "HWCR, bit 40", 0xc0010015, 1ull << 40, GP },
	{ "DEBUGCTL, BTF and LBR", 0x1d9, 3, DROPPED },
	{ "DEBUGCTL, bit 63", 0x1d9, 1ull << 63, GP },
	{ "event select", 0xc0010000, 0x430076, DROPPED },
	{ "counter", 0xc0010004, 1, DROPPED },
	{ "NB_CFG, extended configuration", 0xc001001f, 1ull << 46, DROPPED },
	{ "SVM's host save area, no page", 0xc0010117, 0x1001, GP },
};

/* Stock KVM drops what real processors refuse, and the other way round. */
static bool differs(uint32_t index)
{
	return index == 0x1a0 || index == 0x1d9 || index == 0xc0010117 || index == 0xc0010000 ||
	       index == 0xc0010004;
}

static void guest_writes(void)
{
	unsigned int i;
	uint64_t before = 0;
	bool readable;

	msr_machine();
	for (i = 0; i < COUNT(writes); i++) {
		test_row = writes[i].name;
		if (is_stock() && differs(writes[i].index))
			continue;
		readable = guest_access(writes[i].index, &before, false);
		CHECK_EQ(guest_set(writes[i].index, writes[i].value),
			 writes[i].result != GP);
		if (writes[i].result == TAKEN)
			CHECK_EQ(guest_msr(writes[i].index), writes[i].value);
		else if (readable)
			CHECK_EQ(guest_msr(writes[i].index), before);
	}
}

/* Userspace is held to the same limits, so that a guest never sees others. */
static void host_writes(void)
{
	unsigned int i;

	msr_machine();
	for (i = 0; i < COUNT(writes); i++) {
		test_row = writes[i].name;
		if (writes[i].index < 0x200 || writes[i].index > 0x2ff)
			continue;
		CHECK_EQ(host_set(writes[i].index, writes[i].value),
			 writes[i].result != GP);
		if (writes[i].result != GP)
			CHECK_EQ(host_msr(writes[i].index), writes[i].value);
	}
	/* Another KVM's guest has turned turbo off, and goes on with it. */
	test_row = "MISC_ENABLE, bit 38";
	CHECK_EQ(host_set(0x1a0, 1ull << 38 | 0x1801), 1);
	CHECK_EQ(host_msr(0x1a0), 1ull << 38 | 0x1801);
	CHECK_EQ(guest_msr(0x1a0), 1ull << 38 | 0x1801);
	CHECK(guest_set(0x1a0, 1ull << 38 | 0x1800));
	CHECK_EQ(guest_msr(0x1a0), 1ull << 38 | 0x1800);
	/* What only userspace sets. */
	CHECK_EQ(host_set(0x8b, 0x0a20120a), 1);
	CHECK_EQ(guest_msr(0x8b), 0x0a20120a);
	CHECK_EQ(host_set(0x34, 7), 1);
	CHECK_EQ(guest_msr(0x34), 7);
	/* HWCR: TlbCacheDis, FFDIS and IgnneEm are dropped. */
	CHECK_EQ(host_set(0xc0010015, 1 << 3 | 1 << 6 | 1 << 8 | 1 << 18), 1);
	CHECK_EQ(host_msr(0xc0010015), 1 << 18);
	CHECK_EQ(host_set(0xc0010015, 1 << 4), 0);
}

/*
 * What Linux and SeaBIOS read on AMD's processors without expecting a #GP, and
 * what they find there.
 */
static void firmware_reads(void)
{
	static const struct {
		uint32_t index;
		uint64_t value;
	} rows[] = {
		{ 0x00, 0 }, { 0x01, 0 }, { 0x17, 0 }, { 0x2a, 0 },
		{ 0xfe, 0x508 }, { 0xc0010010, 0 }, { 0xc001001b, 0x20000000 },
		{ 0xc001001f, 0 }, { 0xc0010055, 0 }, { 0xc0010058, 0 },
		{ 0xc0011021, 0 }, { 0xc0011022, 0 }, { 0xc001102a, 0 },
	};
	static const uint32_t none[] = {
		2, 0x16, 0x18, 0x1ff, 0x251, 0x300, 0x345, 0x480, 0xbfffffff,
		0xc0000085, 0xc000007f, 0xc0011024, 0xffffffff, 0x9c,
	};
	unsigned int i;

	msr_machine();
	for (i = 0; i < COUNT(rows); i++)
		if (guest_msr(rows[i].index) != rows[i].value)
			FAIL("MSR %#x: %#lx", rows[i].index,
			     guest_msr(rows[i].index));
	/* IA32_VMX_BASIC is there where guests may be hosts. */
	for (i = 0; i < COUNT(none); i++)
		if (!(none[i] == 0x480 && vcpu_has(&v, 1, 2, 5)) && guest_reads(none[i]))
			FAIL("MSR %#x: no #GP", none[i]);
}

/* CPUID.80000001H:EDX.RDTSCP on or off; the others as supported. */
static void machine_rdtscp(bool on)
{
	struct kvm_cpuid2 *c;
	struct kvm_cpuid_entry2 *e;

	vm_new(&vm, 0);
	c = cpuid_supported(vm.kvm);
	e = (void *)cpuid_find(c, 0x80000001, 0);
	e->edx &= ~(1u << 27);
	e->edx |= on << 27;
	e = (void *)cpuid_find(c, 7, 0);
	if (e)
		e->ecx &= ~(1u << 22);
	vcpu_raw(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
}

GUEST(64, g_rdtscp, "rdtscp\n mov %rcx, %rdi\n" DONE);

static void tsc_aux(void)
{
	machine_rdtscp(true);
	msr_code(&v);
	CHECK(guest_set(0xc0000103, 0x89abcdef));
	CHECK_EQ(guest_msr(0xc0000103), 0x89abcdef);
	/* AMD's processors drop the upper half, Intel's raise #GP */
	CHECK_EQ(guest_set(0xc0000103, 0x189abcdef), cpu_is_amd());
	CHECK_EQ(host_msr(0xc0000103), 0x89abcdef);
	vcpu_code(&v, MODE_LONG, g_rdtscp);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rdi, 0x89abcdef);
	vcpu_close(&v);
	vm_close(&vm);

	machine_rdtscp(false);
	msr_code(&v);
	CHECK(!guest_reads(0xc0000103));
	CHECK(!guest_set(0xc0000103, 1));
	CHECK_EQ(host_set(0xc0000103, 1), 1);
}

static long one_msr(unsigned long req, uint32_t index, uint64_t data)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry e;
	} m = { .head.nmsrs = 1, .e = { .index = index, .data = data } };

	return ioctl(v.fd, req, &m);
}

/* QEMU switches the hypervisor's clock off at each reset, offered or not. */
static void kvmclock_off(void)
{
	uint32_t index;

	msr_machine();
	for (index = 0x11; index <= 0x12; index++) {
		CHECK_EQ(one_msr(KVM_SET_MSRS, index, 0), 1);
		CHECK_EQ(one_msr(KVM_GET_MSRS, index, 0), 1);
	}
}

static void ignore(const char *yes)
{
	FILE *f = fopen("/sys/module/kvm/parameters/ignore_msrs", "w");

	CHECK(f && fputs(yes, f) > 0 && !fclose(f));
}

/* No row covers it, and no processor has it. */
#define MSR_NOBODYS	0x12345u
#define MSR_PAT		0x277u

/* The parameter ignore_msrs: for userspace too (kernel-parameters.txt: kvm.ignore_msrs). */
static void ignored(void)
{
	uint64_t value = 5;

	msr_machine();
	CHECK(!guest_access(MSR_NOBODYS, &value, false));
	CHECK(!guest_set(MSR_NOBODYS, 5));
	CHECK_EQ(one_msr(KVM_GET_MSRS, MSR_NOBODYS, 0), 0);
	ignore("1");
	CHECK_EQ(guest_msr(MSR_NOBODYS), 0);
	CHECK(guest_set(MSR_NOBODYS, 5));
	CHECK_EQ(guest_msr(MSR_NOBODYS), 0);
	CHECK_EQ(one_msr(KVM_GET_MSRS, MSR_NOBODYS, 0), 1);
	/* A register that exists takes no wrong value for that. */
	CHECK(!guest_set(MSR_PAT, 2));
	ignore("0");
	CHECK(!guest_set(MSR_NOBODYS, 5));
}

static const struct test_case cases[] = {
	{ "listed", listed, 0 },
	{ "any_order", any_order, 0 },
	{ "list_complete", list_complete, 0 },
	{ "list_by_vendor", list_by_vendor, 0 },
	{ "features", features, 0 },
	{ "guest_writes", guest_writes, 0 },
	{ "host_writes", host_writes, 0 },
	{ "firmware_reads", firmware_reads, 0 },
	{ "tsc_aux", tsc_aux, 0 },
	{ "kvmclock_off", kvmclock_off, 0 },
	{ "ignored", ignored, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
