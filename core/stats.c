// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of the statistics, and the file that KVM_GET_STATS_FD opens:
 *
 *	header | id | descriptors, each with its name | values
 */
#include <linux/fs.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/arch.h"
#include "core/block.h"
#include "core/stats.h"
#include "core/vm.h"

/* Bytes of the id and of each name, with the trailing 0. */
#define NAME_BYTES	48

#define COUNT	(KVM_STATS_TYPE_CUMULATIVE | KVM_STATS_UNIT_NONE)
#define INSTANT	(KVM_STATS_TYPE_INSTANT | KVM_STATS_UNIT_NONE)
#define PEAK	(KVM_STATS_TYPE_PEAK | KVM_STATS_UNIT_NONE)
#define BOOLEAN	(KVM_STATS_TYPE_INSTANT | KVM_STATS_UNIT_BOOLEAN)
#define BYTES	(KVM_STATS_TYPE_INSTANT | KVM_STATS_UNIT_BYTES)
#define TIME	(KVM_STATS_TYPE_CUMULATIVE | KVM_STATS_UNIT_SECONDS)
#define TIMES	(KVM_STATS_TYPE_LOG_HIST | KVM_STATS_UNIT_SECONDS)

#define STAT(n, f, p, a)  { .name = #n, .flags = f, .size = 1, .place = p, .at = a }
#define NOT_COUNTED(n, f) STAT(n, f, AT_NOTHING, 0)
#define VM_COUNTER(n)	  STAT(n, COUNT, AT_VM, offsetof(struct kvm, stats.n))
#define VCPU_COUNTER(n)	  STAT(n, COUNT, AT_VCPU, offsetof(struct kvm_vcpu, stats.n)),
#define HALT_COUNTER(n)	  STAT(n, COUNT, AT_HALT, offsetof(struct vcpu_halt, stats.n))
#define HALT_NS(n, f, s)						\
	{ .name = #n, .flags = f, .exponent = -9, .size = s, .place = AT_HALT, \
	  .at = offsetof(struct vcpu_halt, stats.n) }

static const struct stat_desc vm_stat[] = {
	VM_COUNTER(remote_tlb_flush),
	VM_COUNTER(remote_tlb_flush_requests),
	STAT(mmu_shadow_zapped, COUNT, AT_MMU, MMU_STAT_ZAPPED),
	STAT(mmu_pte_write, COUNT, AT_MMU, MMU_STAT_WRITTEN),
	STAT(mmu_pde_zapped, COUNT, AT_MMU, MMU_STAT_LINK_DROPPED),
	STAT(mmu_flooded, COUNT, AT_MMU, MMU_STAT_FLOODED),
	STAT(mmu_recycled, COUNT, AT_MMU, MMU_STAT_RECLAIMED),
	STAT(mmu_cache_miss, COUNT, AT_MMU, MMU_STAT_MADE),
	STAT(mmu_unsync, INSTANT, AT_MMU, MMU_STAT_UNSYNC),
	STAT(pages_4k, INSTANT, AT_MAPPED, LEVEL_4K),
	STAT(pages_2m, INSTANT, AT_MAPPED, LEVEL_2M),
	STAT(pages_1g, INSTANT, AT_MAPPED, LEVEL_1G),
	STAT(nx_lpage_splits, INSTANT, AT_NX_SPLITS, 0),
	NOT_COUNTED(max_mmu_rmap_size, PEAK),
	NOT_COUNTED(max_mmu_page_hash_collisions, PEAK),
	/* Nobody else has these. */
	STAT(mem_tables, BYTES, AT_MEMORY, MEMORY_TABLES),
	STAT(mem_shadow, BYTES, AT_MEMORY, MEMORY_SHADOW),
	STAT(mem_rmap, BYTES, AT_MEMORY, MEMORY_RMAP),
	STAT(mem_desc, BYTES, AT_MEMORY, MEMORY_DESC),
	STAT(mem_reserve, BYTES, AT_MEMORY, MEMORY_RESERVE),
	STAT(mem_vcpu, BYTES, AT_MEMORY, MEMORY_VCPU),
	STAT(mem_irqchip, BYTES, AT_MEMORY, MEMORY_IRQCHIP),
};

