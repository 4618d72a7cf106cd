// SPDX-License-Identifier: GPL-2.0-only
/* Two vCPUs and all interrupt controllers: see pv.h. */
#define _GNU_SOURCE
#include "pv.h"

#define APIC_SVR		0xf0

struct vcpu w;

void lapic_on(struct vcpu *c)
{
	struct kvm_mp_state mp = { KVM_MP_STATE_RUNNABLE };
	struct kvm_lapic_state s;

	OK(ioctl(c->fd, KVM_GET_LAPIC, &s));
	s.regs[APIC_SVR] = (char)0xff;
	s.regs[APIC_SVR + 1] = 1;
	OK(ioctl(c->fd, KVM_SET_LAPIC, &s));
	OK(ioctl(c->fd, KVM_SET_MP_STATE, &mp));
}

bool lapic_has(struct vcpu *c, unsigned int reg, uint8_t vector)
{
	struct kvm_lapic_state s;

	OK(ioctl(c->fd, KVM_GET_LAPIC, &s));
	return s.regs[reg + vector / 32 * 16 + vector % 32 / 8] >> vector % 8 & 1;
}

void pv_machine(unsigned int id)
{
	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
	vcpu_new(&vm, &w, id);
	lapic_on(&v);
	lapic_on(&w);
}
