/* SPDX-License-Identifier: GPL-2.0-only */
/* The parameter nx_huge_pages: which rule core/nx_huge.h gets. */
#ifndef LAMINA_X86_CPU_NX_HUGE_H
#define LAMINA_X86_CPU_NX_HUGE_H

#include <linux/types.h>

/* The kernel's, for its file vulnerabilities/itlb_multihit; no header has it. */
extern bool itlb_multihit_kvm_mitigation;

/** module_step_nx_huge_up - from now on the kernel tells who asks what the rule is */
int module_step_nx_huge_up(void *unused);
/** module_step_nx_huge_down - there are no guests any more */
void module_step_nx_huge_down(void *unused);

#endif
