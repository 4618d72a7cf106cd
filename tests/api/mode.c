// SPDX-License-Identifier: GPL-2.0-only
/* CPU modes of the guest: descriptors, page tables, exception handlers. */
#define _GNU_SOURCE
#include "lib.h"

/* SDM vol. 3, 3.4.5: flat descriptors in the order of the SEL_ constants. */
static const uint64_t gdt[] = {
	0,
	0x00cf9b000000ffff,	/* SEL_CODE32 */
	0x00cf93000000ffff,	/* SEL_DATA */
	0x00af9b000000ffff,	/* SEL_CODE64 */
	0x00009b000000ffff,	/* SEL_CODE16 */
	0x000093000000ffff,	/* SEL_DATA16 */
	0x00cffb000000ffff,	/* SEL_UCODE32 */
	0x00cff3000000ffff,	/* SEL_UDATA */
	0x00affb000000ffff,	/* SEL_UCODE64 */
	0x00cf13000000ffff,	/* SEL_ABSENT */
	0x00008b0000000067 | (uint64_t)GPA_TSS << 16,	/* SEL_TSS */
	0,			/* its upper half in long mode */
};

static struct kvm_segment segment(uint16_t sel)
{
	uint64_t d = gdt[sel >> 3];
	struct kvm_segment s = {
		.selector = sel,
		.base = (d >> 16 & 0xffffff) | (d >> 32 & 0xff000000),
		.limit = (d & 0xffff) | (d >> 32 & 0xf0000),
		.type = d >> 40 & 15,
		.s = d >> 44 & 1,
		.dpl = d >> 45 & 3,
		.present = d >> 47 & 1,
		.l = d >> 53 & 1,
		.db = d >> 54 & 1,
		.g = d >> 55 & 1,
	};

	if (s.g)
		s.limit = s.limit << 12 | 0xfff;
	return s;
}

static void segments_real(struct kvm_sregs *s)
{
	struct kvm_segment data = {
		.limit = 0xffff, .type = 3, .s = 1, .present = 1,
	};
	struct kvm_segment system = {
		.limit = 0xffff, .type = 11, .present = 1,
	};

	s->ds = s->es = s->fs = s->gs = s->ss = data;
	s->cs = data;
	s->cs.type = 11;
	s->tr = system;
	s->ldt = system;
	s->ldt.type = 2;
	s->gdt.base = 0;
	s->gdt.limit = 0xffff;
}

static void segments_flat(struct vm *vm, struct kvm_sregs *s, bool code64)
{
	memcpy(vm->mem + GPA_GDT, gdt, sizeof(gdt));
	s->cs = segment(code64 ? SEL_CODE64 : SEL_CODE32);
	s->ds = segment(SEL_DATA);
	s->es = s->fs = s->gs = s->ss = s->ds;
	s->tr = segment(SEL_TSS);
	memset(&s->ldt, 0, sizeof(s->ldt));
	s->ldt.unusable = 1;
	s->gdt.base = GPA_GDT;
	s->gdt.limit = sizeof(gdt) - 1;
}

void pt_init(struct pt *pt, struct vm *vm, enum mode mode)
{
	static const struct pt formats[] = {
		[MODE_32] = { .levels = 2, .bits = 10, .esize = 4 },
		[MODE_PAE] = { .levels = 3, .bits = 9, .esize = 8 },
		[MODE_LONG] = { .levels = 4, .bits = 9, .esize = 8 },
		[MODE_LONG5] = { .levels = 5, .bits = 9, .esize = 8 },
	};

	*pt = formats[mode];
	pt->vm = vm;
	if (pt->levels)
		pt->root = vm_page(vm);
}

static uint64_t entry_addr(struct pt *pt, uint64_t table, uint64_t va,
			   int level)
{
	uint64_t index = va >> (12 + pt->bits * (level - 1));

	return table + (index & ((1u << pt->bits) - 1)) * pt->esize;
}

