// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM does otherwise than a processor, by default, and how a VMM turns that
 * off (api.rst 7.31); which instructions exit (api.rst 7.13).
 */
#define _GNU_SOURCE
#include <time.h>
#include "start.h"

static struct vm vm;
static struct vcpu v;

enum { UD = 6, GP = 13 };

#define MISC_ENABLE	0x1a0
#define MISC_MWAIT	(1u << 18)
#define CR0_CD		(1u << 30)
#define QUIRKS \
	(KVM_X86_QUIRK_LINT0_REENABLED | KVM_X86_QUIRK_CD_NW_CLEARED | \
	 KVM_X86_QUIRK_LAPIC_MMIO_HOLE | KVM_X86_QUIRK_OUT_7E_INC_RIP | \
	 KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT | \
	 KVM_X86_QUIRK_FIX_HYPERCALL_INSN | KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS)

static bool is_linux(void)
{
	return !vm_cap(&vm, KVM_CAP_INTR_SHADOW);
}

static int enable(uint32_t cap, uint64_t arg)
{
	struct kvm_enable_cap c = { .cap = cap, .args = { arg } };

	return ioctl(vm.fd, KVM_ENABLE_CAP, &c);
}

static void quirks_off(uint64_t mask)
{
	OK(enable(KVM_CAP_DISABLE_QUIRKS2, mask));
}

/* The bit of leaf 1, ECX, that says MONITOR. */
static void cpuid_monitor(bool on)
{
	struct kvm_cpuid2 *c = cpuid_supported(vm.kvm);
	struct kvm_cpuid_entry2 *e = (void *)cpuid_find(c, 1, 0);

	e->ecx = on ? e->ecx | 8 : e->ecx & ~8u;
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	free(c);
}

/* A guest at @code with these quirks off. */
#define MACHINE(mode, code, off)					\
	do {								\
		vm_new(&vm, 0);						\
		quirks_off(off);					\
		vcpu_new(&vm, &v, 0);					\
		vcpu_code(&v, mode, code);				\
		exc_setup(&v);						\
	} while (0)

static void rax_set(uint64_t rax)
{
	struct kvm_regs r = vcpu_regs(&v);

	r.rax = rax;
	vcpu_set_regs(&v, &r);
}

static void capabilities(void)
{
	uint64_t mask;

	vm_new(&vm, 0);
	mask = vm_cap(&vm, KVM_CAP_DISABLE_QUIRKS2);
	CHECK_EQ(mask, QUIRKS);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_DISABLE_QUIRKS), 1);
	ERR(enable(KVM_CAP_DISABLE_QUIRKS2, 1ull << 31), EINVAL);
	ERR(enable(KVM_CAP_DISABLE_QUIRKS2, 1ull << 63 | mask), EINVAL);
	OK(enable(KVM_CAP_DISABLE_QUIRKS2, mask));
	/* The older one cannot say which there are: it takes any. */
	OK(enable(KVM_CAP_DISABLE_QUIRKS, ~0ull));
	OK(enable(KVM_CAP_DISABLE_QUIRKS, 0));
}

/* ---- MONITOR and MWAIT ---- */

GUEST(64, g_mwait, "lea 0x10000, %rax\n xor %ecx, %ecx\n xor %edx, %edx\n"
      "monitor %rax, %ecx, %edx\n xor %eax, %eax\n mwait %eax, %ecx\n" DONE);

#define MONITOR_AT	12
#define MWAIT_AT	17

static void host_has_monitor(void)
{
	unsigned int eax = 1, ebx, ecx = 0, edx;

	asm volatile("cpuid" : "+a" (eax), "=b" (ebx), "+c" (ecx), "=d" (edx));
	if (!(ecx & 8))
		test_skip("the processor has no MONITOR");
}

static void mwait_default(void)
{
	int on;

	host_has_monitor();
	for (on = 0; on < 2; on++) {
		MACHINE(MODE_LONG, g_mwait, 0);
		cpuid_monitor(on);
		vcpu_until(&v, PORT_DONE);
		MACHINE(MODE_PROT, g_mwait, 0);
		cpuid_monitor(on);
		vcpu_until(&v, PORT_DONE);
	}
}

static void mwait_undefined(void)
{
	struct kvm_regs r;

	host_has_monitor();
	MACHINE(MODE_LONG, g_mwait, KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS);
	cpuid_monitor(false);
	exc_expect(&v, UD, MONITOR_AT);
	r = vcpu_regs(&v);
	r.rip = GPA_CODE + MWAIT_AT;
	vcpu_set_regs(&v, &r);
	exc_expect(&v, UD, MWAIT_AT);
	MACHINE(MODE_LONG, g_mwait, KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS);
	cpuid_monitor(true);
	vcpu_until(&v, PORT_DONE);
}

