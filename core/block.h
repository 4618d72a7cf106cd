/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef X2
#define X2
#include "core/kvm.h"
void vcpu_block(struct kvm_vcpu *vcpu);
void request_one(struct kvm_vcpu *vcpu, unsigned int req);
bool arch_vcpu_wakes(struct kvm_vcpu *vcpu);
int arch_irq_line(struct kvm *kvm, u32 gsi, bool resample, bool level);
#endif
