/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose code has trained a CPU's branch predictors, and who must not run on that.
 *
 * A processor tells a guest from its host.  L1 and L2 are both guests there, so that what L1
 * is offered, IBRS, keeps nothing of L2's away from it: L1 that has it is somebody else than
 * its L2.  The other way there is nothing to keep: L1 can do to L2 what it wants.
 */
#ifndef LAMINA_X86_VCPU_PREDICTOR_H
#define LAMINA_X86_VCPU_PREDICTOR_H

#include <linux/types.h>

/* Between numbers of vCPUs: L2's is the odd one behind its L1's. */
#define PREDICTOR_LEVELS	2

/**
 * predictor_enter - somebody enters on this CPU
 * @last: of the CPU: who ran there last; 0: nobody
 * @serial: the vCPU's number, which is even
 * @l2: it runs L2, and L1 has IBRS
 *
 * Return: true: the predictors have to forget first.
 */
static inline bool predictor_enter(u64 *last, u64 serial, bool l2)
{
	u64 was = *last;

	*last = serial + l2;
	return l2 ? (was & ~1ull) != serial : was != serial;
}

#endif
