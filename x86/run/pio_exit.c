// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits by IN and OUT: a device on the kernel's bus, or userspace.  String forms go to
 * the emulator.
 *
 * RIP moves before userspace sees the access, so that a VMM which resets the vCPU in
 * response finds its new RIP untouched.
 */
#include <linux/string.h>

#include "core/iobus.h"
#include "x86/insn/emulate.h"
#include "x86/insn/pio.h"
#include "x86/run/exits.h"
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
	if (state_get(v, GRP_RIP)->rip != v->pio_rip)
		return X86_RESUME;
	/* Userspace can write to the run page: the size is our own copy. */
	pio_set_rax(v, pio_data(v), v->pio_size);
	return X86_RESUME;
}

enum x86_next pio_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	enum x86_next next;
	u32 data = v->state.gpr[GPR_RAX];
	int err;

	if (exit->io.string)
		return emulate_insn(v, exit);
	if (!exit_skip(v, exit, &next))
		return next;
	if (exit->io.in)
		err = bus_read(&v->vcpu, BUS_PIO, exit->io.port, exit->io.size,
			       &data);
	else
		err = bus_write(&v->vcpu, BUS_PIO, exit->io.port,
				exit->io.size, &data);
	if (err) {
		pio_ask_user(v, exit->io.port, exit->io.size, 1,
			       exit->io.in ? NULL : &data);
		v->pio_size = exit->io.size;
		v->pio_rip = state_get(v, GRP_RIP)->rip;
		v->pending = exit->io.in ? pio_in_answered : NULL;
		return X86_USER;
	}
	if (exit->io.in)
		pio_set_rax(v, &data, exit->io.size);
	return X86_RESUME;
}