static const struct stat_desc vcpu_stat[] = {
	HALT_COUNTER(halt_successful_poll),
	HALT_COUNTER(halt_attempted_poll),
	HALT_COUNTER(halt_poll_invalid),
	HALT_COUNTER(halt_wakeup),
	HALT_NS(halt_poll_success_ns, TIME, 1),
	HALT_NS(halt_poll_fail_ns, TIME, 1),
	HALT_NS(halt_wait_ns, TIME, 1),
	HALT_NS(halt_poll_success_hist, TIMES, STAT_BUCKETS),
	HALT_NS(halt_poll_fail_hist, TIMES, STAT_BUCKETS),
	HALT_NS(halt_wait_hist, TIMES, STAT_BUCKETS),
	STAT(blocking, BOOLEAN, AT_WAIT, 0),
	VCPU_COUNTERS(VCPU_COUNTER)
	STAT(guest_mode, BOOLEAN, AT_VCPU, offsetof(struct kvm_vcpu, stats.guest_mode)),
	VCPU_COUNTER(notify_window_exits)
};

const struct stat_desc *stat_table(enum stat_owner owner, unsigned int *n)
{
	if (owner == STAT_VM) {
		*n = ARRAY_SIZE(vm_stat);
		return vm_stat;
	}
	*n = ARRAY_SIZE(vcpu_stat);
	return vcpu_stat;
}

static u64 value_at(const void *base, unsigned int offset, unsigned int i)
{
	return READ_ONCE(((const u64 *)(base + offset))[i]);
}

static u64 vcpu_memory(struct kvm_vcpu *vcpu)
{
	return PAGE_SIZE + arch_vcpu_memory(vcpu) +
	       (READ_ONCE(vcpu->halt) ? sizeof(*vcpu->halt) : 0);
}

static u64 memory_of(struct kvm *kvm, enum stat_memory which)
{
	struct kvm_vcpu *vcpu;
	u64 sum = 0;
	int i;

	if (which < MEMORY_RESERVE)
		return mmu_memory(&kvm->mmu, (enum mmu_memory)which);
	if (which == MEMORY_IRQCHIP)
		return arch_irqchip_memory(kvm);
	vcpu_for_each(i, vcpu, kvm)
		sum += which == MEMORY_VCPU ? vcpu_memory(vcpu) :
					      mmu_vcpu_memory(&vcpu->mmu);
	return sum;
}

u64 stat_value(const struct stat_desc *s, struct kvm *kvm, struct kvm_vcpu *vcpu,
	       unsigned int i)
{
	switch (s->place) {
	case AT_VM:
		return value_at(kvm, s->at, i);
	case AT_MAPPED:
		return atomic_long_read(&kvm->mmu.mapped[s->at]);
	case AT_MMU:
		return mmu_stat(&kvm->mmu, s->at);
	case AT_NX_SPLITS:
		return mmu_nx_splits(&kvm->mmu);
	case AT_MEMORY:
		return memory_of(kvm, s->at);
	case AT_VCPU:
		return value_at(vcpu, s->at, i);
	case AT_HALT:
		return vcpu->halt ? value_at(vcpu->halt, s->at, i) : 0;
	case AT_WAIT:
		return rcuwait_active(&vcpu->wait);
	default:
		return 0;
	}
}

/* ------------------------------------------------------------------------ */
/* The file. */

#define DESC_OFFSET	(sizeof(struct kvm_stats_header) + NAME_BYTES)
/* The name is in the struct, or behind it. */
#define DESC_BYTES	(offsetof(struct kvm_stats_desc, name) + NAME_BYTES)

/**
 * struct stats_file - an open descriptor
 * @kvm: (c) the VM, with a reference
 * @vcpu: (c) the vCPU, or NULL for the VM's own statistics
 * @table: (c) what it shows
 * @n: (c) how many of them
 * @values: (c) where in @data the values are; each read looks at them anew
 * @bytes: (c) bytes of @data
 * @data: the file
 */
