// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protection keys and XSAVE images: PKRU is switched and part of the image; what no
 * CPU could hold is refused.
 */
#define _GNU_SOURCE
#include "fpu.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define CR4_PKE		(1 << 22)
#define XFEATURE_PKRU	(1 << 9)
#define IMAGE_XCOMP	520

static void need_pku(void)
{
	if (!vcpu_has(&v, 7, 2, 3))
		test_skip("no protection keys");
	cr4_set(CR4_OSXSAVE | CR4_PKE);
	xcr0_set(7 | XFEATURE_PKRU);
}

/* ------------------------------------------------------------------------ */
/* Protection keys. */

GUEST(64, g_pkru,
      "1: xor %ecx, %ecx\n rdpkru\n mov %eax, %ebx\n"
      "xor %edx, %edx\n mov %esi, %eax\n wrpkru\n"
      "out %al, $0xf4\n jmp 1b\n");

static uint32_t host_rdpkru(void)
{
	uint32_t eax, edx;

	asm volatile("rdpkru" : "=a" (eax), "=d" (edx) : "c" (0));
	return eax;
}

static void host_wrpkru(uint32_t pkru)
{
	asm volatile("wrpkru" : : "a" (pkru), "c" (0), "d" (0));
}

/* One turn of g_pkru: what it found; what it leaves. */
static uint32_t guest_pkru(uint32_t next)
{
	struct kvm_regs r = vcpu_regs(&v);

	r.rsi = next;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	return vcpu_regs(&v).rbx;
}

static uint32_t image_pkru(void)
{
	uint32_t pkru;

	OK(ioctl(v.fd, KVM_GET_XSAVE, &image));
	memcpy(&pkru, bytes + part_offset(9), 4);
	return pkru;
}

static void image_set_pkru(uint32_t pkru)
{
	OK(ioctl(v.fd, KVM_GET_XSAVE, &image));
	memcpy(bytes + part_offset(9), &pkru, 4);
	bytes[IMAGE_BV + 1] |= XFEATURE_PKRU >> 8;
	OK(ioctl(v.fd, KVM_SET_XSAVE, &image));
}

/* Each has its own. */
static void pkru_switched(void)
{
	START(MODE_LONG, g_pkru);
	need_pku();
	CHECK_EQ(guest_pkru(0x12345678), 0);
	CHECK_EQ(image_pkru(), 0x12345678);
	host_wrpkru(0x55555550);
	CHECK_EQ(guest_pkru(0xfffffff0), 0x12345678);
	CHECK_EQ(host_rdpkru(), 0x55555550);
	host_wrpkru(0x44444440);
	CHECK_EQ(guest_pkru(0x44444440), 0xfffffff0);
	CHECK_EQ(host_rdpkru(), 0x44444440);
	CHECK_EQ(guest_pkru(0), 0x44444440);
	CHECK_EQ(host_rdpkru(), 0x44444440);
	CHECK_EQ(guest_pkru(0), 0);
	host_wrpkru(0);
}

static void pkru_in_image(void)
{
	START(MODE_LONG, g_pkru);
	need_pku();
	image_set_pkru(0xabcdef00);
	CHECK_EQ(image_pkru(), 0xabcdef00);
	CHECK_EQ(guest_pkru(0x1000), 0xabcdef00);
	image_set_pkru(0);
	CHECK_EQ(guest_pkru(0x2000), 0);
	/* read and written back as it was: a VMM's migration */
	OK(ioctl(v.fd, KVM_GET_XSAVE, &image));
	CHECK_EQ(guest_pkru(0x3000), 0x2000);
	bytes[IMAGE_BV + 1] |= XFEATURE_PKRU >> 8;
	OK(ioctl(v.fd, KVM_SET_XSAVE, &image));
	CHECK_EQ(guest_pkru(0), 0x2000);
}

/* An image that leaves PKRU out does not change it. */
static void pkru_left_out(void)
{
	START(MODE_LONG, g_pkru);
	need_pku();
	image_set_pkru(0xabcdef00);
	OK(ioctl(v.fd, KVM_GET_XSAVE, &image));
	bytes[IMAGE_BV + 1] &= ~(XFEATURE_PKRU >> 8);
	memset(bytes + part_offset(9), 0x77, 4);
	OK(ioctl(v.fd, KVM_SET_XSAVE, &image));
	CHECK_EQ(guest_pkru(0), 0xabcdef00);
}

