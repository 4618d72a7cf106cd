// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a return to userspace would do, done before an entry, by the function that the
 * kernel has for hypervisors.  When there is a signal that writes to two fields of a struct
 * kvm_vcpu, of the kernel's own layout: it gets one that nobody reads.  So this file
 * includes linux/kvm_host.h, and no header of ours that knows another struct of that name.
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
