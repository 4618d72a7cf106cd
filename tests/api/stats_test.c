// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET_STATS_FD by the rules of api.rst 4.133, with the descriptors that stock KVM
 * of Linux 6.1 has; debugfs kvm/; and the limits of vCPU ids (7.32), the halt poll
 * (7.20) and irqfds (4.75) without interrupt controllers, as stock answers.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include "lib.h"

#define NAME_MAX_BYTES	256

struct row {
	const char *name;
	uint32_t flags;
	int exponent;
	unsigned int size;
};

/* Read off stock 6.1.192. */
static const struct row vm_rows[] = {
	{ "remote_tlb_flush", 0x0, 0, 1 },
	{ "remote_tlb_flush_requests", 0x0, 0, 1 },
	{ "mmu_shadow_zapped", 0x0, 0, 1 },
	{ "mmu_pte_write", 0x0, 0, 1 },
	{ "mmu_pde_zapped", 0x0, 0, 1 },
	{ "mmu_flooded", 0x0, 0, 1 },
	{ "mmu_recycled", 0x0, 0, 1 },
	{ "mmu_cache_miss", 0x0, 0, 1 },
	{ "mmu_unsync", 0x1, 0, 1 },
	{ "pages_4k", 0x1, 0, 1 },
	{ "pages_2m", 0x1, 0, 1 },
	{ "pages_1g", 0x1, 0, 1 },
	{ "nx_lpage_splits", 0x1, 0, 1 },
	{ "max_mmu_rmap_size", 0x2, 0, 1 },
	{ "max_mmu_page_hash_collisions", 0x2, 0, 1 },
};

static const struct row vcpu_rows[] = {
	{ "halt_successful_poll", 0x0, 0, 1 },
	{ "halt_attempted_poll", 0x0, 0, 1 },
	{ "halt_poll_invalid", 0x0, 0, 1 },
	{ "halt_wakeup", 0x0, 0, 1 },
	{ "halt_poll_success_ns", 0x20, -9, 1 },
	{ "halt_poll_fail_ns", 0x20, -9, 1 },
	{ "halt_wait_ns", 0x20, -9, 1 },
	{ "halt_poll_success_hist", 0x24, -9, 32 },
	{ "halt_poll_fail_hist", 0x24, -9, 32 },
	{ "halt_wait_hist", 0x24, -9, 32 },
	{ "blocking", 0x41, 0, 1 },
	{ "pf_taken", 0x0, 0, 1 },
	{ "pf_fixed", 0x0, 0, 1 },
	{ "pf_emulate", 0x0, 0, 1 },
	{ "pf_spurious", 0x0, 0, 1 },
	{ "pf_fast", 0x0, 0, 1 },
	{ "pf_mmio_spte_created", 0x0, 0, 1 },
	{ "pf_guest", 0x0, 0, 1 },
	{ "tlb_flush", 0x0, 0, 1 },
	{ "invlpg", 0x0, 0, 1 },
	{ "exits", 0x0, 0, 1 },
	{ "io_exits", 0x0, 0, 1 },
	{ "mmio_exits", 0x0, 0, 1 },
	{ "signal_exits", 0x0, 0, 1 },
	{ "irq_window_exits", 0x0, 0, 1 },
	{ "nmi_window_exits", 0x0, 0, 1 },
	{ "l1d_flush", 0x0, 0, 1 },
	{ "halt_exits", 0x0, 0, 1 },
	{ "request_irq_exits", 0x0, 0, 1 },
	{ "irq_exits", 0x0, 0, 1 },
	{ "host_state_reload", 0x0, 0, 1 },
	{ "fpu_reload", 0x0, 0, 1 },
	{ "insn_emulation", 0x0, 0, 1 },
	{ "insn_emulation_fail", 0x0, 0, 1 },
	{ "hypercalls", 0x0, 0, 1 },
	{ "irq_injections", 0x0, 0, 1 },
	{ "nmi_injections", 0x0, 0, 1 },
	{ "req_event", 0x0, 0, 1 },
	{ "nested_run", 0x0, 0, 1 },
	{ "directed_yield_attempted", 0x0, 0, 1 },
	{ "directed_yield_successful", 0x0, 0, 1 },
	{ "preemption_reported", 0x0, 0, 1 },
	{ "preemption_other", 0x0, 0, 1 },
	{ "guest_mode", 0x41, 0, 1 },
	{ "notify_window_exits", 0x0, 0, 1 },
};

