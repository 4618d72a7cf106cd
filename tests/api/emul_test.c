// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions with a memory operand, each executed twice from the same state:
 * with the operand in RAM, where the processor executes it, and with the operand
 * where no memory is, served from an array here, where KVM has to emulate it.
 * Registers, flags, memory and port accesses must come out the same.
 */
#define _GNU_SOURCE
#include "lib.h"
#include "emul_rows_more.h"

/* ---- rows ---- */

struct row {
	const char *name;
	const uint8_t *code, *end;
	uint32_t undefined;	/* flags that the manual leaves so, or NOSTEP */
};

#define CODE64(name, undef, body) GUEST(64, g64_##name, body "\n" DONE);
#define CODE32(name, undef, body) GUEST(32, g32_##name, body "\n" DONE);
#define CODE16(name, undef, body) GUEST(16, g16_##name, body "\n" DONE);
#define ROW64(name, undef, body) \
	{ #name, g64_##name, g64_##name##_end, undef },
#define ROW32(name, undef, body) \
	{ #name, g32_##name, g32_##name##_end, undef },
#define ROW16(name, undef, body) \
	{ #name, g16_##name, g16_##name##_end, undef },

#define TABLE(table, mem, letter)					\
	table(CODE64, mem##64)						\
	table(CODE32, mem##32)						\
	table(CODE16, mem##16)						\
	static const struct row letter##64[] = { table(ROW64, mem##64) {} }; \
	static const struct row letter##32[] = { table(ROW32, mem##32) {} }; \
	static const struct row letter##16[] = { table(ROW16, mem##16) {} };

TABLE(ROWS_MOVE, M, move)
TABLE(ROWS_ALU, M, alu)
TABLE(ROWS_SHIFT, M, shift)
TABLE(ROWS_BIT, M, bit)
TABLE(ROWS_LOCKED, M, locked)
TABLE(ROWS_STRING, S, string)
TABLE(ROWS_SSE, M, sse)
TABLE(ROWS_SYSTEM, M, system)
TABLE(ROWS_FPU, M, fpu)

#define TABLE1(table, bits, letter)					\
	table(CODE##bits)						\
	static const struct row letter##bits[] = { table(ROW##bits) {} };

TABLE1(ROWS_ONLY64, 64, only)
TABLE1(ROWS_ONLY32, 32, only)
TABLE1(ROWS_ONLY16, 16, only)

/* Where jumps and calls of the tables go. */
GUEST(64, g64_target, "mov $0x77, %ebx\n" DONE);
GUEST(32, g32_target, "mov $0x77, %ebx\n" DONE);
GUEST(16, g16_target, "mov $0x77, %bx\n" DONE);

/* ---- machines ---- */

#define OPER_SIZE	0x2000
#define LOW_SIZE	0x10000ul	/* what a row may change: all below */
#define IO_MAX		64

struct machine {
	struct vm vm;
	struct vcpu v;
	bool device;		/* the operand's pages are not in a slot */
	uint64_t oper;		/* their address */
	uint8_t *page;		/* their contents */
	uint8_t *low;		/* memory as it is at the beginning of a row */
	struct kvm_sregs sregs;
};

struct outcome {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_fpu fpu;
	struct kvm_debugregs debug;
	uint16_t port;		/* PORT_DONE or PORT_EXC */
	uint8_t oper[OPER_SIZE];
	uint8_t low[LOW_SIZE];
	unsigned int ios;
	struct {
		uint16_t port;
		uint8_t out, size;
		uint32_t value;
	} io[IO_MAX];
};

static struct machine ram, dev;
static struct outcome want, got;

static void operand_fill(struct machine *m, enum mode mode)
{
	uint16_t code = mode == MODE_REAL ? 0 : mode == MODE_LONG ?
			SEL_CODE64 : SEL_CODE32;
	uint16_t data = mode == MODE_REAL ? 0x1234 : SEL_DATA;
	uint16_t limit = 0x5f;
	uint64_t base = GPA_GDT, target = TARGET;
	uint32_t three = 3;
	unsigned int i;

	for (i = 0; i < OPER_SIZE; i++)
		m->page[i] = i * 37 + 11;
	memcpy(m->page + 0x200, &target, 8);
	/* Far pointers: 16, 32 and (AMD: not) 64 bits of offset. */
	memcpy(m->page + 0x220, &target, 2);
	memcpy(m->page + 0x222, &code, 2);
	memcpy(m->page + 0x230, &target, 4);
	memcpy(m->page + 0x234, &code, 2);
	memcpy(m->page + 0x240, &target, 4);
	memcpy(m->page + 0x244, &data, 2);
	memcpy(m->page + 0x250, &target, 2);
	memcpy(m->page + 0x252, &data, 2);
	memcpy(m->page + 0x260, &limit, 2);
	memcpy(m->page + 0x262, &base, 8);
	memcpy(m->page + 0x270, &data, 2);
	memset(m->page + 0x280, 0, 32);
	memcpy(m->page + 0x2a0, &three, 4);
	/* What CMPXCHG finds equal: EAX and EDX:EAX of the start. */
	base = REG_RAX;
	memcpy(m->page + 0x2b0, &base, 8);
	base = REG_RDX;
	memcpy(m->page + 0x2b8, &base, 8);
	base = (uint32_t)REG_RAX | REG_RDX << 32;
	memcpy(m->page + 0x2c0, &base, 8);
}

static void machine_new(struct machine *m, enum mode mode, bool device)
{
	struct kvm_sregs s;
	unsigned int i;

	m->device = device;
	m->oper = mode == MODE_REAL ? OPER16 : OPER;
	vm_new(&m->vm, m->oper);
	vcpu_new(&m->vm, &m->v, 0);
	vcpu_mode(&m->v, mode, GPA_CODE);
	if (mode != MODE_REAL)
		exc_setup(&m->v);
	s = vcpu_sregs(&m->v);
	if (mode == MODE_REAL) {
		s.es.selector = s.fs.selector = OPER16 >> 4;
		s.es.base = s.fs.base = OPER16;
	}
	m->sregs = s;
	m->page = mem_new(OPER_SIZE, 0);
	if (!device)
		OK(vm_slot(&m->vm, 1, m->oper, m->page, OPER_SIZE));
	if (mode == MODE_REAL)
		vm_load(&m->vm, TARGET, g16_target, g16_target_end);
	else if (mode == MODE_LONG)
		vm_load(&m->vm, TARGET, g64_target, g64_target_end);
	else
		vm_load(&m->vm, TARGET, g32_target, g32_target_end);
	for (i = 0; i < 0x1000; i++)
		m->vm.mem[DATA + i] = i * 13 + 5;
	m->low = malloc(LOW_SIZE);
	memcpy(m->low, m->vm.mem, LOW_SIZE);
}

static void machine_reset(struct machine *m, const struct row *row,
			  enum mode mode, uint64_t flags)
{
	uint64_t oper = mode == MODE_REAL ? 0 : m->oper;
	struct kvm_regs r = {
		.rax = REG_RAX, .rbx = oper + 0x300, .rcx = 3, .rdx = REG_RDX,
		.rsi = DATA + 0x100, .rdi = oper + 0x100, .rbp = 0x1357,
		.rsp = GPA_STACK - 0x100, .r8 = 0x8888888811111111,
		.r9 = 0x99, .r10 = oper, .rip = GPA_CODE, .rflags = flags | 2,
	};
	struct kvm_debugregs debug = { .dr6 = 0xffff0ff0, .dr7 = 0x400 };
	struct kvm_fpu fpu = { .fcw = 0x37f, .mxcsr = 0x1f80 };
	unsigned int i;

	for (i = 0; i < sizeof(fpu.xmm); i++)
		((uint8_t *)fpu.xmm)[i] = i * 7 + 3;
	memcpy(m->vm.mem, m->low, LOW_SIZE);
	vm_load(&m->vm, GPA_CODE, row->code, row->end);
	operand_fill(m, mode);
	vcpu_set_sregs(&m->v, &m->sregs);
	vcpu_set_regs(&m->v, &r);
	OK(ioctl(m->v.fd, KVM_SET_FPU, &fpu));
	OK(ioctl(m->v.fd, KVM_SET_DEBUGREGS, &debug));
}

/* ---- one run ---- */

static void serve_mmio(struct machine *m)
{
	struct kvm_run *run = m->v.run;
	uint64_t off = run->mmio.phys_addr - m->oper;

	CHECK(m->device);
	CHECK(off + run->mmio.len <= OPER_SIZE);
	if (run->mmio.is_write)
		memcpy(m->page + off, run->mmio.data, run->mmio.len);
	else
		memcpy(run->mmio.data, m->page + off, run->mmio.len);
}

/* How many of the elements come in one exit is KVM's choice. */
static void serve_io(struct machine *m, struct outcome *o)
{
	struct kvm_run *run = m->v.run;
	uint8_t *data = vcpu_pio_data(&m->v);
	uint32_t value;
	unsigned int i;

	for (i = 0; i < run->io.count; i++, data += run->io.size) {
		CHECK(o->ios < IO_MAX);
		value = 0xc0ffee00 + o->ios * 0x01010101;
		if (run->io.direction == KVM_EXIT_IO_IN)
			memcpy(data, &value, run->io.size);
		value = 0;
		memcpy(&value, data, run->io.size);
		o->io[o->ios].port = run->io.port;
		o->io[o->ios].size = run->io.size;
		o->io[o->ios].out = run->io.direction;
		o->io[o->ios].value = value;
		o->ios++;
	}
}

/* Is that the end of the row?  Else it is a port access, and is served. */
static bool serve_io_or_end(struct machine *m, struct outcome *o)
{
	o->port = m->v.run->io.port;
	if (o->port == PORT_DONE || o->port == PORT_EXC)
		return true;
	serve_io(m, o);
	return false;
}

/* Return: false when KVM does not know the instruction. */
static bool run_to_end(struct machine *m, struct outcome *o)
{
	uint32_t reason;

	memset(o, 0, sizeof(*o));
	for (;;) {
		reason = vcpu_run(&m->v);
		if (reason == KVM_EXIT_MMIO)
			serve_mmio(m);
		else if (reason != KVM_EXIT_IO)
			break;
		else if (serve_io_or_end(m, o))
			return true;
	}
	if (reason != KVM_EXIT_INTERNAL_ERROR)
		FAIL("%s: %s", m->device ? "emulated" : "native",
		     vcpu_describe(&m->v));
	CHECK_EQ(m->v.run->internal.suberror, KVM_INTERNAL_ERROR_EMULATION);
	return false;
}

/* Faults push RF = 1 (SDM vol. 3, 17.3.1.1); QEMU's processors do not. */
static void forget_rf(struct machine *m, struct outcome *o)
{
	unsigned int word = m->sregs.efer ? 8 : 4;
	uint64_t at = o->regs.rsp + 5 * word;
	uint32_t flags;

	if (o->port != PORT_EXC || at + 4 > LOW_SIZE)
		return;
	memcpy(&flags, o->low + at, 4);
	flags &= ~FLAG_RF;
	memcpy(o->low + at, &flags, 4);
}

static bool row_run(struct machine *m, const struct row *row, enum mode mode,
		    uint64_t flags, struct outcome *o)
{
	machine_reset(m, row, mode, flags);
	if (!run_to_end(m, o))
		return false;
	o->regs = vcpu_regs(&m->v);
	o->sregs = vcpu_sregs(&m->v);
	OK(ioctl(m->v.fd, KVM_GET_FPU, &o->fpu));
	OK(ioctl(m->v.fd, KVM_GET_DEBUGREGS, &o->debug));
	memcpy(o->oper, m->page, OPER_SIZE);
	memcpy(o->low, m->vm.mem, LOW_SIZE);
	forget_rf(m, o);
	return true;
}

/* ---- comparison ---- */

static void same_bytes(const char *what, const void *a, const void *b,
		       size_t n)
{
	const uint8_t *x = a, *y = b;
	size_t i;

	for (i = 0; i < n; i++)
		if (x[i] != y[i])
			FAIL("%s at %#zx: expected %#x, got %#x", what, i,
			     x[i], y[i]);
}

static void same_segment(const char *what, const struct kvm_segment *a,
			 const struct kvm_segment *b)
{
	/* Of one that cannot be used the other attributes mean nothing. */
	if (a->unusable && b->unusable && a->selector == b->selector)
		return;
	if (memcmp(a, b, sizeof(*a)))
		FAIL("%s: expected %#x, limit %#x, got %#x, limit %#x, or other attributes",
		     what, a->selector, a->limit, b->selector, b->limit);
}

/* Outside 64-bit mode the upper halves mean nothing (SDM vol. 1, 3.4.1.1). */
static void registers_narrow(struct kvm_regs *r)
{
	__u64 *gpr = &r->rax;

	for (unsigned int i = 0; i < 8; i++)
		gpr[i] = (uint32_t)gpr[i];
}

static void same_registers(uint32_t undefined)
{
	struct kvm_regs *w = &want.regs, *g = &got.regs;

	if (!want.sregs.cs.l) {
		registers_narrow(w);
		registers_narrow(g);
	}
	CHECK_EQ(g->rax, w->rax);
	CHECK_EQ(g->rbx, w->rbx);
	CHECK_EQ(g->rcx, w->rcx);
	CHECK_EQ(g->rdx, w->rdx);
	CHECK_EQ(g->rsi, w->rsi);
	CHECK_EQ(g->rdi, w->rdi);
	CHECK_EQ(g->rsp, w->rsp);
	CHECK_EQ(g->rbp, w->rbp);
	CHECK_EQ(g->rip, w->rip);
	CHECK_EQ(g->rflags & ~undefined, w->rflags & ~undefined);
	same_bytes("R8 to R15", &w->r8, &g->r8, 64);
	same_bytes("XMM registers", want.fpu.xmm, got.fpu.xmm,
		   sizeof(want.fpu.xmm));
	/* Breakpoints are off: their bits may be set or not (SDM vol. 3, 17.2.3). */
	CHECK_EQ(got.debug.dr6 & ~0xfu, want.debug.dr6 & ~0xfu);
}

static void same_system(void)
{
	struct kvm_sregs *w = &want.sregs, *g = &got.sregs;

	same_segment("CS", &w->cs, &g->cs);
	same_segment("DS", &w->ds, &g->ds);
	same_segment("ES", &w->es, &g->es);
	same_segment("FS", &w->fs, &g->fs);
	same_segment("GS", &w->gs, &g->gs);
	same_segment("SS", &w->ss, &g->ss);
	same_segment("TR", &w->tr, &g->tr);
	CHECK_EQ(g->ldt.selector, w->ldt.selector);
	CHECK_EQ(g->gdt.base, w->gdt.base);
	CHECK_EQ(g->gdt.limit, w->gdt.limit);
	CHECK_EQ(g->idt.base, w->idt.base);
	CHECK_EQ(g->idt.limit, w->idt.limit);
	CHECK_EQ(g->cr0, w->cr0);
	CHECK_EQ(g->cr2, w->cr2);
	CHECK_EQ(g->cr4, w->cr4);
}

static void same_outcome(const struct row *row)
{
	CHECK_EQ(got.port, want.port);
	same_registers(row->undefined);
	same_system();
	same_bytes("operand", want.oper, got.oper, OPER_SIZE);
	same_bytes("memory", want.low, got.low, LOW_SIZE);
	CHECK_EQ(got.ios, want.ios);
	same_bytes("port accesses", want.io, got.io, sizeof(want.io));
}

/* ---- cases ---- */

static char unknown[2000];

static void rows_run(const struct row *row, enum mode mode, uint64_t flags)
{
	for (; row->name; row++) {
		/* The flags lie on the stack then. */
		if ((flags & FLAG_TF) && row->undefined)
			continue;
		test_row = row->name;
		if (!row_run(&ram, row, mode, flags, &want))
			FAIL("the processor does not execute it");
		if (row_run(&dev, row, mode, flags, &got))
			same_outcome(row);
		else if (strlen(unknown) + strlen(row->name) + 2 <
			 sizeof(unknown))
			strcat(strcat(unknown, " "), row->name);
	}
}

static void mode_run(const struct row *rows, enum mode mode, uint64_t flags)
{
	machine_new(&ram, mode, false);
	machine_new(&dev, mode, true);
	rows_run(rows, mode, flags);
	test_row = NULL;
	if (*unknown)
		FAIL("not known:%s", unknown);
}

/*
 * An exit in the middle of an instruction leaves no trap pending (SDM vol. 3, 28.3.4): on
 * Bochs one does, and the guest's #DB comes before the instruction.  QEMU's TCG, with a
 * thread for each CPU, executes locked accesses across pages in a way of its own.
 */
static void steps_start(const void *rows)
{
	if (cpu_is_bochs())
		test_skip("an exit leaves a trap pending here (Bochs)");
	if (rows == locked64 && cpu_is_tcg() && sysconf(_SC_NPROCESSORS_ONLN) > 1)
		test_skip("flags of a locked instruction are lost (QEMU's TCG)");
}

#define CASES(rows)							\
	static void rows##_64(void) { mode_run(rows##64, MODE_LONG, 0); } \
	static void rows##_32(void) { mode_run(rows##32, MODE_PROT, 0); } \
	static void rows##_16(void) { mode_run(rows##16, MODE_REAL, 0); } \
	static void rows##_step(void)					\
	{								\
		steps_start(rows##64);					\
		mode_run(rows##64, MODE_LONG, FLAG_TF);			\
	}

CASES(move)
CASES(alu)
CASES(shift)
CASES(bit)
CASES(locked)
CASES(string)
CASES(sse)
CASES(system)
CASES(fpu)
CASES(only)

#define CASE(rows)							\
	{ #rows "_64", rows##_64, 0 },					\
	{ #rows "_32", rows##_32, 0 },					\
	{ #rows "_16", rows##_16, 0 },					\
	{ #rows "_step", rows##_step, 0 },

static const struct test_case cases[] = {
	CASE(move)
	CASE(alu)
	CASE(shift)
	CASE(bit)
	CASE(locked)
	CASE(string)
	CASE(sse)
	CASE(system)
	CASE(fpu)
	CASE(only)
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
