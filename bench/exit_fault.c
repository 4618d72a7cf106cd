// SPDX-License-Identifier: GPL-2.0-only
/* Round trips of exit_guest that are page faults of memory that the host has. */
#include <sys/mman.h>
#include "bench/exit_guest.h"

#define VA_TOUCHED	0x100000000ull	/* above what vcpu_mode() maps */
#define GPA_TOUCHED	0x40000000ul
#define BLOCK_PAGES	16
#define STR(x)		#x
#define XSTR(x)		STR(x)

/* Blocks of 16 pages of rdx bytes each, one after the other; rbx blocks. */
GUEST(64, loop_blocks,
      "1: mov %r8, %rdi\n mov %ebx, %ecx\n"
      "2: .rept " XSTR(BLOCK_PAGES) "\n mov %al, (%rdi)\n add %rdx, %rdi\n .endr\n"
      ".globl blocks_touched\n"
      "blocks_touched: dec %ecx\n jnz 2b\n"
      "out %al, $0x85\n jmp 1b\n");

extern const uint8_t blocks_touched[];

static struct vm vm;
static struct vcpu v;

/* @n pages of @page bytes, which the host has; a dirty ring; the guest is at the loop. */
static uint8_t *start(uint64_t page, unsigned int n, int advice, uint64_t ring_bytes)
{
	struct kvm_enable_cap ring = { .cap = KVM_CAP_DIRTY_LOG_RING, .args = { ring_bytes } };
	uint64_t size = n * page, at;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	uint8_t *mem = mem_new(size, advice);

	memset(mem, 1, size);
	vm_new(&vm, 0);
	if (ring_bytes)
		OK(ioctl(vm.fd, KVM_ENABLE_CAP, &ring));
	vcpu_new(&vm, &v, 0);
	vm_load(&vm, GPA_CODE, loop_blocks, loop_blocks_end);
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
	for (at = 0; at < size; at += 2ul << 20)
		pt_map(&v.pt, VA_TOUCHED + at, GPA_TOUCHED + at, 2,
		       PTE_P | PTE_W | PTE_A | PTE_D);
	/* As kernels have it: CR0.WP. */
	sregs = vcpu_sregs(&v);
	sregs.cr0 |= 1 << 16;
	vcpu_set_sregs(&v, &sregs);
	regs = vcpu_regs(&v);
	regs.r8 = VA_TOUCHED;
	regs.rdx = page;
	regs.rbx = n / BLOCK_PAGES;
	vcpu_set_regs(&v, &regs);
	marker_print(GPA_CODE + (blocks_touched - loop_blocks));
	return mem;
}

/* Pages that are absent; userspace makes them so again. */
static void fault(uint64_t page, unsigned int n, int advice)
{
	uint8_t *mem = start(page, n, advice, 0);

	for (;;) {
		OK(vm_slot(&vm, 1, GPA_TOUCHED, mem, n * page));
		vcpu_until(&v, 0x85);
		OK(vm_slot(&vm, 1, GPA_TOUCHED, mem, 0));
	}
}

void fault_4k(void)
{
	fault(4096, 32 * BLOCK_PAGES, MADV_NOHUGEPAGE);
}

void fault_2m(void)
{
	fault(2ul << 20, 2 * BLOCK_PAGES, MADV_HUGEPAGE);
}

/* Pages that are write-protected for the dirty log. */
void dirty_write(void)
{
	const unsigned int n = 32 * BLOCK_PAGES;
	uint8_t *mem = start(4096, n, MADV_NOHUGEPAGE, 0);
	static uint64_t map[64];
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = map };

	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_LOG_DIRTY_PAGES), GPA_TOUCHED, mem,
		   n * 4096));
	for (;;) {
		vcpu_until(&v, 0x85);
		OK(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log));
	}
}

/* The same for the dirty ring, which is reset. */
void ring_write(void)
{
	const unsigned int n = 32 * BLOCK_PAGES, entries = 1024;
	uint8_t *mem = start(4096, n, MADV_NOHUGEPAGE, entries * sizeof(struct kvm_dirty_gfn));
	struct kvm_dirty_gfn *ring;
	unsigned int next = 0;

	ring = mmap(NULL, entries * sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED, v.fd,
		    KVM_DIRTY_LOG_PAGE_OFFSET * 4096);
	CHECK(ring != MAP_FAILED);
	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_LOG_DIRTY_PAGES), GPA_TOUCHED, mem,
		   n * 4096));
	for (;;) {
		vcpu_until(&v, 0x85);
		for (; ring[next % entries].flags == KVM_DIRTY_GFN_F_DIRTY; next++)
			ring[next % entries].flags = KVM_DIRTY_GFN_F_RESET;
		OK(ioctl(vm.fd, KVM_RESET_DIRTY_RINGS));
	}
}
