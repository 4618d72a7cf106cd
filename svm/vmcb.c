// SPDX-License-Identifier: GPL-2.0-only
/* The control block: intercepts and permission maps (APM vol. 2, 15.9 to 15.11). */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/mem_encrypt.h>
#include <linux/string.h>

#include <asm/cpufeature.h>
#include <asm/traps.h>

#include "svm/cpu.h"
#include "svm/vmcb.h"

/* The hardware uses 12 KiB (64 K ports and three bits) and 8 KiB. */
#define IOPM_ORDER	2
#define MSRPM_ORDER	1

/*
 * The maps are the same for every guest and never change, so one copy serves all
 * and the hardware's cache of them is always right.  A guest whose VMM filters
 * what otherwise passes uses the map by which every MSR exits; one that uses
 * IA32_SPEC_CTRL has that too, but for its L2.
 */
static void *iopm;
static u8 *msrpm;
static u8 *msrpm_exit;
static u8 *msrpm_spec;

/* IA32_PAT after reset (APM vol. 2, 7.8.2). */
#define PAT_RESET	0x0007040600070406ull

/*
 * What every guest exits for.  Not here: CR0, CR4 (by value, state.c), VINTR and
 * IRET (event.c), PAUSE (where the processor finds loops of it).  With nested paging
 * a guest may read and write CR3, run INVLPG and switch hardware tasks by itself:
 * nothing of that touches the host.
 */
static const u8 intercepts_always[] = {
	INTERCEPT_DR0_READ, INTERCEPT_DR1_READ, INTERCEPT_DR2_READ,
	INTERCEPT_DR3_READ, INTERCEPT_DR4_READ, INTERCEPT_DR5_READ,
	INTERCEPT_DR6_READ, INTERCEPT_DR7_READ,
	INTERCEPT_DR0_WRITE, INTERCEPT_DR1_WRITE, INTERCEPT_DR2_WRITE,
	INTERCEPT_DR3_WRITE, INTERCEPT_DR4_WRITE, INTERCEPT_DR5_WRITE,
	INTERCEPT_DR6_WRITE, INTERCEPT_DR7_WRITE,
	INTERCEPT_CR4_WRITE, INTERCEPT_CR8_WRITE, INTERCEPT_SELECTIVE_CR0,
	INTERCEPT_INTR, INTERCEPT_NMI, INTERCEPT_SMI, INTERCEPT_INIT,
	INTERCEPT_RDPMC, INTERCEPT_CPUID, INTERCEPT_RSM, INTERCEPT_INVD,
	INTERCEPT_HLT, INTERCEPT_INVLPGA, INTERCEPT_IOIO_PROT,
	INTERCEPT_MSR_PROT, INTERCEPT_SHUTDOWN,
	INTERCEPT_VMRUN, INTERCEPT_VMMCALL, INTERCEPT_VMLOAD,
	INTERCEPT_VMSAVE, INTERCEPT_STGI, INTERCEPT_CLGI, INTERCEPT_SKINIT,
	INTERCEPT_WBINVD, INTERCEPT_MONITOR, INTERCEPT_MWAIT,
	INTERCEPT_XSETBV, INTERCEPT_RDPRU,
};

/*
 * On shadow page tables: whatever names the guest's own.  A hardware task switch
 * loads CR3.
 */
static const u8 intercepts_shadow[] = {
	INTERCEPT_CR3_READ, INTERCEPT_CR3_WRITE, INTERCEPT_INVLPG,
	INTERCEPT_TASK_SWITCH,
};

/*
 * Exceptions that always exit: a machine check is the host's.  #AC and #DB can
 * raise themselves again and again while they are delivered, with no boundary at
 * which an interrupt would end it: a guest could hang the CPU.  #UD may be that of
 * the other vendor's hypercall.
 */
#define EXCEPTIONS_ALWAYS \
	(BIT(X86_TRAP_MC) | BIT(X86_TRAP_AC) | BIT(X86_TRAP_DB) | \
	 BIT(X86_TRAP_UD))

static void intercepts_merge(struct svm_vcpu *s, unsigned int word)
{
	s->vmcb->control.intercepts[word] = s->intercepts[word] |
					    s->intercepts_l1[word];
	vmcb_changed(s, CLEAN_INTERCEPTS);
}

void vmcb_intercept_flip(struct svm_vcpu *s, unsigned int bit)
{
	s->intercepts[bit / 32] ^= BIT(bit % 32);
	intercepts_merge(s, bit / 32);
}

