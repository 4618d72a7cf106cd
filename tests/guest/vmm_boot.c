// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the VMM boots, by Linux's boot protocol: Documentation/x86/boot.rst and
 * zero-page.rst.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <asm/bootparam.h>
#include "tests/guest/vmm.h"

#define GDT		0x500
#define ZERO_PAGE	0x7000
#define PAGE_TABLES	0x9000		/* three pages: one GiB one to one */
#define WORDS		0x20000
#define WORDS_MAX	0x800
#define LOW_END		0xa0000
#define HIGH		0x100000
#define ENTRY_64	0x200		/* behind the 32-bit entry */

#define HEADER		0x1f1		/* in the file, and in the zero page */
#define HEADER_MAGIC	0x53726448	/* "HdrS" */
#define VERSION_MIN	0x20c		/* the first with xloadflags */
#define LOADER_UNKNOWN	0xff
#define E820_RAM	1

#define CR0_PE		1ul
#define CR0_PG		(1ul << 31)
#define CR4_PAE		(1ul << 5)
#define EFER_LME_LMA	0x500ul
#define PTE_PW		3ul
#define PTE_LARGE	0x83ul
#define BOOT_CS		0x10
#define BOOT_DS		0x18

/* Where the file's bytes from @skip on go; returns how many. */
static size_t file_load(const struct machine *m, FILE *f, long skip, uint64_t gpa)
{
	size_t size;

	if (fseek(f, 0, SEEK_END) || ftell(f) < skip)
		die("too short a file");
	size = ftell(f) - skip;
	if (gpa >= m->size || size > m->size - gpa)
		die("%zu bytes do not fit at %#lx", size, (long)gpa);
	if (fseek(f, skip, SEEK_SET) || fread(m->memory + gpa, 1, size, f) != size)
		die("cannot read a file");
	return size;
}

static FILE *file_open(const char *name)
{
	FILE *f = fopen(name, "r");

	if (!f)
		die("no file %s", name);
	return f;
}

static void kernel_load(const struct machine *m, const char *name, struct boot_params *bp)
{
	struct setup_header *h = &bp->hdr;
	FILE *f = file_open(name);

	if (fseek(f, HEADER, SEEK_SET) || fread(h, 1, sizeof(*h), f) != sizeof(*h) ||
	    h->header != HEADER_MAGIC || h->version < VERSION_MIN)
		die("%s is no bzImage", name);
	file_load(m, f, (h->setup_sects + 1) * 512, HIGH);
	fclose(f);
	h->type_of_loader = LOADER_UNKNOWN;
	h->cmd_line_ptr = WORDS;
}

/* At the end of memory, or of what the kernel can reach. */
static void initrd_load(const struct machine *m, const char *name, struct boot_params *bp)
{
	FILE *f = file_open(name);
	uint64_t end = bp->hdr.initrd_addr_max + 1ull;
	long size;

	if (end > m->size)
		end = m->size;
	if (fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || (uint64_t)size > end)
		die("%s does not fit", name);
	bp->hdr.ramdisk_image = (end - size) & ~0xfffull;
	bp->hdr.ramdisk_size = file_load(m, f, 0, bp->hdr.ramdisk_image);
	fclose(f);
}

void boot_load(const struct machine *m, const char *kernel, const char *initrd,
	       const char *words)
{
	struct boot_params *bp = (void *)(m->memory + ZERO_PAGE);

	if (strlen(words) >= WORDS_MAX)
		die("too long a command line");
	strcpy((char *)m->memory + WORDS, words);
	kernel_load(m, kernel, bp);
	initrd_load(m, initrd, bp);
	bp->acpi_rsdp_addr = acpi_load(m);
	bp->e820_table[0] = (struct boot_e820_entry){ 0, LOW_END, E820_RAM };
	bp->e820_table[1] = (struct boot_e820_entry){ HIGH, m->size - HIGH, E820_RAM };
	bp->e820_entries = 2;
}

static void tables_make(const struct machine *m)
{
	uint64_t *table = (uint64_t *)(m->memory + PAGE_TABLES);
	int i;

	table[0] = (PAGE_TABLES + 0x1000) | PTE_PW;
	table[512] = (PAGE_TABLES + 0x2000) | PTE_PW;
	for (i = 0; i < 512; i++)
		table[1024 + i] = (uint64_t)i << 21 | PTE_LARGE;
}

static void segments_set(const struct machine *m, struct kvm_sregs *s, int code64)
{
	struct kvm_segment code = {
		.limit = ~0u, .selector = BOOT_CS, .type = 11, .present = 1, .s = 1,
		.db = !code64, .l = code64, .g = 1,
	};
	struct kvm_segment data = {
		.limit = ~0u, .selector = BOOT_DS, .type = 3, .present = 1, .s = 1,
		.db = 1, .g = 1,
	};
	uint64_t *gdt = (uint64_t *)(m->memory + GDT);

	gdt[BOOT_CS / 8] = code64 ? 0x00af9b000000ffff : 0x00cf9b000000ffff;
	gdt[BOOT_DS / 8] = 0x00cf93000000ffff;
	s->gdt.base = GDT;
	s->gdt.limit = BOOT_DS + 7;
	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
}

void boot_enter(const struct machine *m, int vcpu)
{
	const struct boot_params *bp = (void *)(m->memory + ZERO_PAGE);
	int code64 = bp->hdr.xloadflags & XLF_KERNEL_64;
	struct kvm_regs r = { .rip = HIGH, .rsi = ZERO_PAGE, .rflags = 2 };
	struct kvm_sregs s;

	need(ioctl(vcpu, KVM_GET_SREGS, &s), "KVM_GET_SREGS");
	segments_set(m, &s, code64);
	s.cr0 |= CR0_PE;
	if (code64) {
		tables_make(m);
		s.cr0 |= CR0_PG;
		s.cr3 = PAGE_TABLES;
		s.cr4 |= CR4_PAE;
		s.efer |= EFER_LME_LMA;
		r.rip += ENTRY_64;
	}
	need(ioctl(vcpu, KVM_SET_SREGS, &s), "KVM_SET_SREGS");
	need(ioctl(vcpu, KVM_SET_REGS, &r), "KVM_SET_REGS");
}
