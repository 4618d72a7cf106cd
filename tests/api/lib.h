/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the API tests share: a harness that runs each case in a child, checks
 * that say what was expected and what came, and machines of a few pages that
 * start in any CPU mode.  Only <linux/kvm.h> is assumed of the kernel.
 */
#ifndef API_LIB_H
#define API_LIB_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/kvm.h>

/* ---- harness ---- */

struct test_case {
	const char *name;
	void (*run)(void);
	unsigned int seconds;	/* limit; 0 means 60 */
};

/*
 * Runs the cases that argv names (all if none), each in a forked child with a
 * process group of its own, and prints one line for each and a last line with
 * the counts.  Returns the exit status: 0 if nothing failed.
 */
int test_main(int argc, char **argv, const struct test_case *cases);
/* TEST_PATIENCE: so many times longer than usual it may take, as the kernel is slow. */
unsigned int test_patience(void);
/* End the case now; may be called from any thread of the child. */
void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void test_skip(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)

/*
 * What failed checks name in front, for cases that loop over a table.  Shared
 * with the parent, who names it when time is up.
 */
extern const char **test_row_shared;
#define test_row (*test_row_shared)

#define CHECK(cond)							\
	do {								\
		if (!(cond))						\
			FAIL("expected %s", #cond);			\
	} while (0)

#define CHECK_EQ(got, want)						\
	do {								\
		uint64_t got_ = (uint64_t)(got), want_ = (uint64_t)(want); \
									\
		if (got_ != want_)					\
			FAIL("%s: expected %#llx, got %#llx", #got,	\
			     (unsigned long long)want_,			\
			     (unsigned long long)got_);			\
	} while (0)

/* A system call that must succeed; the value is its result. */
#define OK(call)							\
	({								\
		long r_ = (long)(call);					\
									\
		if (r_ == -1)						\
			FAIL("%s: expected success, got %s", #call,	\
			     strerrorname_np(errno));			\
		r_;							\
	})

/* A system call that must fail with this errno. */
#define ERR(call, want)							\
	do {								\
		errno = 0;						\
		if ((long)(call) != -1)					\
			FAIL("%s: expected %s, got success", #call,	\
			     strerrorname_np(want));			\
		if (errno != (want))					\
			FAIL("%s: expected %s, got %s", #call,		\
			     strerrorname_np(want),			\
			     strerrorname_np(errno));			\
	} while (0)

/* ---- guest code ---- */

/* Guest code in this file: GUEST(64, name, "mov ...\n") for name[], name_end[] */
#define GUEST(bits, name, body)						\
	extern const uint8_t name[], name##_end[];			\
	asm(".pushsection .rodata\n.code" #bits "\n" #name ":\n" body	\
	    "\n" #name "_end:\n.code64\n.popsection\n")

#define PORT_DONE	0xf4	/* by convention the guest's last word */
#define PORT_EXC	0xf5	/* written by the handlers of exc_setup() */
#define DONE		"out %al, $0xf4\n"

/* ---- guest memory map ---- */
#define GPA_GDT		0x1000
#define GPA_IDT		0x2000
#define GPA_TSS		0x3000
#define GPA_STUBS	0x4000		/* one for each vector: exc_setup() */
#define GPA_COMMON	0x5000		/* what they jump to */
#define GPA_IST		0x6000		/* top of the #DF stack */
#define GPA_STACK	0x8000		/* top of the stack */
#define GPA_CODE	0x8000
#define GPA_USTACK	0xc000		/* top of the stack of CPL 3 */
#define GPA_DATA	0x10000		/* free for the test, to 0x90000 */
#define GPA_TABLES	0x100000	/* page tables grow from here */
#define RAM_SIZE	0x1000000ul
#define GPA_HOLE	0x20000000ul	/* never backed by a slot */

#define SEL_CODE32	0x08
#define SEL_DATA	0x10
#define SEL_CODE64	0x18
#define SEL_CODE16	0x20
#define SEL_DATA16	0x28
#define SEL_UCODE32	0x33
#define SEL_UDATA	0x3b
#define SEL_UCODE64	0x43
#define SEL_ABSENT	0x48
#define SEL_TSS		0x50

/* ---- page tables ---- */

#define PTE_P		1ull
#define PTE_W		2ull
#define PTE_U		4ull
#define PTE_A		0x20ull
#define PTE_D		0x40ull
#define PTE_PS		0x80ull
#define PTE_NX		(1ull << 63)

struct pt {
	struct vm *vm;
	int levels, bits, esize;	/* esize: bytes of one entry */
	uint64_t root;
};

/* ---- machines ---- */

struct vm {
	int kvm, fd;
	uint8_t *mem;		/* slot 0, from guest address 0 */
	size_t size;
	uint64_t next;		/* next free page for page tables */
};

struct vcpu {
	struct vm *vm;
	int fd;
	struct kvm_run *run;
	size_t run_size;
	struct pt pt;
};

enum mode { MODE_REAL, MODE_PROT, MODE_32, MODE_PAE, MODE_LONG, MODE_LONG5 };

int kvm_open(void);
/* Capability as the VM (or, with no VM, the system) reports it. */
int vm_cap(struct vm *vm, long cap);

/* A VM with size bytes (0: RAM_SIZE; -1: none) of zeroed memory in slot 0. */
void vm_new(struct vm *vm, size_t size);
void vm_close(struct vm *vm);
void vm_load(struct vm *vm, uint64_t gpa, const uint8_t *code,
	     const uint8_t *end);
/* KVM_SET_USER_MEMORY_REGION; flags in bits 32 and up of the slot number. */
#define SLOT_FLAGS(slot, flags) ((uint64_t)(flags) << 32 | (slot))
int vm_slot(struct vm *vm, uint64_t slot_flags, uint64_t gpa, void *hva,
	    uint64_t size);
/* Anonymous zeroed memory, aligned to 2 MiB; advice: MADV_[NO]HUGEPAGE or 0. */
uint8_t *mem_new(size_t size, int advice);
/* A free guest page of slot 0, for page tables and the like. */
uint64_t vm_page(struct vm *vm);
uint64_t *vm_u64(struct vm *vm, uint64_t gpa);

/* A vCPU with the CPUID that KVM supports / without any. */
void vcpu_new(struct vm *vm, struct vcpu *v, unsigned int id);
void vcpu_raw(struct vm *vm, struct vcpu *v, unsigned int id);
void vcpu_close(struct vcpu *v);
struct kvm_cpuid2 *cpuid_supported(int kvm);
const struct kvm_cpuid_entry2 *cpuid_find(const struct kvm_cpuid2 *c,
					  uint32_t fn, uint32_t index);
bool cpu_is_amd(void);
/* QEMU's TCG, Bochs (Intel, no monitor trap flag): tests step around their defects. */
bool cpu_is_tcg(void), cpu_is_bochs(void), cpu_keeps_nmi_mask(void);
/* Nested paging is on: npt or ept of the vendor's module.  EPT has A and D bits. */
bool kvm_tdp(void), kvm_eptad(void);
/* RFLAGS of a guest whose IRET unmasks NMIs: with vnmi=0 of kvm_intel IF does. */
uint64_t nmi_flags(void);

/*
 * Brings the vCPU into a mode: GDT, flat segments, page tables that map the
 * first 1 GiB (32-bit) or 4 GiB one to one for everybody, a stack, RIP.
 */
void vcpu_mode(struct vcpu *v, enum mode mode, uint64_t rip);
/* From GPA_CODE again, with a fresh stack and these flags. */
void vcpu_restart(struct vcpu *v, uint64_t flags);
/* vm_load() at GPA_CODE, then vcpu_mode(). */
#define vcpu_code(v, mode, name)					\
	(vm_load((v)->vm, GPA_CODE, name, name##_end),			\
	 vcpu_mode(v, mode, GPA_CODE))

struct kvm_regs vcpu_regs(struct vcpu *v);
void vcpu_set_regs(struct vcpu *v, const struct kvm_regs *regs);
struct kvm_sregs vcpu_sregs(struct vcpu *v);
void vcpu_set_sregs(struct vcpu *v, const struct kvm_sregs *sregs);
bool vcpu_has(struct vcpu *v, uint32_t fn, int reg, int bit);

void pt_init(struct pt *pt, struct vm *vm, enum mode mode);
/* Level 1 maps 4 KiB, 2 maps 2 MiB (4 MiB in 2-level tables), 3 maps 1 GiB. */
void pt_map(struct pt *pt, uint64_t va, uint64_t pa, int level,
	    uint64_t flags);
/* The entry of that level as it is now; fails if there is no table. */
uint64_t pt_get(struct pt *pt, uint64_t va, int level);

/* ---- running ---- */
/* KVM_RUN once: the exit reason; an error fails the case. */
uint32_t vcpu_run(struct vcpu *v);
void vcpu_expect(struct vcpu *v, uint32_t reason);
/* Until an exit that must be an OUT to this port. */
void vcpu_until(struct vcpu *v, uint16_t port);
const char *vcpu_describe(struct vcpu *v);
void *vcpu_pio_data(struct vcpu *v);

/* ---- exceptions inside the guest ---- */
struct exc {
	uint64_t cr2, vector, error, rip, cs, flags, rsp, ss;
};

/*
 * Loads an IDT (and TSS; #DF has a stack of its own in long mode) whose handlers report to
 * PORT_EXC and return.  Call after vcpu_mode().  Gates may be reached by INT from CPL 3.
 */
void exc_setup(struct vcpu *v);
/* Behind "sti; nop", or before the NOP on QEMU's TCG, whose VMRUN does not load the shadow. */
bool is_behind_nop(uint64_t rip, uint64_t behind);
/* Runs until a handler reports, and reads what it found on its stack. */
struct exc exc_next(struct vcpu *v);
/* ... of this exception, at GPA_CODE + offset. */
struct exc exc_expect(struct vcpu *v, unsigned int vector, uint64_t offset);

#endif
