// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's ACPI tables, as few as name several processors and the IOAPIC, and let the
 * guest power off: Advanced Configuration and Power Interface Specification 5.0,
 * sections 5.2.5 to 5.2.12.  Debian's cloud kernel knows no older tables.
 */
#include <stddef.h>
#include <string.h>
#include "tests/guest/vmm.h"

#define TABLES		0xf0000ul	/* not in e820: reserved */
#define SCI		9
#define APIC_BASE	0xfee00000u
#define IOAPIC_BASE	0xfec00000u

struct rsdp {
	char signature[8];
	uint8_t checksum, oem[6], revision;
	uint32_t rsdt, length;
	uint64_t xsdt;
	uint8_t checksum_all, reserved[3];
} __attribute__((packed));

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

/* 5.2.9; what is left out is zero: there is none */
struct fadt {
	struct header h;
	uint32_t facs, dsdt;
	uint8_t reserved, profile;
	uint16_t sci;
	uint8_t smi[8];
	uint32_t pm1a_event, pm1b_event, pm1a_control, other_block[5];
	uint8_t pm1_event_length, pm1_control_length, other_length[19];
	uint16_t boot_arch;
	uint8_t reserved2;
	uint32_t flags;
	uint8_t rest[128];
} __attribute__((packed));

_Static_assert(offsetof(struct fadt, boot_arch) == 109, "boot_arch");
_Static_assert(sizeof(struct fadt) == 244, "FADT of revision 4");

#define FADT_LEGACY_NO_RTC	0x21	/* ISA devices; no 8042, no clock in the CMOS */
#define FADT_FLAGS		0x31	/* WBINVD works, no buttons */

/* 5.2.12 */
struct madt {
	struct header h;
	uint32_t apic, flags;
	struct {
		uint8_t type, length, id, reserved;
		uint32_t address, gsi;
	} __attribute__((packed)) ioapic;
	struct {
		uint8_t type, length, bus, source;
		uint32_t gsi;
		uint16_t flags;
	} __attribute__((packed)) sci;
	struct {
		uint8_t type, length, processor, flags[2], lint;
	} nmi;
	struct {
		uint8_t type, length, processor, id;
		uint32_t flags;
	} cpu[CPUS_MAX];
} __attribute__((packed));

struct tables {
	struct rsdp rsdp;
	struct {
		struct header h;
		uint64_t table[2];
	} __attribute__((packed)) xsdt;
	struct fadt fadt;
	struct {
		struct header h;
		uint8_t aml[14];
	} dsdt;
	struct madt madt;
};

static uint8_t sum(const void *what, size_t size)
{
	const uint8_t *byte = what;
	uint8_t n = 0;

	while (size--)
		n += *byte++;
	return -n;
}

static void header_fill(struct header *h, const char *signature, int revision, size_t length)
{
	memcpy(h->signature, signature, 4);
	h->length = length;
	h->revision = revision;
	memcpy(h->oem, "LAMINA", 6);
	memcpy(h->oem_table, "VMM     ", 8);
	h->checksum = sum(h, length);
}

static void madt_fill(struct madt *t, int cpus)
{
	int i;

	t->apic = APIC_BASE;
	t->flags = 1;			/* the two 8259s are there */
	t->ioapic.type = 1;
	t->ioapic.length = sizeof(t->ioapic);
	t->ioapic.address = IOAPIC_BASE;
	t->sci.type = 2;
	t->sci.length = sizeof(t->sci);
	t->sci.source = t->sci.gsi = SCI;
	t->sci.flags = 0xd;		/* active high, level */
	t->nmi.type = 4;
	t->nmi.length = sizeof(t->nmi);
	t->nmi.processor = 0xff;	/* LINT1 of each */
	t->nmi.lint = 1;
	for (i = 0; i < cpus; i++) {
		t->cpu[i].length = sizeof(t->cpu[i]);
		t->cpu[i].processor = t->cpu[i].id = i;
		t->cpu[i].flags = 1;	/* enabled */
	}
	header_fill(&t->h, "APIC", 3, offsetof(struct madt, cpu) + cpus * sizeof(t->cpu[0]));
}

static uint64_t tables_at(size_t offset) { return TABLES + offset; }

uint64_t acpi_load(const struct machine *m)
{
	/* Name (_S5, Package () { ACPI_SLEEP_OFF, ACPI_SLEEP_OFF, 0, 0 }) */
	static const uint8_t aml[14] = {
		0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x0a, ACPI_SLEEP_OFF,
		0x0a, ACPI_SLEEP_OFF, 0x00, 0x00,
	};
	struct tables *t = (struct tables *)(m->memory + TABLES);

	memcpy(t->dsdt.aml, aml, sizeof(aml));
	header_fill(&t->dsdt.h, "DSDT", 2, sizeof(t->dsdt));
	t->fadt.dsdt = tables_at(offsetof(struct tables, dsdt));
	t->fadt.sci = SCI;
	t->fadt.pm1a_event = ACPI_EVENT;
	t->fadt.pm1_event_length = 4;
	t->fadt.pm1a_control = ACPI_CONTROL;
	t->fadt.pm1_control_length = 2;
	t->fadt.boot_arch = FADT_LEGACY_NO_RTC;
	t->fadt.flags = FADT_FLAGS;
	header_fill(&t->fadt.h, "FACP", 4, sizeof(t->fadt));
	madt_fill(&t->madt, m->cpus);
	t->xsdt.table[0] = tables_at(offsetof(struct tables, fadt));
	t->xsdt.table[1] = tables_at(offsetof(struct tables, madt));
	header_fill(&t->xsdt.h, "XSDT", 1, sizeof(t->xsdt));
	memcpy(t->rsdp.signature, "RSD PTR ", 8);
	memcpy(t->rsdp.oem, "LAMINA", 6);
	t->rsdp.revision = 2;
	t->rsdp.length = sizeof(t->rsdp);
	t->rsdp.xsdt = tables_at(offsetof(struct tables, xsdt));
	t->rsdp.checksum = sum(&t->rsdp, 20);	/* those of revision 0 */
	t->rsdp.checksum_all = sum(&t->rsdp, sizeof(t->rsdp));
	return TABLES;
}
