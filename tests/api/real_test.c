// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real mode.  On Intel's processors without an unrestricted guest it is not what the
 * hardware runs, and nothing of that may be seen, by the guest or by userspace.
 */
#define _GNU_SOURCE
#include "debug.h"
#include "real.h"
#include "stat.h"

#define FLAGS_VM	0x20000
#define PORT_STOP	0x20
#define STOP		"out %al, $0x20\n"

/* What an interrupt pushes. */
struct frame { uint16_t ip, cs, flags; };

static uint8_t *stack(void)
{
	return vm.mem + vcpu_sregs(&v).ss.base + (vcpu_regs(&v).rsp & 0xffff);
}

#define START_REAL(code)						\
	do {								\
		START_BARE(MODE_REAL, code);				\
		real_vectors(&vm);					\
	} while (0)

/* The next handler is this vector's, and goes back to this place. */
static struct frame taken(unsigned int vector, unsigned int offset)
{
	struct frame f;

	vcpu_until(&v, PORT_EXC);
	CHECK_EQ(vcpu_regs(&v).rbp & 0xffff, vector);
	memcpy(&f, stack(), sizeof(f));
	CHECK_EQ(f.cs, 0);
	CHECK_EQ(f.ip, GPA_CODE + offset);
	return f;
}

static void interrupt(unsigned int vector)
{
	OK(ioctl(v.fd, KVM_INTERRUPT, &(struct kvm_interrupt){ vector }));
}

static uint64_t emulated(void)
{
	return stat_get(v.fd, "insn_emulation");
}

/* Runs to @port with next to nothing in software. */
static void in_hardware(uint16_t port)
{
	uint64_t before = emulated();

	vcpu_until(&v, port);
	if (emulated() - before > 200)
		FAIL("%llu instructions in software",
		     (unsigned long long)(emulated() - before));
}

/* A million, with loads of segments, a far jump, a call and a stack. */
GUEST(16, g_loop, "mov $15, %dx\n"
      "1: mov $0x1000, %ax\n mov %ax, %ds\n mov %ax, %es\n mov %ax, %fs\n"
      "mov $0x3000, %cx\n xor %si, %si\n xor %di, %di\n"
      "2: lodsb\n push %ax\n pop %bx\n call 3f\n loop 2b\n"
      "ljmp $0x100, $(4f - g_loop + 0x7000)\n"
      "4: ljmp $0x0, $(5f - g_loop + 0x8000)\n"
      "5: dec %dx\n jnz 1b\n" DONE
      "3: stosb\n ret\n");

static void loop(void)
{
	START_REAL(g_loop);
	in_hardware(PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rdx & 0xffff, 0);
	CHECK_EQ(vcpu_regs(&v).rdi & 0xffff, 0x3000);
	CHECK_EQ(vcpu_sregs(&v).ds.base, 0x10000);
	CHECK_EQ(vcpu_sregs(&v).cs.base, 0);
}

/* IOPL and NT are the guest's own. */
GUEST(16, g_flags, "push $0x6246\n popf\n pushf\n pop %bx\n cli\n pushf\n pop %cx\n"
      "int $0x21\n sti\n pushf\n pop %dx\n" STOP
      "pushl $0x1246\n popfl\n pushfl\n pop %ebx\n" DONE);

static void flags(void)
{
	START_REAL(g_flags);
	CHECK_EQ(taken(0x21, 11).flags, 0x6046);
	CHECK_EQ(vcpu_regs(&v).rflags, 0x6046);
	vcpu_until(&v, PORT_STOP);
	CHECK_EQ(vcpu_regs(&v).rbx & 0xffff, 0x6246);
	CHECK_EQ(vcpu_regs(&v).rcx & 0xffff, 0x6046);
	CHECK_EQ(vcpu_regs(&v).rdx & 0xffff, 0x6246);
	CHECK_EQ(vcpu_regs(&v).rflags, 0x6246);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ((uint32_t)vcpu_regs(&v).rbx, 0x1246);
	CHECK_EQ(vcpu_regs(&v).rsp & 0xffff, GPA_STACK);
}

