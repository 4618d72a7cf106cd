// SPDX-License-Identifier: GPL-2.0-only
/* What L1 has seen of its guest, and what it says. */
#include "l1.h"

#define PORT_SAY	0xe9

/*
 * What is not compared, and why (of the lab's processor: docs/caveats.md).
 *
 * EXITINTINFO without its valid bit: the processor leaves there what it was.
 * A refused VMRUN, and a shutdown: the save area is undefined, and with a shutdown
 * EXITINTINFO is.
 * The interrupt shadow: the lab's processor forgets it at VMRUN, also at one of L0's, and
 * keeps it where an event is delivered.
 * RF in frames and registers: it pushes none with a fault (APM vol. 2, 8.2).
 * The accessed bit of a PDPTE of legacy PAE: there is none, but the lab's processor sets it.
 * The upper halves of RIP and RSP outside 64-bit mode.
 */

bool verbose;
static char text[4096];
static unsigned int used;
static uint64_t sum;

void say_flush(void)
{
	const char *from = text;
	uint64_t n = used;

	asm volatile("rep outsb" : "+S"(from), "+c"(n) : "d"(PORT_SAY) : "memory");
	used = 0;
}

void say(const char *s)
{
	for (; *s; s++) {
		text[used++] = *s;
		if (used == sizeof(text))
			say_flush();
	}
}

void say_hex(uint64_t value)
{
	char digits[18], *p = digits + 17;

	*p = 0;
	*--p = ' ';
	do
		*--p = "0123456789abcdef"[value & 15];
	while ((value >>= 4) && p > digits);
	say(p);
}

static void note(const char *name, uint64_t value)
{
	sum = (sum ^ value) * 0x9e3779b97f4a7c15ull;
	sum ^= sum >> 29;
	if (!verbose)
		return;
	say(name);
	say(" ");
	say_hex(value);
	say("\n");
}

static void note_seg(const char *name, struct vmcb_segment s)
{
	note(name, (uint64_t)s.selector << 48 | (uint64_t)s.attr << 32 | s.limit);
	note("  base", s.base);
}

#define RF		((uint64_t)RFLAGS_RF)

/* @mask: of each word what counts. */
static void note_sum(const char *name, const uint64_t *p, unsigned int n, uint64_t mask)
{
	uint64_t h = 0;
	unsigned int i;

	/* Of pages the beginning says enough. */
	for (i = 0; verbose && i < n && i < 32; i++)
		say_hex(p[i] & mask);
	while (n--) {
		h = (h ^ (*p++ & mask)) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	note(name, h);
}

void record_begin(void)
{
	sum = 0;
	note("program: kind", prog.kind);
	note("npt", prog.npt);
	note("virq", prog.virq);
	note("intercepts", (uint64_t)l2.intercept[1] << 32 | l2.intercept[0]);
	note("intercepts", (uint64_t)l2.intercept[3] << 32 | l2.intercept[2]);
	note("event", l2.event_inj);
	note("int_ctl", l2.int_ctl);
	note_sum("code", page_u64(P_CODE), 512, ~0ull);
	if (!verbose)
		return;
	for (unsigned int i = 0; i < prog.end + 8; i++) {
		say_hex(page_u8(P_CODE)[i]);
	}
	say("\n");
}

static void note_control(void)
{
	note("exit code", l2.exit_code);
	note("info1", l2.info1);
	note("info2", l2.info2);
	note("int_info", l2.int_info & INJ_VALID ? l2.int_info : 0);
	note("int_info_err", (l2.int_info & INJ_VALID) && (l2.int_info & INJ_ERROR) ?
	     l2.int_info_err : 0);
	note("event_inj", l2.event_inj);
	note("int_ctl", l2.int_ctl);
	note("int_vector", l2.int_vector);
}

static void note_save(void)
{
	uint64_t mask = is_64bit() ? ~0ull : 0xffffffff;

	/* A long-mode guest of 32-bit code has 64-bit handlers. */
	if (prog.kind == COMPAT && (l2.cs.attr & 1 << 9))
		mask = ~0ull;
	note("rip", l2.rip & mask);
	note("rsp", l2.rsp & mask);
	note("rax", l2.rax);
	note("rflags", l2.rflags & ~RF);
	note("cpl", l2.cpl);
	note("cr0", l2.cr0);
	note("cr2", l2.cr2);
	note("cr3", l2.cr3);
	note("cr4", l2.cr4);
	note("efer", l2.efer);
	note("dr6", l2.dr6);
	note("dr7", l2.dr7);
	note_seg("es", l2.es);
	note_seg("cs", l2.cs);
	note_seg("ss", l2.ss);
	note_seg("ds", l2.ds);
	note_seg("fs", l2.fs);
	note_seg("gs", l2.gs);
	note_seg("gdtr", l2.gdtr);
	note_seg("idtr", l2.idtr);
	note_seg("ldtr", l2.ldtr);
	note_seg("tr", l2.tr);
	note("kernel gs", l2.kernel_gs_base);
	note("star", l2.star);
	note("lstar", l2.lstar);
	note("cstar", l2.cstar);
	note("sfmask", l2.sfmask);
	note("sysenter", l2.sysenter_cs);
	note("sysenter", l2.sysenter_esp);
	note("sysenter", l2.sysenter_eip);
}

void record_exit(void)
{
	const uint64_t *gpr = (const uint64_t *)&l2_gprs;
	unsigned int i;

	if (is_refused()) {
		note("refused", 1);
		return;
	}
	if (l2.exit_code == EXIT_SHUTDOWN) {
		note("shutdown", 1);
		return;
	}
	note_control();
	note_save();
	for (i = 0; i < sizeof(l2_gprs) / 8; i++)
		note("gpr", gpr[i]);
	note_sum("stack", page_u64(P_STACK) + 480, 32, ~(RF << 32 | RF));
	note_sum("kernel's stack", page_u64(P_KSTACK) + 480, 32, ~(RF << 32 | RF));
}

uint64_t record_end(void)
{
	unsigned int i;

	if (prog.kind == PAE)
		page_u64(P_ROOT)[0] &= ~PTE_A;
	for (i = P_STACK; i < P_COUNT; i++)
		note_sum("page", page_u64(i), 512, i <= P_KSTACK ? ~(RF << 32 | RF) : ~0ull);
	if (prog.npt)
		for (i = 0; i < P_COUNT; i++)
			note("entry", npt_table[i]);
	return sum;
}