/* APM vol. 3, MONITOR, MWAIT: no extension is defined but MWAIT's bit 0. */
GUEST(64, g_monitor_ext, "mov $1, %ecx\n monitor %rax, %ecx, %edx\n" DONE);
GUEST(64, g_mwait_ext, "mov $2, %ecx\n mwait %eax, %ecx\n" DONE);

static void mwait_operands(void)
{
	host_has_monitor();
	MACHINE(MODE_LONG, g_monitor_ext, 0);
	CHECK_EQ(exc_expect(&v, GP, 5).error, 0);
	MACHINE(MODE_LONG, g_mwait_ext, 0);
	CHECK_EQ(exc_expect(&v, GP, 5).error, 0);
}

/* It ends the shadow of STI as others do, and a step stops behind it. */
static void mwait_step(void)
{
	struct kvm_guest_debug d = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP };

	host_has_monitor();
	MACHINE(MODE_LONG, g_mwait, 0);
	if (is_linux())
		test_skip("Linux's KVM loses steps");
	vcpu_set_regs(&v, &(struct kvm_regs){
		.rip = GPA_CODE + MWAIT_AT, .rflags = 2, .rsp = GPA_STACK });
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d));
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.pc, GPA_CODE + MWAIT_AT + 3);
}

/* ---- MISC_ENABLE and CPUID ---- */

GUEST(64, g_misc, "mov $1, %eax\n cpuid\n and $8, %ecx\n mov %ecx, %esi\n"
      "mov $0x1a0, %ecx\n rdmsr\n btc $18, %eax\n wrmsr\n"
      "mov $1, %eax\n cpuid\n and $8, %ecx\n mov %ecx, %edi\n" DONE);

static void misc_enable(bool cpuid, bool off, unsigned int before,
			unsigned int after)
{
	struct kvm_regs r;

	MACHINE(MODE_LONG, g_misc,
		off ? KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT : 0);
	cpuid_monitor(cpuid);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rsi, before);
	CHECK_EQ(r.rdi, after);
}

static void misc_enable_mwait(void)
{
	misc_enable(false, false, 0, 0);
	misc_enable(true, false, 8, 8);
	/* The bit is clear after reset. */
	misc_enable(false, true, 0, 8);
	misc_enable(true, true, 0, 8);
}

GUEST(64, g_misc_mwait, "mov $0x1a0, %ecx\n rdmsr\n btc $18, %eax\n wrmsr\n"
      "xor %eax, %eax\n xor %ecx, %ecx\n mwait %eax, %ecx\n"
      "mov $0x1a0, %ecx\n rdmsr\n btc $18, %eax\n wrmsr\n"
      "xor %eax, %eax\n xor %ecx, %ecx\n mwait %eax, %ecx\n" DONE);

/* What CPUID says now decides on #UD. */
static void misc_enable_undefined(void)
{
	host_has_monitor();
	MACHINE(MODE_LONG, g_misc_mwait, KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT |
					 KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS);
	cpuid_monitor(false);
	exc_expect(&v, UD, 37);
}

/* ---- hypercalls ---- */

GUEST(64, g_vmcall, "vmcall\n" DONE);
GUEST(64, g_vmmcall, "vmmcall\n" DONE);
GUEST(64, g_rex, "rex.w vmcall\n" DONE);

/* The other vendor's instruction, and this one's. */
static const uint8_t *other(bool is_other)
{
	return is_other == cpu_is_amd() ? g_vmcall : g_vmmcall;
}

static void hypercall_patched(enum mode mode)
{
	int i;

	MACHINE(mode, g_vmcall, 0);
	memcpy(vm.mem + GPA_CODE, other(true), 3);
	for (i = 0; i < 2; i++) {
		vcpu_restart(&v, 0);
		rax_set(0x1234);
		vcpu_until(&v, PORT_DONE);
		CHECK_EQ(vcpu_regs(&v).rax,
			 mode == MODE_LONG ? -1000ull : (uint32_t)-1000);
		CHECK(!memcmp(vm.mem + GPA_CODE, other(false), 3));
	}
}

static void hypercall_default(void)
{
	hypercall_patched(MODE_LONG);
	hypercall_patched(MODE_PROT);
	hypercall_patched(MODE_PAE);
}