static uint64_t entry_read(struct pt *pt, uint64_t gpa)
{
	uint64_t e = 0;

	memcpy(&e, pt->vm->mem + gpa, pt->esize);
	return e;
}

static void entry_write(struct pt *pt, uint64_t gpa, uint64_t e)
{
	memcpy(pt->vm->mem + gpa, &e, pt->esize);
}

/* Address of the entry; with_tables: make the tables on the way. */
static uint64_t entry_find(struct pt *pt, uint64_t va, int level,
			   bool with_tables)
{
	uint64_t table = pt->root, at, e;
	int l;

	for (l = pt->levels; ; l--) {
		at = entry_addr(pt, table, va, l);
		if (l == level)
			return at;
		e = entry_read(pt, at);
		if (!(e & PTE_P)) {
			CHECK(with_tables);
			e = vm_page(pt->vm) | PTE_P;
			/* SDM vol. 3, table 4-8: rights are reserved there. */
			if (pt->levels != 3 || l != 3)
				e |= PTE_W | PTE_U;
			entry_write(pt, at, e);
		}
		table = e & 0x000ffffffffff000ull;
	}
}

void pt_map(struct pt *pt, uint64_t va, uint64_t pa, int level, uint64_t flags)
{
	if (level > 1)
		flags |= PTE_PS;
	entry_write(pt, entry_find(pt, va, level, true), pa | flags);
}

uint64_t pt_get(struct pt *pt, uint64_t va, int level)
{
	return entry_read(pt, entry_find(pt, va, level, false));
}

static void pt_identity(struct pt *pt)
{
	uint64_t step = 1ull << (12 + pt->bits);
	uint64_t end = pt->levels > 3 ? 4ull << 30 : 1ull << 30, a;

	for (a = 0; a < end; a += step)
		pt_map(pt, a, a, 2, PTE_P | PTE_W | PTE_U);
}

static void paging_on(struct vcpu *v, struct kvm_sregs *s, enum mode mode)
{
	s->cr3 = v->pt.root;
	s->cr0 |= 1u << 31;
	s->cr4 |= mode == MODE_32 ? 1 << 4 : 1 << 5;	/* PSE, PAE */
	if (mode == MODE_LONG5)
		s->cr4 |= 1 << 12;			/* LA57 */
	if (mode != MODE_32)
		s->efer |= 1 << 11;			/* NXE */
	if (mode >= MODE_LONG)
		s->efer |= 1 << 8 | 1 << 10;		/* LME, LMA */
}

void vcpu_mode(struct vcpu *v, enum mode mode, uint64_t rip)
{
	struct kvm_regs r = { .rip = rip, .rsp = GPA_STACK, .rflags = 2 };
	struct kvm_sregs s = vcpu_sregs(v);

	s.cr0 = 0x30;			/* ET, NE */
	s.cr4 = 1 << 9 | 1 << 10;	/* OSFXSR, OSXMMEXCPT */
	s.cr3 = 0;
	s.efer = 0;
	s.idt.base = 0;
	s.idt.limit = 0x3ff;
	if (mode == MODE_REAL) {
		segments_real(&s);
	} else {
		s.cr0 |= 1;
		segments_flat(v->vm, &s, mode >= MODE_LONG);
		s.idt.limit = 0;
	}
	if (mode >= MODE_32) {
		pt_init(&v->pt, v->vm, mode);
		pt_identity(&v->pt);
		paging_on(v, &s, mode);
	}
	vcpu_set_sregs(v, &s);
	vcpu_set_regs(v, &r);
}

/*
 * The stub of a vector pushes an error code of 0 where the CPU pushes none,
 * then the vector, and jumps here.  Nothing but the stack changes.
 */
GUEST(64, exc_common64,
      "push %rax\n mov %cr2, %rax\n xchg %rax, (%rsp)\n"
      "out %al, $0xf5\n"
      "add $24, %rsp\n iretq\n");
