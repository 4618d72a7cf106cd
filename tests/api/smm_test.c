// SPDX-License-Identifier: GPL-2.0-only
/*
 * System management mode: the state at its entry (APM vol. 2, 10.3.5), the state-save area
 * (table 10-1; SDM vol. 3, table 31-1) and RSM (10.4), and the memory that is there only
 * in that mode.  When an SMI comes: smm_event_test.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/time.h>
#include "msr.h"
#include "rnd.h"
#include "smm.h"
#include "start.h"

#define CR0_PE	1ull
#define CR0_ET	0x10ull
#define CR0_NW	(1ull << 29)
#define CR0_CD	(1ull << 30)
#define CR0_PG	(1ull << 31)
#define CR0_GONE (CR0_PE | 4 | 8 | CR0_PG)	/* with EM and TS */

static uint8_t *smram;

GUEST(16, g_16, "out %al, $0x20\n 1: out %al, $0xf4\n jmp 1b\n");
GUEST(32, g_32, "out %al, $0x20\n 1: out %al, $0xf4\n jmp 1b\n");
GUEST(64, g_64, "out %al, $0x20\n 1: out %al, $0xf4\n jmp 1b\n");

static void cpuid_without_lm(void)
{
	struct kvm_cpuid2 *c = cpuid_supported(vm.kvm);
	unsigned int i;

	for (i = 0; i < c->nent; i++)
		if (c->entries[i].function == 0x80000001)
			c->entries[i].edx &= ~(1u << 29);
	vcpu_raw(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	free(c);
}

/* Behind the first OUT, with a value of its own in each register. */
static void start(enum mode mode, bool lm)
{
	struct kvm_regs r;

	skip_without_smm();
	vm_new(&vm, 0);
	if (lm)
		vcpu_new(&vm, &v, 0);
	else
		cpuid_without_lm();
	smram = smram_new(&vm, 0, SMBASE);
	if (mode == MODE_REAL)
		vcpu_code(&v, mode, g_16);
	else if (mode == MODE_LONG)
		vcpu_code(&v, mode, g_64);
	else
		vcpu_code(&v, mode, g_32);
	vcpu_until(&v, 0x20);
	complete(&v);
	r = vcpu_regs(&v);
	r.rax = 0x1111111111111111;
	r.rbx = 0x2222222222222222;
	r.rcx = 0x3333333333333333;
	r.rdx = 0x4444444444444444;
	r.rsi = 0x5555555555555555;
	r.rdi = 0x6666666666666666;
	r.rbp = 0x7777777777777777;
	r.r8 = 0x8888888888888888;
	r.r15 = 0x9999999999999999;
	if (mode != MODE_LONG) {
		r.rax = r.rbx = r.rcx = r.rdx = 0x12345678;
		r.rsi = 0x23456789;
		r.rdi = 0x3456789a;
		r.rbp = 0x456789ab;
		r.r8 = r.r15 = 0;
	}
	vcpu_set_regs(&v, &r);
}

static struct kvm_debugregs debugregs(void)
{
	struct kvm_debugregs d;

	OK(ioctl(v.fd, KVM_GET_DEBUGREGS, &d));
	return d;
}

static void check_segment(const struct kvm_segment *s, uint64_t base, uint16_t sel)
{
	CHECK_EQ(s->base, base);
	CHECK_EQ(s->selector, sel);
	CHECK_EQ(s->limit, 0xffffffff);
	CHECK_EQ(s->present, 1);
	CHECK_EQ(s->s, 1);
	CHECK_EQ(s->db, 0);
	CHECK_EQ(s->l, 0);
	CHECK_EQ(s->dpl, 0);
	CHECK_EQ(s->type & 2, 2);
}

/* In the handler, which has executed its OUT. */
static void check_entry(const struct kvm_sregs *was, const struct kvm_regs *had,
			uint32_t base, bool lm)
{
	struct kvm_sregs s = vcpu_sregs(&v);
	struct kvm_regs r = vcpu_regs(&v);

	CHECK_EQ(s.cr0, was->cr0 & ~CR0_GONE);
	CHECK_EQ(s.cr3, was->cr3);
	CHECK_EQ(s.cr4, 0);
	/* Without long mode it has no place in the area, and stays. */
	CHECK_EQ(s.efer, lm ? 0 : was->efer);
	check_segment(&s.cs, base, base >> 4);
	check_segment(&s.ds, 0, 0);
	check_segment(&s.es, 0, 0);
	check_segment(&s.fs, 0, 0);
	check_segment(&s.gs, 0, 0);
	check_segment(&s.ss, 0, 0);
	CHECK_EQ(s.gdt.base, was->gdt.base);
	CHECK_EQ(r.rip & ~2ull, 0x8000);
	CHECK_EQ(r.rflags, 2);
	CHECK_EQ(debugregs().dr7, 0x400);
	r.rip = had->rip;
	r.rflags = had->rflags;
	CHECK(!memcmp(&r, had, sizeof(r)));
}

static uint16_t attributes(const struct kvm_segment *s)
{
	return s->type | s->s << 4 | s->dpl << 5 | s->present << 7 |
	       s->avl << 12 | s->l << 13 | s->db << 14 | s->g << 15;
}

static void check_wide(const struct kvm_sregs *s, const struct kvm_regs *r)
{
	const struct kvm_segment *seg[] = {
		&s->es, &s->cs, &s->ss, &s->ds, &s->fs, &s->gs, NULL, &s->ldt, NULL,
		&s->tr,
	};
	const uint64_t regs[] = {
		r->r15, r->r14, r->r13, r->r12, r->r11, r->r10, r->r9, r->r8, r->rdi,
		r->rsi, r->rbp, r->rsp, r->rbx, r->rdx, r->rcx, r->rax,
	};
	unsigned int i;

	for (i = 0; i < 10; i++) {
		if (!seg[i])
			continue;
		CHECK_EQ(area_get(smram, 0xfe00 + 16 * i, 2), seg[i]->selector);
		CHECK_EQ(area_get(smram, 0xfe02 + 16 * i, 2), attributes(seg[i]));
		CHECK_EQ(area_get(smram, 0xfe04 + 16 * i, 4), seg[i]->limit);
		CHECK_EQ(area_get(smram, 0xfe08 + 16 * i, 8), seg[i]->base);
	}
	CHECK_EQ(area_get(smram, 0xfe64, 2), s->gdt.limit);
	CHECK_EQ(area_get(smram, 0xfe68, 8), s->gdt.base);
	CHECK_EQ(area_get(smram, 0xfe84, 2), s->idt.limit);
	CHECK_EQ(area_get(smram, 0xfe88, 8), s->idt.base);
	for (i = 0; i < 16; i++)
		CHECK_EQ(area_get(smram, 0xff80 + 8 * i, 8), regs[i]);
	CHECK_EQ(area_get(smram, 0xfed0, 8), s->efer);
	CHECK_EQ(area_get(smram, 0xfed8, 1), 0);
	CHECK_EQ(area_get(smram, 0xfefc, 4), 0x20064);
	CHECK_EQ(area_get(smram, 0xff48, 8), s->cr4);
	CHECK_EQ(area_get(smram, 0xff50, 8), s->cr3);
	CHECK_EQ(area_get(smram, 0xff58, 8), s->cr0);
	CHECK_EQ(area_get(smram, 0xff60, 8), 0x400);
	CHECK_EQ(area_get(smram, 0xff68, 8), 0xffff0ff0);
	CHECK_EQ(area_get(smram, 0xff70, 8), r->rflags);
	CHECK_EQ(area_get(smram, 0xff78, 8), r->rip);
}

static void check_narrow(const struct kvm_sregs *s, const struct kvm_regs *r)
{
	static const uint16_t sel[] = {
		0xffa8, 0xffac, 0xffb0, 0xffb4, 0xffb8, 0xffbc, 0xffc0, 0xffc4,
	}, hidden[] = {
		0xff84, 0xff90, 0xff9c, 0xff2c, 0xff38, 0xff44, 0xff78, 0xff5c,
	};
	const struct kvm_segment *seg[] = {
		&s->es, &s->cs, &s->ss, &s->ds, &s->fs, &s->gs, &s->ldt, &s->tr,
	};
	const uint64_t regs[] = {
		r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi, r->rip,
		r->rflags, s->cr3, s->cr0,
	};
	unsigned int i;

	for (i = 0; i < 8; i++) {
		CHECK_EQ(area_get(smram, sel[i], 2), seg[i]->selector);
		CHECK_EQ(area_get(smram, hidden[i], 4), attributes(seg[i]) << 8);
		CHECK_EQ(area_get(smram, hidden[i] + 4, 4), seg[i]->limit);
		CHECK_EQ(area_get(smram, hidden[i] + 8, 4), seg[i]->base);
	}
	for (i = 0; i < 12; i++)
		CHECK_EQ(area_get(smram, 0xffd0 + 4 * i, 4), regs[i]);
	CHECK_EQ(area_get(smram, 0xffc8, 4), 0x400);
	CHECK_EQ(area_get(smram, 0xff14, 4), s->cr4);
	CHECK_EQ(area_get(smram, 0xff70, 4), s->gdt.limit);
	CHECK_EQ(area_get(smram, 0xff74, 4), s->gdt.base);
	CHECK_EQ(area_get(smram, 0xff54, 4), s->idt.limit);
	CHECK_EQ(area_get(smram, 0xff58, 4), s->idt.base);
	CHECK_EQ(area_get(smram, 0xfefc, 4), 0x20000);
	CHECK_EQ(area_get(smram, 0xfef8, 4), SMBASE);
}

static void there_and_back(enum mode mode, bool lm)
{
	struct kvm_sregs was, s;
	struct kvm_regs had, r;

	start(mode, lm);
	was = vcpu_sregs(&v);
	had = vcpu_regs(&v);
	CHECK(!in_smm(&v));
	CHECK(!(v.run->flags & KVM_RUN_X86_SMM));
	smi_enter(&v);
	CHECK(in_smm(&v));
	check_entry(&was, &had, SMBASE, lm);
	if (lm)
		check_wide(&was, &had);
	else
		check_narrow(&was, &had);
	/* What the handler changes in the area is what the program gets. */
	area_set(smram, lm ? 0xffe0 : 0xffdc, 4, 0xcafe);
	complete(&v);
	if (mode == MODE_PAE && is_stock())
		test_skip("Linux's KVM 6.1 shuts down");
	vcpu_until(&v, PORT_DONE);
	CHECK(!(v.run->flags & KVM_RUN_X86_SMM));
	CHECK(!in_smm(&v));
	s = vcpu_sregs(&v);
	CHECK(!memcmp(&s, &was, sizeof(s)));
	r = vcpu_regs(&v);
	CHECK_EQ((uint32_t)r.rbx, 0xcafe);
	r.rbx = had.rbx;
	r.rip = had.rip;
	CHECK(!memcmp(&r, &had, sizeof(r)));
}

static void real(void) { there_and_back(MODE_REAL, true); }
static void prot(void) { there_and_back(MODE_PROT, true); }
static void paging_32(void) { there_and_back(MODE_32, true); }
static void pae(void) { there_and_back(MODE_PAE, true); }
static void long_mode(void) { there_and_back(MODE_LONG, true); }
static void narrow_real(void) { there_and_back(MODE_REAL, false); }
static void narrow_32(void) { there_and_back(MODE_32, false); }
static void narrow_pae(void) { there_and_back(MODE_PAE, false); }

/* RSM moves SMBASE; userspace sees and sets it, a guest does not. */
static void smbase_moves(void)
{
	struct kvm_sregs was;
	struct kvm_regs had;
	uint8_t *other;

	start(MODE_LONG, true);
	other = smram_new(&vm, 1, 0xa0000);
	CHECK_EQ(smbase_get(&v), SMBASE);
	smi_enter(&v);
	CHECK_EQ(area_get(smram, 0xff00, 4), SMBASE);
	area_set(smram, 0xff00, 4, 0xa0000);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(smbase_get(&v), 0xa0000);
	complete(&v);
	was = vcpu_sregs(&v);
	had = vcpu_regs(&v);
	smi_enter(&v);
	check_entry(&was, &had, 0xa0000, true);
	CHECK_EQ(area_get(other, 0xff00, 4), 0xa0000);
	vcpu_until(&v, PORT_DONE);
	smbase_set(&v, SMBASE);
	memset(smram + AREA, 0, 0x200);
	smi_enter(&v);
	CHECK_EQ(area_get(smram, 0xff00, 4), SMBASE);
}

GUEST(64, g_rdmsr, "mov $0x9e, %ecx\n rdmsr\n");
GUEST(64, g_rsm, "rsm\n");

static void not_for_guests(void)
{
	skip_without_smm();
	START(MODE_LONG, g_rdmsr);
	exc_expect(&v, 13, 5);
	START(MODE_LONG, g_rsm);
	exc_expect(&v, 6, 0);
}

/* The handler reads and writes a byte of SMRAM; the program reads its own there. */
GUEST(16, g_smram, "mov $0x3000, %ax\n mov %ax, %ds\n mov 0x9000, %al\n"
      "movb $0x77, 0x9001\n out %al, $0x30\n rsm\n");
GUEST(64, g_ram, "mov 0x39000, %al\n out %al, $0x20\n mov 0x39001, %al\n"
      "out %al, $0x20\n" DONE);

static void smram_is_apart(void)
{
	struct kvm_regs r;

	start(MODE_LONG, true);
	memcpy(smram + 0x8000, g_smram, g_smram_end - g_smram);
	smram[0x9000] = 0x55;
	vm.mem[0x39000] = 0x11;
	vm.mem[0x39001] = 0x22;
	vcpu_code(&v, MODE_LONG, g_ram);
	vcpu_until(&v, 0x20);
	CHECK_EQ(vcpu_regs(&v).rax & 0xff, 0x11);
	smi_enter(&v);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rax & 0xff, 0x55);
	CHECK_EQ(smram[0x9001], 0x77);
	vcpu_until(&v, 0x20);
	CHECK_EQ(vcpu_regs(&v).rax & 0xff, 0x22);
	CHECK_EQ(vm.mem[0x39001], 0x22);
	CHECK_EQ(vm.mem[0x38000], 0);
	vcpu_until(&v, PORT_DONE);
}

