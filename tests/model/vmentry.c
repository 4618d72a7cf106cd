// SPDX-License-Identifier: GPL-2.0-only
#include "tests/model/vmentry_look.h"

/* Appendix A.3 to A.5. */
static bool reserved_ok(const struct look *l, int exact, int plain, uint64_t word)
{
	uint64_t allowed = msr(l, bit(msr(l, 0x480), 55) ? exact : plain);
	int i;

	for (i = 0; i < 32; i++)
		if ((bit(allowed, i) && !bit(word, i)) ||
		    (!bit(allowed, 32 + i) && bit(word, i)))
			return false;
	return true;
}

static void virtual_apic(const struct look *l)
{
	bool tpr = cpu1(l, 21), accesses = cpu2(l, 0), x2apic = cpu2(l, 4);
	bool regs = cpu2(l, 8), delivery = cpu2(l, 9), posted = pin(l, 7);
	bool *w = l->wrong;

	if (tpr) {
		page(l, WRONG_VAPIC_PAGE_LOW, true, W8(VAPIC));
		w[WRONG_TPR_THRESHOLD] = !delivery && bits(W4(THRESHOLD), 31, 4) != 0;
	} else {
		w[WRONG_X2APIC_TPR] = x2apic;
		w[WRONG_APIC_REGS_TPR] = regs;
		w[WRONG_VINTR_TPR] = delivery;
	}
	page(l, WRONG_APIC_ACCESS_LOW, accesses, W8(ACCESS_PAGE));
	w[WRONG_X2APIC_ACCESSES] = x2apic && accesses;
	w[WRONG_VINTR_EXITING] = delivery && !pin(l, 0);
	if (!posted)
		return;
	w[WRONG_POSTED_VINTR] = !delivery;
	w[WRONG_POSTED_ACK] = !on_exit(l, 15);
	w[WRONG_POSTED_VECTOR] = W2(NOTIFY) > 255;
	w[WRONG_POSTED_DESC_LOW] = bits(W8(PID), 5, 0) != 0;
	w[WRONG_POSTED_DESC_HIGH] = too_wide(l, W8(PID));
}

static void ept(const struct look *l)
{
	uint64_t p = W8(EPTP), cap = msr(l, 0x48c);
	bool *w = l->wrong, type = false, walk = false;

	w[WRONG_PML_EPT] = cpu2(l, 17) && !cpu2(l, 1);
	w[WRONG_UNRESTRICTED_EPT] = cpu2(l, 7) && !cpu2(l, 1);
	page(l, WRONG_PML_LOW, cpu2(l, 17), W8(PML));
	if (cpu2(l, 13)) {
		w[WRONG_VMFUNC] = (W8(FUNCTIONS) | msr(l, 0x491)) != msr(l, 0x491);
		w[WRONG_EPTP_LIST_EPT] = bit(W8(FUNCTIONS), 0) && !cpu2(l, 1);
		page(l, WRONG_EPTP_LIST_LOW, bit(W8(FUNCTIONS), 0), W8(EPTP_LIST));
	}
	if (!cpu2(l, 1))
		return;
	switch (bits(p, 2, 0)) {
	case 0: type = bit(cap, 8); break;
	case 6: type = bit(cap, 14); break;
	}
	switch (bits(p, 5, 3)) {
	case 3: walk = bit(cap, 6); break;
	case 4: walk = bit(cap, 7); break;
	}
	w[WRONG_EPTP_TYPE] = !type;
	w[WRONG_EPTP_WALK] = !walk;
	w[WRONG_EPTP_AD] = bit(p, 6) && !bit(cap, 21);
	w[WRONG_EPTP_LOW] = bits(p, 11, 7) != 0;
	w[WRONG_EPTP_HIGH] = too_wide(l, p);
}

