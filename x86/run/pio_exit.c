// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits by IN and OUT: a device on the kernel's bus, or userspace.  String forms go to
 * the emulator.
 *
 * RIP moves before userspace sees the access, so that a VMM which resets the vCPU in
 * response finds its new RIP untouched; but for one port, if userspace wants so.
 */
#include <linux/string.h>

#include "core/iobus.h"
#include "x86/cpu/debug.h"
#include "x86/insn/emulate.h"
#include "x86/insn/fetch.h"
#include "x86/insn/pio.h"
#include "x86/run/exits.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

/* IN writes AL, AX, or EAX with the upper half cleared (APM vol. 3, IN). */
static void pio_set_rax(struct x86_vcpu *v, const void *data, unsigned int size)
{
	u64 *rax = &v->state.gpr[GPR_RAX];

	if (size == 4)
		*rax = *(const u32 *)data;
	else
		memcpy(rax, data, size);
}

static enum x86_next pio_in_answered(struct x86_vcpu *v)
{
	/* Userspace has put the vCPU elsewhere: its registers stand. */
	if (state_get(v, GRP_RIP)->rip != v->ask_rip)
		return X86_RESUME;
	/* Userspace can write to the run page: the size is our own copy. */
	trace_kvm_pio(TRACE_READ, v->vcpu.run->io.port, v->pio_size, 1, pio_data(v));
	pio_set_rax(v, pio_data(v), v->pio_size);
	return X86_RESUME;
}

/* The one port of KVM_X86_QUIRK_OUT_7E_INC_RIP (api.rst 7.31). */
#define PORT_LATE	0x7e

static bool pio_is_late(struct x86_vcpu *v, const struct x86_exit *exit)
{
	return unlikely(exit->io.port == PORT_LATE) && !exit->io.in &&
	       !quirk_is_on(v, KVM_X86_QUIRK_OUT_7E_INC_RIP);
}

static enum x86_next pio_late_answered(struct x86_vcpu *v)
{
	u64 rip = state_get(v, GRP_RIP)->rip;

	if (rip == v->ask_rip)
		exit_skip_to(v, emul_rip_advance(emulate_mode(v), rip,
						 v->pio_size));
	return X86_RESUME;
}

/* Hardware tells the length of every IN and OUT. */
static noinline enum x86_next pio_late_exit(struct x86_vcpu *v,
					    const struct x86_exit *exit)
{
	u32 data = v->state.gpr[GPR_RAX];

	v->ask_rip = state_get(v, GRP_RIP)->rip;
	v->pio_size = exit->next_rip - v->ask_rip;
	trace_kvm_pio(TRACE_WRITE, exit->io.port, exit->io.size, 1, &data);
	if (!bus_write(&v->vcpu, BUS_PIO, exit->io.port, exit->io.size, &data))
		return pio_late_answered(v);
	pio_ask_user(v, exit->io.port, exit->io.size, 1, &data);
	v->pending = pio_late_answered;
	return X86_USER;
}

static noinline enum x86_next pio_in(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u32 data = v->state.gpr[GPR_RAX];

	if (bus_read(&v->vcpu, BUS_PIO, exit->io.port, exit->io.size, &data)) {
		pio_ask_user(v, exit->io.port, exit->io.size, 1, NULL);
		v->pio_size = exit->io.size;
		v->ask_rip = state_get(v, GRP_RIP)->rip;
		v->pending = pio_in_answered;
		return X86_USER;
	}
	trace_kvm_pio(TRACE_READ, exit->io.port, exit->io.size, 1, &data);
	pio_set_rax(v, &data, exit->io.size);
	return X86_RESUME;
}

enum x86_next pio_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	const void *data = &v->state.gpr[GPR_RAX];

	stat_inc(v->vcpu.stats.io_exits);
	/* The trap behind it is the emulator's. */
	if (exit->io.string ||
	    (unlikely(debug_is_armed(v)) &&
	     debug_access(v, exit->io.port, exit->io.size, DEBUG_IO)))
		return emulate_insn(v, exit);
	if (pio_is_late(v, exit))
		return pio_late_exit(v, exit);
	if (!exit_skip(v, exit))
		return v->next;
	if (exit->io.in)
		return pio_in(v, exit);
	trace_kvm_pio(TRACE_WRITE, exit->io.port, exit->io.size, 1, data);
	if (!bus_write(&v->vcpu, BUS_PIO, exit->io.port, exit->io.size, data))
		return X86_RESUME;
	pio_ask_user(v, exit->io.port, exit->io.size, 1, data);
	return X86_USER;
}