static const struct raising {
	const char *name;
	uint8_t code[8];
	uint8_t vector;
	uint8_t offset;
	bool not_tcg;		/* which checks no limits, and has no INT1 */
} raisings[] = {
	{ "DIV by 0", { 0x31, 0xc9, 0xf7, 0xf1 }, 0, 2, false },
	{ "INT1", { 0x90, 0xf1 }, 1, 2, true },
	{ "INT3", { 0x90, 0xcc }, 3, 2, false },
	{ "INTO", { 0xb0, 0x7f, 4, 1, 0xce }, 4, 5, false },
	{ "BOUND", { 0xb8, 5, 0, 0x62, 6, 0, 0x70 }, 5, 3, false },
	{ "UD2", { 0x90, 0x0f, 0x0b }, 6, 1, false },
	{ "LLDT", { 0x0f, 0, 0xd0 }, 6, 0, false },
	{ "LOCK NOP", { 0xf0, 0x90 }, 6, 0, false },
	{ "stack's end", { 0xbd, 0xff, 0xff, 0x8b, 0x46, 0 }, 12, 3, true },
	{ "segment's end", { 0x90, 0xa1, 0xff, 0xff }, 13, 1, true },
	{ "x87 at the end", { 0xdd, 6, 0xfe, 0xff }, 13, 0, true },
	{ "INT 3", { 0xcd, 3 }, 3, 2, false },
	{ "INT 0xff", { 0xcd, 0xff }, 255, 2, false },
};

static void exceptions(void)
{
	for (unsigned int i = 0; i < sizeof(raisings) / sizeof(*raisings); i++) {
		const struct raising *r = &raisings[i];

		test_row = r->name;
		if (r->not_tcg && cpu_is_tcg())
			continue;
		START_REAL(g_flags);
		memcpy(vm.mem + GPA_CODE, r->code, sizeof(r->code));
		vcpu_restart(&v, FLAGS_IF);
		CHECK_EQ(taken(r->vector, r->offset).flags & ~0x8d5, FLAGS_IF | 2);
		CHECK_EQ(vcpu_regs(&v).rflags & (FLAGS_IF | FLAGS_VM), 0);
		vm_close(&vm);
		vcpu_close(&v);
	}
}

GUEST(16, g_ports, "mov $0x1234, %dx\n mov $0x89abcdef, %eax\n"
      "out %al, %dx\n out %ax, %dx\n out %eax, %dx\n"
      "xor %eax, %eax\n in $0x55, %ax\n mov %ax, %bx\n"
      "mov $0x1000, %ax\n mov %ax, %ds\n mov %ax, %es\n mov $5, %cx\n"
      "xor %si, %si\n rep outsb\n mov $3, %cx\n mov $0x40, %di\n"
      "rep insw\n" DONE);

static void port_out(unsigned int size, uint32_t value)
{
	vcpu_until(&v, 0x1234);
	CHECK_EQ(v.run->io.direction, KVM_EXIT_IO_OUT);
	CHECK_EQ(v.run->io.size, size);
	CHECK_EQ(memcmp(vcpu_pio_data(&v), &value, size), 0);
}

/* However many come at once. */
static void port_string(unsigned int direction, unsigned int size, uint8_t *data,
			unsigned int count)
{
	for (unsigned int n, bytes; count; count -= n) {
		vcpu_expect(&v, KVM_EXIT_IO);
		CHECK_EQ(v.run->io.port, 0x1234);
		CHECK_EQ(v.run->io.direction, direction);
		CHECK_EQ(v.run->io.size, size);
		n = v.run->io.count;
		CHECK(n <= count);
		bytes = n * size;
		if (direction == KVM_EXIT_IO_IN)
			memcpy(vcpu_pio_data(&v), data, bytes);
		else
			CHECK_EQ(memcmp(vcpu_pio_data(&v), data, bytes), 0);
		data += bytes;
	}
}

