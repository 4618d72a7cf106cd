// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much kernel memory a vCPU and a VM's interrupt controllers take: statistics.  Any
 * thread asks; of what the vCPU's thread may free meanwhile only the pointer is looked at.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>

#include <asm/fpu/types.h>

#include "core/arch.h"
#include "irq/apic_map.h"
#include "irq/ioapic.h"
#include "irq/pic.h"
#include "irq/pit.h"
#include "irq/route.h"
#include "x86/cpu/apic.h"
#include "x86/run/irqchip.h"
#include "x86/vcpu/vendor.h"

size_t arch_vcpu_memory(struct kvm_vcpu *vcpu)
{
	struct x86_vcpu *v = to_x86_vcpu(vcpu);
	const struct fpstate *fp = v->fpu.guest.fpstate;
	size_t bytes = arch_vcpu_size() + vendor(vcpu_memory)(v);

	/* In whole pages, as the kernel allocates it. */
	bytes += PAGE_ALIGN(sizeof(*fp) - sizeof(fp->regs) + fp->size);
	if (apic_in_kernel(v))
		bytes += PAGE_SIZE;
	return bytes + READ_ONCE(v->cpuid.n) * sizeof(*v->cpuid.entry);
}

static size_t map_bytes(const struct irq_vm *irq)
{
	const struct apic_map *map;
	size_t bytes;

	rcu_read_lock();
	map = rcu_dereference(irq->map);
	bytes = map ? struct_size(map, phys, map->n) : 0;
	rcu_read_unlock();
	return bytes;
}

size_t arch_irqchip_memory(struct kvm *kvm)
{
	const struct x86_vm *vm = to_x86_vm(kvm);
	const struct irq_vm *irq = &vm->irq;

	return irq_routes_bytes(irq) + map_bytes(irq) +
	       (READ_ONCE(vm->irqchip) ? sizeof(*vm->irqchip) : 0) +
	       (READ_ONCE(irq->pit) ? sizeof(*irq->pit) : 0) +
	       (READ_ONCE(irq->ioapic) ? sizeof(*irq->ioapic) : 0) +
	       (READ_ONCE(irq->pic) ? sizeof(*irq->pic) : 0);
}
