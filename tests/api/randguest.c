// SPDX-License-Identifier: GPL-2.0-only
/* A machine with random code, registers, tables and descriptors. */
#define _GNU_SOURCE
#include "lib.h"
#include "randguest.h"
#include "rnd.h"

#define CODE_SIZE	0x3000
#define EDGE		128	/* bytes of code before an edge of memory */

const char *const kind_names[] = {
	"real", "prot", "prot16", "32", "pae", "long", "long5", "compat",
	"compat16", "v86",
};

static const enum mode kind_modes[] = {
	MODE_REAL, MODE_PROT, MODE_PROT, MODE_32, MODE_PAE, MODE_LONG,
	MODE_LONG5, MODE_LONG, MODE_LONG, MODE_PAE,
};

struct vm guest_vm;
struct vcpu guest_cpu;
uint64_t guest_tables = GPA_TABLES;
bool spoiled;

static enum kind kind;
static uint8_t *ro_mem;
static bool has_la57;
static struct kvm_sregs start_sregs;

/* ---- the guest's memory ---- */

static void code_write(void)
{
	static const uint64_t edges[] = {
		GPA_CODE + CODE_SIZE - EDGE, RAM_SIZE - EDGE,
	};
	unsigned int i;

	rnd_code(guest_vm.mem + GPA_CODE, CODE_SIZE);
	for (i = 0; i < 2; i++)
		rnd_code(guest_vm.mem + edges[i], EDGE);
	rnd_code(ro_mem, RO_SIZE);
	for (i = 0; i < 512; i++)
		*vm_u64(&guest_vm, GPA_DATA + i * 8) = below(2) ? rnd_address() :
							    odd_number();
}

/* Entries that lead nowhere, to devices, to themselves, or forbid something. */
static void tables_spoil(void)
{
	unsigned int n = below(3) ? 0 : 1 + below(16);
	uint64_t pages = (guest_vm.next - guest_tables) >> 12, *e;

	while (pages && n--) {
		e = vm_u64(&guest_vm, guest_tables + (below(pages) << 12) +
			   (below(2) ? below(16) : below(512)) * 8);
		switch (below(4)) {
		case 0:
			*e ^= 1ull << below(64);
			break;
		case 1:
			*e = (rnd_address() & ~0xfffull) | below(256);
			break;
		case 2:
			*e = (*e & ~0xfffull) | below(4096);
			break;
		default:
			*e = odd_number();
		}
	}
}

/* Random descriptors and gates behind the ones of lib.h, and within them. */
static void descriptors_spoil(void)
{
	unsigned int i;

	for (i = 12; i < 64; i++)
		*vm_u64(&guest_vm, GPA_GDT + i * 8) = rnd();
	if (!below(3))
		spoil(guest_vm.mem + GPA_GDT, 0x48);
	if (!below(3))
		spoil(guest_vm.mem + GPA_IDT, 0x1000);
}

/* ---- the guest's registers ---- */

/*
 * QEMU's TCG marks no TSS as busy in TR itself, and aborts at a change of CPL
 * outside of long mode if VMRUN brought one that is.
 */
int sregs_try(struct kvm_sregs *s)
{
	if (!(s->efer & EFER_LMA))
		s->tr.type = 9;
	return ioctl(guest_cpu.fd, KVM_SET_SREGS, s);
}

static uint64_t some_rip(void)
{
	static const uint64_t edges[] = {
		GPA_CODE + CODE_SIZE, RAM_SIZE, GPA_RO + RO_SIZE, GPA_HOLE,
	};

	switch (below(16)) {
	case 0:
		return edges[below(4)] - below(EDGE);
	case 1:
		return GPA_RO + below(RO_SIZE);
	case 2:
		return GPA_HOLE + below(4096);
	default:
		return GPA_CODE + below(CODE_SIZE);
	}
}

static void regs_random(void)
{
	/* What may be set in RFLAGS, but for VM. */
	const uint64_t flags = 0x257fd5;
	struct kvm_regs r;
	__u64 *gpr = &r.rax;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		gpr[i] = below(3) ? rnd_address() : odd_number();
		/* QEMU's TCG would jump to the upper half that is not there. */
		if (kind != KIND_LONG && kind != KIND_LONG5)
			gpr[i] = (uint32_t)gpr[i];
	}
	if (below(2))
		r.rcx = below(32);
	if (below(4))
		r.rsp = GPA_STACK - below(256) * 8;
	r.rip = some_rip();
	/* Now and then a trap after each instruction, or alignment checks. */
	r.rflags = 2 | (rnd() & flags & (below(8) ? ~0x40100ull : ~0ull));
	if (kind == KIND_V86)
		r.rflags |= FLAG_VM;
	vcpu_set_regs(&guest_cpu, &r);
}

