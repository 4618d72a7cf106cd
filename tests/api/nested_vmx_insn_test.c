// SPDX-License-Identifier: GPL-2.0-only
/* The VMX instructions of a guest: how they end, and what they fault on (SDM vol. 3, ch. 31). */
#define _GNU_SOURCE
#include "vmx.h"

enum { UD = 6, GP = 13 };

#define CF	0x01
#define ZF	0x40

/* Operands, at 0x24000 and so on. */
enum { OP_VMXON, OP_VMCS, OP_ODD, OP_REVISION, OP_FAR, OP_OUT, OP_ZERO, OP_DESC };

#define VMX_ON_STATE							\
	"mov %cr0, %rax\n or $0x20, %eax\n mov %rax, %cr0\n"		\
	"mov %cr4, %rax\n bts $13, %rax\n mov %rax, %cr4\n"
#define FEATURE								\
	"mov $0x3a, %ecx\n mov $5, %eax\n xor %edx, %edx\n wrmsr\n"

/* One instruction, then AL has the flags, and EDX the VM-instruction error. */
#define TRY(insn)							\
	insn "\n pushf\n pop %rax\n mov $0x4400, %ecx\n xor %edx, %edx\n"	\
	"vmread %rcx, %rdx\n out %al, $0x20\n"

/* The same before VMX operation, where VMREAD is undefined. */
#define TRY_OFF(insn)	insn "\n pushf\n pop %rax\n out %al, $0x20\n"

struct step {
	const char *name;
	uint8_t flags;
	uint32_t error;
};

static void machine(const uint8_t *code, const uint8_t *end)
{
	static const uint64_t op[] = {
		GPA_VMXON, GPA_VMCS, GPA_VMCS + 8, GPA_VMCS2, 1ull << 60, 0, 0, 0, 0,
	};
	uint32_t revision;

	skip_without_vmx();
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vm_load(&vm, GPA_CODE, code, end);
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
	exc_setup(&v);
	memcpy(vm.mem + 0x24000, op, sizeof(op));
	revision = host_msr(0x480);
	memcpy(vm.mem + GPA_VMXON, &revision, 4);
	memcpy(vm.mem + GPA_VMCS, &revision, 4);
	revision++;
	memcpy(vm.mem + GPA_VMCS2, &revision, 4);
}

static void steps(const struct step *s)
{
	struct kvm_regs r;

	for (; s->name; s++) {
		test_row = s->name;
		vcpu_until(&v, 0x20);
		r = vcpu_regs(&v);
		CHECK_EQ(r.rax & (CF | ZF), s->flags);
		if (s->error)
			CHECK_EQ((uint32_t)r.rdx, s->error);
	}
}

GUEST(64, g_invalid, VMX_ON_STATE FEATURE
      TRY_OFF("vmxon 0x24010") TRY_OFF("vmxon 0x24020") TRY_OFF("vmxon 0x24018")
      TRY("vmxon 0x24000") TRY("vmxon 0x24000")
      TRY("mov $0x681e, %ecx\n vmread %rcx, %rdx") TRY("vmwrite %rdx, %rcx")
      TRY("vmlaunch") TRY("vmresume") TRY("vmptrld 0x24010") TRY("vmptrld 0x24000")
      TRY("vmptrld 0x24018") TRY("vmclear 0x24010") TRY("vmptrst 0x24028"));

/* Without a current VMCS there is no place for an error. */
static void fail_invalid(void)
{
	static const struct step s[] = {
		{ "VMXON, address odd", CF, 0 }, { "VMXON, address too wide", CF, 0 },
		{ "VMXON, revision", CF, 0 }, { "VMXON", 0, 0 },
		{ "VMXON once more", CF, 0 }, { "VMREAD", CF, 0 }, { "VMWRITE", CF, 0 },
		{ "VMLAUNCH", CF, 0 }, { "VMRESUME", CF, 0 },
		{ "VMPTRLD, address odd", CF, 0 }, { "VMPTRLD, VMXON's region", CF, 0 },
		{ "VMPTRLD, revision", CF, 0 }, { "VMCLEAR, address odd", CF, 0 },
		{ "VMPTRST", 0, 0 }, { }
	};

	machine(g_invalid, g_invalid_end);
	steps(s);
	CHECK_EQ(*vm_u64(&vm, 0x24028), ~0ull);
}

