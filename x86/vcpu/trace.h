/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86's tracepoints, group "kvm".  Names and fields are what tools read: they do not
 * change.
 */
#if !defined(LAMINA_X86_VCPU_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define LAMINA_X86_VCPU_TRACE_H

#include <linux/tracepoint.h>

#include <asm/pvclock-abi.h>
#include <asm/svm.h>
#include <asm/vmx.h>

#include "x86/vcpu/x86.h"

#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm

/* ---- entries and exits ---- */

TRACE_EVENT(kvm_entry,
	TP_PROTO(unsigned int vcpu_id, unsigned long rip, bool immediate_exit),
	TP_ARGS(vcpu_id, rip, immediate_exit),
	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(unsigned long, rip)
		__field(bool, immediate_exit)
	),
	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->rip = rip;
		__entry->immediate_exit = immediate_exit;
	),
	TP_printk("vcpu %u, rip 0x%lx%s", __entry->vcpu_id, __entry->rip,
		  __entry->immediate_exit ? "[immediate exit]" : "")
);

/* @info: what the hardware says (x86/vcpu/exit.h). */
TRACE_EVENT(kvm_exit,
	TP_PROTO(unsigned int vcpu_id, unsigned long rip,
		 const struct x86_exit_info *info),
	TP_ARGS(vcpu_id, rip, info),
	TP_STRUCT__entry(
		__field(unsigned int, exit_reason)
		__field(unsigned long, guest_rip)
		__field(u32, isa)
		__field(u64, info1)
		__field(u64, info2)
		__field(u32, intr_info)
		__field(u32, error_code)
		__field(unsigned int, vcpu_id)
	),
	TP_fast_assign(
		__entry->exit_reason = info->code;
		__entry->guest_rip = rip;
		__entry->isa = info->isa;
		__entry->info1 = info->info1;
		__entry->info2 = info->info2;
		__entry->intr_info = info->event;
		__entry->error_code = info->error;
		__entry->vcpu_id = vcpu_id;
	),
	TP_printk("vcpu %u reason %s rip 0x%lx info1 0x%016llx info2 0x%016llx "
		  "intr_info 0x%08x error_code 0x%08x",
		  __entry->vcpu_id,
		  __entry->isa == X86_ISA_VMX ?
		  __print_symbolic(__entry->exit_reason & 0xffff, VMX_EXIT_REASONS) :
		  __print_symbolic(__entry->exit_reason, SVM_EXIT_REASONS),
		  __entry->guest_rip, __entry->info1, __entry->info2,
		  __entry->intr_info, __entry->error_code)
);

TRACE_EVENT(kvm_page_fault,
	TP_PROTO(unsigned int vcpu_id, unsigned long rip, u64 fault_address,
		 u64 error_code),
	TP_ARGS(vcpu_id, rip, fault_address, error_code),
	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(unsigned long, guest_rip)
		__field(u64, fault_address)
		__field(u64, error_code)
	),
	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->guest_rip = rip;
		__entry->fault_address = fault_address;
		__entry->error_code = error_code;
	),
	TP_printk("vcpu %u rip 0x%lx address 0x%016llx error_code 0x%llx",
		  __entry->vcpu_id, __entry->guest_rip, __entry->fault_address,
		  __entry->error_code)
);

/* ---- instructions ---- */

TRACE_EVENT(kvm_hypercall,
	TP_PROTO(unsigned long nr, const u64 *a),
	TP_ARGS(nr, a),
	TP_STRUCT__entry(
		__field(unsigned long, nr)
		__field(unsigned long, a0)
		__field(unsigned long, a1)
		__field(unsigned long, a2)
		__field(unsigned long, a3)
	),
	TP_fast_assign(
		__entry->nr = nr;
		__entry->a0 = a[0];
		__entry->a1 = a[1];
		__entry->a2 = a[2];
		__entry->a3 = a[3];
	),
	TP_printk("nr 0x%lx a0 0x%lx a1 0x%lx a2 0x%lx a3 0x%lx", __entry->nr,
		  __entry->a0, __entry->a1, __entry->a2, __entry->a3)
);

