/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the core, group "kvm".  Names and fields are what tools read: they
 * do not change.
 */
#if !defined(LAMINA_CORE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define LAMINA_CORE_TRACE_H

#include <linux/tracepoint.h>

#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm

#define EXIT_REASON(name) { KVM_EXIT_##name, #name }
#define EXIT_REASONS							\
	EXIT_REASON(UNKNOWN), EXIT_REASON(EXCEPTION), EXIT_REASON(IO),	\
	EXIT_REASON(HYPERCALL), EXIT_REASON(DEBUG), EXIT_REASON(HLT),	\
	EXIT_REASON(MMIO), EXIT_REASON(IRQ_WINDOW_OPEN),		\
	EXIT_REASON(SHUTDOWN), EXIT_REASON(FAIL_ENTRY),			\
	EXIT_REASON(INTR), EXIT_REASON(SET_TPR), EXIT_REASON(TPR_ACCESS), \
	EXIT_REASON(INTERNAL_ERROR), EXIT_REASON(SYSTEM_EVENT),		\
	EXIT_REASON(IOAPIC_EOI), EXIT_REASON(DIRTY_RING_FULL),		\
	EXIT_REASON(X86_RDMSR), EXIT_REASON(X86_WRMSR)

/* KVM_RUN returns; @err: 0 or a negative errno. */
TRACE_EVENT(kvm_userspace_exit,
	TP_PROTO(u32 reason, int err),
	TP_ARGS(reason, err),
	TP_STRUCT__entry(
		__field(__u32, reason)
		__field(int, errno)
	),
	TP_fast_assign(
		__entry->reason = reason;
		__entry->errno = err;
	),
	TP_printk("reason %s (%d)",
		  __entry->errno == -EINTR ? "restart" :
		  __entry->errno < 0 ? "error" :
		  __print_symbolic(__entry->reason, EXIT_REASONS),
		  __entry->errno < 0 ? -__entry->errno : __entry->reason)
);

/* A halt is over: @waited: it slept; @valid: it counts for the length of polls. */
TRACE_EVENT(kvm_vcpu_wakeup,
	TP_PROTO(u64 ns, bool waited, bool valid),
	TP_ARGS(ns, waited, valid),
	TP_STRUCT__entry(
		__field(__u64, ns)
		__field(bool, waited)
		__field(bool, valid)
	),
	TP_fast_assign(
		__entry->ns = ns;
		__entry->waited = waited;
		__entry->valid = valid;
	),
	TP_printk("%s time %lld ns, polling %s",
		  __entry->waited ? "wait" : "poll", __entry->ns,
		  __entry->valid ? "valid" : "invalid")
);

TRACE_EVENT(kvm_halt_poll_ns,
	TP_PROTO(bool grow, unsigned int vcpu_id, unsigned int new,
		 unsigned int old),
	TP_ARGS(grow, vcpu_id, new, old),
	TP_STRUCT__entry(
		__field(bool, grow)
		__field(unsigned int, vcpu_id)
		__field(unsigned int, new)
		__field(unsigned int, old)
	),
	TP_fast_assign(
		__entry->grow = grow;
		__entry->vcpu_id = vcpu_id;
		__entry->new = new;
		__entry->old = old;
	),
	TP_printk("vcpu %u: halt_poll_ns %u (%s %u)", __entry->vcpu_id,
		  __entry->new, __entry->grow ? "grow" : "shrink",
		  __entry->old)
);

TRACE_EVENT(kvm_fpu,
	TP_PROTO(u32 load),
	TP_ARGS(load),
	TP_STRUCT__entry(
		__field(u32, load)
	),
	TP_fast_assign(
		__entry->load = load;
	),
	TP_printk("%s", __entry->load ? "load" : "unload")
);

/* @type of kvm_mmio */
#define TRACE_MMIO_ASKED	0	/* a read that userspace is to answer */
#define TRACE_MMIO_READ		1
#define TRACE_MMIO_WRITE	2

