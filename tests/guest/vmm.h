/* SPDX-License-Identifier: GPL-2.0-only */
/* A small VMM: the machine (vmm.c), what it boots, its ACPI tables, its devices. */
#ifndef VMM_H
#define VMM_H

#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>

#define CPUS_MAX	64

struct machine {
	int kvm, vm;
	int cpus;
	uint8_t *memory;		/* guest physical memory from 0 */
	size_t size;			/* of it, in bytes; below 3 GiB */
};

/* Says why on stderr and ends with status 2. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* @r, which was no error. */
int need(int r, const char *what);

/* ---- vmm_acpi.c ---- */

#define ACPI_EVENT	0x600		/* ports: PM1a status and enable */
#define ACPI_CONTROL	0x604		/* ... and PM1a control */
#define ACPI_SLEEP_OFF	5

/* acpi_load() - the tables into memory; returns where the first of them is */
uint64_t acpi_load(const struct machine *m);

/* ---- vmm_boot.c ---- */

/*
 * boot_load() - a bzImage, its initrd and command line into memory, with the boot
 * protocol's parameters (Documentation/x86/boot.rst) and ACPI tables
 */
void boot_load(const struct machine *m, const char *kernel, const char *initrd,
	       const char *words);
/* Brings the first vCPU to the entry of what was loaded: 64 bits or 32. */
void boot_enter(const struct machine *m, int vcpu);

/* ---- vmm_dev.c ---- */

/*
 * dev_port() - one access of @size bytes to a port; a read that nobody answers is
 * all ones.  Any thread may call it.  Does not return if the guest ends the machine.
 */
void dev_port(const struct machine *m, uint16_t port, uint8_t *data, int size, int out);

#endif
