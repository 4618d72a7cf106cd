// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameter nx_huge_pages.
 *
 * Some of Intel's processors stop for good when a guest changes the size of a page that
 * it executes (Documentation/admin-guide/hw-vuln/multihit.rst).  The kernel tells who
 * asks how that stands.
 */
#include <linux/cpu.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include <asm/cpufeature.h>

#include "core/nx_huge.h"
#include "x86/cpu/nx_huge.h"

enum nx_mode { NX_OFF, NX_FORCE, NX_AUTO };

static const char *const nx_modes[] = {
	[NX_OFF] = "off", [NX_FORCE] = "force", [NX_AUTO] = "auto"
};

/* What was asked for; is a vendor loaded?  @nx_lock */
static enum nx_mode nx_mode = NX_AUTO;
static bool nx_loaded;
static DEFINE_MUTEX(nx_lock);

static bool nx_wanted(void)
{
	if (READ_ONCE(nx_mode) == NX_AUTO)
		return boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT) &&
		       !cpu_mitigations_off();
	return READ_ONCE(nx_mode) == NX_FORCE;
}

/* Lock held. */
static void nx_update(void)
{
	itlb_multihit_kvm_mitigation = nx_loaded && nx_wanted();
	nx_huge_set(nx_wanted());
}

int module_step_nx_huge_up(void *unused)
{
	mutex_lock(&nx_lock);
	nx_loaded = true;
	nx_update();
	mutex_unlock(&nx_lock);
	return 0;
}

void module_step_nx_huge_down(void *unused)
{
	mutex_lock(&nx_lock);
	nx_loaded = false;
	nx_update();
	mutex_unlock(&nx_lock);
}

static int nx_mode_set(const char *val, const struct kernel_param *kp)
{
	int mode = sysfs_match_string(nx_modes, val);
	bool on;

	if (mode < 0) {
		if (kstrtobool(val, &on))
			return -EINVAL;
		mode = on ? NX_FORCE : NX_OFF;
	}
	mutex_lock(&nx_lock);
	WRITE_ONCE(nx_mode, mode);
	nx_update();
	mutex_unlock(&nx_lock);
	return 0;
}

static int nx_mode_get(char *buf, const struct kernel_param *kp)
{
	return sprintf(buf, "%c\n", nx_wanted() ? 'Y' : 'N');
}

static const struct kernel_param_ops nx_mode_ops = {
	.set = nx_mode_set,
	.get = nx_mode_get,
};

module_param_cb(nx_huge_pages, &nx_mode_ops, NULL, 0644);
MODULE_PARM_DESC(nx_huge_pages,
		 "guests execute no large pages: off, force, auto (where it is needed)");