static void ports(void)
{
	uint8_t in[] = "ABCDEF";

	START_REAL(g_ports);
	memcpy(vm.mem + 0x10000, "hello", 5);
	port_out(1, 0xef);
	port_out(2, 0xcdef);
	port_out(4, 0x89abcdef);
	vcpu_expect(&v, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, 0x55);
	CHECK_EQ(v.run->io.direction, KVM_EXIT_IO_IN);
	CHECK_EQ(v.run->io.size, 2);
	memcpy(vcpu_pio_data(&v), "\x78\x56", 2);
	port_string(KVM_EXIT_IO_OUT, 1, (uint8_t *)"hello", 5);
	port_string(KVM_EXIT_IO_IN, 2, in, 3);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx & 0xffff, 0x5678);
	CHECK_EQ(memcmp(vm.mem + 0x10040, in, 6), 0);
	CHECK_EQ(vcpu_regs(&v).rsi & 0xffff, 5);
}

GUEST(16, g_hlt, "sti\n hlt\n inc %bx\n" DONE);

static void hlt(void)
{
	START_REAL(g_hlt);
	vcpu_expect(&v, KVM_EXIT_HLT);
	interrupt(VEC);
	CHECK_EQ(taken(VEC, 2).flags & FLAGS_IF, FLAGS_IF);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx & 0xffff, 1);
}

/* An interrupt waits while the guest works with IF clear, which is no reason for software. */
GUEST(16, g_waits, STOP "mov $0xffff, %cx\n 1: loop 1b\n sti\n nop\n nop\n" DONE);

static void waits(void)
{
	START_REAL(g_waits);
	vcpu_until(&v, PORT_STOP);
	if (is_stock())
		test_skip("Linux's KVM does not wait for IF");
	interrupt(VEC);
	in_hardware(PORT_EXC);
	CHECK_EQ(((struct frame *)stack())->ip, GPA_CODE + 9);
	vcpu_until(&v, PORT_DONE);
}

/* One in the handler of another waits for its IRET. */
GUEST(16, g_nmi, STOP "nop\n nop\n" DONE);

static void nmi(void)
{
	START_REAL(g_nmi);
	vcpu_restart(&v, nmi_flags());
	vcpu_until(&v, PORT_STOP);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	taken(NMI, 2);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	taken(NMI, 2);
	vcpu_until(&v, PORT_DONE);
}

/*
 * To protected mode and back, with segments of 4 GiB for a word behind 1 MiB, which real
 * mode reads; then with those of 64 KiB, and the loop of @loop.
 */
GUEST(16, g_there, "mov %cr0, %eax\n or $1, %al\n mov %eax, %cr0\n"
      "ljmp $0x20, $(1f - g_there + 0x8000)\n"
      "1: mov $0x10, %bx\n mov %bx, %ds\n mov %bx, %es\n mov $0x12345678, %ecx\n"
      "mov $0x200000, %edi\n mov %ecx, (%edi)\n"
      "and $0xfe, %al\n mov %eax, %cr0\n ljmp $0x0, $(2f - g_there + 0x8000)\n"
      "2: mov $0x1000, %bx\n mov %bx, %ds\n sub $0x10000, %edi\n mov (%edi), %ebp\n"
      STOP
      "mov %cr0, %eax\n or $1, %al\n mov %eax, %cr0\n"
      "mov $0x28, %bx\n mov %bx, %ds\n mov %bx, %es\n mov %bx, %ss\n"
      "mov %bx, %fs\n mov %bx, %gs\n"
      "and $0xfe, %al\n mov %eax, %cr0\n xor %bx, %bx\n mov %bx, %ds\n"
      "mov %bx, %es\n mov %bx, %fs\n mov %bx, %gs\n mov %bx, %ss\n"
      "ljmp $0x0, $(3f - g_there + 0x8000)\n"
      "3: " STOP);