/* Pages that the OS has named where SMRAM is: nobody writes to that for it. */
GUEST(16, g_out_out, "out %al, $0x30\n out %al, $0x30\n rsm\n");
#define STEAL		0x39000		/* msr.rst: 64 bytes, and 32 */
#define CLOCK		0x39040
#define HV_CODE		0x3a000

static void os_pages(void)
{
	struct kvm_clock_data c = { .flags = 0 };
	unsigned int i;

	start(MODE_LONG, true);
	memcpy(smram + 0x8000, g_out_out, g_out_out_end - g_out_out);
	memset(smram + 0x9000, 0x5a, 0x2000);
	CHECK_EQ(host_set(0x4b564d03, STEAL | 1), 1);
	CHECK_EQ(host_set(0x4b564d01, CLOCK | 1), 1);
	smi_enter(&v);
	OK(ioctl(vm.fd, KVM_SET_CLOCK, &c));
	OK(ioctl(v.fd, KVM_KVMCLOCK_CTRL, 0ul));
	/* Hyper-V's pages come with a saved state. */
	CHECK_EQ(host_set(0x40000000, 1), 1);
	CHECK_EQ(host_set(0x40000001, HV_CODE | 1), 1);
	vcpu_until(&v, PORT_SMM);
	for (i = 0; i < 0x2000; i++)
		CHECK_EQ(smram[0x9000 + i], 0x5a);
	/* They are the OS's, and written. */
	CHECK(*(uint32_t *)(vm.mem + CLOCK + 24));
	CHECK(*(uint32_t *)(vm.mem + STEAL + 8) >= 2);
	CHECK(*(uint32_t *)(vm.mem + HV_CODE));
}