GUEST(32, exc_common32,
      "push %eax\n mov %cr2, %eax\n xchg %eax, (%esp)\n"
      "out %al, $0xf5\n"
      "add $12, %esp\n iret\n");

/* SDM vol. 3, table 6-1: #DF #TS #NP #SS #GP #PF #AC #CP. */
static const uint32_t with_error = 1 << 8 | 31 << 10 | 1 << 17 | 1 << 21;

static void stub_write(uint8_t *p, uint64_t at, unsigned int vector)
{
	int32_t rel;

	if (vector > 31 || !(with_error >> vector & 1)) {
		*p++ = 0x6a;		/* push imm8 */
		*p++ = 0;
		at += 2;
	}
	*p++ = 0x68;			/* push imm32 */
	memcpy(p, &vector, 4);
	p += 4;
	*p++ = 0xe9;			/* jmp rel32 */
	rel = GPA_COMMON - (int32_t)(at + 10);
	memcpy(p, &rel, 4);
}

static void gate_write(struct vm *vm, bool long_mode, unsigned int vector)
{
	uint64_t at = GPA_STUBS + vector * 16;
	uint64_t sel = long_mode ? SEL_CODE64 : SEL_CODE32;
	uint64_t ist = long_mode && vector == 8;
	/* present, DPL 3, interrupt gate */
	uint64_t gate = (at & 0xffff) | sel << 16 | ist << 32 | 0xeeull << 40 |
			(at & 0xffff0000) << 32;

	stub_write(vm->mem + at, at, vector);
	if (long_mode) {
		*vm_u64(vm, GPA_IDT + vector * 16) = gate;
		*vm_u64(vm, GPA_IDT + vector * 16 + 8) = 0;
	} else {
		*vm_u64(vm, GPA_IDT + vector * 8) = gate;
	}
}

void exc_setup(struct vcpu *v)
{
	struct kvm_sregs s = vcpu_sregs(v);
	bool long_mode = s.efer >> 10 & 1;
	uint8_t *tss = v->vm->mem + GPA_TSS;
	uint64_t ist = GPA_IST, stack = GPA_STACK;
	unsigned int i;

	if (long_mode)
		vm_load(v->vm, GPA_COMMON, exc_common64, exc_common64_end);
	else
		vm_load(v->vm, GPA_COMMON, exc_common32, exc_common32_end);
	for (i = 0; i < 256; i++)
		gate_write(v->vm, long_mode, i);
	memset(tss, 0, 104);
	tss[0x66] = 104;		/* no I/O permission map */
	if (long_mode) {
		memcpy(tss + 4, &stack, 8);
		memcpy(tss + 0x24, &ist, 8);
	} else {
		memcpy(tss + 4, &stack, 4);
		tss[8] = SEL_DATA;
	}
	s.idt.base = GPA_IDT;
	s.idt.limit = long_mode ? 0xfff : 0x7ff;
	vcpu_set_sregs(v, &s);
}

struct exc exc_next(struct vcpu *v)
{
	int i, size = vcpu_sregs(v).efer >> 10 & 1 ? 8 : 4;
	uint64_t rsp, word[8] = { 0 };

	vcpu_until(v, PORT_EXC);
	rsp = vcpu_regs(v).rsp;
	CHECK(rsp + sizeof(word) <= v->vm->size);
	for (i = 0; i < 8; i++)
		memcpy(&word[i], v->vm->mem + rsp + i * size, size);
	return (struct exc){
		word[0], word[1], word[2], word[3],
		word[4], word[5], word[6], word[7],
	};
}

struct exc exc_expect(struct vcpu *v, unsigned int vector, uint64_t offset)
{
	struct exc e = exc_next(v);

	CHECK_EQ(e.vector, vector);
	CHECK_EQ(e.rip, GPA_CODE + offset);
	return e;
}