static void there_and_back(void)
{
	struct kvm_sregs s;

	START_BARE(MODE_PROT, g_there);
	s = vcpu_sregs(&v);
	vcpu_mode(&v, MODE_REAL, GPA_CODE);
	s.cs = vcpu_sregs(&v).cs;
	s.ss = s.ds = s.es = s.fs = s.gs = vcpu_sregs(&v).ds;
	s.tr = vcpu_sregs(&v).tr;
	s.ldt = vcpu_sregs(&v).ldt;
	s.cr0 &= ~1ull;
	vcpu_set_sregs(&v, &s);
	vcpu_until(&v, PORT_STOP);
	CHECK_EQ((uint32_t)*vm_u64(&vm, 0x200000), 0x12345678);
	CHECK_EQ((uint32_t)vcpu_regs(&v).rbp, 0x12345678);
	CHECK_EQ(vcpu_sregs(&v).ds.base, 0x10000);
	CHECK_EQ(vcpu_sregs(&v).ds.limit, 0xffffffff);
	CHECK_EQ(vcpu_sregs(&v).cr0 & 1, 0);
	vcpu_until(&v, PORT_STOP);
	CHECK_EQ(vcpu_sregs(&v).ds.limit, 0xffff);
	CHECK_EQ(vcpu_sregs(&v).ds.base, 0);
	vm_load(&vm, GPA_CODE, g_loop, g_loop_end);
	vcpu_restart(&v, 0);
	in_hardware(PORT_DONE);
}

static void sregs_check(const struct kvm_sregs *want)
{
	static const char *const names[] = {
		"CS", "DS", "ES", "FS", "GS", "SS", "TR", "LDTR",
	};
	struct kvm_sregs got = vcpu_sregs(&v);

	for (unsigned int i = 0; i < 8; i++) {
		const struct kvm_segment *g = &got.cs + i, *w = &want->cs + i;

		test_row = names[i];
		CHECK_EQ(g->selector, w->selector);
		CHECK_EQ(g->base, w->base);
		CHECK_EQ(g->limit, w->limit);
		CHECK_EQ(g->type, w->type);
		CHECK_EQ(g->dpl, w->dpl);
		CHECK_EQ(memcmp(g, w, sizeof(*g)), 0);
	}
	test_row = NULL;
	CHECK_EQ(got.cr0, want->cr0);
	CHECK_EQ(got.cr3, want->cr3);
	CHECK_EQ(got.cr4, want->cr4);
	CHECK_EQ(memcmp(&got, want, sizeof(got)), 0);
}

/* All of it as userspace has set it, but for what the guest has changed. */
GUEST(16, g_trip, "mov $0x1000, %ax\n mov %ax, %ds\n mov $0x2345, %ax\n mov %ax, %gs\n"
      "mov $7, %cx\n rdtsc\n" STOP "mov %ds, %bx\n mov %gs, %dx\n" DONE);

static void round_trip(void)
{
	struct kvm_sregs set;
	struct kvm_regs regs;

	START_REAL(g_trip);
	set = vcpu_sregs(&v);
	set.cs.type = 3;
	set.tr.selector = 0x50;
	set.tr.base = GPA_TSS;
	set.tr.limit = 0x67;
	set.ldt.selector = 0x30;
	set.ldt.base = 0x1230;
	set.ldt.limit = 0x17;
	set.fs.selector = 0x3000;
	set.fs.base = 0x30000;
	set.idt.limit = 0x2ff;
	set.gdt.base = 0x7700;
	set.gdt.limit = 0x3f;
	set.cr3 = 0x5000;
	set.cr4 |= 1 | 4;		/* VME, TSD */
	set.cr0 |= 1 << 18;		/* AM */
	vcpu_set_sregs(&v, &set);
	vcpu_restart(&v, 0x40000);	/* AC */
	vcpu_until(&v, PORT_STOP);
	set.ds.selector = 0x1000;
	set.ds.base = 0x10000;
	set.gs.selector = 0x2345;
	set.gs.base = 0x23450;
	sregs_check(&set);
	regs = vcpu_regs(&v);
	CHECK_EQ(regs.rflags, 0x40002);
	vcpu_set_sregs(&v, &set);
	vcpu_set_regs(&v, &regs);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx & 0xffff, 0x1000);
	CHECK_EQ(vcpu_regs(&v).rdx & 0xffff, 0x2345);
	sregs_check(&set);
}