#define GPA_A	0x40000
#define GPA_B	0x41000
#define VA	0x7f000000ul

/*
 * A table that both address spaces have, written in one of them.  The handler's pointer
 * to the entry is in EBX, and the entry's new low half in ECX.
 */
GUEST(16, g_remap, "movl %ecx, (%ebx)\n out %al, $0x30\n rsm\n");
GUEST(64, g_look, "1: mov 0x7f000000, %al\n out %al, $0x20\n jmp 1b\n");

static void tables_shared(void)
{
	struct kvm_regs r;
	uint64_t dir, table, pte;
	int i;

	start(MODE_LONG, true);
	OK(vm_slot(&vm, SPACE1 | 0, 0, NULL, 0));
	memcpy(vm.mem + SMBASE + 0x8000, g_remap, g_remap_end - g_remap);
	OK(vm_slot(&vm, SPACE1 | 2, 0, vm.mem, RAM_SIZE));
	vcpu_code(&v, MODE_LONG, g_look);
	/* In place of the large page that is there. */
	table = vm_page(&vm);
	pte = table + (VA >> 12 & 511) * 8;
	dir = pt_get(&v.pt, VA, 3) & ~0xfffull;
	*vm_u64(&vm, dir + (VA >> 21 & 511) * 8) = table | PTE_P | PTE_W | PTE_U;
	*vm_u64(&vm, pte) = GPA_A | PTE_P | PTE_W | PTE_U;
	vm.mem[GPA_A] = 0xaa;
	vm.mem[GPA_B] = 0xbb;
	vcpu_until(&v, 0x20);
	CHECK_EQ(vcpu_regs(&v).rax & 0xff, 0xaa);
	for (i = 0; i < 6; i++) {
		complete(&v);
		r = vcpu_regs(&v);
		r.rbx = pte;
		r.rcx = (i & 1 ? GPA_A : GPA_B) | PTE_P | PTE_W | PTE_U;
		vcpu_set_regs(&v, &r);
		smi_enter(&v);
		CHECK_EQ((uint32_t)*vm_u64(&vm, pte), r.rcx);
		vcpu_until(&v, 0x20);
		CHECK_EQ(vcpu_regs(&v).rax & 0xff, i & 1 ? 0xaa : 0xbb);
	}
}