/* 26.2.1.1 */
static void execution(const struct look *l)
{
	bool *w = l->wrong;

	w[WRONG_PIN] = !reserved_ok(l, 0x48d, 0x481, W4(PIN));
	w[WRONG_CPU] = !reserved_ok(l, 0x48e, 0x482, W4(CPU));
	w[WRONG_CPU2] = cpu1(l, 31) && !reserved_ok(l, 0x48b, 0x48b, W4(CPU2));
	w[WRONG_CR3_TARGETS] = W4(TARGETS) > bits(msr(l, 0x485), 24, 16);
	page(l, WRONG_IO_BITMAP_A_LOW, cpu1(l, 25), W8(IO_A));
	page(l, WRONG_IO_BITMAP_B_LOW, cpu1(l, 25), W8(IO_B));
	page(l, WRONG_MSR_BITMAP_LOW, cpu1(l, 28), W8(MSR_MAP));
	w[WRONG_VIRTUAL_NMIS] = !pin(l, 3) && pin(l, 5);
	w[WRONG_NMI_WINDOW] = !pin(l, 5) && cpu1(l, 22);
	virtual_apic(l);
	w[WRONG_VPID] = cpu2(l, 5) && W2(VPID) == 0;
	ept(l);
	page(l, WRONG_VMREAD_BITMAP_LOW, cpu2(l, 14), W8(READ_MAP));
	page(l, WRONG_VMWRITE_BITMAP_LOW, cpu2(l, 14), W8(WRITE_MAP));
	w[WRONG_TSC_MULTIPLIER] = cpu2(l, 25) && W8(MULTIPLIER) == 0;
}

static void area(const struct look *l, enum vmentry_wrong low, uint64_t count, uint64_t address)
{
	bool *w = l->wrong;

	if (count == 0)
		return;
	w[low] = bits(address, 3, 0) != 0;
	w[low + 1] = too_wide(l, address);
	w[low + 2] = too_wide(l, address + count * 16 - 1);
}

/* 26.2.1.2 */
static void exits(const struct look *l)
{
	l->wrong[WRONG_EXIT] = !reserved_ok(l, 0x48f, 0x483, W4(EXIT)) ||
			       (on_exit(l, 9) && !l->cpu->long_mode);
	l->wrong[WRONG_TIMER_SAVE] = !pin(l, 6) && on_exit(l, 22);
	area(l, WRONG_EXIT_STORE_LOW, W4(STORE_NR), W8(STORE_AT));
	area(l, WRONG_EXIT_LOAD_LOW, W4(LOAD_NR), W8(LOAD_AT));
}

/* 26.2.1.3 */
static void entries(const struct look *l)
{
	int type = event_type(l), vector = event_vector(l);
	bool code = false, *w = l->wrong;

	w[WRONG_ENTRY] = !reserved_ok(l, 0x490, 0x484, W4(ENTRY)) ||
			 (on_entry(l, 9) && !l->cpu->long_mode);
	area(l, WRONG_ENTRY_LOAD_LOW, W4(ENTRY_NR), W8(ENTRY_AT));
	if (type < 0)
		return;
	w[WRONG_EVENT_RESERVED] = bits(W4(EVENT), 30, 12) != 0;
	if (bit(W4(EVENT), 11))
		w[WRONG_EVENT_CODE_HIGH] = bits(W4(EVENT_CODE), 31, 16) != 0;
	switch (type) {
	case 1:
		w[WRONG_EVENT_TYPE] = true;
		break;
	case TYPE_NMI:
		w[WRONG_EVENT_NMI] = vector != 2;
		break;
	case TYPE_EXCEPTION:
		w[WRONG_EVENT_EXCEPTION] = vector >= 32;
		if (bit(W8(CR0), 0))
			code = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
		break;
	case 4:
	case 5:
	case 6:
		w[WRONG_EVENT_LENGTH] = W4(EVENT_LEN) >= 16;
		w[WRONG_EVENT_NO_LENGTH] = W4(EVENT_LEN) == 0 && !bit(msr(l, 0x485), 30);
		break;
	case TYPE_OTHER:
		w[WRONG_EVENT_NO_MTF] = !bit(msr(l, 0x48e), 32 + 27);
		w[WRONG_EVENT_MTF] = vector != 0;
		break;
	}
	w[WRONG_EVENT_NO_CODE] = code && !bit(W4(EVENT), 11);
	w[WRONG_EVENT_CODE] = !code && bit(W4(EVENT), 11);
}