GUEST(64, g_valid, VMX_ON_STATE FEATURE
      "vmxon 0x24000\n vmclear 0x24008\n"
      TRY("vmptrld 0x24008") TRY("vmxon 0x24000") TRY("vmclear 0x24010")
      TRY("vmclear 0x24000") TRY("vmptrld 0x24010") TRY("vmptrld 0x24000")
      TRY("vmptrld 0x24018") TRY("mov $0x7ffe, %ecx\n vmread %rcx, %rdx")
      TRY("mov $0x7ffe, %ecx\n vmwrite %rdx, %rcx") TRY("vmresume")
      TRY("mov %ss, %eax\n mov %eax, %ss\n vmlaunch") TRY("vmlaunch")
      TRY("vmptrst 0x24028"));

static void fail_valid(void)
{
	static const struct step s[] = {
		{ "VMPTRLD", 0, 0 }, { "VMXON once more", ZF, 15 },
		{ "VMCLEAR, address odd", ZF, 2 }, { "VMCLEAR, VMXON's region", ZF, 3 },
		{ "VMPTRLD, address odd", ZF, 9 }, { "VMPTRLD, VMXON's region", ZF, 10 },
		{ "VMPTRLD, revision", ZF, 11 }, { "VMREAD, field", ZF, 12 },
		{ "VMWRITE, field", ZF, 12 }, { "VMRESUME of a clear one", ZF, 5 },
		{ "VMLAUNCH behind MOV SS", ZF, 26 }, { "VMLAUNCH, controls", ZF, 7 },
		{ "VMPTRST", 0, 0 }, { }
	};

	machine(g_valid, g_valid_end);
	steps(s);
	CHECK_EQ(*vm_u64(&vm, 0x24028), GPA_VMCS);
}

GUEST(64, g_fields, VMX_ON_STATE FEATURE
      "vmxon 0x24000\n vmclear 0x24008\n vmptrld 0x24008\n"
      "mov $0x681e, %ecx\n movabs $0x1122334455667788, %rdx\n"
      TRY("vmwrite %rdx, %rcx") "mov $0x681e, %ecx\n vmread %rcx, 0x24028\n"
      /* A link pointer's upper half; a field of 16 bits. */
      "mov $0x2801, %ecx\n mov $0x99, %edx\n" TRY("vmwrite %rdx, %rcx")
      "mov $0x2800, %ecx\n vmread %rcx, %rbx\n"
      "mov $0x802, %ecx\n mov $0x123456, %edx\n vmwrite %rdx, %rcx\n vmread %rcx, %rbp\n"
      "out %al, $0x21\n"
      /* It survives VMCLEAR and VMPTRLD, and a second VMCS is another. */
      "vmclear 0x24008\n vmptrld 0x24008\n mov $0x681e, %ecx\n vmread %rcx, %rbx\n"
      "vmxoff\n out %al, $0x22\n vmxoff\n");

static void fields(void)
{
	static const struct step s[] = { { "VMWRITE", 0, 0 }, { "upper half", 0, 0 }, { } };
	struct exc e;

	machine(g_fields, g_fields_end);
	steps(s);
	vcpu_until(&v, 0x21);
	CHECK_EQ(*vm_u64(&vm, 0x24028), 0x1122334455667788ull);
	CHECK_EQ(vcpu_regs(&v).rbx >> 32, 0x99);
	CHECK_EQ(vcpu_regs(&v).rbp, 0x3456);
	vcpu_until(&v, 0x22);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x1122334455667788ull);
	e = exc_next(&v);
	CHECK_EQ(e.vector, UD);
}

GUEST(64, g_inv, VMX_ON_STATE FEATURE
      "vmxon 0x24000\n vmclear 0x24008\n vmptrld 0x24008\n"
      "mov $3, %eax\n" TRY("invept 0x24038, %rax") "mov $2, %eax\n"
      TRY("invept 0x24038, %rax") "mov $1, %eax\n" TRY("invept 0x24038, %rax")
      "mov $4, %eax\n" TRY("invvpid 0x24038, %rax") "mov $2, %eax\n"
      TRY("invvpid 0x24038, %rax") "mov $1, %eax\n" TRY("invvpid 0x24038, %rax"));

static void invalidations(void)
{
	static const struct step s[] = {
		{ "INVEPT, type", ZF, 28 }, { "INVEPT, all", 0, 0 },
		{ "INVEPT, EPTP", ZF, 28 }, { "INVVPID, type", ZF, 28 },
		{ "INVVPID, all", 0, 0 }, { "INVVPID, VPID 0", ZF, 28 }, { }
	};

	with_ept = true;
	machine(g_inv, g_inv_end);
	need(F_CPU2, CPU2_EPT | CPU2_VPID);
	steps(s);
}

