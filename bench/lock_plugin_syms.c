// SPDX-License-Identifier: GPL-2.0-only
/* Which functions of the kernel take and release locks, wait, and enter it. */
#include <stdio.h>
#include <string.h>
#include "bench/lock_plugin.h"

#define FNS_MAX	256

static const struct {
	const char *name;	/* '*' at the end: whatever follows */
	enum fn_what what;
	enum kind kind;
} known[] = {
	{ "_raw_spin_lock", FN_ACQUIRE, SPIN },
	{ "_raw_spin_lock_irqsave", FN_ACQUIRE, SPIN },
	{ "_raw_spin_lock_irq", FN_ACQUIRE, SPIN },
	{ "_raw_spin_lock_bh", FN_ACQUIRE, SPIN },
	{ "_raw_spin_unlock", FN_RELEASE, SPIN },
	{ "_raw_spin_unlock_irqrestore", FN_RELEASE, SPIN },
	{ "_raw_spin_unlock_irq", FN_RELEASE, SPIN },
	{ "_raw_spin_unlock_bh", FN_RELEASE, SPIN },
	{ "_raw_read_lock", FN_ACQUIRE, READ },
	{ "_raw_read_unlock", FN_RELEASE, READ },
	{ "_raw_write_lock", FN_ACQUIRE, WRITE },
	{ "_raw_write_unlock", FN_RELEASE, WRITE },
	{ "mutex_lock", FN_ACQUIRE, MUTEX },
	{ "mutex_lock_killable", FN_ACQUIRE, MUTEX },
	{ "mutex_lock_interruptible", FN_ACQUIRE, MUTEX },
	{ "mutex_unlock", FN_RELEASE, MUTEX },
	{ "__mutex_lock.constprop.0", FN_SLEEP, MUTEX },
	{ "__srcu_read_lock", FN_COUNT, SRCU },
	{ "synchronize_srcu", FN_WAIT, SYNC },
	{ "synchronize_srcu_expedited", FN_WAIT, SYNC },
	{ "synchronize_rcu", FN_WAIT, SYNC },
	{ "synchronize_rcu_expedited", FN_WAIT, SYNC },
	{ "native_queued_spin_lock_slowpath", FN_SPIN, SPIN },
	{ "queued_read_lock_slowpath", FN_SPIN, READ },
	{ "queued_write_lock_slowpath", FN_SPIN, WRITE },
	{ "smp_call_function_many_cond", FN_SPIN, SYNC },
	{ "smp_call_function_single", FN_SPIN, SYNC },
	{ "mutex_spin_on_owner", FN_SPIN, SYNC },
	{ "osq_lock", FN_SPIN, SYNC },
	{ "multi_cpu_stop", FN_SPIN, SYNC },
	{ "asm_sysvec_*", FN_IRQ, SYNC },
	{ "asm_common_interrupt", FN_IRQ, SYNC },
	{ "asm_spurious_interrupt", FN_IRQ, SYNC },
	{ "asm_exc_*", FN_EXC, SYNC },
	{ "entry_SYSCALL_64", FN_SYSCALL, SYNC },
	{ "__schedule", FN_SCHEDULE, SYNC },
	{ "__switch_to", FN_SWITCH, SYNC },
	{ "__local_bh_enable_ip", FN_BH, SYNC },
};

uint64_t sym_preempt_count, sym_lock_text, sym_lock_text_end;
static struct fn fns[FNS_MAX];
static int count;

static bool is_called(const char *name, const char *pattern)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] == '*')
		return !strncmp(name, pattern, n - 1);
	return !strcmp(name, pattern);
}

static void fn_add(const char *name, uint64_t start)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!is_called(name, known[i].name) || count == FNS_MAX)
			continue;
		fns[count++] = (struct fn){ start, start, known[i].what, known[i].kind };
		return;
	}
}

int syms_read(const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned long long at;
	char name[256];
	int last = 0;

	if (!f)
		return -1;
	while (fscanf(f, "%llx %255s", &at, name) == 2) {
		for (; last < count && fns[last].start < at; last++)
			fns[last].end = at;
		if (!strcmp(name, "__preempt_count"))
			sym_preempt_count = at;
		else if (!strcmp(name, "__lock_text_start"))
			sym_lock_text = at;
		else if (!strcmp(name, "__lock_text_end"))
			sym_lock_text_end = at;
		else
			fn_add(name, at);
	}
	fclose(f);
	return sym_preempt_count && sym_lock_text && count > 20 ? 0 : -1;
}

const struct fn *syms_find(uint64_t pc)
{
	for (int i = 0; i < count; i++)
		if (fns[i].start <= pc && pc < fns[i].end)
			return &fns[i];
	return NULL;
}
