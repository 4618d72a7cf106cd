// SPDX-License-Identifier: GPL-2.0-only
/*
 * State that is read and set.  While nothing else runs, what was set reads the same when
 * it is set again, as a VM that moves relies on (api.rst, "KVM_SET_*" of each), and a
 * call that fails has changed nothing (docs/security.md).
 */
#define _GNU_SOURCE
#include "tests/fuzz/kvm.h"

#define NESTED_SIZE	(128 + 4096)

struct kind {
	const char *name;
	unsigned long get, set;
	size_t size;
	bool of_vm;
	bool exact;		/* what is set is what is read */
	void (*fill)(void *state);	/* before it is read */
	void (*calm)(void *state);	/* what time changes */
	unsigned int kept;	/* offset of bytes that QEMU's TCG cannot stand changed */
	unsigned int kept_size;
};

/* ---- what is not compared, or not changed ---- */

static void regs_calm(void *state)
{
	struct kvm_regs *r = state;

	/* Bit 1 is always set; RF, VM and undefined ones are judged by mode. */
	r->rflags = (r->rflags & 0xfd5) | 2;
}

static void lapic_calm(void *state)
{
	struct kvm_lapic_state *s = state;

	/* TMR, IRR, PPR and the counter. */
	memset(s->regs + 0x180, 0, 0x100);
	memset(s->regs + 0xa0, 0, 4);
	memset(s->regs + 0x390, 0, 4);
}

static void chip_fill(void *state)
{
	struct kvm_irqchip *chip = state;

	chip->chip_id = below(3);
}

/* Lines that the PIT moves. */
static void chip_calm(void *state)
{
	struct kvm_irqchip *chip = state;

	if (chip->chip_id == KVM_IRQCHIP_IOAPIC) {
		chip->chip.ioapic.irr = 0;
		return;
	}
	chip->chip.pic.irr = chip->chip.pic.last_irr = 0;
}

static void pit_calm(void *state)
{
	struct kvm_pit_state2 *s = state;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		s->channels[i].count_load_time = 0;
		s->channels[i].status_latched = 0;
	}
}

static void events_calm(void *state)
{
	struct kvm_vcpu_events *e = state;

	/* They say what is valid, and what is valid is compared. */
	e->flags = 0;
}

static void nested_fill(void *state)
{
	((struct kvm_nested_state *)state)->size = NESTED_SIZE;
}

#define CPU(n, type) \
	.name = #n, .get = KVM_GET_##n, .set = KVM_SET_##n, .size = sizeof(type)

static const struct kind kinds[] = {
	{ CPU(REGS, struct kvm_regs), .exact = true, .calm = regs_calm },
	{ CPU(SREGS, struct kvm_sregs), .kept = offsetof(struct kvm_sregs, tr),
	  .kept_size = sizeof(struct kvm_segment) },
	{ CPU(SREGS2, struct kvm_sregs2), .kept = offsetof(struct kvm_sregs2, tr),
	  .kept_size = sizeof(struct kvm_segment) },
	{ CPU(FPU, struct kvm_fpu) },
	{ CPU(XSAVE, struct kvm_xsave) },
	{ CPU(XCRS, struct kvm_xcrs) },
	{ CPU(DEBUGREGS, struct kvm_debugregs) },
	{ CPU(VCPU_EVENTS, struct kvm_vcpu_events), .calm = events_calm },
	{ CPU(MP_STATE, struct kvm_mp_state), .exact = true },
	{ CPU(LAPIC, struct kvm_lapic_state), .calm = lapic_calm },
	{ CPU(NESTED_STATE, uint8_t[NESTED_SIZE]),
	  .fill = nested_fill },
	{ CPU(IRQCHIP, struct kvm_irqchip), .of_vm = true, .fill = chip_fill,
	  .calm = chip_calm },
	{ CPU(PIT2, struct kvm_pit_state2), .of_vm = true, .calm = pit_calm },
};

static struct kind kind;
static int kind_fd;

static bool get(uint8_t *state, const uint8_t *like)
{
	memset(state, 0, NESTED_SIZE);
	if (like && kind.calm == chip_calm)
		memcpy(state, like, sizeof(uint32_t));
	else if (kind.fill)
		kind.fill(state);
	return ioctl(kind_fd, kind.get, state) >= 0;
}

static void differ(const char *what, const uint8_t *a, const uint8_t *b)
{
	uint8_t x[NESTED_SIZE], y[NESTED_SIZE];
	unsigned int i;

	memcpy(x, a, NESTED_SIZE);
	memcpy(y, b, NESTED_SIZE);
	if (kind.calm) {
		kind.calm(x);
		kind.calm(y);
	}
	for (i = 0; i < kind.size; i++)
		if (x[i] != y[i])
			finding("%s: %s: byte %#x is %#x, was %#x", kind.name, what, i,
				y[i], x[i]);
}

/* EFER keeps its value: QEMU's TCG hangs with LME in real mode. */
static void change(uint8_t *state, const uint8_t *old)
{
	unsigned int n;

	for (n = 1 + below(4); n; n--) {
		if (below(3))
			state[below(kind.size)] = below(2) ? rnd() : 0;
		else
			state[below(kind.size)] ^= 1 << below(8);
	}
	memcpy(state + kind.kept, old + kind.kept, kind.kept_size);
	if (kind.set == KVM_SET_SREGS || kind.set == KVM_SET_SREGS2)
		((struct kvm_sregs *)state)->efer = ((struct kvm_sregs *)old)->efer;
	if (kind.calm == chip_calm)	/* which chip */
		memcpy(state, old, sizeof(uint32_t));
}

static void trip(const struct call *c)
{
	static __thread uint8_t old[NESTED_SIZE], set[NESTED_SIZE], now[NESTED_SIZE],
				again[NESTED_SIZE];

	if (!get(old, NULL))
		return;
	memcpy(set, old, sizeof(set));
	if (below(4))
		change(set, old);
	if (ioctl(kind_fd, kind.set, set) < 0) {
		if (!world.threads && get(now, old))
			differ("a call that failed changed it", old, now);
		return;
	}
	if (world.threads || !get(now, set))
		return;
	if (kind.exact)
		differ("not what was set", set, now);
	memcpy(set, now, sizeof(set));
	if (ioctl(kind_fd, kind.set, set) < 0)
		finding("%s: what was read cannot be set: %s", kind.name,
			strerrorname_np(errno));
	if (get(again, now))
		differ("set again, not the same", now, again);
}

/* Threads do this at the same time, each with a kind of its own. */
void op_state(const struct call *c)
{
	static __thread uint8_t state[NESTED_SIZE];
	const struct kind *k = &kinds[c->arg % (sizeof(kinds) / sizeof(kinds[0]))];
	int fd = k->of_vm ? vm.fd : call_cpu(c)->fd;

	if (!world.threads) {
		kind = *k;
		kind_fd = fd;
		trip(c);
		return;
	}
	memset(state, 0, sizeof(state));
	if (k->fill)
		k->fill(state);
	if (ioctl(fd, k->get, state) < 0)
		return;
	if (k->kept_size)	/* as it is, but for an address */
		((struct kvm_sregs *)state)->cr3 ^= below(16) << 12;
	else
		spoil(state, k->size);
	ioctl(fd, k->set, state);
}
