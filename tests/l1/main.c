// SPDX-License-Identifier: GPL-2.0-only
/* L1 itself: programs one after another, each some entries of its guest. */
#include "l1.h"

#define PORT_DONE	0xf4
#define ENTRIES_MAX	24
#define INJECTED	5		/* one entry in so many */

struct program prog;
bool no_npt;
struct gprs l2_gprs;
struct vmcb l2 __attribute__((aligned(4096)));
struct vmcb l1_rest __attribute__((aligned(4096)));
uint8_t iopm[3 * 4096] __attribute__((aligned(4096)));
uint8_t msrpm[2 * 4096] __attribute__((aligned(4096)));

static uint8_t hsave[4096] __attribute__((aligned(4096)));
static uint8_t stack[4 * 4096] __attribute__((aligned(16), used));
static uint64_t state, entries;

/* Third number: all that is seen is told; no L2 has a nested page table. */
#define FLAG_WORDS	1
#define FLAG_NO_NPT	2

/* Numerical Recipes' 64-bit step, mixed (splitmix64). */
uint64_t rnd(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

void rnd_start(uint64_t n)
{
	state = n * 0xd1342543de82ef95ull;
}

static inline void outb(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

/* An exception of L1's own: the stack begins with its vector. */
__attribute__((used, noreturn)) static void lost(const uint64_t *frame)
{
	say("L1: exception ");
	say_hex(frame[0]);
	say(" at ");
	say_hex(frame[frame[0] == 8 || (frame[0] >= 10 && frame[0] <= 14) ? 2 : 1]);
	say("\n");
	say_flush();
	for (;;)
		outb(PORT_DONE, 1);
}

asm("l1_handlers:\n"
    ".set i, 0\n .rept 32\n .balign 16\n push $i\n mov %rsp, %rdi\n and $-16, %rsp\n"
    "call lost\n .set i, i + 1\n .endr\n");

static void idt_load(void)
{
	static struct {
		uint16_t low, sel, flags, mid;
		uint32_t high, zero;
	} idt[32];
	static struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) at;
	extern char l1_handlers[];
	uint16_t cs;
	int i;

	asm("mov %%cs, %0" : "=r"(cs));
	for (i = 0; i < 32; i++) {
		uintptr_t to = (uintptr_t)l1_handlers + i * 16;

		idt[i].low = to;
		idt[i].sel = cs;
		idt[i].flags = 0x8e00;
		idt[i].mid = to >> 16;
	}
	at.limit = sizeof(idt) - 1;
	at.base = (uintptr_t)idt;
	asm volatile("lidt %0" : : "m"(at));
}

/* LME and LMA stay; NXE, SVME, SCE.  Nested page tables have L1's own features. */
static void processor_prepare(void)
{
	asm volatile("mov %0, %%cr0" : : "r"(0x80010033ull));
	asm volatile("mov %0, %%cr4" : : "r"(0x620ull));
	wrmsr(0xc0000080, 0x1d01);
	wrmsr(0xc0010117, (uintptr_t)hsave);
	asm volatile("vmsave %0" : : "a"(&l1_rest) : "memory");
	idt_load();
}

/* One entry of L2: VMLOAD, registers, VMRUN, and back. */
void enter(void);
asm("enter: push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "mov $l2, %eax\n vmload %rax\n"
#define GPR(reg, at) "mov l2_gprs + " #at ", %" #reg "\n"
#define GPRS GPR(rbx, 0) GPR(rcx, 8) GPR(rdx, 16) GPR(rsi, 24) GPR(rdi, 32) GPR(rbp, 40) \
	GPR(r8, 48) GPR(r9, 56) GPR(r10, 64) GPR(r11, 72) GPR(r12, 80) GPR(r13, 88) \
	GPR(r14, 96) GPR(r15, 104)
    GPRS
    "clgi\n vmrun %rax\n"
#undef GPR
#define GPR(reg, at) "mov %" #reg ", l2_gprs + " #at "\n"
    GPRS
    "vmsave %rax\n mov $l1_rest, %eax\n vmload %rax\n stgi\n"
    "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");

/* What an L1 that lives on has a right to. */
static void own_check(void)
{
	uint64_t cr0, cr3, cr4, flags;
	static uint64_t root;

	asm volatile("mov %%cr0, %0\n mov %%cr3, %1\n mov %%cr4, %2\n pushf\n pop %3"
		     : "=r"(cr0), "=r"(cr3), "=r"(cr4), "=r"(flags));
	if (!root)
		root = cr3;
	if (cr0 == 0x80010033ull && cr3 == root && cr4 == 0x620 && !(flags & 0x24700))
		return;
	say("L1: its registers are ");
	say_hex(cr0);
	say_hex(cr3);
	say_hex(cr4);
	say_hex(flags);
	say("\n");
}

static void data_make(void)
{
	unsigned int page, i;

	for (i = 0; i < 512; i++) {
		page_u64(P_STACK)[i] = 0;
		page_u64(P_KSTACK)[i] = 0;
		page_u64(P_SPARE)[i] = 0;
	}
	for (page = P_DATA; page <= P_DATA_LAST; page++)
		for (i = 0; i < 512; i++)
			page_u64(page)[i] = rnd();
	for (i = 0; i < sizeof(l2_gprs) / 8; i++)
		((uint64_t *)&l2_gprs)[i] = rnd() >> below(64);
	asm volatile("mov %0, %%cr8" : : "r"((uint64_t)below(16)));
	asm volatile("mov %0, %%db0\n mov %0, %%db1\n mov %0, %%db2\n mov %0, %%db3"
		     : : "r"(0ull));
}

/* In a handler, of an event without an error code. */
static bool may_return(void)
{
	uint64_t at = l2.rip - AT(P_HANDLERS);
	unsigned int vector = at / HANDLER_BYTES;

	return at < PAGE && !(vector < 32 && (WITH_ERROR >> vector & 1));
}

/* Behind what has exited, where the program knows of it; else to its end. */
static bool go_on(void)
{
	uint64_t at = l2.rip - AT(P_CODE);
	unsigned int i;

	if (at >= PAGE) {
		/* In a handler: IRET, or the program is what goes on. */
		if (may_return() && !one_in(4)) {
			l2.rip = (l2.rip & ~(uint64_t)(HANDLER_BYTES - 1)) + 11;
			return true;
		}
		at = below(prog.end);
		block_segs();
		l2.rsp = AT(P_STACK) + PAGE - 64;
	}
	for (i = 0; i < prog.starts; i++)
		if (prog.start[i] > at) {
			l2.rip = AT(P_CODE) + prog.start[i];
			return true;
		}
	return false;
}

/*
 * The lab's processor calls a virtual interrupt that faults on its way an exception, of a
 * vector that none has, and leaves it pending.
 */
static void int_info_mend(void)
{
	if (!(l2.int_info & INJ_VALID) || (l2.int_info & 0x700) != INJ_EXC ||
	    (l2.int_info & 0xff) < 32)
		return;
	l2.int_info ^= INJ_EXC ^ INJ_INTR;
	l2.int_ctl &= ~V_IRQ;
}

/*
 * The handlers take RF out of their frame (tables.c).  L2 has just come to one, whose page it
 * may not have yet, and L1 may send it elsewhere, where it pops the frame.
 */
static void frame_mend(void)
{
	uint32_t in = l2.rip - AT(P_HANDLERS);
	uint32_t at = l2.rsp - AT(P_STACK);

	if (in >= PAGE || in % HANDLER_BYTES)
		return;
	at += frame_flags(in / HANDLER_BYTES);
	if (at <= 2 * PAGE - 4)
		*(uint32_t *)(page_u8(P_STACK) + at) &= ~RFLAGS_RF;
}

/* What a hypervisor does between two entries. */
static bool answer(void)
{
	uint64_t code = l2.exit_code;

	l2.tlb = one_in(4);
	if (is_refused() || code == EXIT_SHUTDOWN)
		return false;
	frame_mend();
	if (one_in(6))
		block_intercepts();
	if (one_in(INJECTED))
		block_event();
	if (prog.npt && one_in(8))
		npt_change();
	if (code == EXIT_NPF && below(4)) {
		npt_mend(l2.info2);
		return true;
	}
	/* Again, without that exit. */
	if (code < 0xa0 && code != EXIT_VMMCALL && one_in(4))
		intercept_off(code);
	return go_on();
}

static void program_run(uint64_t number)
{
	unsigned int i;

	rnd_start(number);
	page_u64(P_COUNT)[0] = number;
	prog = (struct program){ .kind = below(KINDS) };
	prog.npt = below(2) && !no_npt;
	prog.virq = one_in(8);
	code_make();
	tables_make();
	npt_make();
	data_make();
	block_make();
	record_begin();
	for (i = 0; i < ENTRIES_MAX; i++) {
		enter();
		entries++;
		own_check();
		int_info_mend();
		record_exit();
		if (!answer())
			break;
	}
	say_hex(number);
	say_hex(record_end());
	say("\n");
}

/* For both machines: at the blob's first byte, in long mode, with some stack. */
asm(".pushsection .text.entry, \"ax\"\n mov $stack + 4 * 4096, %esp\n call l1_main\n"
    ".popsection\n");

__attribute__((used, noreturn)) static void l1_main(uint64_t first, uint64_t count,
						     unsigned int flags)
{
	verbose = flags & FLAG_WORDS;
	no_npt = flags & FLAG_NO_NPT;
	processor_prepare();
	tables_prepare();
	npt_prepare();
	for (; count; count--)
		program_run(first++);
	say("entries ");
	say_hex(entries);
	say("\n");
	say_flush();
	for (;;)
		outb(PORT_DONE, 0);
}