/* Types that userspace has taken from IA32_VMX_EPT_VPID_CAP (A.10). */
GUEST(64, g_types, VMX_ON_STATE FEATURE
      "vmxon 0x24000\n vmclear 0x24008\n vmptrld 0x24008\n"
      "mov $2, %eax\n" TRY("invept 0x24038, %rax") "mov $2, %eax\n"
      TRY("invvpid 0x24038, %rax") "mov $0, %eax\n" TRY("invept 0x24038, %rax"));

static void invalidation_types(void)
{
	static const struct step s[] = {
		{ "INVEPT, all", ZF, 28 }, { "INVVPID, all", ZF, 28 },
		{ "INVEPT, type 0", ZF, 28 }, { }
	};

	with_ept = true;
	machine(g_types, g_types_end);
	need(F_CPU2, CPU2_EPT | CPU2_VPID);
	CHECK_EQ(host_set(0x48c, host_msr(0x48c) & ~(1ull << 26 | 1ull << 42)), 1);
	steps(s);
}

/* ---- faults ---- */

GUEST(64, g_no_vmxe, "vmxon 0x24000\n");
GUEST(64, g_no_vmxon, VMX_ON_STATE FEATURE "vmclear 0x24008\n");
GUEST(64, g_no_feature, VMX_ON_STATE "vmxon 0x24000\n");
GUEST(64, g_no_ne, VMX_ON_STATE FEATURE
      "mov %cr0, %rax\n btr $5, %rax\n mov %rax, %cr0\n vmxon 0x24000\n");
GUEST(64, g_locked, FEATURE "mov $1, %eax\n wrmsr\n");
GUEST(64, g_cr0_kept, VMX_ON_STATE FEATURE "vmxon 0x24000\n"
      "mov %cr0, %rax\n btr $5, %rax\n mov %rax, %cr0\n");
GUEST(64, g_cr4_kept, VMX_ON_STATE FEATURE "vmxon 0x24000\n"
      "mov %cr4, %rax\n btr $13, %rax\n mov %rax, %cr4\n");
GUEST(64, g_caps, "mov $0x480, %ecx\n xor %eax, %eax\n xor %edx, %edx\n wrmsr\n");

static void faults(void)
{
#define ROW(code, vector) { #code, code, code##_end, vector }
	static const struct {
		const char *name;
		const uint8_t *code, *end;
		unsigned int vector;
	} row[] = {
		ROW(g_no_vmxe, UD), ROW(g_no_vmxon, UD), ROW(g_no_feature, GP),
		ROW(g_no_ne, GP), ROW(g_locked, GP), ROW(g_cr0_kept, GP),
		ROW(g_cr4_kept, GP), ROW(g_caps, GP),
	};
	struct exc e;
	unsigned int i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		test_row = row[i].name;
		machine(row[i].code, row[i].end);
		e = exc_next(&v);
		CHECK_EQ(e.vector, row[i].vector);
		vm_close(&vm);
	}
}

