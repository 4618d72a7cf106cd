/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMX instructions (SDM vol. 3, chapter 31).
 *
 * A reboot turns VMX off under vCPUs that still run, and then each of them is #UD:
 * that is expected, and nothing happens.
 */
#ifndef LAMINA_VMX_INSN_H
#define LAMINA_VMX_INSN_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/types.h>

#include <asm/asm.h>
#include <asm/vmx.h>

/**
 * vmx_insn_failed - an instruction was refused, or faulted
 * @name: the instruction
 * @a: its operand
 * @b: the other one
 *
 * A bug, but while the machine goes down.  Once a boot it is told in the log.
 */
void vmx_insn_failed(const char *name, u64 a, u64 b);

/** vmcs_read - a field of the current VMCS; 0 when VMX is off */
static __always_inline u64 vmcs_read(u32 field)
{
	unsigned long value = 0;

	asm volatile("1: vmread %1, %0\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : "+r" (value) : "r" ((unsigned long)field) : "cc");
	return value;
}

/** vmcs_write - a field of the current VMCS */
static __always_inline void vmcs_write(u32 field, u64 value)
{
	asm goto("1: vmwrite %1, %0\n\t"
			  "jna %l[failed]\n"
			  _ASM_EXTABLE(1b, %l[failed])
			  : : "r" ((unsigned long)field), "rm" (value)
			  : "cc" : failed);
	return;
failed:
	vmx_insn_failed("VMWRITE", field, value);
}

/**
 * vmx_on, vmcs_clear, vmcs_load - VMXON, VMCLEAR, VMPTRLD
 * @pa: of the region or VMCS
 *
 * Return: true when it worked.
 */
#define VMX_INSN_PA(op, insn)						\
static __always_inline bool op(phys_addr_t pa)			\
{									\
	u64 operand = pa;						\
									\
	asm goto("1: " insn " %0\n\t"				\
			  "jna %l[failed]\n"				\
			  _ASM_EXTABLE(1b, %l[failed])			\
			  : : "m" (operand) : "memory", "cc" : failed);	\
	return true;							\
failed:									\
	return false;							\
}

VMX_INSN_PA(vmx_on, "vmxon")
VMX_INSN_PA(vmcs_clear, "vmclear")
VMX_INSN_PA(vmcs_load, "vmptrld")

/* Their descriptor in memory, 16 bytes. */
struct vmx_inv {
	u64 tag;
	u64 address;
};

/**
 * vmx_invept - forget what was cached from EPT
 * @type: VMX_EPT_EXTENT_*
 * @eptp: EPT pointer, for VMX_EPT_EXTENT_CONTEXT
 */
static __always_inline void vmx_invept(unsigned long type, u64 eptp)
{
	struct vmx_inv inv = { .tag = eptp };

	asm goto("1: invept %0, %1\n\t"
			  "jna %l[failed]\n"
			  _ASM_EXTABLE(1b, %l[failed])
			  : : "m" (inv), "r" (type) : "memory", "cc" : failed);
	return;
failed:
	vmx_insn_failed("INVEPT", type, eptp);
}

/**
 * vmx_invvpid - forget translations of a VPID
 * @type: VMX_VPID_EXTENT_*
 * @vpid: which, but for VMX_VPID_EXTENT_ALL_CONTEXT
 */
static __always_inline void vmx_invvpid(unsigned long type, u16 vpid)
{
	struct vmx_inv inv = { .tag = vpid };

	asm goto("1: invvpid %0, %1\n\t"
			  "jna %l[failed]\n"
			  _ASM_EXTABLE(1b, %l[failed])
			  : : "m" (inv), "r" (type) : "memory", "cc" : failed);
	return;
failed:
	vmx_insn_failed("INVVPID", type, vpid);
}

#endif
