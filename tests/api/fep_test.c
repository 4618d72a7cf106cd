// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm.ko's force_emulation_prefix: behind UD2 and the letters "kvm" an instruction is
 * executed in software.  Without the parameter it is UD2.
 */
#define _GNU_SOURCE
#include "start.h"
#include "stat.h"

#define PREFIX(last)	".byte 0x0f, 0x0b, 'k', 'v', '" last "'\n"

enum { DE = 0, UD = 6, AT = 5 };

static struct vm vm;
static struct vcpu v;

GUEST(64, g_add, "mov $40, %eax\n" PREFIX("m") "add $2, %eax\n" DONE);
GUEST(64, g_other, "mov $40, %eax\n" PREFIX("n") "add $2, %eax\n" DONE);
GUEST(64, g_fault, "mov $40, %eax\n" PREFIX("m") "div %ah\n" DONE);

static bool is_on(void)
{
	FILE *f = fopen("/sys/module/kvm/parameters/force_emulation_prefix", "r");
	int value;

	CHECK(f);
	CHECK_EQ(fscanf(f, "%d", &value), 1);
	fclose(f);
	return value;
}

static void adds(uint64_t before)
{
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, 42);
	CHECK_EQ(stat_get(v.fd, "insn_emulation"), before + 1);
}

static void executed(void)
{
	uint64_t before;

	START(MODE_LONG, g_add);
	before = stat_get(v.fd, "insn_emulation");
	if (is_on()) {
		adds(before);
	} else {
		exc_expect(&v, UD, AT);
		CHECK_EQ(stat_get(v.fd, "insn_emulation"), before);
	}
}

/* The letters are in the next page. */
static void two_pages(void)
{
	const uint64_t at = GPA_CODE + 0x1000 - AT - 2;
	struct kvm_regs r;

	if (!is_on())
		test_skip("force_emulation_prefix is off");
	START(MODE_LONG, g_add);
	vm_load(&vm, at, g_add, g_add_end);
	r = vcpu_regs(&v);
	r.rip = at;
	vcpu_set_regs(&v, &r);
	adds(stat_get(v.fd, "insn_emulation"));
}

static void other_letters(void)
{
	START(MODE_LONG, g_other);
	exc_expect(&v, UD, AT);
}

/* A fault is that of what follows. */
static void faults(void)
{
	START(MODE_LONG, g_fault);
	if (is_on())
		exc_expect(&v, DE, AT + 5);
	else
		exc_expect(&v, UD, AT);
}

static const struct test_case cases[] = {
	{ "executed", executed, 0 },
	{ "two_pages", two_pages, 0 },
	{ "other_letters", other_letters, 0 },
	{ "faults", faults, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
