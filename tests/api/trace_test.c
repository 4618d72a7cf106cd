// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints through tracefs: their fields, as tools know them; and what they say of a
 * guest whose every step is known.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "pv.h"
#include "stat.h"
#include "trace_rows.h"
#include "tracefs.h"

static void trace_start(void)
{
	tracefs();
	trace_write(TRACING "tracing_on", "0");
	trace_write(TRACING "trace", "");
	trace_write(TRACING "events/kvm/enable", "1");
	trace_write(TRACING "events/kvmmmu/enable", "1");
	trace_write(TRACING "tracing_on", "1");
}

/* Only lines of this process count: other VMs may be going. */
static void trace_stop(void)
{
	trace_write(TRACING "tracing_on", "0");
	trace_write(TRACING "events/kvm/enable", "0");
	trace_write(TRACING "events/kvmmmu/enable", "0");
	trace_read(TRACING "trace");
}

/* A line of an event that has all of this; NULL if there is none. */
static bool line_has(const char *event, const char *what)
{
	char name[64];
	const char *at = trace_text, *end, *e, *w;

	snprintf(name, sizeof(name), ": %s: ", event);
	for (; (e = strstr(at, name)); at = end) {
		end = strchrnul(e, '\n');
		w = strstr(e, what);
		if (w && w < end)
			return true;
	}
	return false;
}

static void saw(const char *event, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (!line_has(event, what)) {
		const char *e = strstr(trace_text, event);

		FAIL("no line of %s with \"%s\"; the first is: %.*s", event, what,
		     e ? (int)(strchrnul(e, '\n') - e) : 4, e ? e : "none");
	}
}

/* "type name (size), ..." of a format file, without the common fields. */
static void fields_of(char *out, size_t room)
{
	char *line = strstr(trace_text, "\n\n"), *end;
	unsigned int size;
	size_t n = 0;

	out[0] = 0;
	while (line && (line = strstr(line, "field:"))) {
		line += 6;
		end = strchr(line, ';');
		CHECK(end && sscanf(strstr(end, "size:"), "size:%u", &size) == 1);
		n += snprintf(out + n, room - n, "%s%.*s (%u)", n ? ", " : "",
			      (int)(end - line), line, size);
	}
}

static void formats(void)
{
	char path[200], got[1000];

	tracefs();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_row = rows[i].name;
		snprintf(path, sizeof(path), TRACING "events/%s/format", rows[i].name);
		trace_read(path);
		fields_of(got, sizeof(got));
		if (strcmp(got, rows[i].fields))
			FAIL("expected %s, got %s", rows[i].fields, got);
	}
}

GUEST(64, g_steps, "mov $0x40000000, %eax\n xor %ecx, %ecx\n cpuid\n"	/* 7, 9 */
      "mov $0x1b, %ecx\n rdmsr\n"					/* b, 10 */
      "mov $1, %eax\n mov $0x22, %ebx\n vmmcall\n"			/* 12 */
      "movl $0x12345678, 0x20000010\n mov 0x20000014, %r8d\n"
      "mov $0x77, %al\n out %al, $0x55\n in $0x56, %al\n sti\n nop\n cli\n"
      DONE "iretq\n");

static void steps_machine(void)
{
	struct kvm_interrupt irq = { .irq = 0x40 };

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_steps);
	exc_setup(&v);
	vm_u64(&vm, GPA_IDT + 0x40 * 16)[0] =
		(GPA_CODE + (g_steps_end - g_steps) - 2) | SEL_CODE64 << 16 |
		0x8e0000000000ull;
	OK(ioctl(v.fd, KVM_INTERRUPT, &irq));
}

static void steps_run(void)
{
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK(v.run->mmio.is_write);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	memcpy(v.run->mmio.data, "\xfe\xca\0\0", 4);
	vcpu_until(&v, 0x55);
	vcpu_expect(&v, KVM_EXIT_IO);
	*(uint8_t *)vcpu_pio_data(&v) = 0x99;
	vcpu_until(&v, PORT_DONE);
}

static void steps(void)
{
	steps_machine();
	trace_start();
	steps_run();
	trace_stop();
	saw("kvm_entry", "vcpu 0, rip 0x%x", GPA_CODE);
	saw("kvm_exit", "vcpu 0 reason %s rip 0x%x info1 0x0",
	    cpu_is_amd() ? "cpuid" : "CPUID", GPA_CODE + 7);
	saw("kvm_cpuid", "func 40000000 idx 0 rax ");
	saw("kvm_cpuid", "rbx 4b4d564b");
	saw("kvm_exit", "reason %s rip 0x%x info1 0x0",
	    cpu_is_amd() ? "msr" : "MSR_READ", GPA_CODE + 0xe);
	saw("kvm_msr", "msr_read 1b = 0xfee00900");
	saw("kvm_hypercall", "nr 0x1 a0 0x22 a1 0x1b");
	saw("kvm_mmio", "mmio write len 4 gpa 0x20000010 val 0x12345678");
	saw("kvm_mmio", "mmio unsatisfied-read len 4 gpa 0x20000014 val 0x0");
	saw("kvm_mmio", "mmio read len 4 gpa 0x20000014 val 0xcafe");
	saw("kvm_page_fault", "vcpu 0 rip 0x");
	saw("kvm_page_fault", "address 0x0000000020000010");
	saw("kvm_emulate_insn", ":c7 04 25 10 00 00 20 78 56 34 12 (prot64)");
	saw("kvm_pio", "pio_write at 0x55 size 1 count 1 val 0x77");
	saw("kvm_pio", "pio_read at 0x56 size 1 count 1 val 0x99");
	saw("kvm_inj_virq", "IRQ 0x40");
	saw("kvm_userspace_exit", "reason MMIO (6)");
	saw("kvm_userspace_exit", "reason IO (2)");
	saw("kvm_fpu", "unload");
}

