// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad input, by table: the errno that api.rst documents (where it is silent,
 * either of two), and nothing changed afterwards.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "lib.h"

static struct vm vm;
static struct vcpu v;

enum fd_kind { SYS, VM, VCPU };

static int fd_of(enum fd_kind kind)
{
	return kind == SYS ? vm.kvm : kind == VM ? vm.fd : v.fd;
}

#define REQ(kind, req) { #req, kind, req }

static const struct {
	const char *name;
	enum fd_kind kind;
	unsigned long req;
} pointers[] = {
	REQ(SYS, KVM_GET_SUPPORTED_CPUID), REQ(SYS, KVM_GET_EMULATED_CPUID),
	REQ(SYS, KVM_GET_MSR_INDEX_LIST),
	REQ(SYS, KVM_GET_MSR_FEATURE_INDEX_LIST),
	REQ(SYS, KVM_X86_GET_MCE_CAP_SUPPORTED),
	REQ(VM, KVM_SET_USER_MEMORY_REGION), REQ(VM, KVM_GET_DIRTY_LOG),
	REQ(VM, KVM_CLEAR_DIRTY_LOG), REQ(VM, KVM_ENABLE_CAP),
	REQ(VM, KVM_REGISTER_COALESCED_MMIO),
	REQ(VM, KVM_UNREGISTER_COALESCED_MMIO), REQ(VM, KVM_IOEVENTFD),
	REQ(VM, KVM_X86_SET_MSR_FILTER),
	REQ(VCPU, KVM_GET_REGS), REQ(VCPU, KVM_SET_REGS),
	REQ(VCPU, KVM_GET_SREGS),
	REQ(VCPU, KVM_SET_SREGS), REQ(VCPU, KVM_GET_MSRS),
	REQ(VCPU, KVM_SET_MSRS), REQ(VCPU, KVM_SET_CPUID2),
	REQ(VCPU, KVM_GET_CPUID2), REQ(VCPU, KVM_SET_SIGNAL_MASK),
	REQ(VCPU, KVM_GET_MP_STATE), REQ(VCPU, KVM_SET_MP_STATE),
	REQ(VCPU, KVM_GET_FPU), REQ(VCPU, KVM_SET_FPU),
	REQ(VCPU, KVM_GET_VCPU_EVENTS), REQ(VCPU, KVM_SET_VCPU_EVENTS),
	REQ(VCPU, KVM_GET_SREGS2), REQ(VCPU, KVM_SET_SREGS2),
	REQ(VCPU, KVM_GET_DEBUGREGS), REQ(VCPU, KVM_SET_DEBUGREGS),
	REQ(VCPU, KVM_SET_GUEST_DEBUG), REQ(VCPU, KVM_TRANSLATE),
	REQ(VCPU, KVM_SET_CPUID), REQ(VCPU, KVM_GET_XSAVE),
	REQ(VCPU, KVM_GET_XSAVE2), REQ(VCPU, KVM_SET_XSAVE),
	REQ(VCPU, KVM_GET_XCRS), REQ(VCPU, KVM_SET_XCRS),
	REQ(VCPU, KVM_X86_SETUP_MCE), REQ(VCPU, KVM_X86_SET_MCE),
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* All that can be asked of a vCPU, and whether the guest still works. */
struct snapshot {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_mp_state mp;
	struct kvm_fpu fpu;
};

static void snapshot_take(struct snapshot *s)
{
	memset(s, 0, sizeof(*s));
	s->regs = vcpu_regs(&v);
	s->sregs = vcpu_sregs(&v);
	OK(ioctl(v.fd, KVM_GET_MP_STATE, &s->mp));
	OK(ioctl(v.fd, KVM_GET_FPU, &s->fpu));
}

GUEST(64, g_work, "1: inc %rax\n mov %rax, 0x10000\n out %al, $0xf4\n jmp 1b\n");

static void machine(void)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_work);
	vcpu_until(&v, PORT_DONE);
}

static void unchanged(const struct snapshot *before)
{
	struct snapshot now;
	uint64_t rax = before->regs.rax;

	snapshot_take(&now);
	CHECK(!memcmp(&now.regs, &before->regs, sizeof(now.regs)));
	CHECK(!memcmp(&now.sregs, &before->sregs, sizeof(now.sregs)));
	CHECK(!memcmp(&now.fpu, &before->fpu, sizeof(now.fpu)));
	CHECK_EQ(now.mp.mp_state, before->mp.mp_state);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(*vm_u64(&vm, GPA_DATA), rax + 1);
}