/* The XSAVE instructions see the same register as RDPKRU. */
GUEST(64, g_pkru_xsave,
      "xor %ecx, %ecx\n xor %edx, %edx\n mov $0x13570000, %eax\n wrpkru\n"
      "mov $0x200, %eax\n xor %edx, %edx\n mov $0x10000, %edi\n"
      "xsave (%rdi)\n"
      "out %al, $0x10\n"
      "movl $0x24680000, (%rdi,%rsi)\n"
      "mov $0x200, %eax\n xor %edx, %edx\n xrstor (%rdi)\n"
      "xor %ecx, %ecx\n rdpkru\n" DONE);

static void pkru_by_xsave(void)
{
	struct kvm_regs r;
	uint32_t pkru;

	START(MODE_LONG, g_pkru_xsave);
	need_pku();
	vcpu_until(&v, 0x10);
	memcpy(&pkru, vm.mem + GPA_DATA + part_offset(9), 4);
	CHECK_EQ(pkru, 0x13570000);
	r = vcpu_regs(&v);
	r.rsi = part_offset(9);
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ((uint32_t)vcpu_regs(&v).rax, 0x24680000);
	CHECK_EQ(image_pkru(), 0x24680000);
}

/* A page of key 5, which PKRU denies: #PF with the key's bit (SDM vol. 3, 4.7). */
GUEST(64, g_pkru_fault,
      "mov %esi, %eax\n xor %ecx, %ecx\n xor %edx, %edx\n wrpkru\n"
      "mov $0x400000, %edi\n"
      "mov (%rdi), %eax\n"
      "out %al, $0x10\n"
      "mov %eax, (%rdi)\n" DONE);

#define KEY5 (5ull << 59)

/* Without WP, the kernel's writes are not denied. */
static void wp_set(void)
{
	struct kvm_sregs s = vcpu_sregs(&v);

	s.cr0 |= 1 << 16;
	vcpu_set_sregs(&v, &s);
}

static void pkru_guest(uint32_t pkru)
{
	struct kvm_regs r;

	START(MODE_LONG, g_pkru_fault);
	need_pku();
	wp_set();
	pt_map(&v.pt, 0x400000, 0x400000, 2, PTE_P | PTE_W | PTE_U | KEY5);
	r = vcpu_regs(&v);
	r.rsi = pkru;
	vcpu_set_regs(&v, &r);
}

static void pkru_denies(void)
{
	struct exc e;

	pkru_guest(0);
	vcpu_until(&v, 0x10);
	vcpu_until(&v, PORT_DONE);

	pkru_guest(2 << 10);			/* write-disable */
	vcpu_until(&v, 0x10);
	e = exc_next(&v);
	CHECK_EQ(e.vector, 14);
	CHECK_EQ(e.error, 0x23);		/* PK, W, P */
	CHECK_EQ(e.cr2, 0x400000);

	pkru_guest(1 << 10);			/* access-disable */
	e = exc_next(&v);
	CHECK_EQ(e.vector, 14);
	CHECK_EQ(e.error, 0x21);
}

/* ------------------------------------------------------------------------ */
/* The ioctls. */

GUEST(64, g_idle, "1: out %al, $0xf4\n jmp 1b\n");

static void xsave2(void)
{
	int size;

	START(MODE_LONG, g_idle);
	size = vm_cap(&vm, KVM_CAP_XSAVE2);
	CHECK(size >= 4096);
	static uint8_t two[65536];
	CHECK(size <= (int)sizeof(two));
	memset(two, 0xcc, sizeof(two));
	OK(ioctl(v.fd, KVM_GET_XSAVE, &image));
	OK(ioctl(v.fd, KVM_GET_XSAVE2, two));
	CHECK(!memcmp(two, image.region, 4096));
	CHECK_EQ(two[size], 0xcc);
	ERR(ioctl(v.fd, KVM_GET_XSAVE2, (void *)16), EFAULT);
	OK(ioctl(v.fd, KVM_SET_XSAVE, two));
}

static const struct {
	const char *name;
	unsigned int at;
	uint8_t bits;
} bad_images[] = {
	{ "a feature that nobody has", IMAGE_BV + 7, 0x40 },
	{ "AMX", IMAGE_BV + 2, 4 },
	{ "compacted", IMAGE_XCOMP + 7, 0x80 },
	{ "XCOMP_BV", IMAGE_XCOMP, 1 },
	{ "reserved in the header", IMAGE_XCOMP + 8, 1 },
	{ "reserved at the header's end", IMAGE_BV + 63, 1 },
	{ "MXCSR bit 31", 24 + 3, 0x80 },
	{ "MXCSR bit 16", 24 + 2, 1 },
};

