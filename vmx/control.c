// SPDX-License-Identifier: GPL-2.0-only
/* VM-execution, VM-exit and VM-entry controls: what guests need (SDM, appendix A). */
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include <asm/msr.h>

#include "compat/kernel.h"
#include "vmx/cpu.h"

/* What is wanted of a control. */
enum control_need {
	NEED_ON,	/* guests begin with it on */
	NEED_SWITCH,	/* it can be turned on */
	NEED_OFF,	/* it can be off, and is */
	WANT_ON,	/* on where the CPU has it */
	WANT_SWITCH,	/* turned on where the CPU has it */
};

struct control_row {
	u8 word;
	u8 need;
	u32 bit;
	const char *name;
};

#define ROW(word, need, bit, name)	{ WORD_##word, need, bit, name }

static const struct control_row control_rows[] = {
	ROW(PIN, NEED_ON, PIN_BASED_EXT_INTR_MASK, "external-interrupt exiting"),
	ROW(PIN, NEED_ON, PIN_BASED_NMI_EXITING, "NMI exiting"),
	ROW(PIN, WANT_ON, PIN_BASED_VIRTUAL_NMIS, "virtual NMIs"),
	ROW(PIN, WANT_SWITCH, PIN_BASED_VMX_PREEMPTION_TIMER,
	    "activate VMX-preemption timer"),
	ROW(PIN, NEED_OFF, PIN_BASED_POSTED_INTR, "process posted interrupts"),

	ROW(CPU, NEED_SWITCH, CPU_BASED_INTR_WINDOW_EXITING,
	    "interrupt-window exiting"),
	ROW(CPU, NEED_ON, CPU_BASED_USE_TSC_OFFSETTING, "use TSC offsetting"),
	ROW(CPU, NEED_ON, CPU_BASED_HLT_EXITING, "HLT exiting"),
	ROW(CPU, NEED_SWITCH, CPU_BASED_INVLPG_EXITING, "INVLPG exiting"),
	ROW(CPU, NEED_ON, CPU_BASED_MWAIT_EXITING, "MWAIT exiting"),
	ROW(CPU, NEED_ON, CPU_BASED_RDPMC_EXITING, "RDPMC exiting"),
	/* L1's. */
	ROW(CPU, WANT_SWITCH, CPU_BASED_RDTSC_EXITING, "RDTSC exiting"),
	ROW(CPU, NEED_SWITCH, CPU_BASED_CR3_LOAD_EXITING, "CR3-load exiting"),
	ROW(CPU, NEED_SWITCH, CPU_BASED_CR3_STORE_EXITING, "CR3-store exiting"),
	ROW(CPU, NEED_ON, CPU_BASED_CR8_LOAD_EXITING, "CR8-load exiting"),
	ROW(CPU, NEED_ON, CPU_BASED_CR8_STORE_EXITING, "CR8-store exiting"),
	/* Instead of the two before it: vmcs_controls_reset(). */
	ROW(CPU, WANT_SWITCH, CPU_BASED_TPR_SHADOW, "use TPR shadow"),
	ROW(CPU, NEED_ON, CPU_BASED_MOV_DR_EXITING, "MOV-DR exiting"),
	ROW(CPU, NEED_ON, CPU_BASED_UNCOND_IO_EXITING, "unconditional I/O exiting"),
	ROW(CPU, NEED_OFF, CPU_BASED_USE_IO_BITMAPS, "use I/O bitmaps"),
	ROW(CPU, WANT_SWITCH, CPU_BASED_NMI_WINDOW_EXITING, "NMI-window exiting"),
	ROW(CPU, WANT_SWITCH, CPU_BASED_MONITOR_TRAP_FLAG, "monitor trap flag"),
	ROW(CPU, NEED_ON, CPU_BASED_USE_MSR_BITMAPS, "use MSR bitmaps"),
	ROW(CPU, NEED_ON, CPU_BASED_MONITOR_EXITING, "MONITOR exiting"),
	ROW(CPU, WANT_SWITCH, CPU_BASED_PAUSE_EXITING, "PAUSE exiting"),
	ROW(CPU, WANT_ON, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS,
	    "activate secondary controls"),

	ROW(CPU2, WANT_SWITCH, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES,
	    "virtualize APIC accesses"),
	ROW(CPU2, WANT_SWITCH, SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE,
	    "virtualize x2APIC mode"),
	ROW(CPU2, WANT_SWITCH, SECONDARY_EXEC_APIC_REGISTER_VIRT,
	    "APIC-register virtualization"),
	ROW(CPU2, WANT_SWITCH, SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY,
	    "virtual-interrupt delivery"),
	ROW(CPU2, WANT_ON, SECONDARY_EXEC_ENABLE_EPT, "enable EPT"),
	ROW(CPU2, WANT_SWITCH, SECONDARY_EXEC_DESC, "descriptor-table exiting"),
	ROW(CPU2, WANT_ON, SECONDARY_EXEC_ENABLE_RDTSCP, "enable RDTSCP"),
	ROW(CPU2, WANT_ON, SECONDARY_EXEC_ENABLE_VPID, "enable VPID"),
	ROW(CPU2, WANT_ON, SECONDARY_EXEC_WBINVD_EXITING, "WBINVD exiting"),
	ROW(CPU2, WANT_ON, SECONDARY_EXEC_UNRESTRICTED_GUEST,
	    "unrestricted guest"),
	ROW(CPU2, WANT_ON, SECONDARY_EXEC_PAUSE_LOOP_EXITING,
	    "PAUSE-loop exiting"),
	ROW(CPU2, WANT_ON, SECONDARY_EXEC_ENABLE_INVPCID, "enable INVPCID"),
	/* L1's; what functions there are is zero. */
	ROW(CPU2, WANT_SWITCH, SECONDARY_EXEC_ENABLE_VMFUNC, "enable VM functions"),
	ROW(CPU2, WANT_SWITCH, SECONDARY_EXEC_ENABLE_PML,
	    "enable PML"),
	ROW(CPU2, WANT_ON, SECONDARY_EXEC_ENCLS_EXITING,
	    "enable ENCLS exiting"),
	ROW(CPU2, WANT_SWITCH, SECONDARY_EXEC_ENABLE_XSAVES, "enable XSAVES/XRSTORS"),
	ROW(CPU2, WANT_SWITCH, SECONDARY_EXEC_TSC_SCALING, "use TSC scaling"),

	ROW(EXIT, NEED_ON, VM_EXIT_HOST_ADDR_SPACE_SIZE,
	    "host address-space size"),
	/* Who takes the interrupt is the host, once interrupts are on again. */
	ROW(EXIT, NEED_OFF, VM_EXIT_ACK_INTR_ON_EXIT,
	    "acknowledge interrupt on exit"),
	ROW(EXIT, WANT_SWITCH, VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL,
	    "load IA32_PERF_GLOBAL_CTRL at exit"),
	ROW(EXIT, NEED_ON, VM_EXIT_LOAD_IA32_PAT, "load IA32_PAT at exit"),
	ROW(EXIT, NEED_ON, VM_EXIT_LOAD_IA32_EFER, "load IA32_EFER at exit"),

	ROW(ENTRY, NEED_ON, VM_ENTRY_LOAD_DEBUG_CONTROLS, "load debug controls"),
	ROW(ENTRY, NEED_SWITCH, VM_ENTRY_IA32E_MODE, "IA-32e mode guest"),
	ROW(ENTRY, WANT_SWITCH, VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL,
	    "load IA32_PERF_GLOBAL_CTRL at entry"),
	ROW(ENTRY, NEED_ON, VM_ENTRY_LOAD_IA32_PAT, "load IA32_PAT at entry"),
	ROW(ENTRY, NEED_ON, VM_ENTRY_LOAD_IA32_EFER, "load IA32_EFER at entry"),
};

