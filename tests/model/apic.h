/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local APICs as the manual describes them (SDM vol. 3, ch. 11), written to be read:
 * an array of flags for each kind of vector, a scan for each question.  Shares nothing
 * with irq/.  Register numbers are offsets in the APIC page.
 */
#ifndef MODEL_APIC_H
#define MODEL_APIC_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_APICS	8
#define MODEL_REFUSED	(-1)

/* LVT entries, in the order of their offsets from 0x320 on. */
enum model_lvt {
	MODEL_TIMER, MODEL_THERMAL, MODEL_PERF, MODEL_LINT0, MODEL_LINT1,
	MODEL_ERROR, MODEL_LVTS
};

/* An interrupt message; the words are those of ICR. */
struct model_msg {
	uint32_t dest;
	bool wide;		/* 32 bits of it */
	bool logical;
	int vector;
	int mode;
	int shorthand;
	bool level;
	bool deassert;
	bool hint;		/* an MSI's redirection hint */
	bool tell;		/* of the EOI */
};

/* A count: it was @count at time @since, and one less each @tick. */
struct model_count {
	bool runs;
	uint64_t since;
	uint64_t count;
	uint64_t tick;
	uint64_t quiet;		/* ends before this do not interrupt */
};

struct model_apic {
	/* what it is */
	uint32_t vcpu_id;
	bool has_x2apic, has_deadline, has_suppress;
	int maxphyaddr;
	bool lint0_extint;
	uint64_t ghz;		/* of the guest's TSC */
	uint64_t tsc_offset;
	/* registers */
	uint64_t base;
	uint32_t id, ldr, dfr, svr, tpr, esr, icr, icr2;
	uint32_t lvt[MODEL_LVTS];
	uint32_t init, div;
	bool irr[256], isr[256], tmr[256], tell[256];
	bool error[32];		/* since the last write of ESR */
	struct model_count count;
	uint64_t deadline;
	/* what came out */
	bool init_came, sipi_came;
	int sipi_vector;
	long nmis, smis;
	long eois[256];
};

struct model_vm {
	struct model_apic apic[MODEL_APICS];
	int n;
	uint64_t now;
	uint64_t min_period;
	uint64_t bus_ns;
	uint32_t bsp_id;
	bool ids_32bit, no_quirk, by_priority;
};

/* What a processor does. */
void model_power_up(struct model_vm *vm, struct model_apic *a);
void model_init(struct model_vm *vm, struct model_apic *a);
uint32_t model_read(struct model_vm *vm, struct model_apic *a, uint32_t reg);
void model_write(struct model_vm *vm, struct model_apic *a, uint32_t reg,
		 uint32_t value);
bool model_msr_read(struct model_vm *vm, struct model_apic *a, uint32_t reg,
		    uint64_t *value);
bool model_msr_write(struct model_vm *vm, struct model_apic *a, uint32_t reg,
		     uint64_t value);
bool model_base(struct model_vm *vm, struct model_apic *a, uint64_t value,
		bool host);
int model_pending(const struct model_apic *a);
int model_threshold(const struct model_apic *a);
int model_ppr(const struct model_apic *a);
void model_ack(struct model_apic *a, int vector);
void model_eoi(struct model_apic *a);

/* apic_timer.c */
void model_deadline(struct model_vm *vm, struct model_apic *a, uint64_t tsc);
void model_time(struct model_vm *vm, uint64_t now);
void model_tsc_jump(struct model_vm *vm, struct model_apic *a, uint64_t offset);
uint32_t model_count_now(const struct model_vm *vm, const struct model_apic *a);
void model_count_start(struct model_vm *vm, struct model_apic *a, uint64_t count);
void model_timer_write(struct model_vm *vm, struct model_apic *a, uint32_t reg,
		       uint32_t value);

/* apic_msg.c: what goes from one to others */
int model_accept(struct model_apic *a, const struct model_msg *msg);
int model_deliver(struct model_vm *vm, struct model_apic *src,
		  const struct model_msg *msg);
int model_lvt_fire(struct model_apic *a, enum model_lvt entry);
void model_error(struct model_apic *a, int bit);
void model_icr(struct model_vm *vm, struct model_apic *a, uint32_t value);

/* What a VMM keeps: 256 words. */
void model_save(struct model_vm *vm, struct model_apic *a, uint32_t *regs);
bool model_restore(struct model_vm *vm, struct model_apic *a, const uint32_t *regs);

#endif