/* @val: up to 8 bytes of it are shown; NULL: there are none yet */
TRACE_EVENT(kvm_mmio,
	TP_PROTO(u32 type, u32 len, u64 gpa, const void *val),
	TP_ARGS(type, len, gpa, val),
	TP_STRUCT__entry(
		__field(u32, type)
		__field(u32, len)
		__field(u64, gpa)
		__field(u64, val)
	),
	TP_fast_assign(
		__entry->type = type;
		__entry->len = len;
		__entry->gpa = gpa;
		__entry->val = 0;
		if (val)
			memcpy(&__entry->val, val, min_t(u32, 8, len));
	),
	TP_printk("mmio %s len %u gpa 0x%llx val 0x%llx",
		  __print_symbolic(__entry->type,
				   { TRACE_MMIO_ASKED, "unsatisfied-read" },
				   { TRACE_MMIO_READ, "read" },
				   { TRACE_MMIO_WRITE, "write" }),
		  __entry->len, __entry->gpa, __entry->val)
);

/* ---- dirty ring ---- */

TRACE_EVENT(kvm_dirty_ring_push,
	TP_PROTO(int index, u32 dirty_index, u32 reset_index, u32 slot, u64 offset),
	TP_ARGS(index, dirty_index, reset_index, slot, offset),
	TP_STRUCT__entry(
		__field(int, index)
		__field(u32, dirty_index)
		__field(u32, reset_index)
		__field(u32, slot)
		__field(u64, offset)
	),
	TP_fast_assign(
		__entry->index = index;
		__entry->dirty_index = dirty_index;
		__entry->reset_index = reset_index;
		__entry->slot = slot;
		__entry->offset = offset;
	),
	TP_printk("ring %d: dirty 0x%x reset 0x%x slot %u offset 0x%llx (used %u)",
		  __entry->index, __entry->dirty_index, __entry->reset_index,
		  __entry->slot, __entry->offset,
		  __entry->dirty_index - __entry->reset_index)
);

TRACE_EVENT(kvm_dirty_ring_reset,
	TP_PROTO(int index, u32 dirty_index, u32 reset_index),
	TP_ARGS(index, dirty_index, reset_index),
	TP_STRUCT__entry(
		__field(int, index)
		__field(u32, dirty_index)
		__field(u32, reset_index)
	),
	TP_fast_assign(
		__entry->index = index;
		__entry->dirty_index = dirty_index;
		__entry->reset_index = reset_index;
	),
	TP_printk("ring %d: dirty 0x%x reset 0x%x (used %u)", __entry->index,
		  __entry->dirty_index, __entry->reset_index,
		  __entry->dirty_index - __entry->reset_index)
);

TRACE_EVENT(kvm_dirty_ring_exit,
	TP_PROTO(int vcpu_id),
	TP_ARGS(vcpu_id),
	TP_STRUCT__entry(
		__field(int, vcpu_id)
	),
	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
	),
	TP_printk("vcpu %d", __entry->vcpu_id)
);

/* ---- interrupts ---- */

TRACE_EVENT(kvm_set_irq,
	TP_PROTO(unsigned int gsi, int level, int irq_source_id),
	TP_ARGS(gsi, level, irq_source_id),
	TP_STRUCT__entry(
		__field(unsigned int, gsi)
		__field(int, level)
		__field(int, irq_source_id)
	),
	TP_fast_assign(
		__entry->gsi = gsi;
		__entry->level = level;
		__entry->irq_source_id = irq_source_id;
	),
	TP_printk("gsi %u level %d source %d", __entry->gsi, __entry->level,
		  __entry->irq_source_id)
);

#define IRQCHIPS							\
	{ KVM_IRQCHIP_PIC_MASTER, "PIC master" },			\
	{ KVM_IRQCHIP_PIC_SLAVE, "PIC slave" },				\
	{ KVM_IRQCHIP_IOAPIC, "IOAPIC" }