struct stats {
	int fd;
	struct kvm_stats_header head;
	char id[NAME_MAX_BYTES];
	uint8_t *descs;
	size_t desc_size, end;
};

static void all_of(int fd, void *to, size_t size, uint64_t at)
{
	CHECK_EQ(pread(fd, to, size, at), size);
}

static struct kvm_stats_desc *desc_get(struct stats *s, unsigned int i)
{
	return (void *)(s->descs + i * s->desc_size);
}

static void stats_open(struct stats *s, int owner)
{
	memset(s, 0, sizeof(*s));
	s->fd = OK(ioctl(owner, KVM_GET_STATS_FD, 0));
	all_of(s->fd, &s->head, sizeof(s->head), 0);
	CHECK(s->head.name_size <= NAME_MAX_BYTES);
	all_of(s->fd, s->id, s->head.name_size, s->head.id_offset);
	s->desc_size = sizeof(struct kvm_stats_desc) + s->head.name_size;
	s->descs = calloc(s->head.num_desc, s->desc_size);
	all_of(s->fd, s->descs, s->head.num_desc * s->desc_size, s->head.desc_offset);
	for (unsigned int i = 0; i < s->head.num_desc; i++) {
		struct kvm_stats_desc *d = desc_get(s, i);
		size_t end = d->offset + d->size * sizeof(uint64_t);

		s->end = end > s->end ? end : s->end;
	}
}

static void stats_close(struct stats *s)
{
	free(s->descs);
	close(s->fd);
}

static uint64_t value(struct stats *s, const char *name)
{
	for (unsigned int i = 0; i < s->head.num_desc; i++) {
		struct kvm_stats_desc *d = desc_get(s, i);
		uint64_t v;

		if (strcmp(d->name, name))
			continue;
		all_of(s->fd, &v, sizeof(v), s->head.data_offset + d->offset);
		return v;
	}
	FAIL("no statistic %s", name);
}

static bool overlap(uint64_t a, uint64_t an, uint64_t b, uint64_t bn)
{
	return a < b + bn && b < a + an;
}

/* Four blocks, aligned and apart; every value of every descriptor has a place. */
static void layout(struct stats *s)
{
	const struct kvm_stats_header *h = &s->head;
	uint64_t at[4] = { 0, h->id_offset, h->desc_offset, h->data_offset };
	uint64_t size[4] = { sizeof(*h), h->name_size, h->num_desc * s->desc_size, s->end };
	uint8_t used[8192] = { 0 };

	CHECK_EQ(h->flags, 0);
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(at[i] % 8, 0);
		for (int j = 0; j < i; j++)
			CHECK(!overlap(at[i], size[i], at[j], size[j]));
	}
	CHECK(memchr(s->id, 0, h->name_size));
	for (unsigned int i = 0; i < h->num_desc; i++) {
		struct kvm_stats_desc *d = desc_get(s, i);

		test_row = d->name;
		CHECK(memchr(d->name, 0, h->name_size));
		CHECK_EQ(d->offset % 8, 0);
		CHECK((d->flags & KVM_STATS_TYPE_MASK) <= KVM_STATS_TYPE_MAX);
		CHECK((d->flags & KVM_STATS_UNIT_MASK) <= KVM_STATS_UNIT_MAX);
		CHECK((d->flags & KVM_STATS_BASE_MASK) <= KVM_STATS_BASE_MAX);
		CHECK_EQ(d->flags >> 12, 0);
		if ((d->flags & KVM_STATS_TYPE_MASK) < KVM_STATS_TYPE_LINEAR_HIST)
			CHECK_EQ(d->size, 1);
		for (unsigned int k = 0; k < d->size; k++)
			CHECK_EQ(used[d->offset / 8 + k]++, 0);
	}
	test_row = NULL;
}

