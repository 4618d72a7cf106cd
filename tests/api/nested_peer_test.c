// SPDX-License-Identifier: GPL-2.0-only
/*
 * nested_peer_test FIRST COUNT [FLAGS]: the programs of tests/l1 in a virtual machine, and
 * what they said on the processor itself (tests/lab/bare): a line for each program, which
 * has to be the same.  FLAGS 1: they tell all that they see, which is printed; 2: no nested
 * paging.
 */
#define _GNU_SOURCE
#include "start.h"

#define BLOB		0x201000
#define NUMBER		0x810000	/* of the program that runs: tests/l1/l1.h */
#define PORT_SAY	0xe9
#define SAID		"/lab/bare"
#define SHOWN_MAX	40

static struct vm vm;
static struct vcpu v;
static uint64_t first, count, flags;

asm(".pushsection .rodata\nblob: .incbin \"build/l1/blob\"\nblob_end:\n.popsection\n");
extern const uint8_t blob[], blob_end[];

static FILE *out;

/* What nobody answers reads as ones, as in the machine. */
static bool runs(void)
{
	uint32_t bytes;

	/* The task priority is nobody's without a LAPIC. */
	if (vcpu_run(&v) == KVM_EXIT_SET_TPR)
		return true;
	if (v.run->exit_reason != KVM_EXIT_IO)
		FAIL("program %lx: %s", *vm_u64(&vm, NUMBER), vcpu_describe(&v));
	bytes = v.run->io.count * v.run->io.size;
	if (v.run->io.direction == KVM_EXIT_IO_IN)
		memset(vcpu_pio_data(&v), 0xff, bytes);
	else if (v.run->io.port == PORT_SAY)
		fwrite(vcpu_pio_data(&v), 1, bytes, out);
	return v.run->io.port != PORT_DONE;
}

/* From one program on, some of them, into this file. */
static void programs_run(FILE *to)
{
	struct kvm_regs r;

	out = to;
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vm_load(&vm, BLOB, blob, blob_end);
	vcpu_mode(&v, MODE_LONG, BLOB);
	r = vcpu_regs(&v);
	r.rdi = first;
	r.rsi = count;
	r.rdx = flags;
	vcpu_set_regs(&v, &r);
	while (runs())
		;
	vcpu_close(&v);
	vm_close(&vm);
}

static bool same(FILE *here, FILE *bare)
{
	char a[256] = "", b[256] = "";
	unsigned int bad = 0;

	rewind(here);
	while (fgets(b, sizeof(b), bare)) {
		if (fgets(a, sizeof(a), here) && !strcmp(a, b))
			continue;
		if (bad++ < SHOWN_MAX)
			printf("here: %.*s, bare: %s", (int)strcspn(a, "\n"), a, b);
	}
	printf("nested_peer: %s", a);
	return !bad && !strncmp(a, "entries ", 8) && !fgets(a, sizeof(a), here);
}

static void peer(void)
{
	FILE *here = tmpfile(), *bare = fopen(SAID, "r");

	CHECK(here && bare);
	programs_run(here);
	CHECK(same(here, bare));
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ .name = "peer", .run = peer, .seconds = 3600 }, { }
	};

	if (argc < 3)
		return 2;
	first = strtoull(argv[1], NULL, 0);
	count = strtoull(argv[2], NULL, 0);
	flags = argc > 3 ? strtoull(argv[3], NULL, 0) : 0;
	if (flags & 1) {
		programs_run(stdout);
		return 0;
	}
	return test_main(1, argv, cases);
}