/* @rw of kvm_pio, kvm_apic, kvm_cr */
#define TRACE_READ	0
#define TRACE_WRITE	1

/* @data: @count elements of @size bytes; the first is shown */
TRACE_EVENT(kvm_pio,
	TP_PROTO(unsigned int rw, unsigned int port, unsigned int size,
		 unsigned int count, const void *data),
	TP_ARGS(rw, port, size, count, data),
	TP_STRUCT__entry(
		__field(unsigned int, rw)
		__field(unsigned int, port)
		__field(unsigned int, size)
		__field(unsigned int, count)
		__field(unsigned int, val)
	),
	TP_fast_assign(
		__entry->rw = rw;
		__entry->port = port;
		__entry->size = size;
		__entry->count = count;
		__entry->val = 0;
		memcpy(&__entry->val, data, min(size, 4u));
	),
	TP_printk("pio_%s at 0x%x size %d count %d val 0x%x %s",
		  __entry->rw ? "write" : "read", __entry->port, __entry->size,
		  __entry->count, __entry->val,
		  __entry->count > 1 ? "(...)" : "")
);

TRACE_EVENT(kvm_cpuid,
	TP_PROTO(unsigned int function, unsigned int index, const u64 *gpr,
		 bool found),
	TP_ARGS(function, index, gpr, found),
	TP_STRUCT__entry(
		__field(unsigned int, function)
		__field(unsigned int, index)
		__field(unsigned long, rax)
		__field(unsigned long, rbx)
		__field(unsigned long, rcx)
		__field(unsigned long, rdx)
		__field(bool, found)
		__field(bool, used_max_basic)
	),
	TP_fast_assign(
		__entry->function = function;
		__entry->index = index;
		__entry->rax = gpr[GPR_RAX];
		__entry->rbx = gpr[GPR_RBX];
		__entry->rcx = gpr[GPR_RCX];
		__entry->rdx = gpr[GPR_RDX];
		__entry->found = found;
		__entry->used_max_basic = false;
	),
	TP_printk("func %x idx %x rax %lx rbx %lx rcx %lx rdx %lx, cpuid entry %s%s",
		  __entry->function, __entry->index, __entry->rax, __entry->rbx,
		  __entry->rcx, __entry->rdx,
		  __entry->found ? "found" : "not found",
		  __entry->used_max_basic ? ", used max basic" : "")
);

TRACE_EVENT(kvm_msr,
	TP_PROTO(unsigned int write, u32 ecx, u64 data, bool exception),
	TP_ARGS(write, ecx, data, exception),
	TP_STRUCT__entry(
		__field(unsigned, write)
		__field(u32, ecx)
		__field(u64, data)
		__field(u8, exception)
	),
	TP_fast_assign(
		__entry->write = write;
		__entry->ecx = ecx;
		__entry->data = data;
		__entry->exception = exception;
	),
	TP_printk("msr_%s %x = 0x%llx%s", __entry->write ? "write" : "read",
		  __entry->ecx, __entry->data,
		  __entry->exception ? " (#GP)" : "")
);

TRACE_EVENT(kvm_cr,
	TP_PROTO(unsigned int rw, unsigned int cr, unsigned long val),
	TP_ARGS(rw, cr, val),
	TP_STRUCT__entry(
		__field(unsigned int, rw)
		__field(unsigned int, cr)
		__field(unsigned long, val)
	),
	TP_fast_assign(
		__entry->rw = rw;
		__entry->cr = cr;
		__entry->val = val;
	),
	TP_printk("cr_%s %x = 0x%lx", __entry->rw ? "write" : "read",
		  __entry->cr, __entry->val)
);

/* @flags of kvm_emulate_insn */
#define TRACE_INSN_CR0_PE	BIT(0)
#define TRACE_INSN_VM86		BIT(1)
#define TRACE_INSN_CS_D		BIT(2)
#define TRACE_INSN_CS_L		BIT(3)

