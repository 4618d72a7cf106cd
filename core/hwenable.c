// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtualization on and off, per CPU.
 *
 * hw_users changes from and to 0 with hw_lock and cpus_read_lock() held; the hotplug
 * callbacks run with the write side of the latter and may therefore ask whether it is 0.
 * hw_rebooting changes with hw_lock held: nothing is turned on behind its back.
 *
 * Turning on may refuse a CPU; turning off comes when no task can run on the CPU any
 * more: cpuhp_virt_setup().
 */
#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/irqflags.h>
#include <linux/reboot.h>
#include <linux/smp.h>

#include "compat/kernel.h"
#include "core/arch.h"
#include "core/hwenable.h"

static bool enable_virt_at_load;
module_param(enable_virt_at_load, bool, 0444);
MODULE_PARM_DESC(enable_virt_at_load,
		 "keep virtualization on from load to unload, not only while VMs exist");

#ifdef LAMINA_TEST
static int fail_cpu = -1;
module_param(fail_cpu, int, 0644);
MODULE_PARM_DESC(fail_cpu, "test builds: the CPU that refuses to be enabled");
#endif

static DEFINE_MUTEX(hw_lock);
static atomic_t hw_users;
static bool hw_rebooting;
static DEFINE_PER_CPU(bool, hw_on);
static enum cpuhp_state hw_cpuhp;

static int hw_cpu_on(void)
{
	int err;

	if (__this_cpu_read(hw_on))
		return 0;
	err = arch_cpu_on();
#ifdef LAMINA_TEST
	if (!err && fail_cpu == smp_processor_id()) {
		arch_cpu_off();
		err = -EIO;
	}
#endif
	if (err)
		pr_err("kvm: CPU %d: cannot enable virtualization (%d)%s\n",
		       smp_processor_id(), err, err == -EBUSY ?
		       ": it is in use by another hypervisor" : "");
	else
		__this_cpu_write(hw_on, true);
	return err;
}

static void hw_cpu_off(void *unused)
{
	if (!__this_cpu_read(hw_on))
		return;
	__this_cpu_write(hw_on, false);
	arch_cpu_off();
}

static void hw_cpu_on_ipi(void *result)
{
	int err = hw_cpu_on();

	if (err)
		atomic_cmpxchg((atomic_t *)result, 0, err);
}

/* All CPUs or none.  cpus_read_lock() held. */
static int hw_all_on(void)
{
	atomic_t err = ATOMIC_INIT(0);

	on_each_cpu(hw_cpu_on_ipi, &err, 1);
	if (atomic_read(&err))
		on_each_cpu(hw_cpu_off, NULL, 1);
	return atomic_read(&err);
}

int vm_step_hw_up(void *unused)
{
	int err = 0;

	/* A VM may be counted while a reboot begins: it is one that came before. */
	if (!kvm_hw_is_rebooting() && atomic_inc_not_zero(&hw_users))
		return 0;
	cpus_read_lock();
	mutex_lock(&hw_lock);
	if (hw_rebooting)
		err = -ESHUTDOWN;
	else if (!atomic_read(&hw_users))
		err = hw_all_on();
	if (!err)
		atomic_inc(&hw_users);
	mutex_unlock(&hw_lock);
	cpus_read_unlock();
	return err;
}

void vm_step_hw_down(void *unused)
{
	/* There is another one. */
	if (atomic_add_unless(&hw_users, -1, 1))
		return;
	cpus_read_lock();
	mutex_lock(&hw_lock);
	if (atomic_dec_and_test(&hw_users))
		on_each_cpu(hw_cpu_off, NULL, 1);
	mutex_unlock(&hw_lock);
	cpus_read_unlock();
}

/*
 * A CPU comes online: it passes the same check as those before it.  While no VM
 * exists, somebody else may hold virtualization everywhere; that is no reason to
 * refuse the CPU.
 */
static int hw_online(unsigned int cpu)
{
	int err = 0;

	mutex_lock(&hw_lock);
	local_irq_disable();
	if (!hw_rebooting)
		err = hw_cpu_on();
	if (!atomic_read(&hw_users)) {
		hw_cpu_off(NULL);
		if (err == -EBUSY)
			err = 0;
	}
	local_irq_enable();
	mutex_unlock(&hw_lock);
	return err;
}

static int hw_dying(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	hw_cpu_off(NULL);
	local_irq_restore(flags);
	return 0;
}

/* Suspend: one CPU is left, interrupts are off.  The others were unplugged. */
static int hw_suspend(SYSCORE_DATA)
{
	hw_cpu_off(NULL);
	return 0;
}

static void hw_resume(SYSCORE_DATA)
{
	if (atomic_read(&hw_users) && hw_cpu_on())
		pr_err("kvm: virtualization is off after resume\n");
}

static struct syscore_ops hw_syscore_ops = {
	.suspend = hw_suspend,
	.resume = hw_resume,
};

static struct syscore hw_syscore = {
	.ops = &hw_syscore_ops,
};

/*
 * Reboot and kexec.  vCPUs that still run fault in their next entry; the entry
 * code expects that.  A crash kernel does not come here: the vendor modules turn the
 * extension off on the kernel's emergency path.
 */
static int hw_reboot(struct notifier_block *nb, unsigned long event, void *arg)
{
	mutex_lock(&hw_lock);
	WRITE_ONCE(hw_rebooting, true);
	on_each_cpu(hw_cpu_off, NULL, 1);
	mutex_unlock(&hw_lock);
	return NOTIFY_OK;
}

static struct notifier_block hw_reboot_nb = {
	.notifier_call = hw_reboot,
};

bool kvm_hw_is_rebooting(void)
{
	return READ_ONCE(hw_rebooting);
}
EXPORT_SYMBOL_GPL(kvm_hw_is_rebooting);

/* On everywhere, the architecture's hook, and off again unless asked to stay. */
static int hw_trial(void)
{
	int err = vm_step_hw_up(NULL);

	if (err)
		return err;
	err = arch_post_enable();
	if (err || !enable_virt_at_load)
		vm_step_hw_down(NULL);
	return err;
}

int module_step_hw_up(void *unused)
{
	int err;

	hw_rebooting = false;
	err = cpuhp_virt_setup(&hw_cpuhp, hw_online, hw_dying);
	if (err)
		return err;
	err = hw_trial();
	if (err) {
		cpuhp_virt_remove(hw_cpuhp);
		return err;
	}
	register_syscore(&hw_syscore);
	register_reboot_notifier(&hw_reboot_nb);
	return 0;
}

void module_step_hw_down(void *unused)
{
	unregister_reboot_notifier(&hw_reboot_nb);
	unregister_syscore(&hw_syscore);
	if (enable_virt_at_load)
		vm_step_hw_down(NULL);
	cpuhp_virt_remove(hw_cpuhp);
}
