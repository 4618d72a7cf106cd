// SPDX-License-Identifier: GPL-2.0-only
/* What userspace does to the memory behind the slots, and to the machine. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "tests/fuzz/kvm.h"

static int uffd = -1;
static pthread_mutex_t hotplug_lock = PTHREAD_MUTEX_INITIALIZER;

void file_write(const char *path, const char *words)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, words, strlen(words)) < 0)
		errno = 0;	/* nobody's business */
	close(fd);
}

/* A piece of slot 0 or of the arena, of a few pages, or of large ones. */
static uint8_t *piece(size_t *size)
{
	bool large = !below(4);
	size_t unit = large ? 2ul << 20 : 4096, total;
	uint8_t *base = below(3) ? vm.mem : world.arena;

	total = base == vm.mem ? vm.size : ARENA;
	*size = unit * (1 + below(large ? 2 : 16));
	/* Half of the time where the guest's code and tables are. */
	if (!large && base == vm.mem && below(2))
		return base + below(0x110) * 4096;
	return base + below((total - *size) / unit + 1) * unit;
}

/* ---- faults that userspace answers ---- */

static void *fault_answer(void *arg)
{
	static uint8_t page[4096] __attribute__((aligned(4096)));
	struct uffd_msg m;

	while (read(uffd, &m, sizeof(m)) == sizeof(m)) {
		struct uffdio_copy copy = {
			.dst = m.arg.pagefault.address & ~4095ull,
			.src = (uintptr_t)page, .len = 4096,
		};
		struct uffdio_zeropage zero = { .range = { copy.dst, 4096 } };

		if (m.event != UFFD_EVENT_PAGEFAULT)
			continue;
		if (m.arg.pagefault.address & 0x1000)
			usleep(300);
		if (m.arg.pagefault.address & 0x2000)
			ioctl(uffd, UFFDIO_COPY, &copy);
		else
			ioctl(uffd, UFFDIO_ZEROPAGE, &zero);
	}
	return NULL;
}

static void userfault_make(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)vm.mem + (4ul << 20), vm.size - (4ul << 20) },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	pthread_t t;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &reg))
		return;
	pthread_create(&t, NULL, fault_answer, NULL);
}

void memory_make(enum memory kind)
{
	int fd;

	switch (kind) {
	case MEM_HUGE:
		madvise(vm.mem, vm.size, MADV_HUGEPAGE);
		break;
	case MEM_SHARED:
		fd = memfd_create("guest", 0);
		if (fd < 0 || ftruncate(fd, vm.size) ||
		    mmap(vm.mem, vm.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 fd, 0) == MAP_FAILED)
			_exit(1);
		break;
	case MEM_USERFAULT:
		userfault_make();
		break;
	default:
		break;
	}
}

/* ---- calls ---- */

void op_madvise(const struct call *c)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_HUGEPAGE,
		MADV_NOHUGEPAGE, MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_COLD,
		MADV_PAGEOUT, MADV_WILLNEED, MADV_DONTFORK, MADV_DOFORK,
		MADV_POPULATE_READ, MADV_POPULATE_WRITE, 25 /* MADV_COLLAPSE */,
	};
	size_t size;
	uint8_t *p = piece(&size);

	madvise(p, size, advices[c->arg % (sizeof(advices) / sizeof(advices[0]))]);
	if (!below(8))
		file_write("/sys/kernel/mm/ksm/run", below(2) ? "1" : "2");
}

static void remap(uint8_t *p, size_t size)
{
	uint8_t *q = mremap(p, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
			    world.arena + below((ARENA - size) / 4096 + 1) * 4096);

	/* Something must be there, or the next mapping of anybody is. */
	if (q != MAP_FAILED)
		mmap(p, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
		     MAP_FIXED_NOREPLACE, -1, 0);
}

void op_map(const struct call *c)
{
	size_t size;
	uint8_t *p = piece(&size);

	switch (c->arg % 5) {
	case 0:
		mprotect(p, size, below(4));
		break;
	case 1:
		munmap(p, size);
		break;
	case 2:
		remap(p, size);
		break;
	case 3:
		mprotect(p, size, PROT_READ | PROT_WRITE);
		break;
	default:
		mmap(p, size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_ANONYMOUS |
		     (below(2) ? MAP_PRIVATE : MAP_SHARED), -1, 0);
	}
}

/* Copy on write, and a process to which the descriptors do not belong. */
void op_fork(const struct call *c)
{
	struct kvm_regs r;
	unsigned int i;
	pid_t pid = fork();

	if (pid < 0)
		return;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (i = 0; i < 8; i++)
			vm.mem[below(0x110) * 4096] = i;
		if (ioctl(world.cpu[0].fd, KVM_GET_REGS, &r) != -1 || errno != EIO)
			finding("a child may use its parent's vCPU");
		usleep(below(4) * 1000);
		_exit(0);
	}
	if (below(2))
		waitpid(pid, NULL, 0);
}

/* What another processor or a device would write: data, and tables in use. */
void op_write(const struct call *c)
{
	uint64_t at = below(2) ? GPA_TABLES + below(16) * 4096 : rnd_address();
	unsigned int i;

	at &= ~7ull;
	if (at + 64 > vm.size)
		return;
	for (i = 0; i < 1 + c->arg % 8u; i++)
		__atomic_store_n(vm_u64(&vm, at + i * 8), odd_number(), __ATOMIC_RELAXED);
}

void op_hotplug(const struct call *c)
{
	const char *path = "/sys/devices/system/cpu/cpu1/online";

	pthread_mutex_lock(&hotplug_lock);
	file_write(path, "0");
	usleep(below(5) * 1000);
	file_write(path, "1");
	pthread_mutex_unlock(&hotplug_lock);
}

void op_signal(const struct call *c)
{
	sigset_t set;

	if (below(2)) {
		kill(getpid(), SIGUSR1);
		return;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(below(2) ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

/* Harvests a vCPU's dirty ring, honestly or not, and has it reset. */
void op_ring(const struct call *c)
{
	struct vcpu *cpu = call_cpu(c);
	struct kvm_dirty_gfn *g;
	unsigned int i, n = world.ring / sizeof(*g);

	if (!n)
		return;
	g = mmap(NULL, world.ring, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd,
		 KVM_DIRTY_LOG_PAGE_OFFSET * 4096);
	if (g == MAP_FAILED)
		return;
	if (below(2)) {
		vm_slot(&vm, SLOT_FLAGS(0, KVM_MEM_LOG_DIRTY_PAGES), 0, vm.mem, vm.size);
		cpu_run(cpu);
	}
	for (i = 0; i < n; i++) {
		if (__atomic_load_n(&g[i].flags, __ATOMIC_ACQUIRE) != 1 && below(64))
			continue;
		if (!below(16))
			spoil(&g[i], sizeof(g[i]));
		__atomic_store_n(&g[i].flags, 2, __ATOMIC_RELEASE);
	}
	munmap(g, world.ring);
	ioctl(vm.fd, KVM_RESET_DIRTY_RINGS, 0ul);
}
