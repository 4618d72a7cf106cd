// SPDX-License-Identifier: GPL-2.0-only
/* GSIs and messages to controllers. */
#include <linux/lockdep.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "irq/ioapic.h"
#include "irq/irq.h"
#include "irq/irq_env.h"
#include "irq/pic.h"
#include "irq/route.h"

/* Address and data of a message (SDM vol. 3, 11.11.1 and 11.11.2). */
#define MSI_DEST_SHIFT		12
#define MSI_HINT		BIT(3)
#define MSI_LOGICAL		BIT(2)
#define MSI_MODE_SHIFT		8
#define MSI_LEVEL		BIT(15)

/* The upper half: bits 31:8 of a destination where they are. */
#define MSI_DEST_EXTENDED	0xffffff00u

#define ROUTE_NONE		0xff

/**
 * struct irq_gsi - where a GSI leads
 * @msi: with @is_msi
 * @pic: by chip: a pin of the pair, or ROUTE_NONE
 * @ioapic: pin, or ROUTE_NONE
 * @is_msi: to a message, and nowhere else
 * @sint: to a source of @vcpu's, and nowhere else; or ROUTE_NONE
 */
struct irq_gsi {
	struct irq_msi msi;
	u8 pic[IRQ_PICS];
	u8 ioapic;
	bool is_msi;
	u8 sint;
	u32 vcpu;
};

/**
 * struct irq_routes - a table
 * @rcu: first
 * @pic: by pin: the GSI that leads there, or -1
 * @ioapic: the same
 * @n: entries of @gsi
 * @sints: some lead to sources
 * @gsi: by GSI
 */
struct irq_routes {
	struct rcu_head rcu;
	s16 pic[IRQ_PIC_PINS];
	s16 ioapic[IRQ_IOAPIC_PINS];
	u32 n;
	bool sints;
	struct irq_gsi gsi[];
};

static bool msi_is_valid(const struct irq_vm *vm, const struct irq_msi *msi)
{
	return !READ_ONCE(vm->ids_32bit) || !((u8)(msi->address >> 32));
}

static struct irq_routes *routes_alloc(u32 n)
{
	struct irq_routes *r;
	u32 i;

	r = kvzalloc(struct_size(r, gsi, n), GFP_KERNEL_ACCOUNT);
	if (!r)
		return NULL;
	r->n = n;
	memset(r->pic, 0xff, sizeof(r->pic));
	memset(r->ioapic, 0xff, sizeof(r->ioapic));
	for (i = 0; i < n; i++) {
		memset(r->gsi[i].pic, ROUTE_NONE, sizeof(r->gsi[i].pic));
		r->gsi[i].ioapic = ROUTE_NONE;
		r->gsi[i].sint = ROUTE_NONE;
	}
	return r;
}

static int route_add_pin(struct irq_gsi *g, u8 *place, u8 pin, unsigned int pins)
{
	if (g->is_msi || g->sint != ROUTE_NONE || *place != ROUTE_NONE || pin >= pins)
		return -EINVAL;
	*place = pin;
	return 0;
}

static bool route_is_set(const struct irq_gsi *g)
{
	return g->is_msi || g->pic[0] != ROUTE_NONE || g->pic[1] != ROUTE_NONE ||
	       g->ioapic != ROUTE_NONE || g->sint != ROUTE_NONE;
}

static int route_add_pic(struct irq_gsi *g, u8 pin)
{
	if (pin >= IRQ_PIC_PINS)
		return -EINVAL;
	return route_add_pin(g, &g->pic[irq_pic_of(pin)], pin, IRQ_PIC_PINS);
}

static int route_add_msi(const struct irq_vm *vm, struct irq_gsi *g,
			 const struct irq_msi *msi)
{
	if (route_is_set(g) || !msi_is_valid(vm, msi))
		return -EINVAL;
	g->msi = *msi;
	g->is_msi = true;
	return 0;
}