/* 26.2.2 */
static void host_registers(const struct look *l)
{
	uint64_t efer = W8(HOST_EFER);
	bool *w = l->wrong;

	w[WRONG_HOST_CR0] = !cr_ok(l, 0x486, W8(HOST_CR0), NW_CD);
	w[WRONG_HOST_CR4] = !cr_ok(l, 0x488, W8(HOST_CR4), 0) ||
			    (W8(HOST_CR4) | l->cpu->cr4) != l->cpu->cr4;
	w[WRONG_HOST_CR3] = too_wide(l, W8(HOST_CR3));
	w[WRONG_HOST_SYSENTER_ESP] = !canonical(l, W8(HOST_ESP));
	w[WRONG_HOST_SYSENTER_EIP] = !canonical(l, W8(HOST_EIP));
	w[WRONG_HOST_PAT] = on_exit(l, 19) && !pat_ok(W8(HOST_PAT));
	if (!on_exit(l, 21))
		return;
	w[WRONG_HOST_EFER] = (efer | l->cpu->efer) != l->cpu->efer;
	w[WRONG_HOST_LMA] = bit(efer, 10) != on_exit(l, 9);
	w[WRONG_HOST_LME] = bit(efer, 8) != on_exit(l, 9);
}

/* 26.2.3, 26.2.4 */
static void host_segments(const struct look *l)
{
	static const uint8_t bases[] = { WRONG_HOST_FS_BASE, WRONG_HOST_GS_BASE,
		WRONG_HOST_TR_BASE, WRONG_HOST_GDTR_BASE, WRONG_HOST_IDTR_BASE };
	bool size64 = on_exit(l, 9), guest64 = on_entry(l, 9), *w = l->wrong;
	int i;

	/* ES, CS, SS, DS, FS, GS, TR */
	for (i = 0; i < 7; i++)
		w[WRONG_HOST_ES + i] = bits(W2(HOST_SELECTOR + 2 * i), 2, 0) != 0;
	w[WRONG_HOST_CS_NULL] = W2(HOST_SELECTOR + 2) == 0;
	w[WRONG_HOST_TR_NULL] = W2(HOST_SELECTOR + 12) == 0;
	w[WRONG_HOST_SS_NULL] = W2(HOST_SELECTOR + 4) == 0 && !size64;
	for (i = 0; i < 5; i++)
		w[bases[i]] = !canonical(l, W8(HOST_BASE + 8 * i));
	if (l->cpu->lma) {
		w[WRONG_HOST_LONG_SIZE] = !size64;
	} else {
		w[WRONG_HOST_LEGACY_GUEST] = guest64;
		w[WRONG_HOST_LEGACY_SIZE] = size64;
	}
	if (size64) {
		w[WRONG_HOST_64_PAE] = !bit(W8(HOST_CR4), 5);
		w[WRONG_HOST_64_RIP] = !canonical(l, W8(HOST_RIP));
	} else {
		w[WRONG_HOST_32_GUEST] = guest64;
		w[WRONG_HOST_32_PCIDE] = bit(W8(HOST_CR4), 17);
		w[WRONG_HOST_32_RIP] = bits(W8(HOST_RIP), 63, 32) != 0;
	}
}

void vmentry_wrongs(const uint8_t *vmcs12, const struct vmentry_cpu *cpu,
		    struct vmentry_wrongs *wrongs)
{
	const struct look l = { vmcs12, cpu, wrongs->is };

	*wrongs = (struct vmentry_wrongs){ };
	execution(&l);
	exits(&l);
	entries(&l);
	host_registers(&l);
	host_segments(&l);
	vmentry_guest(&l);
}

#define NAME(name)	#name,

const char *vmentry_name(enum vmentry_wrong wrong)
{
	static const char *const names[] = {
		VMENTRY_CONTROL(NAME) VMENTRY_HOST(NAME) VMENTRY_GUEST(NAME)
	};

	return names[wrong];
}

int vmentry_qualification(enum vmentry_wrong wrong)
{
	switch (wrong) {
	case WRONG_PDPTE0:
	case WRONG_PDPTE1:
	case WRONG_PDPTE2:
	case WRONG_PDPTE3:
		return 2;
	case WRONG_BLOCK_NMI_STI:
		return 3;
	case WRONG_LINK_LOW:
	case WRONG_LINK_HIGH:
		return 4;
	default:
		return 0;
	}
}
