/* SPDX-License-Identifier: GPL-2.0-only */
/* ioctl handlers for registers: see struct ioctl_desc for their arguments. */
#ifndef LAMINA_X86_REGS_H
#define LAMINA_X86_REGS_H

/** regs_ioctl_get - KVM_GET_REGS */
long regs_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** regs_ioctl_set - KVM_SET_REGS */
long regs_ioctl_set(void *vcpu, void *data, unsigned long arg);
/** sregs_ioctl_get - KVM_GET_SREGS */
long sregs_ioctl_get(void *vcpu, void *data, unsigned long arg);
/**
 * sregs_ioctl_set - KVM_SET_SREGS; -EINVAL for an impossible state, nothing changed
 */
long sregs_ioctl_set(void *vcpu, void *data, unsigned long arg);
/** debugregs_ioctl_get - KVM_GET_DEBUGREGS */
long debugregs_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** debugregs_ioctl_set - KVM_SET_DEBUGREGS; -EINVAL for reserved bits */
long debugregs_ioctl_set(void *vcpu, void *data, unsigned long arg);
/** mp_state_ioctl_get - KVM_GET_MP_STATE */
long mp_state_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** mp_state_ioctl_set - KVM_SET_MP_STATE; RUNNABLE is the only state */
long mp_state_ioctl_set(void *vcpu, void *data, unsigned long arg);

#endif
