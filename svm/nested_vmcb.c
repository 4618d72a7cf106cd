// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1's control block, in its memory: which parts are read and written (APM vol. 2, 15.5,
 * 15.6; vol. 3, VMLOAD, VMSAVE).
 *
 * One window of access for all of them, and each word is read once, to a copy that
 * everything goes by: L1 may write to the block meanwhile.
 */
#include <linux/uaccess.h>

#include "compat/kernel.h"
#include "svm/nested.h"

/* All words of a part, one after the other: offsets are constants. */
static __always_inline bool words_get(void *to, const void __user *from,
				      unsigned int first, unsigned int end)
{
	const u64 __user *p = from + first;
	u64 *word = to + first;
	unsigned int i;

#pragma GCC unroll 32
	for (i = 0; i < (end - first) / sizeof(u64); i++)
		unsafe_get_user(word[i], &p[i], fault);
	return true;
fault:
	return false;
}

static __always_inline bool words_put(void __user *to, const void *from,
				      unsigned int first, unsigned int end)
{
	const u64 *word = from + first;
	u64 __user *p = to + first;
	unsigned int i;

#pragma GCC unroll 32
	for (i = 0; i < (end - first) / sizeof(u64); i++)
		unsafe_put_user(word[i], &p[i], fault);
	return true;
fault:
	return false;
}

#define CONTROL(field)	((unsigned int)offsetof(struct vmcb_control_area, field))
#define SAVE(field)	((unsigned int)offsetof(struct vmcb_save_area, field))

/* From one field up to another. */
#define GET(area, from, to)	words_get(copy, user, area(from), area(to))
#define PUT(area, from, to)	words_put(user, copy, area(from), area(to))

/* The level is the fourth byte of a word. */
#define CPL_WORD	(SAVE(cpl) & ~7u)

static_assert(!(CONTROL(intercepts[MAX_INTERCEPT]) % 8) && !(SAVE(efer) % 8));

static __always_inline bool control_get(void *copy, const void __user *user)
{
	return GET(CONTROL, intercepts, intercepts[MAX_INTERCEPT]) &&
	       GET(CONTROL, iopm_base_pa, exit_code) &&
	       GET(CONTROL, nested_ctl, avic_vapic_bar) &&
	       GET(CONTROL, event_inj, virt_ext);
}

/* What a Hyper-V says beside it. */
static __always_inline bool hv_get(void *copy, const void __user *user)
{
	return GET(CONTROL, clean, next_rip) &&
	       GET(CONTROL, hv_enlightenments, hv_enlightenments.reserved);
}

static __always_inline bool save_get(void *copy, const void __user *user)
{
	return GET(SAVE, es, fs) && GET(SAVE, gdtr, ldtr) && GET(SAVE, idtr, tr) &&
	       words_get(copy, user, CPL_WORD, SAVE(reserved_0xd8)) &&
	       GET(SAVE, cr4, reserved_0x180) && GET(SAVE, rsp, s_cet) &&
	       GET(SAVE, rax, star) && GET(SAVE, cr2, reserved_0x248) &&
	       GET(SAVE, g_pat, dbgctl);
}

int svm_nested_vmcb_read(struct x86_vcpu *v, gpa_t gpa, struct svm_nested *n)
{
	const struct vmcb __user *user = kvm_nested_page(v, gpa, false);
	bool read;

	if (!user || !user_access_begin(user, sizeof(*user)))
		return -EFAULT;
	read = control_get(&n->control, &user->control) &&
	       save_get(&n->save, &user->save) &&
	       (likely(!v->hv) || hv_get(&n->control, &user->control));
	user_access_end();
	return read ? 0 : -EFAULT;
}

static __always_inline bool control_put(void __user *user, const void *copy)
{
	return PUT(CONTROL, int_ctl, nested_ctl) && PUT(CONTROL, event_inj, nested_cr3);
}

static __always_inline bool level_put(struct vmcb_save_area __user *user,
				      const struct vmcb_save_area *copy)
{
	unsafe_put_user(copy->cpl, &user->cpl, fault);
	return true;
fault:
	return false;
}

static __always_inline bool save_put(void __user *user, const void *copy)
{
	return PUT(SAVE, es, fs) && PUT(SAVE, gdtr, ldtr) && PUT(SAVE, idtr, tr) &&
	       level_put(user, copy) && PUT(SAVE, efer, reserved_0xd8) &&
	       PUT(SAVE, cr4, reserved_0x180) && PUT(SAVE, rsp, s_cet) &&
	       PUT(SAVE, rax, star) && PUT(SAVE, cr2, reserved_0x248) &&
	       PUT(SAVE, g_pat, dbgctl);
}

int svm_nested_vmcb_write(struct x86_vcpu *v, gpa_t gpa, const struct svm_nested *n)
{
	struct vmcb __user *user = kvm_nested_page(v, gpa, true);
	bool written;

	if (!user || !user_access_begin(user, sizeof(*user)))
		return -EFAULT;
	written = control_put(&user->control, &n->control) &&
		  save_put(&user->save, &n->save);
	user_access_end();
	kvm_nested_page_written(v, gpa);
	return written ? 0 : -EFAULT;
}

int svm_nested_vmload_read(struct x86_vcpu *v, gpa_t gpa, struct vmcb_save_area *copy)
{
	const struct vmcb __user *page = kvm_nested_page(v, gpa, false);
	const void __user *user = &page->save;
	bool read;

	if (!page || !user_access_begin(page, sizeof(*page)))
		return -EFAULT;
	read = GET(SAVE, fs, gdtr) && GET(SAVE, ldtr, idtr) && GET(SAVE, tr, reserved_0xa0) &&
	       GET(SAVE, star, cr2);
	user_access_end();
	return read ? 0 : -EFAULT;
}

int svm_nested_vmsave_write(struct x86_vcpu *v, gpa_t gpa,
			    const struct vmcb_save_area *copy)
{
	struct vmcb __user *page = kvm_nested_page(v, gpa, true);
	void __user *user = &page->save;
	bool written;

	if (!page || !user_access_begin(page, sizeof(*page)))
		return -EFAULT;
	written = PUT(SAVE, fs, gdtr) && PUT(SAVE, ldtr, idtr) &&
		  PUT(SAVE, tr, reserved_0xa0) && PUT(SAVE, star, cr2);
	user_access_end();
	kvm_nested_page_written(v, gpa);
	return written ? 0 : -EFAULT;
}