/* Bit 55 of IA32_VMX_BASIC: the "true" MSRs exist (SDM, A.2). */
#define BASIC_TRUE_CONTROLS	BIT_ULL(55)

/**
 * struct control_words - a CPU's control words
 * @must: bits that are always one
 * @may: bits that can be one
 */
struct control_words {
	u32 must[WORD_VARYING];
	u32 may[WORD_VARYING];
};

static void word_read(struct control_words *w, enum vmx_word word, u32 msr)
{
	u64 value;

	rdmsrl(msr, value);
	w->must[word] = value;
	w->may[word] = value >> 32;
}

static void words_read(struct control_words *w)
{
	u64 basic;
	bool exact;

	rdmsrl(MSR_IA32_VMX_BASIC, basic);
	exact = basic & BASIC_TRUE_CONTROLS;
	word_read(w, WORD_PIN, exact ? MSR_IA32_VMX_TRUE_PINBASED_CTLS :
				       MSR_IA32_VMX_PINBASED_CTLS);
	word_read(w, WORD_CPU, exact ? MSR_IA32_VMX_TRUE_PROCBASED_CTLS :
				       MSR_IA32_VMX_PROCBASED_CTLS);
	word_read(w, WORD_EXIT, exact ? MSR_IA32_VMX_TRUE_EXIT_CTLS :
					MSR_IA32_VMX_EXIT_CTLS);
	word_read(w, WORD_ENTRY, exact ? MSR_IA32_VMX_TRUE_ENTRY_CTLS :
					 MSR_IA32_VMX_ENTRY_CTLS);
	w->must[WORD_CPU2] = w->may[WORD_CPU2] = 0;
	if (w->may[WORD_CPU] & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
		word_read(w, WORD_CPU2, MSR_IA32_VMX_PROCBASED_CTLS2);
}

static int row_missing(const struct control_row *row)
{
	pr_err("kvm_intel: CPU %d: the VMX control \"%s\" cannot be %s\n",
	       smp_processor_id(), row->name,
	       row->need == NEED_OFF ? "off" : "on");
	return -EOPNOTSUPP;
}

static int row_apply(const struct control_row *row,
		     const struct control_words *w, u32 *value)
{
	bool may = w->may[row->word] & row->bit;
	bool must = w->must[row->word] & row->bit;

	if (row->need == NEED_OFF)
		return must ? row_missing(row) : 0;
	if (!may)
		return row->need == NEED_ON || row->need == NEED_SWITCH ?
		       row_missing(row) : 0;
	if (row->need == NEED_ON || row->need == WANT_ON)
		*value |= row->bit;
	return 0;
}

int vmx_controls_read(struct vmx_features *f)
{
	struct control_words w;
	int i, err;

	words_read(&w);
	memcpy(f->control, w.must, sizeof(f->control));
	for (i = 0; i < ARRAY_SIZE(control_rows); i++) {
		const struct control_row *row = &control_rows[i];

		f->may[row->word] |= w.may[row->word] & row->bit;
		err = row_apply(row, &w, &f->control[row->word]);
		if (err)
			return err;
	}
	return 0;
}

int vmx_controls_compare(void)
{
	const struct vmx_features *f = &vmx_features;
	struct control_words w;
	int i;

	words_read(&w);
	for (i = 0; i < ARRAY_SIZE(control_rows); i++) {
		const struct control_row *row = &control_rows[i];
		bool used = f->control[row->word] & row->bit;

		if (row->need == NEED_SWITCH || row->need == WANT_SWITCH)
			used = f->may[row->word] & row->bit;
		if (used && !(w.may[row->word] & row->bit))
			return row_missing(row);
		if (!used && (w.must[row->word] & row->bit))
			return row_missing(row);
	}
	/* What no row knows. */
	for (i = 0; i < WORD_VARYING; i++)
		if ((w.must[i] & ~f->control[i]) || (f->control[i] & ~w.may[i])) {
			pr_err("kvm_intel: CPU %d: VMX controls %d differ: %#x to %#x, not %#x\n",
			       smp_processor_id(), i, w.must[i], w.may[i],
			       f->control[i]);
			return -EOPNOTSUPP;
		}
	return 0;
}