/* Then come those that stock does not have (mem_stat_test). */
static void same_rows(struct stats *s, const struct row *rows, size_t n)
{
	CHECK(s->head.num_desc >= n);
	for (size_t i = n; i < s->head.num_desc; i++)
		CHECK(!strncmp(desc_get(s, i)->name, "mem_", 4));
	for (size_t i = 0; i < n; i++) {
		struct kvm_stats_desc *d = desc_get(s, i);

		test_row = rows[i].name;
		CHECK(!strcmp(d->name, rows[i].name));
		CHECK_EQ(d->flags, rows[i].flags);
		CHECK_EQ(d->exponent, rows[i].exponent);
		CHECK_EQ(d->size, rows[i].size);
		CHECK_EQ(d->bucket_size, 0);
	}
	test_row = NULL;
}

static struct vm vm;
static struct vcpu v;

GUEST(64, g_touch, "movl $1, 0x10000\n cpuid\n" DONE);

static void machine(void)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_touch);
	vcpu_until(&v, PORT_DONE);
}

static void of_vm(void)
{
	struct stats s;

	machine();
	stats_open(&s, vm.fd);
	layout(&s);
	same_rows(&s, vm_rows, sizeof(vm_rows) / sizeof(vm_rows[0]));
	CHECK(!strncmp(s.id, "kvm-", 4));
	CHECK_EQ(atoi(s.id + 4), getpid());
	stats_close(&s);
}

static void of_vcpu(void)
{
	struct stats s;
	char id[64];
	struct vcpu w;

	machine();
	vcpu_raw(&vm, &w, 300);
	stats_open(&s, w.fd);
	layout(&s);
	same_rows(&s, vcpu_rows, sizeof(vcpu_rows) / sizeof(vcpu_rows[0]));
	snprintf(id, sizeof(id), "kvm-%d/vcpu-300", getpid());
	CHECK(!strcmp(s.id, id));
	stats_close(&s);
}

/* Any part can be read by itself, and nothing beyond the end. */
static void parts(void)
{
	static uint8_t whole[8192], part[8192];
	void *volatile nowhere = (void *)8;
	struct stats s;
	size_t size, n;

	machine();
	stats_open(&s, v.fd);
	size = s.head.data_offset + s.end;
	CHECK_EQ(pread(s.fd, whole, sizeof(whole), 0), size);
	for (size_t step = 1; step < 200; step += 13) {
		for (size_t at = 0; at < size; at += n) {
			n = pread(s.fd, part + at, step, at);
			CHECK_EQ(n, at + step > size ? size - at : step);
		}
		CHECK(!memcmp(whole, part, s.head.data_offset));
	}
	CHECK_EQ(pread(s.fd, part, 8, size), 0);
	CHECK_EQ(pread(s.fd, part, 8, size + 4096), 0);
	/* the position moves */
	for (size_t at = 0; at < size; at += n) {
		n = OK(read(s.fd, part + at, 1000));
		CHECK(n > 0);
	}
	CHECK_EQ(read(s.fd, part, 1000), 0);
	CHECK(!memcmp(whole, part, s.head.data_offset));
	ERR(pread(s.fd, nowhere, 100, 0), EFAULT);
	stats_close(&s);
}

/* Stock's position stays where it is, though api.rst says lseek. */
static void seeks(void)
{
	struct kvm_stats_header h;
	struct stats s;

	machine();
	stats_open(&s, vm.fd);
	if (lseek(s.fd, 24, SEEK_SET) != 24)
		test_skip("lseek() does not move");
	CHECK_EQ(lseek(s.fd, 0, SEEK_CUR), 24);
	CHECK_EQ(lseek(s.fd, 0, SEEK_END), s.head.data_offset + s.end);
	CHECK_EQ(lseek(s.fd, 0, SEEK_SET), 0);
	CHECK_EQ(read(s.fd, &h, sizeof(h)), sizeof(h));
	CHECK(!memcmp(&h, &s.head, sizeof(h)));
	stats_close(&s);
}

