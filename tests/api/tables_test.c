// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that writes to its own page tables, by all kinds of instructions, at once
 * and while an event is on its way in.  With nested paging nobody notices; on shadow
 * page tables each of these is somebody's business.  What is expected is what the
 * instructions do.
 */
#define _GNU_SOURCE
#include "start.h"

static struct vm vm;
static struct vcpu v;

enum { UD = 6 };

#define VEC	0x40
#define FLAGS_IF 0x200

/* What is mapped there is one of two pages, by a choice at one level. */
#define VA	0x7f0000000000ull
#define GPA_PAGE(i)	(0x20000ull + (i) * 0x1000)
#define GPA_PT(i)	(0x40000ull + (i) * 0x1000)
#define GPA_NEW		0x30000
/* P, W, U and A; D too, which means nothing in a directory. */
#define FLAGS	0x67ull

#define TABLE(gpa)	((gpa) & 0x000ffffffffff000ull)

/* R11: VA; RDI: the entry; RAX: what it is; R12, and (RSI): what it becomes. */
#define AROUND(store)							\
	"mov (%r11), %r8b\n" store "\n invlpg (%r11)\n"		\
	"mov (%r11), %r9b\n" DONE
#define ROWS(X)								\
	X(mov8, "mov %r12, (%rdi)")					\
	X(mov4, "mov %r12d, (%rdi)")					\
	X(mov2, "mov %r12w, (%rdi)")					\
	X(mov1, "mov %r12, %rdx\n movb %dh, 1(%rdi)")			\
	X(movnti, "movnti %r12, (%rdi)")				\
	X(xchg, "mov %r12, %rdx\n xchg %rdx, (%rdi)")			\
	X(btc, "lock btcq $12, (%rdi)")					\
	X(cmpxchg, "lock cmpxchg %r12, (%rdi)")				\
	X(cmpxchg16b, "mov %r12, %rbx\n xor %ecx, %ecx\n"		\
	  "xor %edx, %edx\n lock cmpxchg16b (%rdi)")			\
	X(push, "mov %rsp, %r10\n lea 8(%rdi), %rsp\n push %r12\n"	\
	  "mov %r10, %rsp")						\
	X(stos, "mov %r12, %rax\n stosq")				\
	X(rep_movs, "mov $2, %ecx\n rep movsq")				\
	X(movups, "movups (%rsi), %xmm0\n movups %xmm0, (%rdi)")	\
	X(x87, "fildll (%rsi)\n fistpll (%rdi)")			\
	X(cr3, "mov %r12, (%rdi)\n mov %cr3, %rdx\n mov %rdx, %cr3")

#define CODE(name, store) GUEST(64, g_##name, AROUND(store));
ROWS(CODE)
#define ROW(name, store) { #name, g_##name, g_##name##_end },
static const struct {
	const char *name;
	const uint8_t *code, *end;
} rows[] = { ROWS(ROW) };

static uint64_t target(int level, int i)
{
	return (level == 1 ? GPA_PAGE(i) : GPA_PT(i)) | FLAGS;
}

/* Two pages, two tables that map one each, and the entry of @level that chooses. */
static uint64_t tables_make(int level)
{
	uint64_t pd, entry;
	int i;

	pt_map(&v.pt, VA, 0, 1, PTE_P);
	pd = TABLE(pt_get(&v.pt, VA, 3));
	for (i = 0; i < 2; i++) {
		vm.mem[GPA_PAGE(i)] = i + 1;
		*vm_u64(&vm, GPA_PT(i)) = GPA_PAGE(i) | FLAGS;
	}
	*vm_u64(&vm, pd) = GPA_PT(0) | FLAGS;
	entry = level == 1 ? GPA_PT(0) : pd;
	*vm_u64(&vm, entry) = target(level, 0);
	return entry;
}

static void written(int level)
{
	struct kvm_regs r;
	uint64_t entry;
	unsigned int i, n;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		test_row = rows[i].name;
		vm_new(&vm, 0);
		vcpu_new(&vm, &v, 0);
		vm_load(&vm, GPA_CODE, rows[i].code, rows[i].end);
		vcpu_mode(&v, MODE_LONG, GPA_CODE);
		entry = tables_make(level);
		for (n = 0; n < 8; n++) {
			r = (struct kvm_regs){
				.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
				.r11 = VA, .rdi = entry, .rsi = GPA_NEW,
				.rax = target(level, n & 1),
				.r12 = target(level, ~n & 1),
			};
			*vm_u64(&vm, GPA_NEW) = r.r12;
			vcpu_set_regs(&v, &r);
			vcpu_until(&v, PORT_DONE);
			CHECK_EQ(*vm_u64(&vm, entry), r.r12);
			r = vcpu_regs(&v);
			CHECK_EQ(r.r8 & 0xff, (n & 1) + 1);
			CHECK_EQ(r.r9 & 0xff, (~n & 1) + 1);
		}
		vcpu_close(&v);
		vm_close(&vm);
	}
}

