// SPDX-License-Identifier: GPL-2.0-only
/* Harness, virtual machines and running; CPU modes are in mode.c. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <time.h>
#include <cpuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "lib.h"

enum { STATUS_FAIL = 1, STATUS_SKIP = 77 };

const char **test_row_shared;
static char *reason;		/* shared with the children */
#define REASON_SIZE 1024

static void reason_set(const char *where, const char *fmt, va_list ap)
{
	size_t n = 0;

	if (where)
		n = snprintf(reason, REASON_SIZE, "%s: ", where);
	if (test_row)
		n += snprintf(reason + n, REASON_SIZE - n, "[%s] ", test_row);
	vsnprintf(reason + n, REASON_SIZE - n, fmt, ap);
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char where[128];
	va_list ap;

	snprintf(where, sizeof(where), "%s:%d", base ? base + 1 : file, line);
	va_start(ap, fmt);
	reason_set(where, fmt, ap);
	va_end(ap);
	_exit(STATUS_FAIL);
}

void test_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	reason_set(NULL, fmt, ap);
	va_end(ap);
	_exit(STATUS_SKIP);
}

static bool selected(int argc, char **argv, const char *name)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

/* The wait status of the child, or -1 after killing it at the limit. */
static int case_wait(pid_t pid, unsigned int seconds)
{
	struct timespec nap = { 0, 2000000 };
	time_t end = time(NULL) + seconds;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (time(NULL) > end) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		nanosleep(&nap, NULL);
	}
	/* What a case forked and left behind goes with it. */
	kill(-pid, SIGKILL);
	return status;
}

unsigned int test_patience(void)
{
	const char *times = getenv("TEST_PATIENCE");

	return times ? atoi(times) : 1;
}

static int case_run(const struct test_case *c)
{
	unsigned int seconds = (c->seconds ? c->seconds : 60) * test_patience();
	int status;
	pid_t pid;

	reason[0] = 0;
	test_row = NULL;
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		c->run();
		fflush(NULL);
		_exit(0);
	}
	setpgid(pid, pid);
	status = pid < 0 ? -1 : case_wait(pid, seconds);
	if (status == -1)
		snprintf(reason, REASON_SIZE, "[%s] not over after %u s",
			 test_row ? test_row : c->name, seconds);
	else if (WIFSIGNALED(status))
		snprintf(reason, REASON_SIZE, "killed by %s",
			 strsignal(WTERMSIG(status)));
	else
		return WEXITSTATUS(status);
	return STATUS_FAIL;
}