static void segs_v86(struct kvm_sregs *s)
{
	struct kvm_segment *seg[] = { &s->cs, &s->ds, &s->es, &s->fs, &s->gs,
				      &s->ss };
	unsigned int i;

	/* SDM vol. 3, 26.3.1.2: what a CPU has in this mode. */
	for (i = 0; i < 6; i++)
		*seg[i] = (struct kvm_segment){
			.limit = 0xffff, .type = 3, .s = 1, .dpl = 3,
			.present = 1,
			.selector = i && below(2) ? rnd() & 0xffff : 0,
		};
	for (i = 0; i < 6; i++)
		seg[i]->base = seg[i]->selector << 4;
}

static void segs_user(struct kvm_sregs *s)
{
	s->cs.selector = s->cs.l ? SEL_UCODE64 : SEL_UCODE32;
	s->ss.selector = SEL_UDATA;
	s->cs.dpl = s->ss.dpl = 3;
	s->ds = s->es = s->fs = s->gs = s->ss;
}

/* Data segments that reach devices with 16-bit addresses, or nearly nothing. */
static void segs_data(struct kvm_sregs *s)
{
	struct kvm_segment *seg[] = { &s->ds, &s->es, &s->fs, &s->gs };
	struct kvm_segment *one = seg[below(4)];

	if (below(2))
		one->base = rnd_address() & 0xfffffff0;
	if (!below(4))
		one->limit = below(2) ? below(0x10000) : 0xffffffff;
}

static void sregs_kind(struct kvm_sregs *s)
{
	if (kind == KIND_COMPAT || kind == KIND_COMPAT16)
		s->cs.l = 0;
	if (kind == KIND_COMPAT)
		s->cs.db = 1;
	if (kind == KIND_PROT16 || kind == KIND_COMPAT16)
		s->cs.db = s->ss.db = 0;
	if (kind == KIND_V86)
		segs_v86(s);
	else if (kind != KIND_REAL && !below(3))
		segs_user(s);
	if (!below(2) && kind != KIND_V86)
		segs_data(s);
	if (!below(4))
		s->cr4 |= below(1 << 12) & 0x0d;	/* VME, TSD, DE */
	if (!below(4))
		s->cr0 |= below(2) ? 1 << 16 : 1 << 18;	/* WP, AM */
	if (!below(8))
		s->cr0 |= 1 << 3;			/* TS */
	if (!below(16) && (s->cr0 & CR0_PG))
		s->cr3 = rnd_address() & 0xfffff000;
	if (!below(16))
		s->idt.base = rnd_address();
	if (!below(16))
		s->gdt.base = rnd_address();
}

/*
 * QEMU's TCG aborts on a wrong TSS type and hangs with EFER.LME in real mode,
 * stock KVM in it or not: these two stay.
 */
static void sregs_spoil(const struct kvm_sregs *from)
{
	struct kvm_sregs s = *from;

	spoil(&s, offsetof(struct kvm_sregs, tr));
	spoil(&s.gdt, sizeof(s) - offsetof(struct kvm_sregs, gdt));
	s.efer = from->efer;
	if (memcmp(&s, from, sizeof(s)) && !sregs_try(&s))
		spoiled = true;
}

/* ---- a guest's life ---- */

void guest_new(void)
{
	vm_new(&guest_vm, 0);
	vcpu_new(&guest_vm, &guest_cpu, 0);
	guest_adopt();
}

void guest_adopt(void)
{
	ro_mem = mem_new(RO_SIZE, 0);
	OK(vm_slot(&guest_vm, SLOT_FLAGS(1, KVM_MEM_READONLY), GPA_RO, ro_mem,
		   RO_SIZE));
	has_la57 = vcpu_has(&guest_cpu, 7, 2, 16);
}

static void kind_pick(void)
{
	kind = below(KIND_COUNT);
	if (kind == KIND_LONG5 && !has_la57)
		kind = KIND_LONG;
}

enum kind guest_start(void)
{
	kind_pick();
	guest_vm.next = guest_tables;
	vcpu_mode(&guest_cpu, kind_modes[kind], GPA_CODE);
	code_write();
	if (kind != KIND_REAL && below(4))
		exc_setup(&guest_cpu);
	if (!below(2))
		descriptors_spoil();
	tables_spoil();
	start_sregs = vcpu_sregs(&guest_cpu);
	sregs_kind(&start_sregs);
	OK(sregs_try(&start_sregs));
	regs_random();
	spoiled = false;
	if (!below(4))
		sregs_spoil(&start_sregs);
	return kind;
}

void guest_again(void)
{
	OK(sregs_try(&start_sregs));
	spoiled = false;
	regs_random();
	if (!below(8))
		sregs_spoil(&start_sregs);
}
