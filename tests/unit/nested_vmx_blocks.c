// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/nested_vmx_blocks.h"

#define END	(1ull << GOOD_PHYS_BITS)

/* Controls by their bits: SDM vol. 3, 24.6 to 24.8. */
#define B(n)	(1u << (n))

#define PIN_DEFAULT	0x16u
#define CPU_DEFAULT	0x04006172u
#define EXIT_DEFAULT	0x00036dfbu
#define ENTRY_DEFAULT	0x000011fbu

/* A control's capability MSR. */
static uint64_t both(uint32_t must, uint32_t may)
{
	return (uint64_t)(must | may) << 32 | must;
}

void good_cpu(struct vmentry_cpu *cpu)
{
	const uint32_t pin = B(0) | B(3) | B(5) | B(6) | B(7);
	const uint32_t cpu1 = 0xfff99e8cu | B(27), cpu2 = 0x0213ffffu & ~(B(15) | B(18));
	const uint32_t exit = B(2) | B(9) | B(15) | 0x7c0000u, entry = B(2) | B(9) | B(14) | B(15);

	*cpu = (struct vmentry_cpu){
		.phys_bits = GOOD_PHYS_BITS, .linear_bits = 48, .cr4 = 0x3727ff, .efer = 0xd01,
		.debugctl = 0x8003, .long_mode = true, .lma = true,
		.msr = {
			[0x00] = 0x11e57ed0 | 4096ull << 32 | 6ull << 50 | 3ull << 54,
			[0x01] = both(PIN_DEFAULT, pin),
			[0x02] = both(CPU_DEFAULT | B(15) | B(16), cpu1),
			[0x03] = both(EXIT_DEFAULT | B(2), exit),
			[0x04] = both(ENTRY_DEFAULT | B(2), entry),
			[0x05] = 0x600001e0, [0x06] = 0x80000021, [0x07] = 0xffffffff,
			[0x08] = 0x2000, [0x09] = 0x3767ff, [0x0a] = 0x32,
			[0x0b] = both(0, cpu2), [0x0c] = 0xf0106334141ull,
			[0x0d] = both(PIN_DEFAULT, pin), [0x0e] = both(CPU_DEFAULT, cpu1),
			[0x0f] = both(EXIT_DEFAULT, exit), [0x10] = both(ENTRY_DEFAULT, entry),
			[0x11] = 1,
		},
	};
}

/* L1 in 64-bit mode. */
static void host64(struct vmcs12 *c)
{
	c->vm_exit_controls = EXIT_DEFAULT | B(9) | B(15) | B(19) | B(21);
	c->host_cr0 = 0x80050033;
	c->host_cr4 = 0x26a0;
	c->host_cr3 = 0x1000;
	c->host_ia32_pat = 0x0007040600070406ull;
	c->host_ia32_efer = 0xd01;
	c->host_cs_selector = 0x10;
	c->host_tr_selector = 0x40;
	c->host_fs_base = 0x00007fffffffffffull;
	c->host_gs_base = 0xffff800000000000ull;
	c->host_tr_base = c->host_gdtr_base = c->host_idtr_base = 0xfffffe0000000000ull;
	c->host_ia32_sysenter_esp = 0xfffffe0000001000ull;
	c->host_ia32_sysenter_eip = c->host_rip = 0xffffffff81000000ull;
}

static void controls(struct vmcs12 *c)
{
	c->pin_based_vm_exec_control = PIN_DEFAULT | B(0) | B(3);
	c->cpu_based_vm_exec_control = CPU_DEFAULT | B(31);
	c->vm_entry_controls = ENTRY_DEFAULT;
	c->vmcs_link_pointer = ~0ull;
	c->virtual_processor_id = 1;
	c->ept_pointer = 0x5e;
	c->posted_intr_nv = 0xf2;
	c->tsc_multiplier = 1;
	/* Areas up to the last byte that there is. */
	c->vm_exit_msr_store_count = 2;
	c->vm_exit_msr_store_addr = END - 32;
	c->vm_exit_msr_load_count = 4;
	c->vm_exit_msr_load_addr = END - 64;
	c->vm_entry_msr_load_count = 1;
	c->vm_entry_msr_load_addr = END - 16;
}

