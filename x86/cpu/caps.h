/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this host can do for guests, computed once per vendor load.
 *
 * The vendor's setup() fills its part; caps_step_setup() adds the host CPU's; after that
 * the record is read-only.
 */
#ifndef LAMINA_X86_CPU_CAPS_H
#define LAMINA_X86_CPU_CAPS_H

#include "mmu/mmu.h"

/* IA32_VMX_BASIC to IA32_VMX_VMFUNC. */
#define VMX_MSRS	18

/**
 * struct x86_caps - the capability record
 * @mmu: second-level paging (vendor)
 * @hypercall_modrm: ModRM byte of the hardware's hypercall instruction (vendor)
 * @pdptrs: the processor keeps a PAE guest's PDPTEs in registers, which an entry
 *          loads from GRP_PDPTR (vendor)
 * @apic_access: it knows the LAPIC's page by v->apic.access_page (vendor)
 * @apicv: it delivers a LAPIC's interrupts (vendor): x86/vcpu/apicv.h
 * @timer: the processor can end the guest's run at a value of the TSC (vendor)
 * @identity: guests without paging run on a page table in their memory (vendor)
 * @partial: there are states that the hardware cannot run: vendor's can_enter()
 * @hidden_8000_0001_ecx: CPUID bits that guests must not see although the host
 *                        has them (vendor: SVM without nesting, ...)
 * @nested: guests may be hosts (vendor)
 * @svm_revision: leaf 0x8000000a, with @nested: EAX (vendor)
 * @svm_asids: EBX (vendor)
 * @svm_features: EDX (vendor)
 * @vmx_msr: what guests' VMX can do at most: MSRs 0x480 to 0x491; 0: they have none
 *           (vendor)
 * @xcr0: XCR0 bits that guests may use (common)
 * @host_xcr0: XCR0 while the host runs; 0 without XSAVE (common)
 * @host_xss: IA32_XSS while the host runs (common)
 * @xsaves: guests may have XSAVES and XRSTORS, with an IA32_XSS of 0 (common: the CPU
 *          has them; vendor)
 * @xsetbv_free: guests' XSETBV is not intercepted, although it should be (common)
 * @fpu_always: entries have more to switch than XCR0: XSS, PKRU (common)
 * @tsc_frac_bits: fraction bits of a ratio by which the processor scales guests' TSC
 *                 (vcpu/tsc_ratio.h); 0: it does not (vendor)
 * @tsc_ratio_max: the greatest ratio (vendor)
 * @mxcsr_mask: MXCSR bits that do not fault (common)
 * @tsc_khz: host TSC frequency (common)
 */
struct x86_caps {
	struct mmu_caps mmu;
	u8 hypercall_modrm;
	bool pdptrs;
	bool apic_access;
	bool apicv;
	bool timer;
	bool identity;
	bool partial;
	u32 hidden_8000_0001_ecx;
	bool nested;
	u32 svm_revision;
	u32 svm_asids;
	u32 svm_features;
	u64 vmx_msr[VMX_MSRS];
	u64 xcr0;
	u64 host_xcr0;
	u64 host_xss;
	bool xsaves;
	bool xsetbv_free;
	bool fpu_always;
	u8 tsc_frac_bits;
	u64 tsc_ratio_max;
	u32 mxcsr_mask;
	u32 tsc_khz;
};

/* Written while a vendor loads, and never again. */
extern const struct x86_caps *const x86_caps;

/* Module steps; the object is the const struct kvm_vendor. */

/** caps_step_probe - can every CPU run guests? */
int caps_step_probe(void *ven);
/**
 * caps_step_setup - reset the MMU's configuration, then fill the record
 */
int caps_step_setup(void *ven);
/** caps_step_teardown - the vendor's own tables */
void caps_step_teardown(void *ven);
/** caps_step_mmu - the MMU's configuration from the record */
int caps_step_mmu(void *ven);
/** caps_step_mmu_down - the reverse */
void caps_step_mmu_down(void *ven);

#endif
