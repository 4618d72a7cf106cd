// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's function for it writes to two fields of its own KVM's struct kvm_vcpu when
 * there is a signal.  It gets one that nobody reads: so this file has the kernel's
 * linux/kvm_host.h, and no header of ours that knows another struct of that name.
 */
#include <linux/entry-kvm.h>
#include <linux/kvm_host.h>

#include "core/thread_work.h"

static struct kvm_run nobodys_run;
static struct kvm_vcpu nobody = { .run = &nobodys_run };

void thread_work_do(void)
{
	xfer_to_guest_mode_handle_work(&nobody);
}