static void descriptor(void)
{
	struct stats s;
	char b[8] = { 0 };

	machine();
	stats_open(&s, vm.fd);
	CHECK_EQ(fcntl(s.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_EQ(fcntl(s.fd, F_GETFD), FD_CLOEXEC);
	ERR(write(s.fd, b, sizeof(b)), EBADF);
	ERR(pwrite(s.fd, b, sizeof(b), 8), ESPIPE);
	stats_close(&s);
}

/* It keeps what it shows. */
static void outlives(void)
{
	struct stats s, t;

	machine();
	stats_open(&s, vm.fd);
	stats_open(&t, v.fd);
	vcpu_close(&v);
	vm_close(&vm);
	layout(&s);
	value(&s, "pages_4k");
	value(&t, "exits");
	stats_close(&t);
	value(&s, "pages_1g");
	stats_close(&s);
}

static void counts_pages(void)
{
	struct stats s;

	machine();
	stats_open(&s, vm.fd);
	CHECK(value(&s, "pages_4k") + value(&s, "pages_2m") + value(&s, "pages_1g") > 0);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_BINARY_STATS_FD), 1);
	CHECK_EQ(ioctl(vm.kvm, KVM_CHECK_EXTENSION, KVM_CAP_BINARY_STATS_FD), 1);
	stats_close(&s);
}

GUEST(64, g_counts, "movl $1, 0x10000\n cpuid\n mov $1, %eax\n vmmcall\n"
      "movl $1, 0x20000000\n sti\n nop\n cli\n" DONE "iretq\n");

/* What a guest does once is counted once. */
static void counts_events(void)
{
	static const struct { const char *name; uint64_t low, high; } rows[] = {
		{ "exits", 5, ~0ull }, { "io_exits", 1, 1 }, { "mmio_exits", 1, 1 },
		{ "hypercalls", 1, 1 }, { "insn_emulation", 1, 3 },
		{ "insn_emulation_fail", 0, 0 }, { "pf_taken", 2, ~0ull },
		{ "pf_fixed", 1, ~0ull }, { "pf_emulate", 1, 3 },
		{ "irq_injections", 1, 1 }, { "nmi_injections", 0, 0 },
		{ "fpu_reload", 2, 3 }, { "host_state_reload", 2, ~0ull },
		{ "tlb_flush", 1, ~0ull }, { "request_irq_exits", 0, 0 },
		{ "halt_exits", 0, 0 }, { "signal_exits", 0, 0 },
	};
	struct kvm_interrupt irq = { .irq = 0x40 };
	struct stats s;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_counts);
	exc_setup(&v);
	/* A gate to IRET. */
	vm_u64(&vm, GPA_IDT + 0x40 * 16)[0] =
		(GPA_CODE + (g_counts_end - g_counts) - 2) | SEL_CODE64 << 16 |
		0x8e0000000000ull;
	OK(ioctl(v.fd, KVM_INTERRUPT, &irq));
	vcpu_expect(&v, KVM_EXIT_MMIO);
	vcpu_until(&v, PORT_DONE);
	stats_open(&s, v.fd);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t n = value(&s, rows[i].name);

		if (n < rows[i].low || n > rows[i].high)
			FAIL("%s: expected %lu to %lu, got %lu", rows[i].name,
			     rows[i].low, rows[i].high, n);
	}
	stats_close(&s);
}

static void no_descriptors_left(void)
{
	int first;

	machine();
	first = OK(dup(0));
	while (dup(0) >= 0)
		;
	ERR(ioctl(vm.fd, KVM_GET_STATS_FD, 0), EMFILE);
	ERR(ioctl(v.fd, KVM_GET_STATS_FD, 0), EMFILE);
	close(first);
	CHECK_EQ(OK(ioctl(vm.fd, KVM_GET_STATS_FD, 0)), first);
}

/* ------------------------------------------------------------------------ */

static unsigned long long debugfs_value(const char *name)
{
	unsigned long long n;
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s", name);
	f = fopen(path, "r");
	if (!f)
		FAIL("%s: %s", path, strerrorname_np(errno));
	CHECK_EQ(fscanf(f, "%llu", &n), 1);
	fclose(f);
	return n;
}

static void debugfs(void)
{
	unsigned long long before;
	struct stats s;

	if (access("/sys/kernel/debug/kvm", X_OK))
		test_skip("no debugfs");
	for (size_t i = 0; i < sizeof(vm_rows) / sizeof(vm_rows[0]); i++)
		debugfs_value(vm_rows[i].name);
	for (size_t i = 0; i < sizeof(vcpu_rows) / sizeof(vcpu_rows[0]); i++)
		debugfs_value(vcpu_rows[i].name);
	/* other VMs may just be going */
	before = debugfs_value("pages_4k");
	machine();
	stats_open(&s, vm.fd);
	CHECK(debugfs_value("pages_4k") >= value(&s, "pages_4k"));
	stats_close(&s);
	vcpu_close(&v);
	vm_close(&vm);
	CHECK(debugfs_value("pages_4k") <= before);
}

