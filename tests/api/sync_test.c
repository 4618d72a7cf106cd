// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other ways to the registers: in the run page (api.rst 6.74), KVM_GET_SREGS2 and
 * KVM_SET_SREGS2, KVM_TRANSLATE; and the state after a shutdown.
 */
#define _GNU_SOURCE
#include "start.h"

static struct vm vm;
static struct vcpu v;

enum { UD = 6 };

#define VEC	0x40
#define ALL	(KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS)

static struct kvm_vcpu_events events(void)
{
	struct kvm_vcpu_events e;

	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &e));
	return e;
}

GUEST(64, g_count, "1: inc %rbx\n out %al, $0x20\n jmp 1b\n");

/* What is asked for is what the ioctls tell; what is not is left alone. */
static void sync_out(void)
{
	struct kvm_sync_regs *s;
	struct kvm_vcpu_events e;
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	START_BARE(MODE_LONG, g_count);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_SYNC_REGS), ALL);
	s = &v.run->s.regs;
	memset(s, 0x5a, sizeof(*s));
	v.run->kvm_valid_regs = KVM_SYNC_X86_REGS;
	vcpu_until(&v, 0x20);
	regs = vcpu_regs(&v);
	CHECK_EQ(s->regs.rbx, 1);
	CHECK(!memcmp(&s->regs, &regs, sizeof(regs)));
	CHECK_EQ(s->sregs.cr3, 0x5a5a5a5a5a5a5a5a);
	memset(s, 0, sizeof(*s));		/* there is padding */
	v.run->kvm_valid_regs = ALL;
	vcpu_until(&v, 0x20);
	sregs = vcpu_sregs(&v);
	e = events();
	CHECK_EQ(s->regs.rbx, 2);
	CHECK(!memcmp(&s->sregs, &sregs, sizeof(sregs)));
	CHECK(!memcmp(&s->events, &e, sizeof(e)));
	v.run->kvm_valid_regs = 0;
	vcpu_until(&v, 0x20);
	CHECK_EQ(s->regs.rbx, 2);
}

/* Only what is said to be dirty is taken, once. */
static void sync_in(void)
{
	struct kvm_sync_regs *s;

	START_BARE(MODE_LONG, g_count);
	s = &v.run->s.regs;
	v.run->kvm_valid_regs = ALL;
	vcpu_until(&v, 0x20);
	s->regs.rbx = 100;
	vcpu_until(&v, 0x20);
	CHECK_EQ(s->regs.rbx, 2);
	s->regs.rbx = 100;
	s->sregs.cr2 = 0x1234;
	v.run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	vcpu_until(&v, 0x20);
	CHECK_EQ(v.run->kvm_dirty_regs, 0);
	CHECK_EQ(s->regs.rbx, 101);
	CHECK_EQ(s->sregs.cr2, 0);
	s->sregs.cr2 = 0x1234;
	v.run->kvm_dirty_regs = KVM_SYNC_X86_SREGS;
	vcpu_until(&v, 0x20);
	CHECK_EQ(vcpu_sregs(&v).cr2, 0x1234);
	CHECK_EQ(vcpu_regs(&v).rbx, 102);
	/* Also where nothing is run. */
	s->regs.rbx = 7;
	v.run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	CHECK_EQ(vcpu_regs(&v).rbx, 7);
}

static void sync_events(void)
{
	struct kvm_sync_regs *s;
	struct exc e;

	START_BARE(MODE_LONG, g_count);
	exc_setup(&v);
	s = &v.run->s.regs;
	v.run->kvm_valid_regs = KVM_SYNC_X86_EVENTS;
	vcpu_until(&v, 0x20);
	s->events.exception.injected = 1;
	s->events.exception.nr = UD;
	s->events.flags = 0;
	v.run->kvm_dirty_regs = KVM_SYNC_X86_EVENTS;
	e = exc_next(&v);
	CHECK_EQ(e.vector, UD);
	CHECK_EQ(s->events.exception.injected, 0);
}

/* Nothing of a call that fails is taken over. */
static void sync_bad(void)
{
	struct kvm_sync_regs *s;

	START_BARE(MODE_LONG, g_count);
	s = &v.run->s.regs;
	v.run->kvm_valid_regs = ALL;
	vcpu_until(&v, 0x20);
	v.run->kvm_valid_regs = ALL + 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINVAL);
	v.run->kvm_valid_regs = 1ull << 63;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINVAL);
	v.run->kvm_valid_regs = ALL;
	v.run->kvm_dirty_regs = ALL + 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINVAL);
	v.run->kvm_dirty_regs = 1ull << 40;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINVAL);
	s->sregs.cr0 ^= 1;			/* PG without PE */
	s->sregs.cr2 = 0x1234;
	v.run->kvm_dirty_regs = KVM_SYNC_X86_SREGS;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINVAL);
	CHECK_EQ(vcpu_sregs(&v).cr2, 0);
	s->events.flags = 1u << 31;
	v.run->kvm_dirty_regs = KVM_SYNC_X86_EVENTS;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINVAL);
	v.run->kvm_dirty_regs = 0;
	vcpu_until(&v, 0x20);
	CHECK_EQ(s->regs.rbx, 2);
}