/* Page 0, kernel memory, no address at all, the last two bytes of a mapping. */
static void bad_pointers(void)
{
	uint8_t *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct snapshot before;
	unsigned int i, j;

	machine();
	snapshot_take(&before);
	CHECK(two != MAP_FAILED);
	OK(munmap(two + 4096, 4096));
	memset(two, 0, 4096);
	void *const bad[] = { (void *)16, (void *)0xffff888000001000ul,
			      (void *)0x800000000000ul, two + 4094 };
	for (i = 0; i < COUNT(pointers); i++)
		for (j = 0; j < COUNT(bad); j++) {
			test_row = pointers[i].name;
			ERR(ioctl(fd_of(pointers[i].kind), pointers[i].req,
				  bad[j]), EFAULT);
		}
	test_row = NULL;
	unchanged(&before);
}

/* One of two errnos, where api.rst leaves it open. */
static void either(long r, int a, int b)
{
	int e = errno;

	if (r != -1 || (e != a && e != b))
		FAIL("expected %s or %s, got %s", strerrorname_np(a),
		     strerrorname_np(b),
		     r == -1 ? strerrorname_np(e) : "success");
}

/* KVM_ENABLE_CAP and KVM_GET_MSRS exist for two kinds of fd. */
static bool exists_for(unsigned int i, enum fd_kind kind)
{
	return kind == pointers[i].kind ||
	       (pointers[i].req == KVM_ENABLE_CAP && kind == VCPU) ||
	       (pointers[i].req == KVM_GET_MSRS && kind == SYS);
}

/* An ioctl of one kind of fd, given to the others. */
static void wrong_fd(void)
{
	static uint8_t buffer[8192];
	struct snapshot before;
	unsigned int i;

	machine();
	snapshot_take(&before);
	for (i = 0; i < 3 * COUNT(pointers); i++) {
		if (exists_for(i / 3, i % 3))
			continue;
		test_row = pointers[i / 3].name;
		either(ioctl(fd_of(i % 3), pointers[i / 3].req, buffer),
		       EINVAL, ENOTTY);
	}
	test_row = "KVM_RUN";
	either(ioctl(vm.fd, KVM_RUN, 0ul), EINVAL, ENOTTY);
	either(ioctl(vm.kvm, KVM_RUN, 0ul), EINVAL, ENOTTY);
	test_row = "KVM_CREATE_VM";
	either(ioctl(vm.fd, KVM_CREATE_VM, 0ul), EINVAL, ENOTTY);
	either(ioctl(v.fd, KVM_CREATE_VM, 0ul), EINVAL, ENOTTY);
	test_row = "KVM_CREATE_VCPU";
	either(ioctl(vm.kvm, KVM_CREATE_VCPU, 1ul), EINVAL, ENOTTY);
	either(ioctl(v.fd, KVM_CREATE_VCPU, 1ul), EINVAL, ENOTTY);
	test_row = NULL;
	unchanged(&before);
}

/* Right number, wrong size; and numbers that nobody has given out. */
static void unknown_requests(void)
{
	static uint8_t buffer[8192];
	struct snapshot before;
	unsigned int i, kind;
	unsigned long req;

	machine();
	snapshot_take(&before);
	for (i = 0; i < COUNT(pointers); i++) {
		test_row = pointers[i].name;
		req = pointers[i].req + (4ul << _IOC_SIZESHIFT);
		either(ioctl(fd_of(pointers[i].kind), req, buffer), EINVAL,
		       ENOTTY);
		req = pointers[i].req ^ ((unsigned long)_IOC_READ <<
					 _IOC_DIRSHIFT);
		either(ioctl(fd_of(pointers[i].kind), req, buffer), EINVAL,
		       ENOTTY);
	}
	for (kind = SYS; kind <= VCPU; kind++) {
		test_row = "unknown";
		either(ioctl(fd_of(kind), _IO(KVMIO, 0xff), 0ul), EINVAL,
		       ENOTTY);
		either(ioctl(fd_of(kind), _IOWR('Z', 0x46, long), buffer),
		       EINVAL, ENOTTY);
		either(ioctl(fd_of(kind), 0, 0ul), EINVAL, ENOTTY);
		either(ioctl(fd_of(kind), ~0u, buffer), EINVAL, ENOTTY);
	}
	test_row = NULL;
	unchanged(&before);
}