static bool debugfs_complete(const char *dir)
{
	char path[300];

	for (size_t k = 0; k < sizeof(vcpu_rows) / sizeof(vcpu_rows[0]); k++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s/%s", dir,
			 vcpu_rows[k].name);
		if (access(path, R_OK))
			return false;
	}
	return true;
}

/* A VM's own directory, which may take a moment, has what its vCPUs have together. */
static void debugfs_vm(void)
{
	char dir[100], path[200], all[200];
	unsigned long long sum;
	struct stats s, t;
	struct vcpu w;
	int i;

	if (access("/sys/kernel/debug/kvm", X_OK))
		test_skip("no debugfs");
	machine();
	vcpu_new(&vm, &w, 1);
	vcpu_code(&w, MODE_LONG, g_touch);
	vcpu_until(&w, PORT_DONE);
	snprintf(dir, sizeof(dir), "%d-%d", getpid(), vm.fd);
	/* Its files come one after another. */
	for (i = 0; i < 1000 && !debugfs_complete(dir); i++)
		usleep(10000);
	for (size_t k = 0; k < sizeof(vcpu_rows) / sizeof(vcpu_rows[0]); k++) {
		snprintf(all, sizeof(all), "%s/%s", dir, vcpu_rows[k].name);
		debugfs_value(all);
	}
	stats_open(&s, v.fd);
	stats_open(&t, w.fd);
	sum = value(&s, "exits") + value(&t, "exits");
	CHECK(sum > 2);
	snprintf(all, sizeof(all), "%s/exits", dir);
	CHECK_EQ(debugfs_value(all), sum);
	stats_close(&s);
	stats_open(&s, vm.fd);
	snprintf(all, sizeof(all), "%s/pages_4k", dir);
	CHECK_EQ(debugfs_value(all), value(&s, "pages_4k"));
	stats_close(&s);
	stats_close(&t);
	vcpu_close(&w);
	vcpu_close(&v);
	vm_close(&vm);
	ERR(access(path, F_OK), ENOENT);
}

/* ------------------------------------------------------------------------ */

/* Of Linux 6.8. */
#define CAP_USER_MEMORY2	231

static int vm_enable(int fd, uint32_t cap, uint64_t arg0, uint64_t arg1)
{
	struct kvm_enable_cap c = { .cap = cap, .args = { arg0, arg1 } };

	return ioctl(fd, KVM_ENABLE_CAP, &c);
}

static void max_vcpu_id(void)
{
	int kvm = kvm_open(), fd = OK(ioctl(kvm, KVM_CREATE_VM, 0));

	ERR(vm_enable(fd, KVM_CAP_MAX_VCPU_ID, 4097, 0), EINVAL);
	OK(vm_enable(fd, KVM_CAP_MAX_VCPU_ID, 0, 0));
	OK(vm_enable(fd, KVM_CAP_MAX_VCPU_ID, 10, 1));
	OK(vm_enable(fd, KVM_CAP_MAX_VCPU_ID, 10, 0));
	ERR(vm_enable(fd, KVM_CAP_MAX_VCPU_ID, 11, 0), EINVAL);
	ERR(vm_enable(fd, KVM_CAP_MAX_VCPU_ID, 0, 0), EINVAL);
	ERR(ioctl(fd, KVM_CREATE_VCPU, 10), EINVAL);
	OK(ioctl(fd, KVM_CREATE_VCPU, 9));
	CHECK_EQ(OK(ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPU_ID)), 4096);

	fd = OK(ioctl(kvm, KVM_CREATE_VM, 0));
	OK(ioctl(fd, KVM_CREATE_VCPU, 3));
	ERR(vm_enable(fd, KVM_CAP_MAX_VCPU_ID, 0, 0), EINVAL);
	ERR(vm_enable(fd, KVM_CAP_MAX_VCPU_ID, 10, 0), EINVAL);
	OK(vm_enable(fd, KVM_CAP_MAX_VCPU_ID, 4096, 0));
	OK(ioctl(fd, KVM_CREATE_VCPU, 4095));

	/* The one that starts first is below it; the kernel's own KVM of 6.1 lets it pass. */
	fd = OK(ioctl(kvm, KVM_CREATE_VM, 0));
	if (!ioctl(fd, KVM_CHECK_EXTENSION, CAP_USER_MEMORY2))
		return;
	OK(ioctl(fd, KVM_SET_BOOT_CPU_ID, 20));
	ERR(vm_enable(fd, KVM_CAP_MAX_VCPU_ID, 19, 0), EINVAL);
	OK(vm_enable(fd, KVM_CAP_MAX_VCPU_ID, 20, 0));
}