struct stats_file {
	struct kvm *kvm;
	struct kvm_vcpu *vcpu;
	const struct stat_desc *table;
	unsigned int n;
	u64 *values;
	size_t bytes;
	char data[] __aligned(sizeof(u64));
};

static ssize_t stats_read(struct file *file, char __user *user, size_t len,
			  loff_t *pos)
{
	struct stats_file *f = file->private_data;
	const struct stat_desc *s;
	u64 *value = f->values;
	unsigned int i;

	for (s = f->table; s < f->table + f->n; s++)
		for (i = 0; i < s->size; i++)
			WRITE_ONCE(*value++, stat_value(s, f->kvm, f->vcpu, i));
	return simple_read_from_buffer(user, len, pos, f->data, f->bytes);
}

static loff_t stats_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence,
				 ((struct stats_file *)file->private_data)->bytes);
}

static int stats_release(struct inode *inode, struct file *file)
{
	struct stats_file *f = file->private_data;

	vm_put(f->kvm);
	kfree(f);
	return 0;
}

static struct file_operations stats_fops = {
	.release = stats_release,
	.read = stats_read,
	.llseek = stats_llseek,
};

void stats_set_owner(struct module *owner)
{
	stats_fops.owner = owner;
}

/* All but the values; @data is 0. */
static void stats_describe(struct stats_file *f)
{
	struct kvm_stats_header *head = (void *)f->data;
	struct kvm_stats_desc *desc = (void *)f->data + DESC_OFFSET;
	char *id = f->data + sizeof(*head);
	const struct stat_desc *s;
	u32 offset = 0;
	int n;

	*head = (struct kvm_stats_header){
		.name_size = NAME_BYTES,
		.num_desc = f->n,
		.id_offset = sizeof(*head),
		.desc_offset = DESC_OFFSET,
		.data_offset = DESC_OFFSET + f->n * DESC_BYTES,
	};
	n = snprintf(id, NAME_BYTES, "kvm-%d", task_tgid_nr(current));
	if (f->vcpu)
		snprintf(id + n, NAME_BYTES - n, "/vcpu-%u", f->vcpu->id);
	for (s = f->table; s < f->table + f->n; s++) {
		desc->flags = s->flags;
		desc->exponent = s->exponent;
		desc->size = s->size;
		desc->offset = offset;
		strscpy(desc->name, s->name, NAME_BYTES);
		offset += s->size * sizeof(u64);
		desc = (void *)desc + DESC_BYTES;
	}
	f->values = (void *)desc;
}

static struct stats_file *stats_file_make(struct kvm *kvm, struct kvm_vcpu *vcpu)
{
	const struct stat_desc *table;
	struct stats_file *f;
	unsigned int n, i;
	size_t bytes;

	table = stat_table(vcpu ? STAT_VCPU : STAT_VM, &n);
	bytes = DESC_OFFSET + n * DESC_BYTES;
	for (i = 0; i < n; i++)
		bytes += table[i].size * sizeof(u64);
	f = kzalloc(struct_size(f, data, bytes), GFP_KERNEL_ACCOUNT);
	if (!f)
		return NULL;
	f->kvm = kvm;
	f->vcpu = vcpu;
	f->table = table;
	f->n = n;
	f->bytes = bytes;
	stats_describe(f);
	return f;
}

int stats_fd(struct kvm *kvm, struct kvm_vcpu *vcpu)
{
	struct stats_file *f = stats_file_make(kvm, vcpu);
	char name[16 + 10 + 1] = "kvm-vm-stats";
	struct new_fd fd;
	int err;

	if (!f)
		return -ENOMEM;
	if (vcpu)
		snprintf(name, sizeof(name), "kvm-vcpu-stats:%u", vcpu->id);
	err = fd_reserve(&fd, name, &stats_fops, f, O_RDONLY);
	if (err) {
		kfree(f);
		return err;
	}
	fd.file->f_mode |= FMODE_LSEEK | FMODE_PREAD;
	vm_get(kvm);
	fd_publish(&fd);
	return fd.nr;
}