/* What tells of the processor's state, and what changes it. */
GUEST(16, g_system, "sidt 0x7000\n sgdt 0x7008\n smsw %bx\n mov %cr4, %esi\n"
      "mov %cr0, %edi\n" STOP
      "lidt 0x7010\n lgdt 0x7018\n sidt 0x7000\n sgdt 0x7008\n"
      "or $8, %di\n mov %edi, %cr0\n smsw %bx\n clts\n smsw %dx\n"
      "mov $0x800, %eax\n mov %eax, %dr0\n mov %dr0, %ecx\n wbinvd\n" STOP
      "mov $0x12345, %ebx\n mov %bx, 0x7001\n pushl $0x40002\n popfl\n"
      "mov %ebx, 0x7001\n mov 0x7001, %ecx\n" DONE);

static void system_registers(void)
{
	static const uint8_t tables[16] = {
		0xff, 3, 0, 0, 0, 0, 0, 0, 0x37, 0, 0, 0x11, 0, 0x22, 0, 0,
	};
	struct kvm_sregs s;

	START_REAL(g_system);
	s = vcpu_sregs(&v);
	s.cr4 |= 1;
	s.cr0 |= 1 << 18;
	vcpu_set_sregs(&v, &s);
	memcpy(vm.mem + 0x7010, tables, sizeof(tables));
	vcpu_until(&v, PORT_STOP);
	CHECK_EQ(*vm_u64(&vm, 0x7000) & 0xffffffffff, 0x3ff);
	CHECK_EQ(*vm_u64(&vm, 0x7008) & 0xffffffffff, 0xffff);
	CHECK_EQ(vcpu_regs(&v).rbx & 0xffff, 0x30);
	CHECK_EQ((uint32_t)vcpu_regs(&v).rsi, s.cr4);
	CHECK_EQ((uint32_t)vcpu_regs(&v).rdi, s.cr0);
	vcpu_until(&v, PORT_STOP);
	CHECK_EQ(*vm_u64(&vm, 0x7000) & 0xffffffffff, 0x3ff);
	/* 24 bits of the base. */
	CHECK_EQ(*vm_u64(&vm, 0x7008) & 0xffffffffffff, 0x11000037);
	CHECK_EQ(vcpu_regs(&v).rbx & 0xffff, 0x38);
	CHECK_EQ(vcpu_regs(&v).rdx & 0xffff, 0x30);
	CHECK_EQ((uint32_t)vcpu_regs(&v).rcx, 0x800);
	CHECK_EQ(vcpu_sregs(&v).gdt.base, 0x1100);
	/* Level 0 has no alignment check. */
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ((uint32_t)vcpu_regs(&v).rcx, 0x12345);
}

/* SYSENTER is none of real mode (SDM vol. 2), whatever its registers have. */
GUEST(16, g_sysenter, "mov $0x174, %ecx\n mov $8, %eax\n xor %edx, %edx\n wrmsr\n"
      "xor %eax, %eax\n rdmsr\n" STOP "sysenter\n");

static void sysenter(void)
{
	START_REAL(g_sysenter);
	vcpu_until(&v, PORT_STOP);
	CHECK_EQ((uint32_t)vcpu_regs(&v).rax, 8);
	CHECK_EQ(host_msr(0x174), 8);
	CHECK_EQ(host_set(0x174, 0x18), 1);
	CHECK_EQ(host_msr(0x174), 0x18);
	if (cpu_is_tcg())
		test_skip("SYSENTER in real mode works here (QEMU's TCG)");
	taken(13, 24);
	CHECK_EQ(host_msr(0x174), 0x18);
}

