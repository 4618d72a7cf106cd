/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vendor's ops, once: VENDOR_OP(return type, name, arguments).
 *
 * Included with VENDOR_OP defined; vendor.h documents each op.
 */
/* module */
VENDOR_OP(int, probe, (void))
VENDOR_OP(int, setup, (struct x86_caps *caps))
VENDOR_OP(void, teardown, (void))
VENDOR_OP(int, cpu_on, (void))
VENDOR_OP(void, cpu_off, (void))
/* vCPU */
VENDOR_OP(int, vcpu_create, (struct x86_vcpu *v))
VENDOR_OP(void, vcpu_destroy, (struct x86_vcpu *v))
VENDOR_OP(void, vcpu_reset, (struct x86_vcpu *v))
VENDOR_OP(size_t, vcpu_memory, (struct x86_vcpu *v))
VENDOR_OP(void, load, (struct x86_vcpu *v, int cpu))
VENDOR_OP(void, put, (struct x86_vcpu *v))
/* run */
VENDOR_OP(enum x86_entry, can_enter, (struct x86_vcpu *v))
VENDOR_OP(void, enter, (struct x86_vcpu *v))
VENDOR_OP(void, exit_decode, (struct x86_vcpu *v, struct x86_exit *exit))
VENDOR_OP(void, exit_info, (struct x86_vcpu *v, struct x86_exit_info *info))
VENDOR_OP(enum x86_next, exit_handle, (struct x86_vcpu *v, const struct x86_exit *exit))
/* state */
VENDOR_OP(void, state_fetch, (struct x86_vcpu *v, u32 groups))
VENDOR_OP(void, state_store, (struct x86_vcpu *v, u32 groups))
VENDOR_OP(int, msr_read, (struct x86_vcpu *v, u32 index, u64 *data))
VENDOR_OP(int, msr_write, (struct x86_vcpu *v, u32 index, u64 data))
/* events */
VENDOR_OP(u32, event_blocked, (struct x86_vcpu *v))
VENDOR_OP(void, event_inject, (struct x86_vcpu *v, const struct x86_event *ev))
VENDOR_OP(void, event_window, (struct x86_vcpu *v, u32 mask))
VENDOR_OP(void, event_nmi_mask, (struct x86_vcpu *v, bool masked))
/* MMU */
VENDOR_OP(void, root_load, (struct x86_vcpu *v, hpa_t root))
VENDOR_OP(void, tlb_flush, (struct x86_vcpu *v))
/* policy */
VENDOR_OP(void, policy_update, (struct x86_vcpu *v))

#undef VENDOR_OP