/* In an order in which ids are other vCPUs' indices, and beyond all of them. */
static void ids_in_any_order(void)
{
	static const unsigned int id[] = { 5, 0, 1, 4095, 3, 2, 1024, 7, 6 };
	int kvm = kvm_open(), fd = OK(ioctl(kvm, KVM_CREATE_VM, 0));
	const size_t n = sizeof(id) / sizeof(id[0]);

	for (size_t i = 0; i < n; i++) {
		OK(ioctl(fd, KVM_CREATE_VCPU, id[i]));
		for (size_t j = 0; j <= i; j++)
			ERR(ioctl(fd, KVM_CREATE_VCPU, id[j]), EEXIST);
	}
}

static void halt_poll(void)
{
	int kvm = kvm_open(), fd = OK(ioctl(kvm, KVM_CREATE_VM, 0));
	struct kvm_enable_cap c = { .cap = KVM_CAP_HALT_POLL, .flags = 1 };

	OK(vm_enable(fd, KVM_CAP_HALT_POLL, 50000, 0));
	OK(vm_enable(fd, KVM_CAP_HALT_POLL, 0, 1));
	OK(vm_enable(fd, KVM_CAP_HALT_POLL, 0xffffffff, 0));
	ERR(vm_enable(fd, KVM_CAP_HALT_POLL, 1ull << 32, 0), EINVAL);
	ERR(ioctl(fd, KVM_ENABLE_CAP, &c), EINVAL);
}

static void irqfd_without_chips(void)
{
	int kvm = kvm_open(), fd = OK(ioctl(kvm, KVM_CREATE_VM, 0)), pipes[2];
	struct kvm_irqfd q = { .fd = OK(eventfd(0, 0)), .gsi = 5 };

	OK(pipe(pipes));
	ERR(ioctl(fd, KVM_IRQFD, &q), EINVAL);
	q.flags = 4;
	ERR(ioctl(fd, KVM_IRQFD, &q), EINVAL);
	/* What is not there is removed. */
	q.flags = KVM_IRQFD_FLAG_DEASSIGN;
	OK(ioctl(fd, KVM_IRQFD, &q));
	q.flags |= KVM_IRQFD_FLAG_RESAMPLE;
	q.resamplefd = 1000;
	OK(ioctl(fd, KVM_IRQFD, &q));
	q.fd = 1000;
	ERR(ioctl(fd, KVM_IRQFD, &q), EBADF);
	q.fd = pipes[0];
	ERR(ioctl(fd, KVM_IRQFD, &q), EINVAL);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "vm", of_vm, 0 },
		{ "vcpu", of_vcpu, 0 },
		{ "parts", parts, 0 },
		{ "seeks", seeks, 0 },
		{ "descriptor", descriptor, 0 },
		{ "outlives", outlives, 0 },
		{ "pages", counts_pages, 0 },
		{ "no descriptors left", no_descriptors_left, 0 },
		{ "counts_events", counts_events, 0 },
	{ "debugfs_vm", debugfs_vm, 0 },
	{ "debugfs", debugfs, 0 },
		{ "max vcpu id", max_vcpu_id, 0 },
		{ "ids in any order", ids_in_any_order, 0 },
		{ "halt poll", halt_poll, 0 },
		{ "irqfd without chips", irqfd_without_chips, 0 },
		{ NULL, NULL, 0 }
	};

	return test_main(argc, argv, cases);
}