/* Both structures hold the same; the second has PDPTRs and no interrupt. */
static struct kvm_sregs2 sregs2(void)
{
	struct kvm_sregs2 s2;

	memset(&s2, 0xff, sizeof(s2));
	OK(ioctl(v.fd, KVM_GET_SREGS2, &s2));
	return s2;
}

static void sregs2_same(void)
{
	const size_t common = offsetof(struct kvm_sregs, interrupt_bitmap);
	struct kvm_sregs2 s2;
	struct kvm_sregs s;

	START_BARE(MODE_LONG, g_count);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_SREGS2), 1);
	s = vcpu_sregs(&v);
	s2 = sregs2();
	CHECK(!memcmp(&s, &s2, common));
	CHECK_EQ(s2.flags, 0);
	s2.cr2 = 0x4321;
	s2.fs.base = 0x123000;
	OK(ioctl(v.fd, KVM_SET_SREGS2, &s2));
	s = vcpu_sregs(&v);
	CHECK_EQ(s.cr2, 0x4321);
	CHECK_EQ(s.fs.base, 0x123000);
	CHECK(!memcmp(&s, &s2, common));
	vcpu_until(&v, 0x20);
	/* PDPTRs where there are none; unknown flags; an impossible state. */
	s2.flags = KVM_SREGS2_FLAGS_PDPTRS_VALID;
	ERR(ioctl(v.fd, KVM_SET_SREGS2, &s2), EINVAL);
	s2.flags = 2;
	ERR(ioctl(v.fd, KVM_SET_SREGS2, &s2), EINVAL);
	s2.flags = 0;
	s2.cr0 ^= 1;
	s2.cr2 = 1;
	ERR(ioctl(v.fd, KVM_SET_SREGS2, &s2), EINVAL);
	CHECK_EQ(vcpu_sregs(&v).cr2, 0x4321);
	ERR(ioctl(v.fd, KVM_SET_SREGS2, (void *)16), EFAULT);
	ERR(ioctl(v.fd, KVM_GET_SREGS2, (void *)16), EFAULT);
	vcpu_until(&v, 0x20);
}

GUEST(32, g_count32, "1: inc %ebx\n out %al, $0x20\n jmp 1b\n");

static void sregs2_pdptrs(void)
{
	struct kvm_sregs2 s2;
	int i;

	START_BARE(MODE_PAE, g_count32);
	vcpu_until(&v, 0x20);
	s2 = sregs2();
	CHECK_EQ(s2.flags, KVM_SREGS2_FLAGS_PDPTRS_VALID);
	for (i = 0; i < 4; i++)
		CHECK_EQ(s2.pdptrs[i] & ~0x1e6ull,
			 *vm_u64(&vm, s2.cr3 + i * 8) & ~0x1e6ull);
	OK(ioctl(v.fd, KVM_SET_SREGS2, &s2));
	vcpu_until(&v, 0x20);
	CHECK_EQ(vcpu_regs(&v).rbx, 2);
}

/* api.rst 4.13, 4.14: the bitmap is the interrupt that waits. */
static void bitmap_empty(void)
{
	struct kvm_interrupt irq = { VEC };
	struct kvm_sregs s;
	struct kvm_regs r;

	START_BARE(MODE_LONG, g_count);
	exc_setup(&v);
	r = vcpu_regs(&v);
	r.rflags |= 0x200;
	vcpu_set_regs(&v, &r);
	s = vcpu_sregs(&v);
	OK(ioctl(v.fd, KVM_INTERRUPT, &irq));
	vcpu_set_sregs(&v, &s);
	if (vcpu_sregs(&v).interrupt_bitmap[VEC / 64])
		/* It has shadows and does not announce them. */
		CHECK(!vm_cap(&vm, KVM_CAP_INTR_SHADOW));
	else
		vcpu_until(&v, 0x20);
}

static struct kvm_translation translate(uint64_t la)
{
	struct kvm_translation t = { .linear_address = la };

	OK(ioctl(v.fd, KVM_TRANSLATE, &t));
	CHECK_EQ(t.linear_address, la);
	return t;
}

static void translates(uint64_t la, uint64_t gpa)
{
	struct kvm_translation t = translate(la);

	CHECK_EQ(t.valid, 1);
	CHECK_EQ(t.physical_address, gpa);
}