TRACE_EVENT(kvm_emulate_insn,
	TP_PROTO(u64 rip, u32 csbase, const u8 *bytes, u8 len, u8 flags,
		 bool failed),
	TP_ARGS(rip, csbase, bytes, len, flags, failed),
	TP_STRUCT__entry(
		__field(__u64, rip)
		__field(__u32, csbase)
		__field(__u8, len)
		__array(__u8, insn, 15)
		__field(__u8, flags)
		__field(__u8, failed)
	),
	TP_fast_assign(
		__entry->rip = rip;
		__entry->csbase = csbase;
		__entry->len = min_t(u8, len, 15);
		memset(__entry->insn, 0, 15);
		memcpy(__entry->insn, bytes, __entry->len);
		__entry->flags = flags;
		__entry->failed = failed;
	),
	TP_printk("%x:%llx:%s (%s)%s", __entry->csbase, __entry->rip,
		  __print_hex(__entry->insn, __entry->len),
		  __print_symbolic(__entry->flags,
			{ 0, "real" },
			{ TRACE_INSN_CR0_PE | TRACE_INSN_VM86, "vm16" },
			{ TRACE_INSN_CR0_PE, "prot16" },
			{ TRACE_INSN_CR0_PE | TRACE_INSN_CS_D, "prot32" },
			{ TRACE_INSN_CR0_PE | TRACE_INSN_CS_L, "prot64" }),
		  __entry->failed ? " failed" : "")
);

/* ---- events ---- */

TRACE_EVENT(kvm_inj_virq,
	TP_PROTO(unsigned int vector, bool soft, bool reinjected),
	TP_ARGS(vector, soft, reinjected),
	TP_STRUCT__entry(
		__field(unsigned int, vector)
		__field(bool, soft)
		__field(bool, reinjected)
	),
	TP_fast_assign(
		__entry->vector = vector;
		__entry->soft = soft;
		__entry->reinjected = reinjected;
	),
	TP_printk("%s 0x%x%s", __entry->soft ? "Soft/INTn" : "IRQ",
		  __entry->vector, __entry->reinjected ? " [reinjected]" : "")
);

#define TRACE_EXCEPTIONS						\
	{ 0, "#DE" }, { 1, "#DB" }, { 3, "#BP" }, { 4, "#OF" },		\
	{ 5, "#BR" }, { 6, "#UD" }, { 7, "#NM" }, { 8, "#DF" },		\
	{ 10, "#TS" }, { 11, "#NP" }, { 12, "#SS" }, { 13, "#GP" },	\
	{ 14, "#PF" }, { 16, "#MF" }, { 17, "#AC" }, { 18, "#MC" }

TRACE_EVENT(kvm_inj_exception,
	TP_PROTO(const struct x86_event *ev, bool reinjected),
	TP_ARGS(ev, reinjected),
	TP_STRUCT__entry(
		__field(u8, exception)
		__field(u8, has_error)
		__field(u32, error_code)
		__field(bool, reinjected)
	),
	TP_fast_assign(
		__entry->exception = ev->vector;
		__entry->has_error = ev->has_error;
		__entry->error_code = ev->error;
		__entry->reinjected = reinjected;
	),
	TP_printk("%s (0x%x)%s",
		  __print_symbolic(__entry->exception, TRACE_EXCEPTIONS),
		  __entry->error_code, __entry->reinjected ? " [reinjected]" : "")
);

TRACE_EVENT(kvm_apic,
	TP_PROTO(unsigned int rw, unsigned int reg, u64 val),
	TP_ARGS(rw, reg, val),
	TP_STRUCT__entry(
		__field(unsigned int, rw)
		__field(unsigned int, reg)
		__field(u64, val)
	),
	TP_fast_assign(
		__entry->rw = rw;
		__entry->reg = reg;
		__entry->val = val;
	),
	TP_printk("apic_%s 0x%x = 0x%llx", __entry->rw ? "write" : "read",
		  __entry->reg, __entry->val)
);