int test_main(int argc, char **argv, const struct test_case *cases)
{
	int passed = 0, failed = 0, skipped = 0;
	const struct test_case *c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	reason = mmap(NULL, 2 * REASON_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (reason == MAP_FAILED)
		return 1;
	test_row_shared = (const char **)(reason + REASON_SIZE);
	for (c = cases; c->name; c++) {
		if (!selected(argc, argv, c->name))
			continue;
		switch (case_run(c)) {
		case 0:
			passed++;
			printf("ok %s\n", c->name);
			break;
		case STATUS_SKIP:
			skipped++;
			printf("skip %s: %s\n", c->name, reason);
			break;
		default:
			failed++;
			printf("not ok %s: %s\n", c->name, reason);
		}
	}
	if (passed + failed + skipped == 0)
		failed = printf("not ok: no such case\n") > 0;
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed != 0;
}

int kvm_open(void)
{
	return OK(open("/dev/kvm", O_RDWR | O_CLOEXEC));
}

int vm_cap(struct vm *vm, long cap)
{
	return OK(ioctl(vm->fd, KVM_CHECK_EXTENSION, cap));
}

int vm_slot(struct vm *vm, uint64_t slot_flags, uint64_t gpa, void *hva,
	    uint64_t size)
{
	struct kvm_userspace_memory_region r = {
		.slot = (uint32_t)slot_flags,
		.flags = (uint32_t)(slot_flags >> 32),
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r);
}

uint8_t *mem_new(size_t size, int advice)
{
	size_t align = 2ul << 20;
	uint8_t *p = mmap(NULL, size + align, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		FAIL("mmap: %s", strerrorname_np(errno));
	p = (uint8_t *)(((uintptr_t)p + align - 1) & ~(align - 1));
	if (advice)
		madvise(p, size, advice);
	return p;
}

void vm_new(struct vm *vm, size_t size)
{
	memset(vm, 0, sizeof(*vm));
	vm->kvm = kvm_open();
	vm->fd = OK(ioctl(vm->kvm, KVM_CREATE_VM, 0ul));
	vm->next = GPA_TABLES;
	if (size == (size_t)-1)
		return;
	vm->size = size ? size : RAM_SIZE;
	vm->mem = mem_new(vm->size, 0);
	OK(vm_slot(vm, 0, 0, vm->mem, vm->size));
}

void vm_close(struct vm *vm)
{
	close(vm->fd);
	close(vm->kvm);
	if (vm->mem)
		munmap(vm->mem, vm->size);
}

void vm_load(struct vm *vm, uint64_t gpa, const uint8_t *code,
	     const uint8_t *end)
{
	memcpy(vm->mem + gpa, code, end - code);
}

uint64_t vm_page(struct vm *vm)
{
	uint64_t gpa = vm->next;

	CHECK(gpa + 4096 <= vm->size);
	vm->next += 4096;
	memset(vm->mem + gpa, 0, 4096);
	return gpa;
}

uint64_t *vm_u64(struct vm *vm, uint64_t gpa)
{
	CHECK(gpa + 8 <= vm->size);
	return (uint64_t *)(vm->mem + gpa);
}

struct kvm_cpuid2 *cpuid_supported(int kvm)
{
	unsigned int n = 256;
	struct kvm_cpuid2 *c;

	c = calloc(1, sizeof(*c) + n * sizeof(c->entries[0]));
	CHECK(c);
	c->nent = n;
	OK(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, c));
	return c;
}

const struct kvm_cpuid_entry2 *cpuid_find(const struct kvm_cpuid2 *c,
					  uint32_t fn, uint32_t index)
{
	unsigned int i;

	for (i = 0; i < c->nent; i++)
		if (c->entries[i].function == fn &&
		    (!(c->entries[i].flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) ||
		     c->entries[i].index == index))
			return &c->entries[i];
	return NULL;
}

bool cpu_is_amd(void)
{
	unsigned int a, b = 0, c, d;

	__get_cpuid(0, &a, &b, &c, &d);
	return b == 0x68747541;		/* "Auth" */
}

bool is_behind_nop(uint64_t rip, uint64_t behind)
{
	return rip == behind || (cpu_is_tcg() && rip == behind - 1);
}

bool cpu_is_tcg(void)
{
	unsigned int a, name[3] = { 0 };

	__cpuid(0x40000000, a, name[0], name[1], name[2]);
	return !memcmp(name, "TCGTCGTCGTCG", 12);
}

bool cpu_is_bochs(void)
{
	return !cpu_is_amd() && system("grep -q '^vmx flags.* mtf' /proc/cpuinfo");
}

/* A module's parameter; what is not there is on. */
static bool param_is_on(const char *path)
{
	FILE *f = fopen(path, "r");
	int on = f ? fgetc(f) : 'Y';

	if (f)
		fclose(f);
	return on == 'Y' || on == '1';
}

bool kvm_tdp(void)
{
	return param_is_on(cpu_is_amd() ? "/sys/module/kvm_amd/parameters/npt" :
			   "/sys/module/kvm_intel/parameters/ept");
}

bool kvm_eptad(void)
{
	return param_is_on("/sys/module/kvm_intel/parameters/eptad");
}

uint64_t nmi_flags(void)
{
	return param_is_on("/sys/module/kvm_intel/parameters/vnmi") ? 0 : 0x200;
}

/* No entry ends the blocking of virtual NMIs that some guest has left (caveats.md). */
bool cpu_keeps_nmi_mask(void)
{
	return cpu_is_bochs() && !nmi_flags();
}

void vcpu_raw(struct vm *vm, struct vcpu *v, unsigned int id)
{
	memset(v, 0, sizeof(*v));
	v->vm = vm;
	v->fd = OK(ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)id));
	v->run_size = OK(ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0ul));
	v->run = mmap(NULL, v->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->fd, 0);
	if (v->run == MAP_FAILED)
		FAIL("mmap of kvm_run: %s", strerrorname_np(errno));
}