void vmcb_intercepts_l1(struct svm_vcpu *s, const u32 *words)
{
	static const u32 none[MAX_INTERCEPT];
	u32 *merged = s->vmcb->control.intercepts;
	unsigned int i;

	if (!words)
		words = none;
	/* Every PAUSE is L1's where it asks for them: it is offered no filter. */
	s->vmcb->control.pause_filter_count =
		words[INTERCEPT_PAUSE / 32] & BIT(INTERCEPT_PAUSE % 32) ?
		0 : svm_features.pause_count;
	for (i = 0; i < MAX_INTERCEPT; i++) {
		s->intercepts_l1[i] = words[i];
		merged[i] = s->intercepts[i] | words[i];
	}
	vmcb_changed(s, CLEAN_INTERCEPTS);
}

void vmcb_intercept_exceptions(struct svm_vcpu *s, u32 vectors)
{
	s->intercepts[INTERCEPT_EXCEPTION] =
		vectors | EXCEPTIONS_ALWAYS |
		(svm_features.npt ? 0 : BIT(X86_TRAP_PF));
	intercepts_merge(s, INTERCEPT_EXCEPTION);
}

/* Those of every guest, once known; EXCEPTIONS apart. */
static u32 intercepts_base[MAX_INTERCEPT];

static void base_add(const u8 *bits, unsigned int n)
{
	for (; n; n--, bits++)
		intercepts_base[*bits / 32] |= BIT(*bits % 32);
}

void vmcb_intercepts_prepare(void)
{
	static const u8 invpcid = INTERCEPT_INVPCID, pause = INTERCEPT_PAUSE;

	memset(intercepts_base, 0, sizeof(intercepts_base));
	base_add(intercepts_always, ARRAY_SIZE(intercepts_always));
	if (svm_features.pause_count)
		base_add(&pause, 1);
	if (svm_features.npt)
		return;
	base_add(intercepts_shadow, ARRAY_SIZE(intercepts_shadow));
	if (boot_cpu_has(X86_FEATURE_INVPCID))
		base_add(&invpcid, 1);
}

void vmcb_intercepts_reset(struct svm_vcpu *s)
{
	memcpy(s->intercepts, intercepts_base, sizeof(s->intercepts));
	vmcb_intercepts_l1(s, NULL);
	vmcb_intercept_exceptions(s, 0);
}

void vmcb_init(struct svm_vcpu *s)
{
	struct vmcb_control_area *control = &s->vmcb->control;

	control->iopm_base_pa = __sme_pa(iopm);
	if (svm_features.npt)
		control->nested_ctl = SVM_NESTED_CTL_NP_ENABLE;
	control->pause_filter_thresh = svm_features.pause_thresh;
	s->vmcb->save.g_pat = PAT_RESET;
}

void vmcb_msr_exits(struct svm_vcpu *s, bool all)
{
	const u8 *map = s->spec_direct && !s->x86.nested.l2 ? msrpm_spec : msrpm;

	if (all || s->msr_exits_l1)
		map = msrpm_exit;
	s->vmcb->control.msrpm_base_pa = __sme_pa(map);
	vmcb_changed(s, CLEAN_MAPS);
}

static void *map_alloc(unsigned int order)
{
	void *map = (void *)__get_free_pages(GFP_KERNEL, order);

	if (map)
		memset(map, 0xff, PAGE_SIZE << order);
	return map;
}

int vmcb_maps_create(void)
{
	iopm = map_alloc(IOPM_ORDER);
	msrpm = map_alloc(MSRPM_ORDER);
	msrpm_exit = map_alloc(MSRPM_ORDER);
	msrpm_spec = map_alloc(MSRPM_ORDER);
	if (!iopm || !msrpm || !msrpm_exit || !msrpm_spec) {
		vmcb_maps_destroy();
		return -ENOMEM;
	}
	svm_msrpm_fill(msrpm, false);
	svm_msrpm_fill(msrpm_spec, true);
	return 0;
}

void vmcb_maps_destroy(void)
{
	free_pages((unsigned long)iopm, IOPM_ORDER);
	free_pages((unsigned long)msrpm, MSRPM_ORDER);
	free_pages((unsigned long)msrpm_exit, MSRPM_ORDER);
	free_pages((unsigned long)msrpm_spec, MSRPM_ORDER);
	iopm = NULL;
	msrpm = NULL;
	msrpm_exit = NULL;
	msrpm_spec = NULL;
}
