/* SPDX-License-Identifier: GPL-2.0-only */
/* VMX instructions of L1's: operands and how they end. */
#ifndef LAMINA_VMX_NESTED_INSN_H
#define LAMINA_VMX_NESTED_INSN_H

#include "vmx/vmx.h"

/* Instruction information of VMREAD and VMWRITE, and of INVEPT and INVVPID. */
#define INFO_IN_REG	BIT(10)
#define INFO_REG1(info)	((info) >> 3 & 15)
#define INFO_REG2(info)	((info) >> 28)

/* Flags that tell how an instruction has ended (31.2). */
#define VMX_RESULT_FLAGS \
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF | \
	 X86_EFLAGS_SF | X86_EFLAGS_OF)

/** vmx_writes_all - does VMWRITE write exit information? */
bool vmx_writes_all(const struct vmx_vcpu *s);

/** vmx_operand_bytes - of VMREAD's and VMWRITE's operand in memory */
static inline unsigned int vmx_operand_bytes(struct x86_vcpu *v)
{
	return state_is_64bit_code(v) ? 8 : 4;
}

/* VM-instruction errors (SDM vol. 3, 31.4). */
enum vmx_error {
	VMXERR_VMCLEAR_ADDRESS = 2, VMXERR_VMCLEAR_VMXON = 3, VMXERR_NOT_CLEAR = 4,
	VMXERR_NOT_LAUNCHED = 5, VMXERR_CONTROLS = 7, VMXERR_HOST = 8,
	VMXERR_VMPTRLD_ADDRESS = 9, VMXERR_VMPTRLD_VMXON = 10,
	VMXERR_VMPTRLD_REVISION = 11, VMXERR_FIELD = 12, VMXERR_READ_ONLY = 13,
	VMXERR_VMXON = 15, VMXERR_MOV_SS = 26, VMXERR_INV_OPERAND = 28,
};

/** vmx_nested_fail - VMfailValid, or VMfailInvalid without a current VMCS; RIP moves on */
enum x86_next vmx_nested_fail(struct x86_vcpu *v, const struct x86_exit *exit,
			      enum vmx_error error);

/* nested_operand.c: what an instruction names, by the exit's instruction information */

/** vmx_operand_gpr - a general register as an operand: 32 bits outside 64-bit mode */
u64 vmx_operand_gpr(struct x86_vcpu *v, u8 nr);
/** vmx_operand_gpr_set - write it */
void vmx_operand_gpr_set(struct x86_vcpu *v, u8 nr, u64 value);
/**
 * vmx_operand_load - read the operand in memory
 * @v: own thread, right after the exit
 * @buf: result
 * @len: bytes
 *
 * Return: false: the guest gets a fault; the handler returns v->next.
 */
bool vmx_operand_load(struct x86_vcpu *v, void *buf, unsigned int len);
/** vmx_operand_store - write it; likewise */
bool vmx_operand_store(struct x86_vcpu *v, const void *buf, unsigned int len);

#endif