void vcpu_new(struct vm *vm, struct vcpu *v, unsigned int id)
{
	struct kvm_cpuid2 *c = cpuid_supported(vm->kvm);

	vcpu_raw(vm, v, id);
	OK(ioctl(v->fd, KVM_SET_CPUID2, c));
	free(c);
}

void vcpu_close(struct vcpu *v)
{
	munmap(v->run, v->run_size);
	close(v->fd);
}

struct kvm_regs vcpu_regs(struct vcpu *v)
{
	struct kvm_regs r;

	OK(ioctl(v->fd, KVM_GET_REGS, &r));
	return r;
}

void vcpu_set_regs(struct vcpu *v, const struct kvm_regs *r)
{
	OK(ioctl(v->fd, KVM_SET_REGS, r));
}

void vcpu_restart(struct vcpu *v, uint64_t flags)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK,
			      .rflags = flags | 2 };

	vcpu_set_regs(v, &r);
}

struct kvm_sregs vcpu_sregs(struct vcpu *v)
{
	struct kvm_sregs s;

	OK(ioctl(v->fd, KVM_GET_SREGS, &s));
	return s;
}

void vcpu_set_sregs(struct vcpu *v, const struct kvm_sregs *s)
{
	OK(ioctl(v->fd, KVM_SET_SREGS, s));
}

bool vcpu_has(struct vcpu *v, uint32_t fn, int reg, int bit)
{
	struct kvm_cpuid2 *c = cpuid_supported(v->vm->kvm);
	const struct kvm_cpuid_entry2 *e = cpuid_find(c, fn, 0);
	bool has = e && ((&e->eax)[reg] >> bit & 1);

	free(c);
	return has;
}

const char *vcpu_describe(struct vcpu *v)
{
	static char s[256];
	struct kvm_run *r = v->run;
	struct kvm_regs regs = vcpu_regs(v);
	int n = snprintf(s, sizeof(s), "exit %u at rip %#llx", r->exit_reason,
			 regs.rip);

	if (r->exit_reason == KVM_EXIT_IO)
		snprintf(s + n, sizeof(s) - n, " (port %#x %s, %u x %u)",
			 r->io.port, r->io.direction ? "out" : "in",
			 r->io.count, r->io.size);
	else if (r->exit_reason == KVM_EXIT_MMIO)
		snprintf(s + n, sizeof(s) - n, " (mmio %#llx %s, %u)",
			 r->mmio.phys_addr, r->mmio.is_write ? "write" : "read",
			 r->mmio.len);
	else if (r->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		snprintf(s + n, sizeof(s) - n, " (suberror %u)",
			 r->internal.suberror);
	else if (r->exit_reason == KVM_EXIT_FAIL_ENTRY)
		snprintf(s + n, sizeof(s) - n, " (hardware reason %#llx)",
			 r->fail_entry.hardware_entry_failure_reason);
	return s;
}

uint32_t vcpu_run(struct vcpu *v)
{
	OK(ioctl(v->fd, KVM_RUN, 0ul));
	return v->run->exit_reason;
}

void vcpu_expect(struct vcpu *v, uint32_t want)
{
	if (vcpu_run(v) != want)
		FAIL("expected exit %u, got %s", want, vcpu_describe(v));
}

void vcpu_until(struct vcpu *v, uint16_t port)
{
	if (vcpu_run(v) != KVM_EXIT_IO || v->run->io.port != port ||
	    v->run->io.direction != KVM_EXIT_IO_OUT)
		FAIL("expected out to port %#x, got %s", port,
		     vcpu_describe(v));
}

void *vcpu_pio_data(struct vcpu *v)
{
	return (uint8_t *)v->run + v->run->io.data_offset;
}
