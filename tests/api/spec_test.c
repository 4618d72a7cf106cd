// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers by which software controls speculation: SPEC_CTRL, PRED_CMD, FLUSH_CMD,
 * ARCH_CAPABILITIES (SDM vol. 4), VIRT_SPEC_CTRL (AMD).  Who has them is CPUID's to say,
 * and which bits.
 */
#define _GNU_SOURCE
#include "msr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define SPEC_CTRL	0x48
#define PRED_CMD	0x49
#define ARCH_CAPS	0x10a
#define FLUSH_CMD	0x10b
#define VIRT_SPEC	0xc001011f

enum { EAX, EBX, ECX, EDX };

/* Bits of CPUID, and what comes with them. */
struct feature {
	const char *name;
	uint32_t leaf;
	unsigned int reg, bit;
	uint32_t index;
	uint64_t value;
};

static const struct feature features[] = {
	{ "IBRS", 7, EDX, 26, SPEC_CTRL, 1 },
	{ "STIBP", 7, EDX, 27, SPEC_CTRL, 2 },
	{ "SSBD", 7, EDX, 31, SPEC_CTRL, 4 },
	{ "IBRS (AMD)", 0x80000008, EBX, 14, SPEC_CTRL, 1 },
	{ "STIBP (AMD)", 0x80000008, EBX, 15, SPEC_CTRL, 2 },
	{ "SSBD (AMD)", 0x80000008, EBX, 24, SPEC_CTRL, 4 },
	{ "PSFD (AMD)", 0x80000008, EBX, 28, SPEC_CTRL, 0x80 },
	{ "IBPB", 7, EDX, 26, PRED_CMD, 1 },
	{ "IBPB (AMD)", 0x80000008, EBX, 12, PRED_CMD, 1 },
	{ "SBPB (AMD)", 0x80000021, EAX, 27, PRED_CMD, 0x80 },
	{ "L1D_FLUSH", 7, EDX, 28, FLUSH_CMD, 1 },
	{ "VIRT_SSBD (AMD)", 0x80000008, EBX, 25, VIRT_SPEC, 4 },
};

static const uint32_t all[] = { SPEC_CTRL, PRED_CMD, ARCH_CAPS, FLUSH_CMD, VIRT_SPEC };

static uint32_t *cpuid_reg(struct kvm_cpuid2 *c, uint32_t leaf, unsigned int reg)
{
	struct kvm_cpuid_entry2 *e = (void *)cpuid_find(c, leaf, 0);

	if (e)
		return &(&e->eax)[reg];
	e = &c->entries[c->nent++];
	memset(e, 0, sizeof(*e));
	e->function = leaf;
	return &(&e->eax)[reg];
}

static bool offered(const struct feature *f)
{
	struct kvm_cpuid2 *c = cpuid_supported(vm.kvm);
	const struct kvm_cpuid_entry2 *e = cpuid_find(c, f->leaf, 0);
	bool on = e && ((&e->eax)[f->reg] >> f->bit & 1);

	free(c);
	return on;
}

static bool caps_offered(void)
{
	return offered(&(struct feature){ "ARCH_CAPABILITIES", 7, EDX, 29, 0, 0 });
}

/* CPUID as it is offered, without any of these features but those with bits in @keep. */
static void guest_cpuid(uint32_t keep, bool caps)
{
	struct kvm_cpuid2 *c = cpuid_supported(vm.kvm);
	unsigned int i;

	for (i = 0; i < COUNT(features); i++)
		*cpuid_reg(c, features[i].leaf, features[i].reg) &=
			~(1u << features[i].bit);
	*cpuid_reg(c, 7, EDX) &= ~(1u << 29);
	for (i = 0; i < COUNT(features); i++)
		if (keep >> i & 1)
			*cpuid_reg(c, features[i].leaf, features[i].reg) |=
				1u << features[i].bit;
	if (caps)
		*cpuid_reg(c, 7, EDX) |= 1u << 29;
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	free(c);
}

static void machine(uint32_t keep, bool caps)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	guest_cpuid(keep, caps);
	msr_code(&v);
}

static bool listed(unsigned long req, uint32_t index)
{
	struct kvm_msr_list *l = calloc(1, 1 << 16);
	unsigned int i;
	bool found = false;

	l->nmsrs = 4096;
	OK(ioctl(vm.kvm, req, l));
	for (i = 0; i < l->nmsrs; i++)
		found |= l->indices[i] == index;
	free(l);
	return found;
}

/* Who has a bit of it may save it. */
static void lists(void)
{
	bool has[2] = { };
	unsigned int i;

	msr_machine();
	for (i = 0; i < COUNT(features); i++)
		if (offered(&features[i])) {
			has[0] |= features[i].index == SPEC_CTRL;
			has[1] |= features[i].index == VIRT_SPEC;
		}
	CHECK_EQ(listed(KVM_GET_MSR_INDEX_LIST, SPEC_CTRL), has[0]);
	CHECK_EQ(listed(KVM_GET_MSR_INDEX_LIST, VIRT_SPEC), has[1]);
	CHECK_EQ(listed(KVM_GET_MSR_INDEX_LIST, ARCH_CAPS), caps_offered());
	CHECK_EQ(listed(KVM_GET_MSR_FEATURE_INDEX_LIST, ARCH_CAPS), caps_offered());
	/* Nothing to save. */
	CHECK(!listed(KVM_GET_MSR_INDEX_LIST, PRED_CMD));
	CHECK(!listed(KVM_GET_MSR_INDEX_LIST, FLUSH_CMD));
}

