// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits by IN and OUT: a device on the kernel's bus, or userspace.  String forms go to
 * the emulator.  Where real mode is virtual-8086 mode (X86_EXIT_REFUSED) they are among
 * what the hardware refuses.
 *
 * RIP moves when userspace has answered (api.rst, struct kvm_run: the operation is complete
 * only then); but for one port it does before, unless userspace turns that off.  So it does
 * behind string forms and what the emulator executes.
 */
#include <linux/string.h>

#include "core/iobus.h"
#include "emul/exec.h"
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
	u32 data;

	if (!exit_rip_stands(v))
		return X86_RESUME;
	debug_insn_skip(v, v->ask_next);
	/* Userspace can write to the run page: read once, and the size is our own copy. */
	data = READ_ONCE(*(const u32 *)pio_data(v));
	trace_kvm_pio(TRACE_READ, v->vcpu.run->io.port, v->pio_size, 1, &data);
	pio_set_rax(v, &data, v->pio_size);
	return X86_RESUME;
}

static enum x86_next pio_out_answered(struct x86_vcpu *v)
{
	if (exit_rip_stands(v))
		debug_insn_skip(v, v->ask_next);
	return X86_RESUME;
}

/* KVM_X86_QUIRK_OUT_7E_INC_RIP (api.rst 7.31). */
#define PORT_EARLY	0x7e

static bool pio_is_early(struct x86_vcpu *v, const struct x86_exit *exit)
{
	return unlikely(exit->io.port == PORT_EARLY) &&
	       quirk_is_on(v, KVM_X86_QUIRK_OUT_7E_INC_RIP);
}

static noinline enum x86_next pio_in(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u32 data = v->state.gpr[GPR_RAX];

	if (bus_read(&v->vcpu, BUS_PIO, exit->io.port, exit->io.size, &data)) {
		pio_ask_user(v, exit->io.port, exit->io.size, 1, false);
		v->pio_size = exit->io.size;
		return exit_ask(v, exit->next_rip, pio_in_answered);
	}
	debug_insn_skip(v, exit->next_rip);
	trace_kvm_pio(TRACE_READ, exit->io.port, exit->io.size, 1, &data);
	pio_set_rax(v, &data, exit->io.size);
	return X86_RESUME;
}

/* Hardware tells the length of every IN and OUT. */
enum x86_next pio_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	const u32 *data = (const u32 *)&v->state.gpr[GPR_RAX];

	stat_inc(v->vcpu.stats.io_exits);
	/* The trap behind it is the emulator's. */
	if (exit->io.string ||
	    (unlikely(debug_is_armed(v)) &&
	     debug_access(v, exit->io.port, exit->io.size, DEBUG_IO)))
		return emulate_insn(v, exit);
	if (exit->io.in)
		return pio_in(v, exit);
	trace_kvm_pio(TRACE_WRITE, exit->io.port, exit->io.size, 1, data);
	if (!bus_write(&v->vcpu, BUS_PIO, exit->io.port, exit->io.size, data)) {
		debug_insn_skip(v, exit->next_rip);
		return X86_RESUME;
	}
	/* Of EAX as many bytes count as the access has. */
	*(u32 *)pio_data(v) = *data;
	pio_ask_user(v, exit->io.port, exit->io.size, 1, true);
	if (!pio_is_early(v, exit))
		return exit_ask(v, exit->next_rip, pio_out_answered);
	debug_insn_skip(v, exit->next_rip);
	return X86_USER;
}

/* Nothing holds back IN and OUT. */
static enum x86_next refused_port(struct x86_vcpu *v, const struct x86_exit *exit,
				  const struct emul_insn *insn)
{
	const struct x86_exit io = {
		.kind = X86_EXIT_IO,
		.code = exit->code,
		.next_rip = state_get(v, GRP_RIP)->rip + insn->len,
		.io.port = insn->opcode & 8 ? v->state.gpr[GPR_RDX] : insn->imm,
		.io.size = insn->op_size,
		.io.in = insn->exec == exec_in,
	};

	return pio_exit(v, &io);
}

static bool is_port(const struct emul_insn *insn)
{
	return (insn->exec == exec_in || insn->exec == exec_out) && !insn->lock;
}

/* What a privilege may hold back the emulator knows: all else is refused rightly. */
enum x86_next refused_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct emul_insn insn;
	enum x86_next next;

	if (emulate_decode(v, exit, &insn, &next))
		next = is_port(&insn) ? refused_port(v, exit, &insn) :
					emulate_alone(v, exit);
	if (next != X86_UNKNOWN)
		return next;
	kvm_event_exception(v, exit->exc.vector,
			    exit->exc.has_error ? (s64)exit->exc.error : -1);
	return X86_RESUME;
}