static void hypercall_undefined(void)
{
	MACHINE(MODE_LONG, g_vmcall, KVM_X86_QUIRK_FIX_HYPERCALL_INSN);
	memcpy(vm.mem + GPA_CODE, other(true), 3);
	rax_set(0x1234);
	exc_expect(&v, UD, 0);
	CHECK(!memcmp(vm.mem + GPA_CODE, other(true), 3));
	memcpy(vm.mem + GPA_CODE, other(false), 3);
	vcpu_restart(&v, 0);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, -1000ull);
}

/* The rest of what is undefined stays so. */
GUEST(64, g_undefined, "ud2\n vmlaunch\n" DONE);

static void undefined(void)
{
	struct kvm_regs r;

	MACHINE(MODE_LONG, g_undefined, 0);
	exc_expect(&v, UD, 0);
	r = vcpu_regs(&v);
	r.rip = GPA_CODE + 2;
	vcpu_set_regs(&v, &r);
	exc_expect(&v, UD, 2);
}

/* The write goes the way of all writes: the dirty log tells of it. */
static void hypercall_dirty(void)
{
	struct kvm_dirty_log log = { .slot = 0 };
	uint64_t *bits = calloc(1, RAM_SIZE / 4096 / 8);

	MACHINE(MODE_LONG, g_vmcall, 0);
	memcpy(vm.mem + GPA_CODE, other(true), 3);
	OK(vm_slot(&vm, SLOT_FLAGS(0, KVM_MEM_LOG_DIRTY_PAGES), 0, vm.mem,
		   vm.size));
	log.dirty_bitmap = bits;
	OK(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log));
	vcpu_until(&v, PORT_DONE);
	OK(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log));
	CHECK_EQ(bits[0] >> (GPA_CODE >> 12) & 1, 1);
	CHECK_EQ(bits[0] >> (GPA_DATA >> 12) & 1, 0);
}

/* The instruction's last byte lies in another page than the first ones. */
static void hypercall_pages(void)
{
	struct kvm_regs r;

	MACHINE(MODE_LONG, g_vmcall, 0);
	r = vcpu_regs(&v);
	r.rip = GPA_DATA + 0x1000 - 2;
	r.rax = 0x1234;
	vcpu_set_regs(&v, &r);
	memcpy(vm.mem + r.rip, other(true), 3);
	memcpy(vm.mem + r.rip + 3, "\xe6\xf4", 2);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, -1000ull);
	CHECK(!memcmp(vm.mem + r.rip, other(false), 3));
}

/*
 * Code that the guest cannot write, by its tables or in a slot that is only to be
 * read: executed as it is.  Linux's KVM gives the guest a #PF, or userspace the
 * write.
 */
static void hypercall_read_only(void)
{
	uint8_t *rom = mem_new(4096, 0);
	struct kvm_sregs s;
	struct kvm_regs r;

	MACHINE(MODE_LONG, g_vmcall, 0);
	if (is_linux())
		test_skip("Linux's KVM raises #PF");
	pt_map(&v.pt, 0, 0, 2, PTE_P | PTE_U);
	pt_map(&v.pt, 0x40000000, 0, 2, PTE_P | PTE_U | PTE_W);
	r = vcpu_regs(&v);
	r.rsp = 0x40000000 + GPA_STACK;
	r.rax = 0x1234;
	vcpu_set_regs(&v, &r);
	s = vcpu_sregs(&v);
	s.cr0 |= 1 << 16;		/* WP */
	vcpu_set_sregs(&v, &s);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, -1000ull);
	CHECK(!memcmp(vm.mem + GPA_CODE, g_vmcall, 3));

	MACHINE(MODE_LONG, g_vmcall, 0);
	memcpy(rom, g_vmcall, g_vmcall_end - g_vmcall);
	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_READONLY), GPA_HOLE, rom, 4096));
	r = vcpu_regs(&v);
	r.rip = GPA_HOLE;
	r.rax = 0x1234;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, -1000ull);
	CHECK(!memcmp(rom, g_vmcall, 3));
}

static void hypercall_prefix(void)
{
	MACHINE(MODE_LONG, g_rex, 0);
	if (is_linux())
		test_skip("Linux's KVM raises #UD");
	rax_set(0x1234);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, -1000ull);
}

