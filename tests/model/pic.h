/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two 8259A from the data sheet: a row of pins each, looked at from the highest priority
 * down; a rotation moves the pins.  What the data sheet leaves open is as irq/pic.h says.
 */
#ifndef MODEL_PIC_H
#define MODEL_PIC_H

#include "irq/types.h"

struct model_pic_ops {
	void (*acked)(unsigned int pin);
	void (*output)(bool high);
};

struct model_8259 {
	bool high[8], request[8], masked[8], service[8], level[8];
	int order[8];		/* pins, highest priority first */
	int base;
	int icw;		/* which comes next: 2, 3, 4; 0: none */
	bool ic4, aeoi, aeoi_rotates, sfnm, smm, poll, read_isr;
};

struct model_pic {
	const struct model_pic_ops *ops;
	struct model_8259 chip[2];
	bool by[16][IRQ_SOURCES];
	bool output;
};

void model_pic_init(struct model_pic *m, const struct model_pic_ops *ops);
int model_pic_line(struct model_pic *m, unsigned int pin, unsigned int source, bool on);
int model_pic_inta(struct model_pic *m);
u8 model_pic_read(struct model_pic *m, unsigned int port);
void model_pic_write(struct model_pic *m, unsigned int port, u8 value);

/* After something was put into a chip by hand. */
void model_pic_settle(struct model_pic *m);

/* The pin with this number has the highest priority from now on. */
void model_pic_first(struct model_8259 *c, int pin);

#endif
