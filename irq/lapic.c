// SPDX-License-Identifier: GPL-2.0-only
/* A LAPIC's life: creation, reset, modes, CPUID.  Own thread. */
#include <linux/gfp.h>
#include <linux/rculist.h>
#include <linux/string.h>

#include "irq/apic_map.h"
#include "irq/irq.h"
#include "irq/irq_env.h"
#include "irq/lapic_priv.h"

#define MAXPHYADDR_DEFAULT	36	/* where CPUID has no leaf 0x80000008 */

void lapic_set_ids(struct lapic *a)
{
	if (!lapic_is_x2apic(a)) {
		lapic_reg_set(a, APIC_REG_ID, a->id << LAPIC_ID_SHIFT);
		lapic_reg_set(a, APIC_REG_LDR, 0);
		return;
	}
	lapic_reg_set(a, APIC_REG_ID, a->id);
	lapic_reg_set(a, APIC_REG_LDR, a->id >> 4 << 16 | BIT(a->id & 15));
}

void lapic_ids_changed(struct lapic *a)
{
	if (list_empty(&a->link))
		return;
	mutex_lock(&a->vm->lock);
	apic_map_update(a->vm);
	mutex_unlock(&a->vm->lock);
}

void lapic_lvts_mask(struct lapic *a)
{
	for (u32 reg = APIC_REG_LVT_TIMER; reg <= APIC_REG_LVT_ERROR; reg += 0x10)
		lapic_reg_set(a, reg, lapic_reg(a, reg) | LAPIC_LVT_MASKED);
}

static void lapic_lvts_reset(struct lapic *a)
{
	for (u32 reg = APIC_REG_LVT_TIMER; reg <= APIC_REG_LVT_ERROR; reg += 0x10)
		lapic_reg_set(a, reg, LAPIC_LVT_MASKED);
	if (a->lint0_reenabled && a->id == a->vm->bsp_id)
		lapic_reg_set(a, APIC_REG_LVT_LINT0, LAPIC_LVT_EXTINT);
}

/* All but ID, LDR and version.  SVR first: from then on no vector is accepted. */
static void lapic_regs_reset(struct lapic *a)
{
	static const u32 none[APIC_REGS_SIZE / 4];

	lapic_reg_set(a, APIC_REG_SVR, LAPIC_SVR_RESET);
	lapic_timer_stop(a);
	lapic_lvts_reset(a);
	lapic_vectors_set(a, none);
	memset(a->tell_eoi, 0, sizeof(a->tell_eoi));
	lapic_reg_set(a, APIC_REG_DFR, ~0u);
	lapic_reg_set(a, APIC_REG_TPR, 0);
	lapic_reg_set(a, APIC_REG_ESR, 0);
	atomic_set(&a->errors, 0);
	lapic_reg_set(a, APIC_REG_ICR, 0);
	lapic_reg_set(a, APIC_REG_ICR2, 0);
	lapic_reg_set(a, APIC_REG_TIMER_INIT, 0);
	lapic_reg_set(a, APIC_REG_TIMER_DIV, 0);
}

void lapic_reset(struct lapic *a, bool init)
{
	u64 bsp = a->id == a->vm->bsp_id ? APIC_BASE_BSP : 0;

	if (!init) {
		WRITE_ONCE(a->base, APIC_BASE_RESET | APIC_BASE_ENABLE | bsp);
		lapic_set_ids(a);
	} else if (!lapic_is_x2apic(a)) {
		lapic_reg_set(a, APIC_REG_LDR, 0);
	}
	lapic_regs_reset(a);
	lapic_ids_changed(a);
}

void lapic_features_set(struct lapic *a, const struct lapic_features *f)
{
	a->features = *f;
	lapic_reg_set(a, APIC_REG_VERSION,
		      LAPIC_VERSION | (f->eoi_suppress ? LAPIC_VERSION_EOI : 0));
}

int lapic_create(struct lapic *a, struct irq_vm *vm, u32 id)
{
	const struct lapic_features f = { .maxphyaddr = MAXPHYADDR_DEFAULT };

	a->regs = (u32 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!a->regs)
		return -ENOMEM;
	a->vm = vm;
	a->id = id;
	a->bus_ns = irq_env_bus_ns(vm);
	INIT_LIST_HEAD(&a->link);
	lapic_features_set(a, &f);
	lapic_reset(a, false);
	return 0;
}

void lapic_publish(struct lapic *a)
{
	mutex_lock(&a->vm->lock);
	list_add_tail_rcu(&a->link, &a->vm->lapics);
	apic_map_update(a->vm);
	mutex_unlock(&a->vm->lock);
}

void lapic_destroy(struct lapic *a)
{
	if (!a->regs)
		return;
	lapic_timer_stop(a);
	if (!list_empty(&a->link)) {
		mutex_lock(&a->vm->lock);
		list_del_rcu(&a->link);
		apic_map_drop(a->vm);
		mutex_unlock(&a->vm->lock);
	}
	free_page((unsigned long)a->regs);
	a->regs = NULL;
}

/* Neither reserved bits, nor x2APIC mode alone, nor one that CPUID lacks. */
static bool lapic_base_is_valid(const struct lapic *a, u64 value)
{
	u64 high = a->features.maxphyaddr < 64 ? ~0ull << a->features.maxphyaddr : 0;

	if (value & (high | APIC_BASE_RESERVED))
		return false;
	if (!(value & APIC_BASE_X2APIC))
		return true;
	return value & APIC_BASE_ENABLE && a->features.x2apic;
}

/* SDM vol. 3, figure 11-27: x2APIC mode is entered from xAPIC, and left by disabling. */
static bool lapic_base_may_change(u64 old, u64 value)
{
	old &= APIC_BASE_MODE;
	value &= APIC_BASE_MODE;
	if (value == APIC_BASE_MODE)
		return old != 0;
	return old != APIC_BASE_MODE || !value;
}

int lapic_base_set(struct lapic *a, u64 value, bool host)
{
	u64 old = a->base;

	if (!lapic_base_is_valid(a, value))
		return -EINVAL;
	if (!host && !lapic_base_may_change(old, value))
		return -EINVAL;
	WRITE_ONCE(a->base, value);
	if (!((old ^ value) & APIC_BASE_MODE))
		return 0;
	lapic_set_ids(a);
	if (!(old & value & APIC_BASE_ENABLE))
		lapic_regs_reset(a);
	else if (!lapic_is_x2apic(a))
		lapic_reg_set(a, APIC_REG_ICR2,
			      lapic_reg(a, APIC_REG_ICR2) & LAPIC_ID_MASK);
	lapic_ids_changed(a);
	return 0;
}