static int route_add_sint(struct irq_gsi *g, const struct irq_route *route)
{
	if (route_is_set(g) || route->pin >= IRQ_SINTS)
		return -EINVAL;
	g->sint = route->pin;
	g->vcpu = route->vcpu;
	return 0;
}

static int route_add(const struct irq_vm *vm, struct irq_gsi *g,
		     const struct irq_route *route)
{
	switch (route->kind) {
	case IRQ_ROUTE_PIC:
		return vm->pic ? route_add_pic(g, route->pin) : -EINVAL;
	case IRQ_ROUTE_IOAPIC:
		return vm->ioapic ? route_add_pin(g, &g->ioapic, route->pin,
						  IRQ_IOAPIC_PINS) : -EINVAL;
	case IRQ_ROUTE_MSI:
		return route_add_msi(vm, g, &route->msi);
	case IRQ_ROUTE_SINT:
		return route_add_sint(g, route);
	default:
		return -EINVAL;
	}
}

/* From the last on, so that the lowest GSI stays. */
static void routes_index(struct irq_routes *r)
{
	unsigned int chip;
	u32 i;

	for (i = r->n; i-- > 0;) {
		for (chip = 0; chip < IRQ_PICS; chip++)
			if (r->gsi[i].pic[chip] != ROUTE_NONE)
				r->pic[r->gsi[i].pic[chip]] = i;
		if (r->gsi[i].ioapic != ROUTE_NONE)
			r->ioapic[r->gsi[i].ioapic] = i;
		if (r->gsi[i].sint != ROUTE_NONE)
			r->sints = true;
	}
}

static void routes_publish(struct irq_vm *vm, struct irq_routes *new)
{
	struct irq_routes *old;

	old = rcu_dereference_protected(vm->routes, lockdep_is_held(&vm->lock));
	rcu_assign_pointer(vm->routes, new);
	if (old)
		kvfree_rcu(old, rcu);
}

void irq_routes_drop(struct irq_vm *vm)
{
	routes_publish(vm, NULL);
}

size_t irq_routes_bytes(const struct irq_vm *vm)
{
	const struct irq_routes *r;
	size_t bytes;

	rcu_read_lock();
	r = rcu_dereference(vm->routes);
	bytes = r ? struct_size(r, gsi, r->n) : 0;
	rcu_read_unlock();
	return bytes;
}

int irq_routes_set(struct irq_vm *vm, const struct irq_route *route, unsigned int n)
{
	struct irq_routes *r;
	unsigned int i;
	u32 gsis = 0;
	int err;

	for (i = 0; i < n; i++) {
		if (route[i].gsi >= IRQ_GSI_MAX)
			return -EINVAL;
		gsis = max(gsis, route[i].gsi + 1);
	}
	r = routes_alloc(gsis);
	if (!r)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		err = route_add(vm, &r->gsi[route[i].gsi], &route[i]);
		if (err) {
			kvfree(r);
			return err;
		}
	}
	routes_index(r);
	routes_publish(vm, r);
	return 0;
}

int irq_routes_default(struct irq_vm *vm)
{
	struct irq_routes *r = routes_alloc(IRQ_IOAPIC_PINS);
	unsigned int i;

	if (!r)
		return -ENOMEM;
	for (i = 0; i < IRQ_IOAPIC_PINS; i++) {
		r->gsi[i].ioapic = i;
		if (i < IRQ_PIC_PINS)
			r->gsi[i].pic[irq_pic_of(i)] = i;
	}
	routes_index(r);
	routes_publish(vm, r);
	return 0;
}

bool irq_msi_decode(const struct irq_vm *vm, const struct irq_msi *msi,
		    struct irq_msg *msg)
{
	u32 high = READ_ONCE(vm->ids_32bit) ? msi->address >> 32 : 0;
	u32 low = msi->address;

	if (!msi_is_valid(vm, msi))
		return false;
	*msg = (struct irq_msg) {
		.dest = (u8)(low >> MSI_DEST_SHIFT) | (high & MSI_DEST_EXTENDED),
		.vector = msi->data,
		.mode = msi->data >> MSI_MODE_SHIFT & 7,
		.logical = low & MSI_LOGICAL,
		.lowest = low & MSI_HINT,
		.wide = high,
		.level = msi->data & MSI_LEVEL,
	};
	return msg->mode != IRQ_RESERVED;
}