/* linux/kvm_para.h: programs get -KVM_EPERM, and theirs is rewritten too. */
static void hypercall_user(void)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	MACHINE(MODE_LONG, g_vmcall, 0);
	if (is_linux())
		test_skip("Linux's KVM does so at CPL 0 only");
	memcpy(vm.mem + GPA_CODE, other(true), 3);
	s = vcpu_sregs(&v);
	s.cs.dpl = s.ss.dpl = 3;
	s.cs.selector = SEL_UCODE64;
	s.ss.selector = SEL_UDATA;
	vcpu_set_sregs(&v, &s);
	r = vcpu_regs(&v);
	r.rflags |= 0x3000;
	r.rax = 0x1234;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, -1ull);
	CHECK(!memcmp(vm.mem + GPA_CODE, other(false), 3));
}

static void hypercall_step(void)
{
	struct kvm_guest_debug d = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP };

	MACHINE(MODE_LONG, g_vmcall, 0);
	if (is_linux())
		test_skip("Linux's KVM loses steps");
	rax_set(0x1234);
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d));
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.pc, GPA_CODE + 3);
	CHECK_EQ(vcpu_regs(&v).rax, -1000ull);
}

/* ---- port 0x7e ---- */

GUEST(64, g_7e, "inc %ebx\n out %al, $0x7e\n inc %ebx\n" DONE);

static void port_7e(void)
{
	struct kvm_regs r;

	MACHINE(MODE_LONG, g_7e, 0);
	vcpu_until(&v, 0x7e);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + 4);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 2);

	MACHINE(MODE_LONG, g_7e, KVM_X86_QUIRK_OUT_7E_INC_RIP);
	vcpu_until(&v, 0x7e);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + 2);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 2);

	/* Userspace puts the vCPU elsewhere: that stands. */
	MACHINE(MODE_LONG, g_7e, KVM_X86_QUIRK_OUT_7E_INC_RIP);
	vcpu_until(&v, 0x7e);
	r = vcpu_regs(&v);
	r.rip = GPA_CODE + 6;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 1);
}

/* ---- CR0.CD and CR0.NW ---- */

/*
 * The guest reads what it wrote, either way.  With the quirk the processor does not
 * have it, so each read exits: that takes many times longer.
 */
GUEST(64, g_cd, "mov %cr0, %rax\n bts $30, %rax\n bts $16, %rax\n mov %rax, %cr0\n"
      "out %al, $0x20\n mov $20000, %ecx\n"
      "1: mov %cr0, %rbx\n dec %ecx\n jnz 1b\n" DONE);

static double cd_seconds(uint64_t off)
{
	struct timespec from, to;

	MACHINE(MODE_LONG, g_cd, off);
	vcpu_until(&v, 0x20);
	CHECK_EQ(vcpu_sregs(&v).cr0 & CR0_CD, CR0_CD);
	clock_gettime(CLOCK_MONOTONIC, &from);
	vcpu_until(&v, PORT_DONE);
	clock_gettime(CLOCK_MONOTONIC, &to);
	CHECK_EQ(vcpu_regs(&v).rbx & CR0_CD, CR0_CD);
	return to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) * 1e-9;
}

static void cache_disable(void)
{
	double cleared = cd_seconds(0), kept;

	kept = cd_seconds(KVM_X86_QUIRK_CD_NW_CLEARED);
	if (!cpu_is_amd())
		test_skip("VT-x reads CR0 without an exit");
	if (kept * 4 > cleared)
		FAIL("%f s with the quirk, %f s without", cleared, kept);
}

/* ---- instructions that need not exit ---- */

GUEST(64, g_hlt, "sti\n hlt\n pause\n" DONE);

static void exits_off(void)
{
	uint64_t mask;

	vm_new(&vm, 0);
	mask = vm_cap(&vm, KVM_CAP_X86_DISABLE_EXITS);
	CHECK_EQ(mask & KVM_X86_DISABLE_EXITS_HLT, KVM_X86_DISABLE_EXITS_HLT);
	CHECK_EQ(mask & ~(uint64_t)KVM_X86_DISABLE_VALID_EXITS, 0);
	ERR(enable(KVM_CAP_X86_DISABLE_EXITS, 1 << 4), EINVAL);
	ERR(enable(KVM_CAP_X86_DISABLE_EXITS, 1ull << 32), EINVAL);
	OK(enable(KVM_CAP_X86_DISABLE_EXITS, mask));

	MACHINE(MODE_LONG, g_hlt, 0);
	vcpu_expect(&v, KVM_EXIT_HLT);
	vcpu_until(&v, PORT_DONE);
}

/* It waits in the guest, for any interrupt, be it the host's. */
static void halt_inside(void)
{
	vm_new(&vm, 0);
	OK(enable(KVM_CAP_X86_DISABLE_EXITS, KVM_X86_DISABLE_EXITS_HLT |
					     KVM_X86_DISABLE_EXITS_PAUSE));
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_hlt);
	exc_setup(&v);
	vcpu_until(&v, PORT_DONE);
}

