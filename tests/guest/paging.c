// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's user program that works its page tables: pages appear, move, lose
 * rights, are shared, copied on write, and go, while their contents are checked. A
 * TLB or a shadow of the tables that keeps an entry too long shows old contents or
 * allows what is forbidden.
 *
 * Built for 64 and for 32 bits, without a library, for there is no 32-bit one here.
 * Prints "guest: paging: N checks, M failed", and what only the mode of paging
 * decides: whether data is executable, and whether addresses go beyond 47 bits.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <asm/unistd.h>
#include <linux/mman.h>
#include <linux/personality.h>

#define PAGE	4096UL
#define ROUNDS	8
#define SIGSEGV	11

#ifdef __i386__
#define NR_MMAP	__NR_mmap2
asm(".globl _start\n"
    "_start: xor %ebp, %ebp\n"
    "	and $-16, %esp\n"
    "	call work\n"
    "	ud2\n"
    "call_do: push %ebx; push %esi; push %edi; push %ebp\n"
    "	mov 20(%esp), %eax\n"
    "	mov 24(%esp), %ebp\n"
    "	mov (%ebp), %ebx\n"
    "	mov 4(%ebp), %ecx\n"
    "	mov 8(%ebp), %edx\n"
    "	mov 12(%ebp), %esi\n"
    "	mov 16(%ebp), %edi\n"
    "	mov 20(%ebp), %ebp\n"
    "	int $0x80\n"
    "	pop %ebp; pop %edi; pop %esi; pop %ebx\n"
    "	ret\n");
#else
#define NR_MMAP	__NR_mmap
asm(".globl _start\n"
    "_start: xor %ebp, %ebp\n"
    "	and $-16, %rsp\n"
    "	call work\n"
    "	ud2\n"
    "call_do: mov %rdi, %rax\n"
    "	mov %rsi, %r11\n"
    "	mov (%r11), %rdi\n"
    "	mov 8(%r11), %rsi\n"
    "	mov 16(%r11), %rdx\n"
    "	mov 24(%r11), %r10\n"
    "	mov 32(%r11), %r8\n"
    "	mov 40(%r11), %r9\n"
    "	syscall\n"
    "	ret\n");
#endif

/* A system call: its number and the six arguments. */
long call_do(long nr, const long *args);
#define call(nr, ...)	call_do(nr, (const long[6]){ __VA_ARGS__ })

static unsigned int checks, failures;

static void say(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	call(__NR_write, 1, (long)text, (long)length);
}

static void say_number(unsigned int number)
{
	char digits[12];
	char *digit = digits + sizeof(digits) - 1;

	*digit = 0;
	do {
		*--digit = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	say(digit);
}

static void expect(bool right, const char *what)
{
	checks++;
	if (right)
		return;
	failures++;
	say("guest: paging: wrong: ");
	say(what);
	say("\n");
}

/* Memory at @hint or, if that is NULL, anywhere. */
static uint8_t *map_at(void *hint, size_t size, long flags)
{
	long at = call(NR_MMAP, (long)hint, (long)size, PROT_READ | PROT_WRITE,
		       flags | MAP_ANONYMOUS, -1, 0);

	if (at < 0 && at > -4096) {
		say("guest: paging: no memory\n");
		call(__NR_exit_group, 2);
	}
	return (uint8_t *)at;
}

static uint8_t *map(size_t size, long flags)
{
	return map_at(NULL, size, flags);
}

static void unmap(void *at, size_t size)
{
	call(__NR_munmap, (long)at, (long)size);
}

static void protect(void *at, size_t size, long rights)
{
	expect(!call(__NR_mprotect, (long)at, (long)size, rights), "mprotect");
}

static uint32_t word(size_t page, uint32_t salt)
{
	return (uint32_t)(page * 2654435761u) ^ salt;
}

/* A word near the start and one at the end of each page. */
static void fill(uint8_t *at, size_t size, uint32_t salt)
{
	for (size_t i = 0; i < size; i += PAGE) {
		*(volatile uint32_t *)(at + i + 16) = word(i, salt);
		*(volatile uint32_t *)(at + i + PAGE - 4) = word(i, ~salt);
	}
}

static bool filled(const uint8_t *at, size_t size, uint32_t salt)
{
	for (size_t i = 0; i < size; i += PAGE) {
		if (*(volatile uint32_t *)(at + i + 16) != word(i, salt))
			return false;
		if (*(volatile uint32_t *)(at + i + PAGE - 4) != word(i, ~salt))
			return false;
	}
	return true;
}

static bool zero(const uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE) {
		if (*(volatile uint32_t *)(at + i + 16))
			return false;
	}
	return true;
}

static long fork_now(void)
{
#ifdef __i386__
	return call(__NR_fork);
#else
	return call(__NR_fork, 0);
#endif
}

/* The wait status of child @pid: the signal that killed it, or its exit code << 8. */
static int wait_for(long pid)
{
	int status = -1;

	call(__NR_wait4, pid, (long)&status, 0, 0);
	return status & 0xff7f;
}

enum deed { READ, WRITE, EXECUTE };

/* The same access by a child: true if it lived. */
static bool allowed(uint8_t *at, enum deed deed)
{
	long pid = fork_now();
	int status;

	if (pid == 0) {
		if (deed == READ)
			(void)*(volatile uint8_t *)at;
		else if (deed == WRITE)
			*(volatile uint8_t *)at = 0x5a;
		else
			((void (*)(void))at)();
		call(__NR_exit_group, 3);
	}
	status = wait_for(pid);
	expect(status == 3 << 8 || status == SIGSEGV, "a child's end");
	return status == 3 << 8;
}

/* The same by the kernel on our behalf: true if it could write. */
static bool kernel_writes(uint8_t *at)
{
	return call(__NR_uname, (long)at) == 0;
}

