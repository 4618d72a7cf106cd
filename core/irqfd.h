/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef X1
#define X1
#include "core/kvm.h"
void irqfd_acked(struct kvm *kvm, u32 gsi);
#endif