/* The number behind a name, or whether the name is there. */
static uint64_t found(const char *file, const char *name)
{
	FILE *f = fopen(file, "r");
	char line[8192];
	uint64_t n = 0;

	while (f && fgets(line, sizeof(line), f))
		n = name ? n | !!strstr(line, name) : strtoull(line, NULL, 10);
	if (f)
		fclose(f);
	return n;
}

static uint64_t exits_so_far(void)
{
	return found("/sys/kernel/debug/kvm/exits", NULL) -
	       found("/sys/kernel/debug/kvm/irq_exits", NULL);
}

GUEST(64, g_spin, "mov $100000, %ecx\n 1: pause\n dec %ecx\n jnz 1b\n" DONE);

/* AMD's filter lets 3,000 PAUSEs of a loop pass (the module's parameter), then one exits. */
static void pause_loop(void)
{
	uint64_t n;
	int off;

	if (!found("/proc/cpuinfo", " pausefilter") || !found("/proc/cpuinfo", " pfthreshold"))
		test_skip("no filter of PAUSE");
	for (off = 0; off < 2; off++) {
		vm_new(&vm, 0);
		if (off)
			OK(enable(KVM_CAP_X86_DISABLE_EXITS, KVM_X86_DISABLE_EXITS_PAUSE));
		vcpu_new(&vm, &v, 0);
		vcpu_code(&v, MODE_LONG, g_spin);
		n = exits_so_far();
		vcpu_until(&v, PORT_DONE);
		n = exits_so_far() - n;
		/* nested paging's own are few */
		if (off ? n > 20 : n < 30 || n > 200)
			FAIL("%lu exits, PAUSE's %s", n, off ? "off" : "on");
	}
}

/* With MWAIT in the guest the quirk has no say. */
static void mwait_inside(void)
{
	host_has_monitor();
	vm_new(&vm, 0);
	if (!(vm_cap(&vm, KVM_CAP_X86_DISABLE_EXITS) &
	      KVM_X86_DISABLE_EXITS_MWAIT))
		test_skip("not on this host");
	OK(enable(KVM_CAP_X86_DISABLE_EXITS, KVM_X86_DISABLE_EXITS_MWAIT));
	quirks_off(KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS);
	vcpu_new(&vm, &v, 0);
	cpuid_monitor(false);
	vcpu_code(&v, MODE_LONG, g_mwait);
	exc_setup(&v);
	/* Bochs' processor waits for no interrupt that IF masks. */
	vcpu_restart(&v, 0x200);
	vcpu_until(&v, PORT_DONE);
}

/* A VMM may ask when there are vCPUs, also such as have run. */
static void later(void)
{
	MACHINE(MODE_LONG, g_hlt, 0);
	vcpu_expect(&v, KVM_EXIT_HLT);
	OK(enable(KVM_CAP_X86_DISABLE_EXITS, KVM_X86_DISABLE_EXITS_HLT));
	if (is_linux())
		test_skip("Linux's KVM looks at the vCPU's creation");
	vcpu_restart(&v, 0);
	vcpu_until(&v, PORT_DONE);
	vm_load(&vm, GPA_CODE, g_vmcall, g_vmcall_end);
	memcpy(vm.mem + GPA_CODE, other(true), 3);
	vcpu_restart(&v, 0);
	quirks_off(KVM_X86_QUIRK_FIX_HYPERCALL_INSN);
	exc_expect(&v, UD, 0);
	/* The whole set is replaced. */
	quirks_off(0);
	vcpu_restart(&v, 0);
	vcpu_until(&v, PORT_DONE);
}

#define CASE(name) { #name, name, 30 }

static const struct test_case cases[] = {
	CASE(capabilities), CASE(mwait_default), CASE(mwait_undefined),
	CASE(mwait_operands), CASE(mwait_step), CASE(misc_enable_mwait),
	CASE(misc_enable_undefined), CASE(hypercall_default),
	CASE(hypercall_undefined), CASE(undefined), CASE(hypercall_dirty),
	CASE(hypercall_pages), CASE(hypercall_read_only),
	CASE(hypercall_prefix), CASE(hypercall_user), CASE(hypercall_step),
	CASE(port_7e), CASE(cache_disable), CASE(exits_off),
	CASE(halt_inside), CASE(pause_loop), CASE(mwait_inside), CASE(later),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