int irq_msi(struct irq_vm *vm, const struct irq_msi *msi)
{
	struct irq_msg msg;

	if (tracepoint_enabled(kvm_msi_set_irq))
		irq_env_trace_msi(msi);
	if (!irq_msi_decode(vm, msi, &msg))
		return IRQ_REFUSED;
	return irq_deliver(vm, NULL, &msg);
}

static int gsi_line(struct irq_vm *vm, const struct irq_gsi *g,
		    enum irq_source source, bool level)
{
	unsigned int chip;
	int sum = IRQ_REFUSED;

	if (g->is_msi)
		return level ? irq_msi(vm, &g->msi) : IRQ_REFUSED;
	if (unlikely(g->sint != ROUTE_NONE))
		return level ? irq_env_sint(vm, g->vcpu, g->sint) : IRQ_REFUSED;
	for (chip = 0; chip < IRQ_PICS; chip++)
		if (g->pic[chip] != ROUTE_NONE)
			sum = irq_sum(sum, pic_set(vm->pic, g->pic[chip], source, level));
	if (g->ioapic != ROUTE_NONE)
		sum = irq_sum(sum, ioapic_set(vm->ioapic, g->ioapic, source, level));
	return sum;
}

int irq_line(struct irq_vm *vm, u32 gsi, enum irq_source source, bool level)
{
	const struct irq_routes *r;
	int sum = IRQ_REFUSED;

	rcu_read_lock();
	r = rcu_dereference(vm->routes);
	if (r && gsi < r->n)
		sum = gsi_line(vm, &r->gsi[gsi], source, level);
	rcu_read_unlock();
	return sum;
}

int irq_pulse(struct irq_vm *vm, u32 gsi, enum irq_source source)
{
	const struct irq_routes *r;
	int sum = IRQ_REFUSED;

	rcu_read_lock();
	r = rcu_dereference(vm->routes);
	if (r && gsi < r->n) {
		sum = gsi_line(vm, &r->gsi[gsi], source, true);
		/* A message has no other end. */
		if (!r->gsi[gsi].is_msi)
			gsi_line(vm, &r->gsi[gsi], source, false);
	}
	rcu_read_unlock();
	return sum;
}

bool irq_level_routed(struct irq_vm *vm, u32 gsis, u8 vector)
{
	const struct irq_routes *r;
	struct irq_msg msg;
	bool found = false;
	u32 i;

	rcu_read_lock();
	r = rcu_dereference(vm->routes);
	for (i = 0; r && !found && i < min(gsis, r->n); i++)
		found = r->gsi[i].is_msi &&
			irq_msi_decode(vm, &r->gsi[i].msi, &msg) &&
			(msg.mode == IRQ_FIXED || msg.mode == IRQ_LOWEST) &&
			msg.level && msg.vector == vector;
	rcu_read_unlock();
	return found;
}

int irq_gsi_of_pin(struct irq_vm *vm, bool ioapic, unsigned int pin)
{
	const struct irq_routes *r;
	int gsi = -1;

	rcu_read_lock();
	r = rcu_dereference(vm->routes);
	if (r)
		gsi = ioapic ? r->ioapic[pin] : r->pic[pin];
	rcu_read_unlock();
	return gsi;
}

int irq_gsi_of_sint(struct irq_vm *vm, u32 vcpu, u8 sint)
{
	const struct irq_routes *r;
	int gsi = -1;
	u32 i;

	rcu_read_lock();
	r = rcu_dereference(vm->routes);
	for (i = 0; r && r->sints && gsi < 0 && i < r->n; i++)
		if (r->gsi[i].sint == sint && r->gsi[i].vcpu == vcpu)
			gsi = i;
	rcu_read_unlock();
	return gsi;
}