/* A page that is mapped, and a walk of the guest's tables for the emulator. */
static void mmu(void)
{
	steps_machine();
	trace_start();
	steps_run();
	trace_stop();
	/* Of 2 MiB, where the host has it so. */
	saw("kvm_mmu_spte_requested", " pfn ");
	/* Somewhere in the code's page. */
	saw("kvm_mmu_pagetable_walk", "addr %x", GPA_CODE >> 8);
	saw("kvm_mmu_paging_element", "level 4");
	saw("kvm_mmu_paging_element", "level 2");
	CHECK(!strstr(trace_text, "kvm_mmu_walker_error"));
}

/* What nobody asks for is not there. */
static void off(void)
{
	steps_machine();
	trace_start();
	trace_write(TRACING "events/kvm/kvm_exit/enable", "0");
	steps_run();
	trace_stop();
	CHECK(!strstr(trace_text, "kvm_exit:"));
	CHECK(strstr(trace_text, "kvm_entry:"));
}

#define GPA_HANDLER	(GPA_CODE + 0x400)

GUEST(64, g_irqs, "sti\n nop\n 1: pause\n cmp $2, %r9d\n jb 1b\n"
      "cli\n mov $0xfee00300, %edx\n movl $0x000440f1, (%rdx)\n" DONE);
GUEST(64, g_handler, "inc %r9d\n mov $0xfee000b0, %edx\n movl $0, (%rdx)\n iretq\n");

static void interrupts(void)
{
	struct kvm_msi m = { .address_lo = 0xfee00000, .data = 0x40 };
	struct kvm_irq_level line = { .irq = 5, .level = 1 };
	uint64_t *gate;
	int i;

	pv_machine(1);
	vcpu_code(&v, MODE_LONG, g_irqs);
	exc_setup(&v);
	vm_load(&vm, GPA_HANDLER, g_handler, g_handler_end);
	for (i = 0x40; i < 0x42; i++) {
		gate = vm_u64(&vm, GPA_IDT + i * 16);
		gate[0] = GPA_HANDLER | SEL_CODE64 << 16 | 0x8e0000000000ull;
	}
	trace_start();
	OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &m));
	m.data = 0x41;
	OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &m));
	vcpu_until(&v, PORT_DONE);
	OK(ioctl(vm.fd, KVM_IRQ_LINE, &line));
	trace_stop();
	saw("kvm_msi_set_irq", "dst 0 vec 64 (Fixed|physical|edge)");
	saw("kvm_apic_accept_irq", "apicid 0 vec 64 (Fixed|edge)");
	saw("kvm_apic_accept_irq", "apicid 0 vec 65 (Fixed|edge)");
	saw("kvm_inj_virq", "IRQ 0x41");
	/* With this one the processor does these, the interrupt to itself too. */
	if (!intel_param("enable_apicv")) {
		saw("kvm_apic", "apic_write 0xb0 = 0x0");
		saw("kvm_eoi", "apicid 0 vector 64");
		saw("kvm_apic_ipi", "vec 241 (Fixed|physical)");
	}
	saw("kvm_set_irq", "gsi 5 level 1 source 0");
	saw("kvm_ioapic_set_irq", "pin 5 ");
	saw("kvm_pic_set_irq", "chip 0 pin 5 (edge");
}

GUEST(64, g_int3, "int3\n");

/* An exception that exits: on Intel its vector and kind are intr_info. */
static void exception(void)
{
	struct kvm_guest_debug d = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP,
	};

	if (cpu_is_amd())
		test_skip("AMD-V has no such word, and the lab's no exit by INT3");
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_int3);
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d));
	trace_start();
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	trace_stop();
	saw("kvm_exit", "reason EXCEPTION_NMI rip 0x%x info1 0x0000000000000000 "
	    "info2 0x0000000000000000 intr_info 0x80000603", GPA_CODE);
}

static const struct test_case cases[] = {
	{ "formats", formats, 0 },
	{ "steps", steps, 0 },
	{ "mmu", mmu, 0 },
	{ "off", off, 0 },
	{ "interrupts", interrupts, 0 },
	{ "exception", exception, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