/* Flat segments; @code: rights of CS. */
static void flat(struct vmcs12 *c, uint32_t code, int cpl)
{
	uint32_t data = 0xc093 | cpl << 5;

	c->guest_cs_selector = 0x10 | cpl;
	c->guest_ss_selector = c->guest_ds_selector = c->guest_es_selector = 0x18 | cpl;
	c->guest_fs_selector = c->guest_gs_selector = 0x18 | cpl;
	c->guest_tr_selector = 0x40;
	c->guest_ldtr_selector = 0x48;
	c->guest_cs_ar_bytes = code | cpl << 5;
	c->guest_ss_ar_bytes = c->guest_ds_ar_bytes = c->guest_es_ar_bytes = data;
	c->guest_fs_ar_bytes = 0xc09b | cpl << 5;
	c->guest_gs_ar_bytes = 0xc09f;
	c->guest_tr_ar_bytes = 0x8b;
	c->guest_ldtr_ar_bytes = 0x82;
	c->guest_cs_limit = c->guest_ss_limit = c->guest_ds_limit = 0xffffffff;
	c->guest_es_limit = c->guest_fs_limit = c->guest_gs_limit = 0xffffffff;
	c->guest_tr_limit = 0x67;
	c->guest_ldtr_limit = 0xfffff;
	c->guest_gdtr_limit = c->guest_idtr_limit = 0xffff;
}

static void guest64(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	host64(c);
	controls(c);
	c->vm_entry_controls |= B(2) | B(9) | B(14) | B(15);
	c->secondary_vm_exec_control = B(1) | B(5) | B(7) | B(25);
	flat(c, 0xa09b, 0);
	c->guest_cr0 = 0x80050033;
	c->guest_cr3 = 0x2000;
	c->guest_cr4 = 0x26a0;
	c->guest_ia32_efer = 0xd01;
	c->guest_ia32_pat = 0x0106050400010405ull;
	c->guest_dr7 = 0x400;
	c->guest_rflags = 0x202;
	c->guest_rip = 0xffffffff81000000ull;
	c->guest_fs_base = 0x00007fffffffffffull;
	c->guest_gs_base = c->guest_tr_base = c->guest_ldtr_base = 0xffff800000000000ull;
	c->guest_gdtr_base = c->guest_idtr_base = 0xfffffe0000000000ull;
	c->guest_sysenter_esp = c->guest_sysenter_eip = 0xffffffff80000000ull;
}

/* 32 bits with PAE, at CPL 3, on EPT. */
static void pae(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	host64(c);
	controls(c);
	c->secondary_vm_exec_control = B(1) | B(17);
	flat(c, 0xc09b, 3);
	c->guest_cr0 = 0x80050033;
	c->guest_cr4 = 0x20a0;
	c->guest_rflags = 0x3202;
	c->guest_rip = 0xc0100000;
	c->guest_pdptr0 = 0x1001;
	c->guest_pdptr1 = 0x2001;
	c->guest_pdptr2 = (END - 4096) | 0xe19;
	/* Not present: nobody looks at it. */
	c->guest_pdptr3 = ~1ull;
	c->guest_tr_ar_bytes = 0x83;
	c->guest_ldtr_ar_bytes = 0x10000;
	c->guest_ldtr_base = 1ull << 63;
}

/* Real mode. */
static void real(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	host64(c);
	controls(c);
	c->vm_entry_controls |= B(15);
	c->secondary_vm_exec_control = B(1) | B(7);
	flat(c, 0x93, 0);
	c->guest_ss_ar_bytes = c->guest_ds_ar_bytes = c->guest_es_ar_bytes = 0x93;
	c->guest_fs_ar_bytes = c->guest_gs_ar_bytes = 0x93;
	c->guest_cs_limit = c->guest_ss_limit = c->guest_ds_limit = 0xffff;
	c->guest_es_limit = c->guest_fs_limit = c->guest_gs_limit = 0xffff;
	c->guest_cs_selector = 0xf000;
	c->guest_cs_base = 0xffff0000;
	c->guest_cr0 = 0x60000030;
	c->guest_cr4 = 0x2000;
	c->guest_rflags = 2;
	c->guest_rip = 0xfff0;
}

static void vm86(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	host64(c);
	controls(c);
	flat(c, 0, 0);
	c->guest_cs_selector = c->guest_cs_base = 0;
	c->guest_ss_selector = 0x1234;
	c->guest_ss_base = 0x12340;
	c->guest_ds_selector = c->guest_es_selector = c->guest_fs_selector = 0xffff;
	c->guest_ds_base = c->guest_es_base = c->guest_fs_base = 0xffff0;
	c->guest_gs_selector = 7;
	c->guest_gs_base = 0x70;
	c->guest_cs_ar_bytes = c->guest_ss_ar_bytes = c->guest_ds_ar_bytes = 0xf3;
	c->guest_es_ar_bytes = c->guest_fs_ar_bytes = c->guest_gs_ar_bytes = 0xf3;
	c->guest_cs_limit = c->guest_ss_limit = c->guest_ds_limit = 0xffff;
	c->guest_es_limit = c->guest_fs_limit = c->guest_gs_limit = 0xffff;
	c->guest_cr0 = 0x80000031;
	c->guest_cr4 = 0x2020;
	c->guest_rflags = 0x23002;
	c->guest_rip = 0x100;
}