static void bad_xsave(void)
{
	static struct kvm_xsave now;
	unsigned int i;

	START(MODE_LONG, g_idle);
	if (!vcpu_has(&v, 1, 2, 26))
		test_skip("no XSAVE");
	OK(ioctl(v.fd, KVM_GET_XSAVE, &image));
	for (i = 0; i < COUNT(bad_images); i++) {
		test_row = bad_images[i].name;
		now = image;
		((uint8_t *)&now)[IMAGE_BV] |= 3;
		((uint8_t *)&now)[IMAGE_XMM] ^= 1;
		((uint8_t *)&now)[bad_images[i].at] |= bad_images[i].bits;
		ERR(ioctl(v.fd, KVM_SET_XSAVE, &now), EINVAL);
		OK(ioctl(v.fd, KVM_GET_XSAVE, &now));
		CHECK(!memcmp(&now, &image, sizeof(now)));
	}
	test_row = NULL;
	ERR(ioctl(v.fd, KVM_SET_XSAVE, (void *)16), EFAULT);
	ERR(ioctl(v.fd, KVM_GET_XSAVE, (void *)16), EFAULT);
}

/* Reserved MXCSR bits would fault in the host (APM vol. 1, 4.2.2). */
static void bad_fpu(void)
{
	struct kvm_fpu f, now;
	int bit;

	START(MODE_LONG, g_idle);
	OK(ioctl(v.fd, KVM_GET_FPU, &f));
	now = f;
	now.mxcsr = 0x1f80 | 0xffc0;		/* all masks, FZ, rounding */
	OK(ioctl(v.fd, KVM_SET_FPU, &now));
	OK(ioctl(v.fd, KVM_SET_FPU, &f));
	cr4_set(CR4_OSXSAVE);
	vcpu_run(&v);
	for (bit = 18; bit < 32; bit++) {
		now = f;
		now.mxcsr |= 1u << bit;
		now.xmm[3][3] ^= 1;
		if (!ioctl(v.fd, KVM_SET_FPU, &now)) {
			/* cut off: no less safe */
			OK(ioctl(v.fd, KVM_GET_FPU, &now));
			CHECK_EQ(now.mxcsr & ~0x3ffffu, 0);
			continue;
		}
		CHECK_EQ(errno, EINVAL);
		OK(ioctl(v.fd, KVM_GET_FPU, &now));
		CHECK(!memcmp(&now, &f, sizeof(f)));
	}
}

/* Any contents under a header that is fine: neither side minds. */
static void any_contents(void)
{
	uint8_t out[32];
	uint32_t seed = 1;
	unsigned int i, n;
	uint64_t bv;

	START(MODE_LONG, g_idle);
	if (!vcpu_has(&v, 1, 2, 26))
		test_skip("no XSAVE");
	for (n = 0; n < 300; n++) {
		OK(ioctl(v.fd, KVM_GET_XSAVE, &image));
		bv = image_bv() & XFEATURE_PKRU;
		for (i = 0; i < 4096; i++) {
			seed = seed * 1664525 + 1013904223;
			if ((i < 24 || i >= 32) && (i < 512 || i >= 576))
				bytes[i] = seed >> 24;
		}
		bv |= seed >> 20 & 7;
		memcpy(bytes + IMAGE_BV, &bv, 8);
		OK(ioctl(v.fd, KVM_SET_XSAVE, &image));
		vcpu_until(&v, PORT_DONE);
		host_ymm(n, out);
		CHECK_EQ(out[17], n & 0xff);
	}
}

/* ------------------------------------------------------------------------ */
/* XSAVES and XRSTORS (SDM vol. 1, 13.11 and 13.12), and IA32_XSS. */

#define MSR_XSS		0xda0
#define XCOMP_COMPACT	(1ull << 63)

static void need_xsaves(bool with)
{
	struct kvm_cpuid2 *c = cpuid_supported(vm.kvm);
	struct kvm_cpuid_entry2 *e = (void *)cpuid_find(c, 0xd, 1);

	if (!e || !(e->eax & 8))
		test_skip("no XSAVES");
	if (!with) {
		e->eax &= ~8u;
		OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	}
	cr4_set(CR4_OSXSAVE);
	xcr0_set(7);
}