/* Much memory through few addresses: nothing of the round before may be seen. */
static void test_reuse(void)
{
	const size_t size = 64 * PAGE;
	uint8_t *at = map(size, MAP_PRIVATE);

	for (uint32_t round = 0; round < 50 * ROUNDS; round++) {
		expect(zero(at, size), "new memory is zero");
		fill(at, size, round);
		expect(filled(at, size, round), "contents after writing");
		if (round & 1) {
			unmap(at, size);
			expect(map_at(at, size, MAP_PRIVATE | MAP_FIXED) == at, "fixed");
		} else {
			call(__NR_madvise, (long)at, (long)size, MADV_DONTNEED);
		}
	}
	unmap(at, size);
}

/* Pages that move, over several page tables, and the place that they leave. */
static void test_move(void)
{
	const size_t size = 6 << 20;
	uint8_t *here = map(size, MAP_PRIVATE);
	uint8_t *there = map(size, MAP_PRIVATE);

	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint8_t *old = here;

		fill(here, size, round);
		expect(call(__NR_mremap, (long)here, (long)size, (long)size,
			    MREMAP_MAYMOVE | MREMAP_FIXED, (long)there) == (long)there,
		       "mremap");
		expect(filled(there, size, round), "contents after the move");
		here = there;
		there = map_at(old, size, MAP_PRIVATE | MAP_FIXED);
		expect(zero(there, size), "zero where they came from");
	}
	unmap(here, size);
	unmap(there, size);
}

/* Rights taken and given: for us, for a child, and for the kernel's own accesses. */
static void test_rights(void)
{
	uint8_t *at = map(PAGE, MAP_SHARED);

	for (uint32_t round = 0; round < ROUNDS; round++) {
		fill(at, PAGE, round);
		protect(at, PAGE, PROT_READ);
		expect(allowed(at, READ), "reading read-only");
		expect(!allowed(at, WRITE), "writing read-only");
		expect(!kernel_writes(at), "the kernel writing read-only");
		expect(filled(at, PAGE, round), "contents after that");
		protect(at, PAGE, PROT_NONE);
		expect(!allowed(at, READ), "reading the unreadable");
		expect(!kernel_writes(at), "the kernel writing the unreadable");
		protect(at, PAGE, PROT_READ | PROT_WRITE);
		expect(filled(at, PAGE, round), "contents are still there");
		expect(allowed(at, WRITE) && at[0] == 0x5a, "writing again");
		expect(kernel_writes(at) && at[0] == 'L', "the kernel writing again");
		unmap(at, PAGE);
		expect(!allowed(at, READ), "reading what is gone");
		expect(map_at(at, PAGE, MAP_SHARED | MAP_FIXED) == at, "fixed");
	}
	unmap(at, PAGE);
}

/* One child of several: sees what the parent had, then writes its own. */
static void copy_child(uint8_t *own, size_t size, uint8_t *shared, uint32_t before,
		       uint32_t salt)
{
	bool right = filled(own, size, before);

	fill(own, size, ~before ^ salt << 8);
	fill(shared, PAGE, before ^ salt);
	call(__NR_sched_yield);
	right &= filled(own, size, ~before ^ salt << 8);
	call(__NR_exit_group, right ? 3 : 4);
}

/* Children that write what they share by copy on write, at the same time. */
static void test_copy(void)
{
	const size_t size = 1 << 20;
	uint8_t *own = map(size, MAP_PRIVATE);
	uint8_t *shared = map(4 * PAGE, MAP_SHARED);

	for (uint32_t round = 0; round < ROUNDS; round++) {
		long pids[4];

		fill(own, size, round);
		for (uint32_t i = 0; i < 4; i++) {
			pids[i] = fork_now();
			if (!pids[i])
				copy_child(own, size, shared + i * PAGE, round, i);
		}
		fill(own, size / 2, round + 1);
		for (uint32_t i = 0; i < 4; i++) {
			expect(wait_for(pids[i]) == 3 << 8, "a child's own copy");
			expect(filled(shared + i * PAGE, PAGE, round ^ i), "a shared page");
		}
		expect(filled(own, size / 2, round + 1), "the parent's copy");
		expect(word(size / 2, round) ==
		       *(volatile uint32_t *)(own + size / 2 + 16), "what nobody wrote");
	}
	unmap(own, size);
	unmap(shared, 4 * PAGE);
}

/* What only the mode of paging decides. */
static void test_mode(void)
{
	uint8_t *at;

	/* A 32-bit kernel lets a busybox that wants executable data hand that on. */
	call(__NR_personality, PER_LINUX);
	at = map(PAGE, MAP_PRIVATE);
	at[0] = 0xc3; /* RET */
	say(allowed(at, EXECUTE) ? "guest: paging: data is executable\n" :
	    "guest: paging: data is not executable\n");
	protect(at, PAGE, PROT_READ | PROT_EXEC);
	expect(allowed(at, EXECUTE), "code is executable");
	unmap(at, PAGE);
#ifndef __i386__
	at = map_at((void *)(1UL << 54), 64 * PAGE, MAP_PRIVATE);
	fill(at, 64 * PAGE, 0x57);
	expect(filled(at, 64 * PAGE, 0x57), "far away");
	say((unsigned long)at >> 47 ? "guest: paging: addresses of 57 bits\n" :
	    "guest: paging: addresses of 48 bits\n");
#endif
}

/* Entered from _start. */
__attribute__((used)) void work(void)
{
	test_mode();
	test_reuse();
	test_move();
	test_rights();
	test_copy();
	say("guest: paging: ");
	say_number(checks);
	say(" checks, ");
	say_number(failures);
	say(" failed\n");
	call(__NR_exit_group, failures > 0);
}