/* A guest without the features has none of the registers. */
static void absent(void)
{
	unsigned int i;

	machine(0, false);
	for (i = 0; i < COUNT(all); i++) {
		CHECK(!guest_reads(all[i]));
		CHECK(!guest_set(all[i], 0));
		CHECK(!guest_set(all[i], 1));
	}
}

/* Each feature alone: its bit is taken and read again, the register's others are not. */
static void each(void)
{
	const struct feature *f;
	unsigned int i, done = 0;

	for (f = features; f < features + COUNT(features); f++) {
		test_row = f->name;
		machine(1u << (f - features), false);
		if (!offered(f))
			continue;
		done++;
		for (i = 0; i < 64; i++)
			if (1ull << i != f->value)
				CHECK(!guest_set(f->index, 1ull << i));
		CHECK(guest_set(f->index, 0));
		CHECK(guest_set(f->index, f->value));
		if (f->index == PRED_CMD || f->index == FLUSH_CMD) {
			CHECK(!guest_reads(f->index));
			continue;
		}
		CHECK_EQ(guest_msr(f->index), f->value);
		CHECK_EQ(host_msr(f->index), f->value);
		CHECK(guest_set(f->index, 0));
		CHECK_EQ(host_msr(f->index), 0);
	}
	test_row = NULL;
	if (!done)
		test_skip("this processor has none of them");
}

/* Given by a VMM to a guest on a host without: no bit is taken, and the host is safe. */
static void not_offered(void)
{
	const struct feature *f;
	unsigned int done = 0;

	for (f = features; f < features + COUNT(features); f++) {
		test_row = f->name;
		machine(1u << (f - features), false);
		if (offered(f))
			continue;
		done++;
		CHECK(!guest_set(f->index, f->value));
		CHECK(guest_set(f->index, 0));
	}
	test_row = NULL;
	if (!done)
		test_skip("this processor has all of them");
}

/* The number of a feature with a bit in SPEC_CTRL that is offered; a machine with it. */
static unsigned int ctrl_machine(void)
{
	unsigned int i;

	for (i = 0; i < COUNT(features); i++) {
		if (features[i].index != SPEC_CTRL)
			continue;
		machine(1u << i, false);
		if (offered(&features[i]))
			return i;
	}
	test_skip("this processor has no SPEC_CTRL");
}

/* Two vCPUs of one thread: each has its own value, whoever runs, and userspace gives one. */
static void two(void)
{
	unsigned int i = ctrl_machine();
	uint64_t value = features[i].value;
	struct vcpu a = v, b;

	vcpu_new(&vm, &v, 1);
	guest_cpuid(1u << i, false);
	msr_code(&v);
	b = v;
	for (i = 0; i < 8; i++) {
		v = a;
		if (i)
			CHECK_EQ(guest_msr(SPEC_CTRL), i & 1 ? value : 0);
		CHECK(guest_set(SPEC_CTRL, i & 1 ? 0 : value));
		v = b;
		CHECK_EQ(guest_msr(SPEC_CTRL), i & 1 ? 0 : i ? value : 0);
		CHECK_EQ(host_set(SPEC_CTRL, i & 1 ? value : 0), 1);
		CHECK_EQ(guest_msr(SPEC_CTRL), i & 1 ? value : 0);
	}
	CHECK_EQ(host_set(SPEC_CTRL, 1ull << 63), 0);
	CHECK_EQ(host_msr(SPEC_CTRL), value);
}

/* What the host says of itself is what vCPUs begin with; userspace may say less, or more. */
static void capabilities(void)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry e;
	} m = { .head.nmsrs = 1, .e.index = ARCH_CAPS };
	uint64_t value;

	machine(0, true);
	if (!caps_offered()) {
		CHECK_EQ(ioctl(vm.kvm, KVM_GET_MSRS, &m), 0);
		test_skip("not offered");
	}
	CHECK_EQ(ioctl(vm.kvm, KVM_GET_MSRS, &m), 1);
	CHECK_EQ(guest_msr(ARCH_CAPS), m.e.data);
	/* Bits that tell of registers: TSX_CTRL, FB_CLEAR_CTRL, XAPIC_DISABLE, GDS_CTRL. */
	CHECK_EQ(m.e.data & (1u << 7 | 1u << 18 | 1u << 21 | 1u << 25), 0);
	CHECK(!guest_set(ARCH_CAPS, m.e.data));
	value = m.e.data & ~(m.e.data & -m.e.data);
	CHECK_EQ(host_set(ARCH_CAPS, value), 1);
	CHECK_EQ(guest_msr(ARCH_CAPS), value);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "lists", lists, 0 },
		{ "absent", absent, 0 },
		{ "each", each, 0 },
		{ "not_offered", not_offered, 0 },
		{ "two", two, 0 },
		{ "capabilities", capabilities, 0 },
		{ NULL, NULL, 0 },
	};

	return test_main(argc, argv, cases);
}