/* States that no processor can be in (APM vol. 2, 10.4; 3.1; 14.6.2). */
static void bad_rsm(void)
{
	static const struct {
		const char *name;
		uint16_t at;
		uint64_t clear, set;
		bool linux_takes;
	} rows[] = {
		{ "PG without PE", 0xff58, CR0_PE, CR0_PG, false },
		{ "NW without CD", 0xff58, CR0_CD, CR0_NW, false },
		{ "CR0, upper half", 0xff58, 0, 1ull << 32, true },
		{ "CR4, reserved", 0xff48, 0, 1ull << 31, false },
		{ "long mode without PAE", 0xff48, 0x20, 0, false },
		{ "EFER, reserved", 0xfed0, 0, 1ull << 2, false },
		{ "CR3, beyond the address", 0xff50, 0, 1ull << 62, false },
	};
	unsigned int i;
	bool stock;

	vm_new(&vm, 0);
	stock = is_stock();
	vm_close(&vm);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_row = rows[i].name;
		if (rows[i].linux_takes && stock)
			continue;
		start(MODE_LONG, true);
		smi_enter(&v);
		area_set(smram, rows[i].at, 8,
			 (area_get(smram, rows[i].at, 8) & ~rows[i].clear) |
			 rows[i].set);
		vcpu_expect(&v, KVM_EXIT_SHUTDOWN);
		vcpu_close(&v);
		vm_close(&vm);
	}
	/* No memory at SMBASE: the handler is not there, nor is the area. */
	test_row = "no memory";
	start(MODE_LONG, true);
	smi_enter(&v);
	OK(vm_slot(&vm, SPACE1 | 0, SMBASE, NULL, 0));
	CHECK(vcpu_run(&v) != KVM_EXIT_FAIL_ENTRY);
}

