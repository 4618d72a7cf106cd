// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's whole state: what bench/state_guest.c measures and exit_guest repeats. */
#define _GNU_SOURCE
#include "bench/state.h"
#include "core/uapi.h"

#define MSRS_MAX	255u	/* of one call */
#define MSRS_LISTED	1024u
#define X2APIC_ECX	(1u << 21)

/* x2APIC mode, APIC and timer on; SSE and x87 state; a breakpoint that is armed. */
GUEST(64, g_work,
      "mov $0x1b, %ecx\n rdmsr\n or $0xc00, %eax\n wrmsr\n"
      "mov $0x80f, %ecx\n mov $0x1ff, %eax\n xor %edx, %edx\n wrmsr\n"
      "mov $0x832, %ecx\n mov $0x20050, %eax\n wrmsr\n"
      "mov $0x838, %ecx\n mov $0x7fffffff, %eax\n wrmsr\n"
      "mov %cr4, %rax\n or $0x600, %rax\n mov %rax, %cr4\n"
      "fninit\n fldpi\n cvtsi2sd %rsp, %xmm5\n"
      "mov $0x12345678, %eax\n mov %rax, %db0\n mov $0x402, %eax\n mov %rax, %db7\n"
      "1: out %al, $0xf4\n jmp 1b\n");

static struct {
	struct kvm_sregs2 sregs;
	struct kvm_lapic_state lapic;
	struct kvm_regs regs;
	struct kvm_xsave xsave;
	struct kvm_xcrs xcrs;
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[MSRS_MAX];
	} msrs;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp;
	struct kvm_debugregs debug;
} state;

static unsigned int msrs_listed;

const struct state_part state_parts[STATE_PARTS] = {
	{ "sregs", KVM_GET_SREGS2, KVM_SET_SREGS2, &state.sregs },
	{ "lapic", KVM_GET_LAPIC, KVM_SET_LAPIC, &state.lapic },
	{ "regs", KVM_GET_REGS, KVM_SET_REGS, &state.regs },
	{ "xsave", KVM_GET_XSAVE, KVM_SET_XSAVE, &state.xsave },
	{ "xcrs", KVM_GET_XCRS, KVM_SET_XCRS, &state.xcrs },
	{ "msrs", KVM_GET_MSRS, KVM_SET_MSRS, &state.msrs },
	{ "events", KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, &state.events },
	{ "mp_state", KVM_GET_MP_STATE, KVM_SET_MP_STATE, &state.mp },
	{ "debugregs", KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, &state.debug },
};

void machine_make(struct machine *m)
{
	struct kvm_cpuid2 *c;
	unsigned int i;

	vm_new(&m->vm, 0);
	OK(ioctl(m->vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	c = cpuid_supported(m->vm.kvm);
	for (i = 0; i < c->nent; i++)
		if (c->entries[i].function == 1)
			c->entries[i].ecx |= X2APIC_ECX;
	vcpu_raw(&m->vm, &m->v, 0);
	OK(ioctl(m->v.fd, KVM_SET_CPUID2, c));
	free(c);
}

void machine_close(struct machine *m)
{
	vcpu_close(&m->v);
	vm_close(&m->vm);
}

/* Those that can be read, and be written as they are. */
static void msrs_choose(struct machine *m)
{
	struct {
		struct kvm_msr_list head;
		uint32_t index[MSRS_LISTED];
	} list = { .head.nmsrs = MSRS_LISTED };
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[1];
	} one = { .head.nmsrs = 1 };
	unsigned int i, n = 0;

	OK(ioctl(m->vm.kvm, KVM_GET_MSR_INDEX_LIST, &list));
	for (i = 0; i < list.head.nmsrs && n < MSRS_MAX; i++) {
		one.entry[0].index = list.index[i];
		if (ioctl(m->v.fd, KVM_GET_MSRS, &one) == 1 &&
		    ioctl(m->v.fd, KVM_SET_MSRS, &one) == 1)
			state.msrs.entry[n++].index = list.index[i];
	}
	state.msrs.head.nmsrs = n;
	msrs_listed = list.head.nmsrs;
}

void machine_start(struct machine *m)
{
	vcpu_code(&m->v, MODE_LONG, g_work);
	vcpu_until(&m->v, PORT_DONE);
	msrs_choose(m);
}

void state_msrs(unsigned int *used, unsigned int *listed)
{
	*used = state.msrs.head.nmsrs;
	*listed = msrs_listed;
}

/* Of MSRs the call tells how many. */
static void part_do(struct machine *m, unsigned long nr, void *data)
{
	int want = data == &state.msrs ? state.msrs.head.nmsrs : 0;

	if (ioctl(m->v.fd, nr, data) != want)
		FAIL("an ioctl did not do all: %s", strerrorname_np(errno));
}

void state_get(struct machine *m, const struct state_part *p)
{
	part_do(m, p->get, p->data);
}

void state_set(struct machine *m, const struct state_part *p)
{
	part_do(m, p->set, p->data);
}
