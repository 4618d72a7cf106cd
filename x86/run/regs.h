/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Userspace's view of the registers; for the handlers see struct ioctl_desc.
 *
 * struct kvm_sregs has no field for the privilege level.  It shows the level as SS.DPL,
 * where Intel's processors keep it (SDM vol. 3, 24.4.1); AMD's have a field apart, and
 * SYSRET leaves them at level 3 with whatever SS.DPL was (APM vol. 3, SYSRET).  No
 * program at level 3 can see the difference, and what a VMM saves comes back.
 */
#ifndef LAMINA_X86_RUN_REGS_H
#define LAMINA_X86_RUN_REGS_H

#include "x86/vcpu/x86.h"

/** regs_get - general registers, RIP, RFLAGS; loaded */
void regs_get(struct x86_vcpu *v, struct kvm_regs *r);
/** regs_set - the same, and forget exceptions that were about to be raised */
void regs_set(struct x86_vcpu *v, const struct kvm_regs *r);

/*
 * struct kvm_sregs2 begins as struct kvm_sregs does, up to the interrupt: these take either.
 */
/** sregs_get_registers - segments, control registers; loaded */
void sregs_get_registers(struct x86_vcpu *v, struct kvm_sregs *r);
/** sregs_are_valid - can a processor be in this state? */
bool sregs_are_valid(struct x86_vcpu *v, const struct kvm_sregs *r);
/** sregs_load - valid registers; the interrupt that waits stays */
void sregs_load(struct x86_vcpu *v, const struct kvm_sregs *r);

/** sregs_get - segments, control registers, the interrupt that waits; loaded */
void sregs_get(struct x86_vcpu *v, struct kvm_sregs *r);
/** sregs_set - valid registers, and the interrupt of the bitmap or none */
void sregs_set(struct x86_vcpu *v, const struct kvm_sregs *r);

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
/** sregs2_ioctl_get - KVM_GET_SREGS2 */
long sregs2_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** sregs2_ioctl_set - KVM_SET_SREGS2; as sregs_ioctl_set() */
long sregs2_ioctl_set(void *vcpu, void *data, unsigned long arg);
/** translate_ioctl - KVM_TRANSLATE (x86/run/translate.c) */
long translate_ioctl(void *vcpu, void *data, unsigned long arg);
/** debugregs_ioctl_get - KVM_GET_DEBUGREGS */
long debugregs_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** debugregs_ioctl_set - KVM_SET_DEBUGREGS; -EINVAL for reserved bits */
long debugregs_ioctl_set(void *vcpu, void *data, unsigned long arg);

#endif