/* SSE and AVX, of which one has its initial form; then what they are again. */
GUEST(64, g_xsaves,
      "mov $0x10000, %edi\n movdqu 0x1000(%rdi), %xmm5\n"
      "mov $6, %eax\n xor %edx, %edx\n xsaves64 (%rdi)\n"
      "out %al, $0x10\n"
      "pxor %xmm5, %xmm5\n mov $6, %eax\n xor %edx, %edx\n xrstors64 (%rdi)\n"
      "movdqu %xmm5, 0x1010(%rdi)\n"
      "mov $0xda0, %ecx\n rdmsr\n mov %rax, %rbx\n xor %eax, %eax\n wrmsr\n" DONE);

static void xsaves(void)
{
	uint64_t *at;

	START(MODE_LONG, g_xsaves);
	need_xsaves(true);
	at = vm_u64(&vm, GPA_DATA + 0x1000);
	at[0] = 0x1122334455667788;
	at[1] = 0x99aabbccddeeff00;
	vcpu_until(&v, 0x10);
	at = vm_u64(&vm, GPA_DATA + IMAGE_BV);
	CHECK_EQ(at[0] & 2, 2);
	CHECK_EQ(at[1], XCOMP_COMPACT | 6);
	at = vm_u64(&vm, GPA_DATA + IMAGE_XMM + 5 * 16);
	CHECK_EQ(at[0], 0x1122334455667788);
	at[1] ^= 1;
	vcpu_until(&v, PORT_DONE);
	at = vm_u64(&vm, GPA_DATA + 0x1010);
	CHECK_EQ(at[0], 0x1122334455667788);
	CHECK_EQ(at[1], 0x99aabbccddeeff01);
	CHECK_EQ(vcpu_regs(&v).rbx, 0);
}

/* What CPUID does not announce is no instruction, on VT-x, and no register. */
static void xsaves_absent(void)
{
	struct exc e;

	START(MODE_LONG, g_xsaves);
	need_xsaves(false);
	if (cpu_is_amd())
		test_skip("nothing keeps a guest from it");
	e = exc_next(&v);
	CHECK_EQ(e.vector, 6);
	CHECK_EQ(*vm_u64(&vm, GPA_DATA + IMAGE_BV), 0);
}

static int xss_access(unsigned long request, uint64_t *value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} m = { { .nmsrs = 1 }, { .index = MSR_XSS, .data = *value } };
	int n = OK(ioctl(v.fd, request, &m));

	*value = m.entry.data;
	return n;
}

GUEST(64, g_xss, "mov $0xda0, %ecx\n mov %esi, %eax\n xor %edx, %edx\n wrmsr\n" DONE);

/* All of its bits are reserved. */
static void xss(void)
{
	struct kvm_regs r;
	uint64_t value;
	int bit;

	for (bit = -1; bit < 16; bit++) {
		START(MODE_LONG, g_xss);
		need_xsaves(bit >= 0);
		r = vcpu_regs(&v);
		r.rsi = bit > 0 ? 1u << bit : 0;
		vcpu_set_regs(&v, &r);
		if (!bit)
			vcpu_until(&v, PORT_DONE);
		else
			CHECK_EQ(exc_next(&v).vector, 13);
		value = r.rsi;
		CHECK_EQ(xss_access(KVM_SET_MSRS, &value), !r.rsi);
		value = 1;
		CHECK_EQ(xss_access(KVM_GET_MSRS, &value), 1);
		CHECK_EQ(value, 0);
		vcpu_close(&v);
		vm_close(&vm);
	}
}

static const struct test_case cases[] = {
	{ "pkru_switched", pkru_switched, 0 },
	{ "pkru_in_image", pkru_in_image, 0 }, { "pkru_left_out", pkru_left_out, 0 },
	{ "pkru_by_xsave", pkru_by_xsave, 0 },
	{ "pkru_denies", pkru_denies, 0 },
	{ "xsave2", xsave2, 0 },
	{ "bad_xsave", bad_xsave, 0 },
	{ "bad_fpu", bad_fpu, 0 },
	{ "any_contents", any_contents, 0 },
	{ "xsaves", xsaves, 0 },
	{ "xsaves_absent", xsaves_absent, 0 },
	{ "xss", xss, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