#define TRACE_DELIVERY_MODES						\
	{ 0, "Fixed" }, { 1, "LowPrio" }, { 2, "SMI" }, { 3, "Res3" },	\
	{ 4, "NMI" }, { 5, "INIT" }, { 6, "SIPI" }, { 7, "ExtINT" }

TRACE_EVENT(kvm_apic_ipi,
	TP_PROTO(u32 icr_low, u32 dest_id),
	TP_ARGS(icr_low, dest_id),
	TP_STRUCT__entry(
		__field(__u32, icr_low)
		__field(__u32, dest_id)
	),
	TP_fast_assign(
		__entry->icr_low = icr_low;
		__entry->dest_id = dest_id;
	),
	TP_printk("dst %x vec %u (%s|%s)", __entry->dest_id,
		  (u8)__entry->icr_low,
		  __print_symbolic(__entry->icr_low >> 8 & 7, TRACE_DELIVERY_MODES),
		  __entry->icr_low & (1 << 11) ? "logical" : "physical")
);

/* @level: level triggered */
TRACE_EVENT(kvm_apic_accept_irq,
	TP_PROTO(u32 apicid, u16 dm, bool level, u8 vec),
	TP_ARGS(apicid, dm, level, vec),
	TP_STRUCT__entry(
		__field(__u32, apicid)
		__field(__u16, dm)
		__field(__u16, tm)
		__field(__u8, vec)
	),
	TP_fast_assign(
		__entry->apicid = apicid;
		/* encoded as in ICR */
		__entry->dm = dm << 8;
		__entry->tm = level << 15;
		__entry->vec = vec;
	),
	TP_printk("apicid %x vec %u (%s|%s)", __entry->apicid, __entry->vec,
		  __print_symbolic(__entry->dm >> 8 & 7, TRACE_DELIVERY_MODES),
		  __entry->tm ? "level" : "edge")
);

DECLARE_EVENT_CLASS(kvm_eoi_class,
	TP_PROTO(u32 apicid, int vector),
	TP_ARGS(apicid, vector),
	TP_STRUCT__entry(
		__field(__u32, apicid)
		__field(int, vector)
	),
	TP_fast_assign(
		__entry->apicid = apicid;
		__entry->vector = vector;
	),
	TP_printk("apicid %x vector %d", __entry->apicid, __entry->vector)
);

DEFINE_EVENT(kvm_eoi_class, kvm_eoi,
	TP_PROTO(u32 apicid, int vector), TP_ARGS(apicid, vector));
DEFINE_EVENT(kvm_eoi_class, kvm_pv_eoi,
	TP_PROTO(u32 apicid, int vector), TP_ARGS(apicid, vector));

TRACE_EVENT(kvm_msi_set_irq,
	TP_PROTO(u64 address, u64 data),
	TP_ARGS(address, data),
	TP_STRUCT__entry(
		__field(__u64, address)
		__field(__u64, data)
	),
	TP_fast_assign(
		__entry->address = address;
		__entry->data = data;
	),
	TP_printk("dst %llx vec %u (%s|%s|%s%s)",
		  (__entry->address >> 12 & 0xff) |
		  (__entry->address >> 32 & 0xffffff00), (u8)__entry->data,
		  __print_symbolic(__entry->data >> 8 & 7, TRACE_DELIVERY_MODES),
		  __entry->address & (1 << 2) ? "logical" : "physical",
		  __entry->data & (1 << 15) ? "level" : "edge",
		  __entry->address & (1 << 3) ? "|rh" : "")
);