/* Arguments that must be zero or have a range. */
static void bad_arguments(void)
{
	struct kvm_enable_cap cap = { .cap = 0xfffff };
	struct snapshot before;
	uint64_t address = 0xfffbc000;
	int empty;

	machine();
	snapshot_take(&before);
	empty = OK(ioctl(vm.kvm, KVM_CREATE_VM, 0ul));
	ERR(ioctl(empty, KVM_SET_IDENTITY_MAP_ADDR, (void *)16), EFAULT);
	OK(ioctl(empty, KVM_SET_IDENTITY_MAP_ADDR, &address));
	OK(ioctl(empty, KVM_SET_TSS_ADDR, 0xfffbd000ul));
	close(empty);
	ERR(ioctl(vm.kvm, KVM_GET_API_VERSION, 1ul), EINVAL);
	ERR(ioctl(vm.kvm, KVM_GET_VCPU_MMAP_SIZE, 1ul), EINVAL);
	ERR(ioctl(vm.kvm, KVM_CREATE_VM, 99ul), EINVAL);
	ERR(ioctl(vm.kvm, KVM_CREATE_VM, ~0ul), EINVAL);
	ERR(ioctl(v.fd, KVM_RUN, 1ul), EINVAL);
	CHECK_EQ(ioctl(vm.kvm, KVM_CHECK_EXTENSION, 0xfffffful), 0);
	CHECK_EQ(ioctl(vm.fd, KVM_CHECK_EXTENSION, ~0ul), 0);
	CHECK_EQ(ioctl(vm.kvm, KVM_GET_API_VERSION, 0ul), KVM_API_VERSION);
	ERR(ioctl(vm.fd, KVM_ENABLE_CAP, &cap), EINVAL);
	cap.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2;
	cap.args[0] = ~0ull;
	ERR(ioctl(vm.fd, KVM_ENABLE_CAP, &cap), EINVAL);
	/* three pages that would wrap; a vCPU is there already */
	OK(ioctl(vm.fd, KVM_SET_TSS_ADDR, 0xffffd000ul));
	ERR(ioctl(vm.fd, KVM_SET_TSS_ADDR, 0xffffd001ul), EINVAL);
	ERR(ioctl(vm.fd, KVM_SET_IDENTITY_MAP_ADDR, &address), EINVAL);
	unchanged(&before);
}

/* Counts in front of an array: too small, too large. */
static void bad_counts(void)
{
	struct kvm_cpuid2 *c = calloc(1, 1 << 20);
	struct kvm_msr_list *l = calloc(1, 1 << 16);
	struct kvm_msrs *m = calloc(1, 1 << 20);
	struct snapshot before;
	unsigned int n;

	machine();
	snapshot_take(&before);
	c->nent = 1;
	ERR(ioctl(vm.kvm, KVM_GET_SUPPORTED_CPUID, c), E2BIG);
	c->nent = 0;
	ERR(ioctl(vm.kvm, KVM_GET_SUPPORTED_CPUID, c), E2BIG);
	ERR(ioctl(v.fd, KVM_GET_CPUID2, c), E2BIG);
	n = cpuid_supported(vm.kvm)->nent;
	c->nent = n - 1;
	ERR(ioctl(v.fd, KVM_GET_CPUID2, c), E2BIG);
	c->nent = n;
	OK(ioctl(v.fd, KVM_GET_CPUID2, c));
	CHECK_EQ(c->nent, n);
	c->nent = 257;
	ERR(ioctl(v.fd, KVM_SET_CPUID2, c), E2BIG);
	c->nent = ~0u;
	ERR(ioctl(v.fd, KVM_SET_CPUID2, c), E2BIG);
	l->nmsrs = 0;
	ERR(ioctl(vm.kvm, KVM_GET_MSR_INDEX_LIST, l), E2BIG);
	CHECK(l->nmsrs > 0);
	OK(ioctl(vm.kvm, KVM_GET_MSR_INDEX_LIST, l));
	m->nmsrs = 5000;
	ERR(ioctl(v.fd, KVM_GET_MSRS, m), E2BIG);
	ERR(ioctl(v.fd, KVM_SET_MSRS, m), E2BIG);
	m->nmsrs = ~0u;
	ERR(ioctl(v.fd, KVM_SET_MSRS, m), E2BIG);
	/* api.rst: the number processed, up to the first that fails */
	m->nmsrs = 3;
	m->entries[0].index = 0xc0000100;
	m->entries[1].index = 0x12345678;
	m->entries[2].index = 0xc0000101;
	CHECK_EQ(ioctl(v.fd, KVM_GET_MSRS, m), 1);
	CHECK_EQ(ioctl(v.fd, KVM_SET_MSRS, m), 1);
	m->nmsrs = 0;
	CHECK_EQ(ioctl(v.fd, KVM_GET_MSRS, m), 0);
	unchanged(&before);
}