static void leaf_written(void) { written(1); }
static void directory_written(void) { written(2); }

/* ------------------------------------------------------------------------ */

GUEST(64, g_ud, "mov (%r11), %r8b\n ud2\n");
GUEST(64, g_sti, "mov (%r11), %r8b\n sti\n nop\n nop\n" DONE);

/* In the middle of a table, whose used entry is the first. */
static void stack_in(uint64_t table, uint64_t rflags)
{
	struct kvm_regs r = {
		.rip = GPA_CODE, .rsp = table + 0x800, .rflags = rflags | 2,
		.r11 = VA,
	};

	vcpu_set_regs(&v, &r);
}

/* The stack that an event is delivered on is a page table. */
static void delivered(int level)
{
	struct kvm_interrupt irq = { VEC };
	uint64_t table;
	struct exc e;
	int i;

	START(MODE_LONG, g_ud);
	table = TABLE(tables_make(level));
	for (i = 0; i < 6; i++) {
		stack_in(table, 0);
		e = exc_next(&v);
		CHECK_EQ(e.vector, UD);
		CHECK_EQ(e.rip, GPA_CODE + 3);
		CHECK_EQ(e.rsp, table + 0x800);
		CHECK_EQ(vcpu_regs(&v).r8 & 0xff, 1);
	}
	vm_load(&vm, GPA_CODE, g_sti, g_sti_end);
	for (i = 0; i < 6; i++) {
		stack_in(table, 0);
		OK(ioctl(v.fd, KVM_INTERRUPT, &irq));
		e = exc_next(&v);
		CHECK_EQ(e.vector, VEC);
		CHECK(is_behind_nop(e.rip, GPA_CODE + 5));
		CHECK_EQ(e.rsp, table + 0x800);
		vcpu_until(&v, PORT_DONE);
		CHECK_EQ(vcpu_regs(&v).r8 & 0xff, 1);
	}
}

static void delivered_leaf(void) { delivered(1); }
static void delivered_directory(void) { delivered(2); }

/* ------------------------------------------------------------------------ */

/* One that is not emulated. */
GUEST(64, g_unknown, "mov (%r11), %r8b\n movq %r12, %xmm0\n"
      "pextrq $0, %xmm0, (%rdi)\n mov (%rdi), %r9\n" DONE);

static void at_cpl_3(void)
{
	struct kvm_sregs s = vcpu_sregs(&v);

	s.ss.dpl = 3;
	s.ss.selector = SEL_UDATA;
	s.cs.dpl = 3;
	s.cs.selector = SEL_UCODE64;
	vcpu_set_sregs(&v, &s);
}

static void unknown(bool user)
{
	struct kvm_regs r;
	uint64_t table;
	int i;

	START(MODE_LONG, g_unknown);
	table = TABLE(tables_make(2));
	if (user)
		at_cpl_3();
	for (i = 0; i < 6; i++) {
		/* IOPL 3, for the port. */
		r = (struct kvm_regs){
			.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 0x3002,
			.r11 = VA, .rdi = table + 0x800, .r12 = 0x1000 + i,
		};
		vcpu_set_regs(&v, &r);
		vcpu_until(&v, PORT_DONE);
		CHECK_EQ(vcpu_regs(&v).r8 & 0xff, 1);
		CHECK_EQ(vcpu_regs(&v).r9, 0x1000 + i);
	}
}

static void unknown_kernel(void) { unknown(false); }
static void unknown_user(void) { unknown(true); }

/* ------------------------------------------------------------------------ */

/* MOV from CR0, CR4, CR3, SMSW: the same bytes in every mode. */
GUEST(64, g_crs, ".byte 0x0f, 0x20, 0xc0, 0x0f, 0x20, 0xe1\n"
      ".byte 0x0f, 0x20, 0xda, 0x0f, 0x01, 0xe3\n" DONE);

/* What the processor has in them is not what the guest put there. */
static void registers(void)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	int mode;

	for (mode = MODE_REAL; mode <= MODE_LONG; mode++) {
		START_BARE(mode, g_crs);
		s = vcpu_sregs(&v);
		vcpu_until(&v, PORT_DONE);
		r = vcpu_regs(&v);
		CHECK_EQ(r.rax, s.cr0);
		CHECK_EQ(r.rcx, s.cr4);
		CHECK_EQ(r.rdx, s.cr3);
		CHECK_EQ(r.rbx & 0xffff, s.cr0 & 0xffff);
		s = vcpu_sregs(&v);
		CHECK_EQ(s.cr0, r.rax);
		CHECK_EQ(s.cr4, r.rcx);
		CHECK_EQ(s.cr3, r.rdx);
		vcpu_close(&v);
		vm_close(&vm);
	}
}

#define CASE(name) { #name, name, 0 }

static const struct test_case cases[] = {
	CASE(leaf_written), CASE(directory_written), CASE(delivered_leaf),
	CASE(delivered_directory), CASE(unknown_kernel), CASE(unknown_user),
	CASE(registers),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