TRACE_EVENT(kvm_ioapic_set_irq,
	TP_PROTO(u64 e, int pin, bool coalesced),
	TP_ARGS(e, pin, coalesced),
	TP_STRUCT__entry(
		__field(__u64, e)
		__field(int, pin)
		__field(bool, coalesced)
	),
	TP_fast_assign(
		__entry->e = e;
		__entry->pin = pin;
		__entry->coalesced = coalesced;
	),
	TP_printk("pin %u dst %x vec %u (%s|%s|%s%s)%s", __entry->pin,
		  (u8)(__entry->e >> 56), (u8)__entry->e,
		  __print_symbolic(__entry->e >> 8 & 7, TRACE_DELIVERY_MODES),
		  __entry->e & (1 << 11) ? "logical" : "physical",
		  __entry->e & (1 << 15) ? "level" : "edge",
		  __entry->e & (1 << 16) ? "|masked" : "",
		  __entry->coalesced ? " (coalesced)" : "")
);

TRACE_EVENT(kvm_pic_set_irq,
	TP_PROTO(u8 chip, u8 pin, u8 elcr, u8 imr, bool coalesced),
	TP_ARGS(chip, pin, elcr, imr, coalesced),
	TP_STRUCT__entry(
		__field(__u8, chip)
		__field(__u8, pin)
		__field(__u8, elcr)
		__field(__u8, imr)
		__field(bool, coalesced)
	),
	TP_fast_assign(
		__entry->chip = chip;
		__entry->pin = pin;
		__entry->elcr = elcr;
		__entry->imr = imr;
		__entry->coalesced = coalesced;
	),
	TP_printk("chip %u pin %u (%s%s)%s", __entry->chip, __entry->pin,
		  __entry->elcr & (1 << __entry->pin) ? "level" : "edge",
		  __entry->imr & (1 << __entry->pin) ? "|masked" : "",
		  __entry->coalesced ? " (coalesced)" : "")
);

/* ---- time ---- */

TRACE_EVENT(kvm_write_tsc_offset,
	TP_PROTO(unsigned int vcpu_id, u64 previous, u64 next),
	TP_ARGS(vcpu_id, previous, next),
	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(__u64, previous_tsc_offset)
		__field(__u64, next_tsc_offset)
	),
	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->previous_tsc_offset = previous;
		__entry->next_tsc_offset = next;
	),
	TP_printk("vcpu=%u prev=%llu next=%llu", __entry->vcpu_id,
		  __entry->previous_tsc_offset, __entry->next_tsc_offset)
);

TRACE_EVENT(kvm_pvclock_update,
	TP_PROTO(unsigned int vcpu_id, const struct pvclock_vcpu_time_info *page),
	TP_ARGS(vcpu_id, page),
	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(__u32, version)
		__field(__u64, tsc_timestamp)
		__field(__u64, system_time)
		__field(__u32, tsc_to_system_mul)
		__field(__s8, tsc_shift)
		__field(__u8, flags)
	),
	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->version = page->version;
		__entry->tsc_timestamp = page->tsc_timestamp;
		__entry->system_time = page->system_time;
		__entry->tsc_to_system_mul = page->tsc_to_system_mul;
		__entry->tsc_shift = page->tsc_shift;
		__entry->flags = page->flags;
	),
	TP_printk("vcpu_id %u, pvclock { version %u, tsc_timestamp 0x%llx, "
		  "system_time 0x%llx, tsc_to_system_mul 0x%x, tsc_shift %d, "
		  "flags 0x%x }",
		  __entry->vcpu_id, __entry->version, __entry->tsc_timestamp,
		  __entry->system_time, __entry->tsc_to_system_mul,
		  __entry->tsc_shift, __entry->flags)
);

TRACE_EVENT(kvm_smm_transition,
	TP_PROTO(unsigned int vcpu_id, u64 smbase, bool entering),
	TP_ARGS(vcpu_id, smbase, entering),
	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(u64, smbase)
		__field(bool, entering)
	),
	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->smbase = smbase;
		__entry->entering = entering;
	),
	TP_printk("vcpu %u: %s SMM, smbase 0x%llx", __entry->vcpu_id,
		  __entry->entering ? "entering" : "leaving", __entry->smbase)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH x86/vcpu
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
