// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of the statistics, and the file that KVM_GET_STATS_FD opens:
 *
 *	header | id | descriptors, each with its name | values
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/block.h"
#include "core/stats.h"
#include "core/vm.h"

/* Bytes of the id and of each name, with the trailing 0. */
#define NAME_BYTES	48

#define COUNT	(KVM_STATS_TYPE_CUMULATIVE | KVM_STATS_UNIT_NONE)
#define INSTANT	(KVM_STATS_TYPE_INSTANT | KVM_STATS_UNIT_NONE)
#define PEAK	(KVM_STATS_TYPE_PEAK | KVM_STATS_UNIT_NONE)
#define BOOLEAN	(KVM_STATS_TYPE_INSTANT | KVM_STATS_UNIT_BOOLEAN)
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
	NOT_COUNTED(nx_lpage_splits, INSTANT),
	NOT_COUNTED(max_mmu_rmap_size, PEAK),
	NOT_COUNTED(max_mmu_page_hash_collisions, PEAK),
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

/**
 * struct stats_file - an open descriptor
 * @kvm: (c) the VM, with a reference
 * @vcpu: (c) the vCPU, or NULL for the VM's own statistics
 * @table: (c) what it shows
 * @n: (c) how many of them
 * @nvalues: (c) values of all together
 * @id: (c) who it is
 */
struct stats_file {
	struct kvm *kvm;
	struct kvm_vcpu *vcpu;
	const struct stat_desc *table;
	unsigned int n;
	unsigned int nvalues;
	char id[NAME_BYTES];
};

#define ID_OFFSET	sizeof(struct kvm_stats_header)
#define DESC_OFFSET	(ID_OFFSET + NAME_BYTES)
#define DESC_BYTES	(sizeof(struct kvm_stats_desc) + NAME_BYTES)

static unsigned int data_offset(const struct stats_file *f)
{
	return DESC_OFFSET + f->n * DESC_BYTES;
}

static loff_t stats_bytes(const struct stats_file *f)
{
	return data_offset(f) + f->nvalues * sizeof(u64);
}

/**
 * struct stats_out - a read under way
 * @user: where the next byte goes
 * @left: room there
 * @skip: bytes of the file before it
 */
struct stats_out {
	char __user *user;
	size_t left;
	loff_t skip;
};

/* The next @len bytes of the file. */
static int stats_put(struct stats_out *o, const void *from, size_t len)
{
	size_t n;

	if (o->skip >= len) {
		o->skip -= len;
		return 0;
	}
	n = min_t(size_t, len - o->skip, o->left);
	if (copy_to_user(o->user, from + o->skip, n))
		return -EFAULT;
	o->skip = 0;
	o->user += n;
	o->left -= n;
	return 0;
}

static int stats_put_head(const struct stats_file *f, struct stats_out *o)
{
	struct kvm_stats_header head = {
		.name_size = NAME_BYTES,
		.num_desc = f->n,
		.id_offset = ID_OFFSET,
		.desc_offset = DESC_OFFSET,
		.data_offset = data_offset(f),
	};

	return stats_put(o, &head, sizeof(head)) ?: stats_put(o, f->id, NAME_BYTES);
}

static int stats_put_descs(const struct stats_file *f, struct stats_out *o)
{
	struct kvm_stats_desc desc = { };
	char name[NAME_BYTES];
	const struct stat_desc *s;
	int err;

	for (s = f->table; s < f->table + f->n; s++) {
		desc.flags = s->flags;
		desc.exponent = s->exponent;
		desc.size = s->size;
		strscpy_pad(name, s->name, sizeof(name));
		err = stats_put(o, &desc, sizeof(desc)) ?:
		      stats_put(o, name, sizeof(name));
		if (err)
			return err;
		desc.offset += s->size * sizeof(u64);
	}
	return 0;
}

static int stats_put_value(const struct stats_file *f, struct stats_out *o,
			   const struct stat_desc *s)
{
	unsigned int i;
	int err = 0;
	u64 value;

	for (i = 0; i < s->size && !err; i++) {
		value = stat_value(s, f->kvm, f->vcpu, i);
		err = stats_put(o, &value, sizeof(value));
	}
	return err;
}

static int stats_put_values(const struct stats_file *f, struct stats_out *o)
{
	const struct stat_desc *s;
	int err = 0;

	for (s = f->table; s < f->table + f->n && !err; s++)
		err = stats_put_value(f, o, s);
	return err;
}

static ssize_t stats_read(struct file *file, char __user *user, size_t len,
			  loff_t *pos)
{
	struct stats_file *f = file->private_data;
	struct stats_out o = { .user = user, .left = len, .skip = *pos };
	ssize_t done;
	int err;

	err = stats_put_head(f, &o) ?: stats_put_descs(f, &o) ?:
	      stats_put_values(f, &o);
	if (err)
		return err;
	done = len - o.left;
	*pos += done;
	return done;
}

static loff_t stats_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence,
				 stats_bytes(file->private_data));
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

static struct stats_file *stats_file_make(struct kvm *kvm, struct kvm_vcpu *vcpu)
{
	struct stats_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	unsigned int i;

	if (!f)
		return NULL;
	f->kvm = kvm;
	f->vcpu = vcpu;
	f->table = stat_table(vcpu ? STAT_VCPU : STAT_VM, &f->n);
	for (i = 0; i < f->n; i++)
		f->nvalues += f->table[i].size;
	return f;
}

/* Takes over @f and, when it succeeds, a reference to the VM. */
static int stats_fd_open(struct stats_file *f, const char *name)
{
	struct file *file;
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0) {
		kfree(f);
		return fd;
	}
	file = anon_inode_getfile(name, &stats_fops, f, O_RDONLY);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		kfree(f);
		return PTR_ERR(file);
	}
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD;
	vm_get(f->kvm);
	fd_install(fd, file);
	return fd;
}

int stats_fd_vm(struct kvm *kvm)
{
	struct stats_file *f = stats_file_make(kvm, NULL);

	if (!f)
		return -ENOMEM;
	snprintf(f->id, sizeof(f->id), "kvm-%d", task_tgid_nr(current));
	return stats_fd_open(f, "kvm-vm-stats");
}

int stats_fd_vcpu(struct kvm_vcpu *vcpu)
{
	struct stats_file *f = stats_file_make(vcpu->kvm, vcpu);
	char name[16 + 10 + 1];

	if (!f)
		return -ENOMEM;
	snprintf(f->id, sizeof(f->id), "kvm-%d/vcpu-%u", task_tgid_nr(current),
		 vcpu->id);
	snprintf(name, sizeof(name), "kvm-vcpu-stats:%u", vcpu->id);
	return stats_fd_open(f, name);
}