/* L1 has 32 bits, and so has L2, whose data segments cannot be used. */
static void legacy(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	pae(c, cpu);
	c->cpu_based_vm_exec_control &= ~B(31);
	c->secondary_vm_exec_control = ~0u;
	c->vm_exit_controls = EXIT_DEFAULT;
	c->host_ss_selector = 8;
	c->host_rip = 0xc0000000;
	c->host_ia32_efer = ~0ull;
	c->host_ia32_pat = ~0ull;
	c->guest_ia32_efer = c->guest_ia32_pat = c->guest_dr7 = ~0ull;
	c->guest_ds_ar_bytes = c->guest_es_ar_bytes = c->guest_fs_ar_bytes = 0x10000;
	c->guest_gs_ar_bytes = 0xffffffff;
	c->guest_ds_base = c->guest_es_base = ~0ull;
	c->guest_pdptr0 = ~0ull;
	c->vm_exit_msr_load_count = c->vm_exit_msr_store_count = 0;
	c->vm_exit_msr_load_addr = c->vm_exit_msr_store_addr = ~0ull;
	cpu->lma = false;
}

/* Of what there is only with others, all. */
static void apic(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	guest64(c, cpu);
	c->pin_based_vm_exec_control |= B(5) | B(6) | B(7);
	c->cpu_based_vm_exec_control |= B(21) | B(22) | B(25) | B(28);
	c->secondary_vm_exec_control |= B(0) | B(8) | B(9) | B(13) | B(14);
	c->vm_exit_controls |= B(22);
	c->vm_function_control = 1;
	c->tpr_threshold = 0xffffffff;
}

static void x2apic(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	guest64(c, cpu);
	c->cpu_based_vm_exec_control |= B(21);
	c->secondary_vm_exec_control = B(4) | B(1) | B(13);
	c->vm_function_control = 1;
	c->tpr_threshold = 15;
}

static void event(struct vmcs12 *c, struct vmentry_cpu *cpu, int type, int vector)
{
	guest64(c, cpu);
	c->vm_entry_intr_info_field = B(31) | type << 8 | vector;
	c->vm_entry_exception_error_code = 0xffff0000;
}

static void interrupt(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	event(c, cpu, 0, 0xec);
}

static void nmi(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	event(c, cpu, 2, 2);
	c->pin_based_vm_exec_control |= B(5);
}

static void exception(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	event(c, cpu, 3, 14);
	c->vm_entry_intr_info_field |= B(11);
	c->vm_entry_exception_error_code = 0x8007;
}

static void real_exception(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	real(c, cpu);
	c->vm_entry_intr_info_field = B(31) | 3 << 8 | 13;
}

static void software(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	event(c, cpu, 4, 0x80);
	c->vm_entry_instruction_len = 2;
}

static void trap_flag(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	event(c, cpu, 7, 0);
}

/* Halted in conforming code, whose CPL is not that of its segment, with a step to come. */
static void halted(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	guest64(c, cpu);
	c->guest_cs_ar_bytes = 0xa09d;
	c->guest_activity_state = 1;
	c->guest_rflags = 0x302;
	c->guest_pending_dbg_exceptions = 0x4000;
}

static void halted_event(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	event(c, cpu, 3, 18);
	c->guest_activity_state = 1;
}

static void shut_down(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	event(c, cpu, 2, 2);
	c->guest_activity_state = 2;
}

static void waiting(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	guest64(c, cpu);
	c->guest_activity_state = 3;
}

/* Without an unrestricted guest RPL and DPL of SS agree, and CS may conform. */
static void sti(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	guest64(c, cpu);
	c->secondary_vm_exec_control &= ~B(7);
	c->guest_cs_ar_bytes = 0xa09d;
	c->guest_interruptibility_info = 1 | 8;
	c->guest_rflags = 0x302;
	c->guest_ia32_debugctl = 2;
}

static void mov_ss(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	pae(c, cpu);
	c->guest_interruptibility_info = 2;
}

/* A breakpoint in a transaction. */
static void rtm(struct vmcs12 *c, struct vmentry_cpu *cpu)
{
	guest64(c, cpu);
	c->guest_pending_dbg_exceptions = 0x11000;
	c->vmcs_link_pointer = END - 4096;
}

good_block *const good_blocks[] = {
	guest64, pae, real, vm86, legacy, apic, x2apic, interrupt, nmi, exception,
	real_exception, software, trap_flag, halted, halted_event, shut_down, waiting, sti,
	mov_ss, rtm,
};

const unsigned int good_blocks_nr = sizeof(good_blocks) / sizeof(good_blocks[0]);