/* Without VMX in its CPUID a guest has neither instructions nor registers. */
static void hidden(void)
{
	struct kvm_cpuid2 *c;
	uint64_t value;

	skip_without_vmx();
	vm_new(&vm, 0);
	c = cpuid_supported(vm.kvm);
	((struct kvm_cpuid_entry2 *)cpuid_find(c, 1, 0))->ecx &= ~(1u << 5);
	vcpu_raw(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	msr_code(&v);
	CHECK(!guest_reads(0x480));
	CHECK(!guest_reads(0x3a));
	CHECK_EQ(host_get(0x480, &value), 1);
	free(c);
}

/* What CR4 may have in VMX operation is what the guest's CPUID has (A.8): SMAP. */
static void cr4_by_cpuid(void)
{
	struct kvm_cpuid_entry2 *features;
	struct kvm_cpuid2 *c;

	skip_without_vmx();
	vm_new(&vm, 0);
	c = cpuid_supported(vm.kvm);
	features = (struct kvm_cpuid_entry2 *)cpuid_find(c, 7, 0);
	if (!features || !(features->ebx & 1u << 20))
		test_skip("no SMAP");
	vcpu_raw(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	CHECK_EQ(host_msr(0x489) >> 21 & 1, 1);
	vcpu_close(&v);
	features->ebx &= ~(1u << 20);
	vcpu_raw(&vm, &v, 1);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	CHECK_EQ(host_msr(0x489) >> 21 & 1, 0);
	CHECK_EQ(host_msr(0x489) >> 13 & 1, 1);
	CHECK_EQ(host_set(0x489, host_msr(0x489)), 1);
	free(c);
}

/* ---- a task switch that KVM makes, as the far pointer is in a device ---- */

#define GDT2		GPA_DATA2
#define OLD_TSS		(GPA_DATA2 + 0x1000)
#define NEW_TSS		(GPA_DATA2 + 0x2000)
#define DIRECTORY	(GPA_DATA2 + 0x3000)
#define SEL_OLD_TSS	0x18
#define SEL_NEW_TSS	0x1020		/* bit 12 means something to other exits */
#define TASK_JMP	(2u << 30)

/* ESI is where it is. */
GUEST(32, g_far, "ljmp *(%esi)\n lcall *(%esi)\n");
#define FAR_BYTES	2

static void tss_descriptor(unsigned int selector, uint64_t tss, uint64_t type)
{
	*vm_u64(&vm, GDT2 + selector) = 0x67 | (tss & 0xffff) << 16 |
					(tss >> 16 & 0xff) << 32 | type << 40;
}

/* Pages of 4 MiB, each at its own address. */
static void pages_make(void)
{
	uint32_t i, entry;

	for (i = 0; i < 1024; i++) {
		entry = i << 22 | 0xe3;
		memcpy(vm.mem + DIRECTORY + 4 * i, &entry, 4);
	}
}

/* L2 in protected mode of 32 bits, in the handler of an NMI. */
static void tasks_start(uint64_t offset)
{
	unsigned int i;

	L2_START(g_far);
	pages_make();
	*vm_u64(&vm, GDT2 + 0x08) = 0xcf9b000000ffff;
	*vm_u64(&vm, GDT2 + 0x10) = 0xcf93000000ffff;
	tss_descriptor(SEL_OLD_TSS, OLD_TSS, 0x8b);
	/* Its registers are those of a TSS in which all is 0. */
	tss_descriptor(SEL_NEW_TSS, NEW_TSS, 0x89);
	for (i = 0; i < 6; i++)
		f_set(F_ES_AR + 2 * i, i == 1 ? 0xc09b : 0xc093);
	f_set(F_GDTR_BASE, GDT2);
	f_set(F_GDTR_LIMIT, 0x1027);
	f_set(F_TR_SEL, SEL_OLD_TSS);
	f_set(F_TR_BASE, OLD_TSS);
	f_set(F_TR_LIMIT, 0x67);
	f_set(F_TR_AR, 0x8b);
	f_set(F_CR0, 0x80000031);
	f_set(F_CR3, DIRECTORY);
	f_set(F_CR4, 1 << 13 | 1 << 4);
	f_set(F_EFER, 0);
	f_set(F_ENTRY, f_made(F_ENTRY) & ~ENTRY_64);
	f_set(F_RIP, GPA_CODE2 + offset);
	f_set(F_INTR, 1 << 3);
	*vm_u64(&vm, GPA_REGS + 24) = GPA_HOLE;
}

static void pointer_serve(void)
{
	static const uint8_t pointer[6] = { [4] = SEL_NEW_TSS & 0xff, SEL_NEW_TSS >> 8 };
	uint64_t off = v.run->mmio.phys_addr - GPA_HOLE;

	CHECK(!v.run->mmio.is_write && off + v.run->mmio.len <= 6);
	memcpy(v.run->mmio.data, pointer + off, v.run->mmio.len);
}

/* 26.1.2: always L1's; where it is told, and that nothing has been done. */
static void task_switch(void)
{
	unsigned int i, reads;

	for (i = 0; i < 2; i++) {
		tasks_start(i * FAR_BYTES);
		for (reads = 0; vcpu_run(&v) == KVM_EXIT_MMIO && reads < 8; reads++)
			pointer_serve();
		CHECK_EQ(v.run->exit_reason, KVM_EXIT_IO);
		CHECK_EQ(v.run->io.port, PORT_L1);
		l2_exited();
		CHECK_EQ(f_get(F_REASON), R_TASK);
		CHECK_EQ(f_get(F_QUAL), SEL_NEW_TSS | (i ? 0 : TASK_JMP));
		CHECK_EQ(f_get(F_LEN), FAR_BYTES);
		CHECK_EQ(f_get(F_VECTORING) & INFO_VALID, 0);
		CHECK_EQ(f_get(F_RIP), GPA_CODE2 + i * FAR_BYTES);
		CHECK_EQ(f_get(F_RFLAGS), 2);
		CHECK_EQ(f_get(F_CR3), DIRECTORY);
		CHECK_EQ(f_get(F_INTR), 1 << 3);
		CHECK_EQ(vm.mem[GDT2 + SEL_NEW_TSS + 5], 0x89);
		vm_close(&vm);
	}
}
BOTH(task_switch)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASE(fail_invalid), CASE(fail_valid), CASE(fields), CASE(invalidations),
		CASE(invalidation_types), CASE(faults), CASE(hidden),
		CASE(cr4_by_cpuid), CASES(task_switch), { }
	};

	return test_main(argc, argv, cases);
}