/* Control registers that no CPU could hold. */
static void bad_sregs(void)
{
	static const struct {
		const char *name;
		uint64_t cr0, cr4, efer, cr3;	/* flipped */
	} rows[] = {
		{ "PG without PE", 1, 0, 0, 0 },
		{ "long mode without PAE", 0, 1 << 5, 0, 0 },
		{ "LMA without LME", 0, 0, 1 << 8, 0 },
		{ "long paging without LMA", 0, 0, 1 << 10, 0 },
		{ "CR0 bit 32", 1ull << 32, 0, 0, 0 },
		{ "CR4 bit 31", 0, 1u << 31, 0, 0 },
		{ "CR4 bit 63", 0, 1ull << 63, 0, 0 },
		{ "CR4.VMXE", 0, 1 << 13, 0, 0 },
		{ "CR3 beyond the CPU's width", 0, 0, 0, 1ull << 60 },
	};
	struct snapshot before;
	struct kvm_sregs s;
	unsigned int i;

	machine();
	snapshot_take(&before);
	for (i = 0; i < COUNT(rows); i++) {
		if (rows[i].cr4 == 1 << 13 && !cpu_is_amd())
			continue;
		test_row = rows[i].name;
		s = before.sregs;
		s.cr0 ^= rows[i].cr0;
		s.cr4 ^= rows[i].cr4;
		s.efer ^= rows[i].efer;
		s.cr3 ^= rows[i].cr3;
		s.ds.base = 0x1000;	/* must not be taken over either */
		ERR(ioctl(v.fd, KVM_SET_SREGS, &s), EINVAL);
	}
	test_row = NULL;
	unchanged(&before);
}

static void bad_vcpu_state(void)
{
	struct {
		struct kvm_signal_mask m;
		uint8_t bits[16];
	} mask = { { .len = 4 }, { 0 } };
	struct kvm_debugregs d;
	struct snapshot before;
	struct kvm_cpuid2 *c;

	machine();
	snapshot_take(&before);
	ERR(ioctl(v.fd, KVM_SET_SIGNAL_MASK, &mask), EINVAL);
	mask.m.len = 16;
	ERR(ioctl(v.fd, KVM_SET_SIGNAL_MASK, &mask), EINVAL);
	if (!ioctl(v.fd, KVM_GET_DEBUGREGS, &d)) {
		d.flags = 1;
		ERR(ioctl(v.fd, KVM_SET_DEBUGREGS, &d), EINVAL);
		d.flags = 0;
		d.dr6 |= 1ull << 32;
		ERR(ioctl(v.fd, KVM_SET_DEBUGREGS, &d), EINVAL);
		d.dr6 = 0xffff0ff0;
		d.dr7 |= 1ull << 32;
		ERR(ioctl(v.fd, KVM_SET_DEBUGREGS, &d), EINVAL);
	}
	/* Not another CPU after it ran; the same once more is no harm. */
	c = cpuid_supported(vm.kvm);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	c->entries[0].ebx ^= 1;
	ERR(ioctl(v.fd, KVM_SET_CPUID2, c), EINVAL);
	unchanged(&before);
}

/* What is no ioctl. */
static void other_calls(void)
{
	struct snapshot before;
	unsigned int kind;
	char byte = 0;

	machine();
	snapshot_take(&before);
	for (kind = SYS; kind <= VCPU; kind++) {
		ERR(read(fd_of(kind), &byte, 1), EINVAL);
		ERR(write(fd_of(kind), &byte, 1), EINVAL);
	}
	ERR((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, vm.kvm, 0), ENODEV);
	ERR((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, vm.fd, 0), ENODEV);
	unchanged(&before);
}

static const struct test_case cases[] = {
	{ "bad_pointers", bad_pointers, 0 },
	{ "wrong_fd", wrong_fd, 0 },
	{ "unknown_requests", unknown_requests, 0 },
	{ "bad_arguments", bad_arguments, 0 },
	{ "bad_counts", bad_counts, 0 },
	{ "bad_sregs", bad_sregs, 0 },
	{ "bad_vcpu_state", bad_vcpu_state, 0 },
	{ "other_calls", other_calls, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
