// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's devices: a serial port as PC16550D's data sheet has it, but that what is
 * sent is gone at once and nothing is ever received; the keyboard controller's reset.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include "tests/guest/vmm.h"

#define SERIAL		0x3f8
#define SERIAL_GSI	4
#define KEYBOARD	0x64
#define KEYBOARD_RESET	0xfe
#define PORT_STATUS	0xf4
#define SLEEP_ENABLE	(1 << 13)	/* ACPI 5.0, 4.8.3.2.1 */
#define SLEEP_TYPE(v)	((v) >> 10 & 7)

enum { THR, IER, IIR, LCR, MCR, LSR, MSR, SCR };

#define IER_THRE	0x02	/* interrupt when the transmitter is empty */
#define IIR_NONE	0x01
#define IIR_THRE	0x02
#define IIR_FIFO	0xc0
#define LCR_DLAB	0x80
#define MCR_OUT2	0x08	/* on a PC: lets the interrupt out */
#define MCR_LOOP	0x10
#define LSR_EMPTY	0x60
#define MSR_CONNECTED	0xb0	/* CTS, DSR, DCD */

static pthread_mutex_t dev_lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t reg[8], divisor[2], fifo;
static int thre, line;

static void serial_line(const struct machine *m)
{
	struct kvm_irq_level level = {
		.irq = SERIAL_GSI,
		.level = thre && (reg[IER] & IER_THRE) && (reg[MCR] & MCR_OUT2),
	};

	if ((int)level.level == line)
		return;
	line = level.level;
	need(ioctl(m->vm, KVM_IRQ_LINE, &level), "KVM_IRQ_LINE");
}

static void serial_write(int r, uint8_t value)
{
	if (r <= IER && (reg[LCR] & LCR_DLAB)) {
		divisor[r] = value;
		return;
	}
	switch (r) {
	case THR:
		if (!(reg[MCR] & MCR_LOOP))
			putchar(value);
		thre = 1;
		break;
	case IER:
		thre |= value & ~reg[IER] & IER_THRE;
		reg[IER] = value & 0xf;
		break;
	case IIR:
		fifo = value & 1 ? IIR_FIFO : 0;
		break;
	case LCR:
	case MCR:
	case SCR:
		reg[r] = value;
	}
}

/* In a loop the modem's inputs are its outputs: RTS, DTR, OUT1, OUT2. */
static uint8_t serial_modem(void)
{
	uint8_t o = reg[MCR];

	if (!(o & MCR_LOOP))
		return MSR_CONNECTED;
	return (o & 2) << 3 | (o & 1) << 5 | (o & 4) << 4 | (o & 8) << 4;
}

static uint8_t serial_read(int r)
{
	if (r <= IER && (reg[LCR] & LCR_DLAB))
		return divisor[r];
	switch (r) {
	case THR:
		return 0;
	case IIR:
		if (!thre || !(reg[IER] & IER_THRE))
			return fifo | IIR_NONE;
		thre = 0;
		return fifo | IIR_THRE;
	case LSR:
		return LSR_EMPTY;
	case MSR:
		return serial_modem();
	default:
		return reg[r];
	}
}

/* Always in ACPI mode (SCI_EN); any event can be enabled, and none ever comes. */
static void acpi_port(uint16_t port, uint8_t *data, int size, int out)
{
	static uint16_t enabled;
	uint16_t value = 0;

	memcpy(&value, data, size < 2 ? size : 2);
	if (!out) {
		value = port == ACPI_CONTROL ? 1 : port == ACPI_EVENT ? 0 : enabled;
		memcpy(data, &value, size < 2 ? size : 2);
	} else if (port == ACPI_EVENT + 2) {
		enabled = value;
	} else if (port == ACPI_CONTROL && (value & SLEEP_ENABLE) &&
		   SLEEP_TYPE(value) == ACPI_SLEEP_OFF) {
		_exit(0);
	}
}

static void serial_port(const struct machine *m, int r, uint8_t *data, int out)
{
	pthread_mutex_lock(&dev_lock);
	if (out)
		serial_write(r, *data);
	else
		*data = serial_read(r);
	serial_line(m);
	pthread_mutex_unlock(&dev_lock);
}

void dev_port(const struct machine *m, uint16_t port, uint8_t *data, int size, int out)
{
	if (!out)
		memset(data, 0xff, size);
	if (port >= ACPI_EVENT && port < ACPI_CONTROL + 2)
		acpi_port(port, data, size, out);
	else if (size != 1)
		return;
	else if (port >= SERIAL && port < SERIAL + 8)
		serial_port(m, port - SERIAL, data, out);
	else if (port == KEYBOARD && !out)
		*data = 0;
	else if (port == KEYBOARD && *data == KEYBOARD_RESET)
		_exit(0);
	else if (port == PORT_STATUS && out)
		_exit(*data);
}