TRACE_EVENT(kvm_ack_irq,
	TP_PROTO(unsigned int irqchip, unsigned int pin),
	TP_ARGS(irqchip, pin),
	TP_STRUCT__entry(
		__field(unsigned int, irqchip)
		__field(unsigned int, pin)
	),
	TP_fast_assign(
		__entry->irqchip = irqchip;
		__entry->pin = pin;
	),
	TP_printk("irqchip %s pin %u",
		  __print_symbolic(__entry->irqchip, IRQCHIPS), __entry->pin)
);

/* ---- the host's memory management ---- */

TRACE_EVENT(kvm_unmap_hva_range,
	TP_PROTO(unsigned long start, unsigned long end),
	TP_ARGS(start, end),
	TP_STRUCT__entry(
		__field(unsigned long, start)
		__field(unsigned long, end)
	),
	TP_fast_assign(
		__entry->start = start;
		__entry->end = end;
	),
	TP_printk("mmu notifier unmap range: %#016lx -- %#016lx",
		  __entry->start, __entry->end)
);

TRACE_EVENT(kvm_age_hva,
	TP_PROTO(unsigned long start, unsigned long end),
	TP_ARGS(start, end),
	TP_STRUCT__entry(
		__field(unsigned long, start)
		__field(unsigned long, end)
	),
	TP_fast_assign(
		__entry->start = start;
		__entry->end = end;
	),
	TP_printk("mmu notifier age hva: %#016lx -- %#016lx",
		  __entry->start, __entry->end)
);

TRACE_EVENT(kvm_test_age_hva,
	TP_PROTO(unsigned long hva),
	TP_ARGS(hva),
	TP_STRUCT__entry(
		__field(unsigned long, hva)
	),
	TP_fast_assign(
		__entry->hva = hva;
	),
	TP_printk("mmu notifier test age hva: %#016lx", __entry->hva)
);

/* ---- asynchronous page faults ---- */

DECLARE_EVENT_CLASS(kvm_async_get_page_class,
	TP_PROTO(u64 gva, u64 gfn),
	TP_ARGS(gva, gfn),
	TP_STRUCT__entry(
		__field(__u64, gva)
		__field(u64, gfn)
	),
	TP_fast_assign(
		__entry->gva = gva;
		__entry->gfn = gfn;
	),
	TP_printk("gva = %#llx, gfn = %#llx", __entry->gva, __entry->gfn)
);

DEFINE_EVENT(kvm_async_get_page_class, kvm_try_async_get_page,
	TP_PROTO(u64 gva, u64 gfn), TP_ARGS(gva, gfn));
DEFINE_EVENT(kvm_async_get_page_class, kvm_async_pf_repeated_fault,
	TP_PROTO(u64 gva, u64 gfn), TP_ARGS(gva, gfn));

DECLARE_EVENT_CLASS(kvm_async_pf_nopresent_ready,
	TP_PROTO(u64 token, u64 gva),
	TP_ARGS(token, gva),
	TP_STRUCT__entry(
		__field(__u64, token)
		__field(__u64, gva)
	),
	TP_fast_assign(
		__entry->token = token;
		__entry->gva = gva;
	),
	TP_printk("token %#llx gva %#llx", __entry->token, __entry->gva)
);

DEFINE_EVENT(kvm_async_pf_nopresent_ready, kvm_async_pf_not_present,
	TP_PROTO(u64 token, u64 gva), TP_ARGS(token, gva));
DEFINE_EVENT(kvm_async_pf_nopresent_ready, kvm_async_pf_ready,
	TP_PROTO(u64 token, u64 gva), TP_ARGS(token, gva));

TRACE_EVENT(kvm_async_pf_completed,
	TP_PROTO(unsigned long address, u64 gva),
	TP_ARGS(address, gva),
	TP_STRUCT__entry(
		__field(unsigned long, address)
		__field(u64, gva)
	),
	TP_fast_assign(
		__entry->address = address;
		__entry->gva = gva;
	),
	TP_printk("gva %#llx address %#lx", __entry->gva, __entry->address)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