static void on_alarm(int sig)
{
	v.run->immediate_exit = 1;
}

#define AREAS 300

/* Whatever is in the area: the run ends, and the vCPU is as good as before. */
static void random_area(void)
{
	const struct itimerval tick = { { 0, 20000 }, { 0, 20000 } };
	struct kvm_vcpu_events e;
	unsigned int i, n;
	uint8_t good[0x200];

	start(MODE_LONG, true);
	smi_enter(&v);
	memcpy(good, smram + AREA, sizeof(good));
	signal(SIGALRM, on_alarm);
	OK(setitimer(ITIMER_REAL, &tick, NULL));
	for (i = 0; i < AREAS; i++) {
		rnd_start(i, 0);
		memcpy(smram + AREA, good, sizeof(good));
		for (n = i % 3 ? below(4) + 1 : sizeof(good); n; n--)
			smram[AREA + below(sizeof(good))] = rnd();
		v.run->immediate_exit = 0;
		if (ioctl(v.fd, KVM_RUN, 0ul))
			CHECK(errno == EINTR || errno == EFAULT);
		vcpu_regs(&v);
		/* Back into the handler, by userspace's means. */
		v.run->immediate_exit = 0;
		vcpu_code(&v, MODE_LONG, g_64);
		e = events(&v);
		memset(&e, 0, sizeof(e));
		e.flags = KVM_VCPUEVENT_VALID_SMM | KVM_VCPUEVENT_VALID_SHADOW |
			  KVM_VCPUEVENT_VALID_NMI_PENDING;
		OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &e));
		smbase_set(&v, SMBASE);
		smi(&v);
		while (ioctl(v.fd, KVM_RUN, 0ul))
			v.run->immediate_exit = 0;
		CHECK(in_smm(&v));
	}
}

#define CASE(name) { #name, name, 0 }

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASE(real), CASE(prot), CASE(paging_32), CASE(pae), CASE(long_mode),
		CASE(narrow_real), CASE(narrow_32), CASE(narrow_pae),
		CASE(smbase_moves), CASE(not_for_guests), CASE(smram_is_apart), CASE(os_pages),
		CASE(tables_shared), CASE(bad_rsm), CASE(random_area), { }
	};

	return test_main(argc, argv, cases);
}