GUEST(16, g_steps, "nop\n push %ax\n pop %bx\n cli\n nop\n mov %ax, %ds\n nop\n"
      "pushf\n pop %cx\n int $0x21\n nop\n" DONE);

static void steps(void)
{
	static const uint8_t ends[] = { 1, 2, 3, 4, 5, 7, 8 };

	START_REAL(g_steps);
	debug(STEP);
	for (unsigned int i = 0; i < sizeof(ends); i++)
		step_to(GPA_CODE + ends[i]);
	not_linux("loses steps behind instructions that it emulates");
	if (intel_param("unrestricted_guest"))
		not_by_flag("PUSHF shows TF, INT n clears it");
	step_to(GPA_CODE + 9);
	step_to(GPA_CODE + 10);
	CHECK_EQ(vcpu_regs(&v).rcx & 0xffff, 2);
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.pc, GPA_STUBS + 0x21 * 16);
	debug(0);
	taken(0x21, 12);
	vcpu_until(&v, PORT_DONE);
}

GUEST(16, g_stops, "nop\n int3\n nop\n nop\n" DONE);

static void breakpoints(void)
{
	START_REAL(g_stops);
	debug(SW_BP);
	stopped(BP, GPA_CODE + 1);
	debug(0);
	taken(BP, 2);
	vcpu_until(&v, PORT_DONE);
	vm.mem[GPA_CODE + 1] = 0x90;
	vcpu_restart(&v, 0);
	debug_at(HW_BP, GPA_CODE + 2, 1 | 1 << 10);
	if (vcpu_run(&v) != KVM_EXIT_DEBUG)
		not_tcg();
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + 2);
	CHECK_EQ(v.run->debug.arch.dr6 & 15, 1);
}

/*
 * Without paging an Intel processor that insists on it runs on a page of the kernel's at this
 * address (api.rst 4.40): no slot may be there.
 */
#define IDENTITY_GPA	0xfffbc000ul
#define SLOT_SIZE	0x10000ul

static void identity_page(void)
{
	uint8_t *mem = mem_new(SLOT_SIZE, 0);
	uint64_t gpa = 0xffe00000;

	if (cpu_is_amd() || intel_param("unrestricted_guest") || !kvm_tdp())
		test_skip("there is none");
	vm_new(&vm, 0);
	OK(vm_slot(&vm, 1, IDENTITY_GPA, mem, SLOT_SIZE));
	ERR(ioctl(vm.fd, KVM_CREATE_VCPU, 0ul), EEXIST);
	OK(ioctl(vm.fd, KVM_SET_IDENTITY_MAP_ADDR, &gpa));
	OK(vm_slot(&vm, 2, gpa, mem, SLOT_SIZE));
	ERR(ioctl(vm.fd, KVM_CREATE_VCPU, 0ul), EEXIST);
	OK(vm_slot(&vm, 2, 0, NULL, 0));
	vcpu_new(&vm, &v, 0);
	ERR(vm_slot(&vm, 2, gpa - 0x1000, mem, SLOT_SIZE), EEXIST);
	OK(vm_slot(&vm, 2, gpa + 0x1000, mem, SLOT_SIZE));
}

static const struct test_case cases[] = {
	{ "loop", loop, 0 },
	{ "flags", flags, 0 },
	{ "exceptions", exceptions, 0 },
	{ "ports", ports, 0 },
	{ "hlt", hlt, 0 },
	{ "waits", waits, 0 },
	{ "nmi", nmi, 0 },
	{ "there_and_back", there_and_back, 0 },
	{ "round_trip", round_trip, 0 },
	{ "system_registers", system_registers, 0 },
	{ "sysenter", sysenter, 0 },
	{ "steps", steps, 0 },
	{ "breakpoints", breakpoints, 0 },
	{ "identity_page", identity_page, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
