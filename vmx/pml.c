// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-modification logging (SDM vol. 3, 29.3.6): where the processor sets a dirty bit in
 * the EPT it writes the address into a page, from its end to its beginning.  So the next
 * write to a page that the dirty log has collected costs no exit; an exit comes when the
 * page is full.  Every exit brings what there is to the log: who reads it has stopped the
 * guest, or sees with the next reading what was written meanwhile.
 *
 * While L2 runs on tables of its own the control is off: vmcs.c.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>

#include <asm/io.h>

#include "vmx/cpu.h"
#include "vmx/vmcs.h"

/* Entries that are used: a ring has no room for more in one go. */
static unsigned int pml_room(const struct vmx_vcpu *s)
{
	return s->x86.vcpu.ring ? KVM_LOG_ROOM : PML_ENTRIES;
}

void vmx_pml_update(struct vmx_vcpu *s)
{
	bool on = vmx_features.pml && READ_ONCE(s->x86.vcpu.kvm->mmu.logs);

	/* Nobody would hear of what is written without it. */
	if (on && !s->pml) {
		s->pml = (void *)__get_free_page(GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
		s->stale |= BIT(WORDS_PML);
	}
	vmcs_control(s, WORD_CPU2, SECONDARY_EXEC_ENABLE_PML, on);
	if (!on && s->pml)
		vmx_pml_free(s);
}

void vmx_pml_free(struct vmx_vcpu *s)
{
	free_page((unsigned long)s->pml);
	s->pml = NULL;
	s->stale &= ~BIT(WORDS_PML);
}

void vmx_pml_fill(struct vmx_vcpu *s)
{
	vmcs_write(PML_ADDRESS, __pa(s->pml));
	vmcs_write(GUEST_PML_INDEX, pml_room(s) - 1);
}

/* The index is the next entry's; behind the first entry of the page it is -1. */
void vmx_pml_drain(struct vmx_vcpu *s)
{
	u16 used, last = pml_room(s) - 1;

	/* Not filled yet: there was no entry since it came. */
	if (unlikely(s->stale & BIT(WORDS_PML)))
		return;
	used = last - (u16)vmcs_read(GUEST_PML_INDEX);
	if (likely(!used))
		return;
	kvm_log_written(&s->x86, s->pml + last + 1 - used, used);
	vmcs_write(GUEST_PML_INDEX, last);
}