static void translation(void)
{
	struct kvm_sregs sregs;
	uint64_t before;

	START_BARE(MODE_REAL, g_count);
	translates(0x12345, 0x12345);
	START_BARE(MODE_LONG, g_count);
	translates(GPA_CODE + 5, GPA_CODE + 5);
	pt_map(&v.pt, 0x100000000000, 0x3000, 1, PTE_P | PTE_W | PTE_U);
	pt_map(&v.pt, 0x100000001000, 0x5000, 1, PTE_P);
	translates(0x100000000123, 0x3123);
	translates(0x100000001fff, 0x5fff);
	CHECK_EQ(translate(0x100000002000).valid, 0);
	CHECK_EQ(translate(0x800000000000).valid, 0);
	/* Not an access: the tables stay as they are. */
	before = pt_get(&v.pt, 0x100000000000, 1);
	translates(0x100000000123, 0x3123);
	if (vm_cap(&vm, KVM_CAP_INTR_SHADOW)) {
		CHECK_EQ(before & PTE_A, 0);
		CHECK_EQ(translate(0x100000000000).writeable, 1);
		CHECK_EQ(translate(0x100000000000).usermode, 1);
		CHECK_EQ(translate(0x100000001000).usermode, 0);
	}
	CHECK_EQ(pt_get(&v.pt, 0x100000000000, 1), before);
	/* CPL 3 or not, it is the supervisor's view. */
	vcpu_until(&v, 0x20);
	ERR(ioctl(v.fd, KVM_TRANSLATE, (void *)16), EFAULT);
	START_BARE(MODE_PAE, g_count32);
	pt_map(&v.pt, 0x40000000, 0x7000, 1, PTE_P);
	sregs = vcpu_sregs(&v);
	vcpu_set_sregs(&v, &sregs);	/* the PDPTEs are read when CR3 is set */
	translates(0x40000abc, 0x7abc);
	START_BARE(MODE_32, g_count32);
	translates(0x9abc, 0x9abc);
	CHECK_EQ(translate(0x80000000).valid, 0);
}

/* AMD: nothing of the guest is left; INIT's registers.  Then another life. */
GUEST(64, g_triple, "mov $0x1234, %ebx\n ud2\n");

static void shutdown_reset(void)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	int i;

	START_BARE(MODE_LONG, g_triple);
	for (i = 0; i < 3; i++) {
		vcpu_code(&v, MODE_LONG, g_triple);
		vcpu_expect(&v, KVM_EXIT_SHUTDOWN);
		r = vcpu_regs(&v);
		s = vcpu_sregs(&v);
		if (cpu_is_amd()) {
			CHECK_EQ(r.rip, 0xfff0);
			CHECK_EQ(r.rflags, 2);
			CHECK_EQ(r.rbx, 0);
			CHECK_EQ(s.cs.base, 0xffff0000);
			CHECK_EQ(s.cr0 & 0x8000ffff, 0x10);
			CHECK_EQ(s.efer, 0);
			CHECK_EQ(events().nmi.masked, 0);
		}
		vcpu_code(&v, MODE_LONG, g_count);
		vcpu_until(&v, 0x20);
		vcpu_until(&v, 0x20);
		CHECK_EQ(vcpu_regs(&v).rbx, 2);
	}
}

/* DR6 and DR7 have bits that no write changes (APM vol. 2, 13.1.1.3, 13.1.1.4). */
GUEST(64, g_drs, "mov %dr6, %rbx\n mov %dr7, %rcx\n" DONE);

static void debugregs_fixed(void)
{
	struct kvm_debugregs d = { .dr6 = 0, .dr7 = 0 };

	START_BARE(MODE_LONG, g_drs);
	if (!vm_cap(&vm, KVM_CAP_INTR_SHADOW))
		test_skip("Linux's KVM keeps what is set");
	OK(ioctl(v.fd, KVM_SET_DEBUGREGS, &d));
	OK(ioctl(v.fd, KVM_GET_DEBUGREGS, &d));
	CHECK_EQ(d.dr6, 0xffff0ff0);
	CHECK_EQ(d.dr7, 0x400);
	d.dr6 = d.dr7 = 0xffffffff;
	d.dr7 &= ~(1ull << 13);			/* GD would trap the reads */
	OK(ioctl(v.fd, KVM_SET_DEBUGREGS, &d));
	d.db[0] = 0;
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 0xffffefff);
	CHECK_EQ(vcpu_regs(&v).rcx, 0xffff0fff);
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(sync_out), CASE(sync_in), CASE(sync_events), CASE(sync_bad),
	CASE(sregs2_same), CASE(sregs2_pdptrs), CASE(bitmap_empty),
	CASE(translation), CASE(shutdown_reset), CASE(debugregs_fixed),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
