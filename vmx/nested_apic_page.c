// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1's APIC-access page (SDM vol. 3, 30.4).  The processor tells of L2's accesses to the
 * frame that backs it (x86/vcpu/frame.h), and L1 has those exits; the accesses that L1's
 * controls virtualize are made by the emulator, in L1's virtual-APIC page.
 */
#include "vmx/nested.h"
#include "vmx/nested_parts.h"
#include "vmx/ops.h"
#include "x86/vcpu/frame.h"

static u32 page_controls(const struct vmx_vcpu *s)
{
	return (l1_cpu(s, CPU_BASED_TPR_SHADOW) ? PAGE_TPR : 0) |
	       (l1_cpu2(s, SECONDARY_EXEC_APIC_REGISTER_VIRT) ? PAGE_REGS : 0) |
	       (l1_cpu2(s, SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY) ? PAGE_IRQS : 0);
}

void vmx_nested_page_enter(struct vmx_vcpu *s)
{
	gfn_t page = FRAME_NONE;

	if (vmx_nested_has_page(s))
		page = s->nested->c->apic_access_addr >> PAGE_SHIFT;
	kvm_frame_use(&s->x86, page);
}

/* How many bytes it is the qualification does not tell: the emulator finds out. */
bool vmx_nested_page_exits(struct vmx_vcpu *s)
{
	u32 q = vmcs_read(EXIT_QUALIFICATION);

	switch (q & APIC_ACCESS_TYPE) {
	case TYPE_LINEAR_APIC_INST_READ:
		return !nested_page_reads(page_controls(s), q & APIC_ACCESS_OFFSET, 1);
	case TYPE_LINEAR_APIC_INST_WRITE:
		return !nested_page_writes(page_controls(s), q & APIC_ACCESS_OFFSET, 1);
	default:
		return true;
	}
}

/* ------------------------------------------------------------------------ */
/* The emulator's accesses. */

/* Behind a write the same instruction may only make the same one again. */
static bool access_is_virtual(const struct vmx_vcpu *s, u32 offset, u32 len, bool write)
{
	const struct vmx_nested *n = s->nested;

	if (s->x86.events.to_l1.kind == EVENT_WRITTEN &&
	    !(write && n->written.offset == offset && n->written.len == len))
		return false;
	return write ? nested_page_writes(page_controls(s), offset, len) :
		       nested_page_reads(page_controls(s), offset, len);
}

static enum emul_result page_exit(struct vmx_vcpu *s, u32 offset, bool write)
{
	s->nested->second = (struct vmx_nested_exit){
		.reason = EXIT_REASON_APIC_ACCESS,
		.qualification = offset | (write ? TYPE_LINEAR_APIC_INST_WRITE :
						   TYPE_LINEAR_APIC_INST_READ),
	};
	s->x86.events.to_l1 = (struct x86_event){ .kind = EVENT_SECOND };
	return EMUL_RETRY;
}

enum emul_result vmx_nested_page(struct x86_vcpu *v, gpa_t gpa, void *buf, u32 len, bool write)
{
	u32 offset = gpa & ~PAGE_MASK;
	struct vmx_vcpu *s = to_vmx(v);

	if (!access_is_virtual(s, offset, len, write))
		return page_exit(s, offset, write);
	if (!write) {
		/* What cannot be read is 0. */
		memset(buf, 0, len);
		kvm_nested_read(v, vmx_nested_apic_at(s, offset), buf, len);
		return EMUL_OK;
	}
	kvm_nested_write(v, vmx_nested_apic_at(s, offset), buf, len);
	s->nested->written.offset = offset;
	s->nested->written.len = len;
	v->events.to_l1 = (struct x86_event){ .kind = EVENT_WRITTEN };
	return EMUL_OK;
}

/* L1 can do no worse with it, and may do better. */
bool vmx_nested_page_failed(struct x86_vcpu *v)
{
	struct vmx_vcpu *s = to_vmx(v);
	u32 q;

	if (s->reason != EXIT_REASON_APIC_ACCESS)
		return false;
	q = vmcs_read(EXIT_QUALIFICATION);
	page_exit(s, q & APIC_ACCESS_OFFSET,
		  (q & APIC_ACCESS_TYPE) == TYPE_LINEAR_APIC_INST_WRITE);
	return true;
}

static void word_mask(struct vmx_vcpu *s, u32 offset, u32 word, u32 mask)
{
	word &= mask;
	kvm_nested_write(&s->x86, vmx_nested_apic_at(s, offset), &word, sizeof(word));
}

void vmx_nested_page_written(struct vmx_vcpu *s)
{
	u32 offset = s->nested->written.offset, reg = offset & ~3u, word = 0;
	enum nested_page_act act;

	kvm_nested_read(&s->x86, vmx_nested_apic_at(s, reg), &word, sizeof(word));
	act = nested_page_act(page_controls(s), offset, word);
	if (act == PAGE_ACT_TPR)
		word_mask(s, reg, word, 0xff);
	else if (act == PAGE_ACT_EOI)
		word_mask(s, reg, word, 0);
	else if (act == PAGE_ACT_HIGH)
		word_mask(s, reg, word, 0xff000000);
	vmx_nested_apic_act(s, act, offset, word);
}
