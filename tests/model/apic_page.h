/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accesses to the APIC-access page, written from SDM vol. 3, 30.4.2 and 30.4.3, and nothing
 * else: its lists of ranges, its sentences one by one.
 */
#ifndef TESTS_MODEL_APIC_PAGE_H
#define TESTS_MODEL_APIC_PAGE_H

#include <stdbool.h>
#include <stdint.h>

struct page_controls {
	bool tpr_shadow, register_virtualization, interrupt_delivery;
};

bool apic_page_read_is_virtual(const struct page_controls *c, unsigned int offset,
			       unsigned int len);
bool apic_page_write_is_virtual(const struct page_controls *c, unsigned int offset,
				unsigned int len);

enum page_effect {
	EFFECT_TPR, EFFECT_EOI, EFFECT_SELF_IPI, EFFECT_ICR_HIGH, EFFECT_WRITE_EXIT
};

/* Of a write that was virtualized; @icr: VICR_LO by then. */
enum page_effect apic_page_effect(const struct page_controls *c, unsigned int offset,
				  uint32_t icr);

#endif
