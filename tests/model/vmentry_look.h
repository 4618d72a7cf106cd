/* SPDX-License-Identifier: GPL-2.0-only */
/* What vmentry.c and vmentry_guest.c look with. */
#ifndef MODEL_VMENTRY_LOOK_H
#define MODEL_VMENTRY_LOOK_H

#include "tests/model/vmentry.h"

/* Where the fields are. */
enum {
	IO_A = 40, IO_B = 48, MSR_MAP = 56, STORE_AT = 64, LOAD_AT = 72, ENTRY_AT = 80,
	VAPIC = 96, ACCESS_PAGE = 104, PID = 112, EPTP = 120, LINK = 176, DEBUGCTL = 184,
	PAT = 192, EFER = 200, PDPTR = 216, HOST_PAT = 256, HOST_EFER = 264, READ_MAP = 280,
	WRITE_MAP = 288, FUNCTIONS = 296, EPTP_LIST = 304, PML = 312, MULTIPLIER = 328,
	CR0 = 424, CR3 = 432, CR4 = 440, BASE = 448, GDTR_BASE = 512, IDTR_BASE = 520,
	DR7 = 528, RIP = 544, RFLAGS = 552, PENDING = 560, SYSENTER_ESP = 568,
	SYSENTER_EIP = 576, HOST_CR0 = 584, HOST_CR3 = 592, HOST_CR4 = 600, HOST_BASE = 608,
	HOST_ESP = 648, HOST_EIP = 656, HOST_RIP = 672,
	PIN = 744, CPU = 748, TARGETS = 764, EXIT = 768, STORE_NR = 772, LOAD_NR = 776,
	ENTRY = 780, ENTRY_NR = 784, EVENT = 788, EVENT_CODE = 792, EVENT_LEN = 796,
	THRESHOLD = 800, CPU2 = 804, LIMIT = 840, GDTR_LIMIT = 872, IDTR_LIMIT = 876,
	RIGHTS = 880, BLOCKING = 912, ACTIVITY = 916, VPID = 960, NOTIFY = 962, SELECTOR = 964,
	HOST_SELECTOR = 982,
};

enum { ES, CS, SS, DS, FS, GS, LDTR, TR };

/* What is looked at, and where the result goes. */
struct look {
	const uint8_t *m;
	const struct vmentry_cpu *cpu;
	bool *wrong;
};

static inline uint64_t at(const struct look *l, int offset, int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value * 256 + l->m[offset + bytes];
	return value;
}

#define W2(offset)	at(l, offset, 2)
#define W4(offset)	at(l, offset, 4)
#define W8(offset)	at(l, offset, 8)

static inline int bit(uint64_t value, int n)
{
	return value >> n & 1;
}

/* Bits @high to @low. */
static inline uint64_t bits(uint64_t value, int high, int low)
{
	uint64_t r = 0;
	int i;

	for (i = high; i >= low; i--)
		r = r * 2 + bit(value, i);
	return r;
}

static inline uint64_t msr(const struct look *l, int number)
{
	return l->cpu->msr[number - 0x480];
}

static inline bool too_wide(const struct look *l, uint64_t address)
{
	return bits(address, 63, l->cpu->phys_bits) != 0;
}

/* All from @low on are equal. */
static inline bool same_bits(uint64_t value, int low)
{
	int i;

	for (i = low; i < 63; i++)
		if (bit(value, i) != bit(value, i + 1))
			return false;
	return true;
}

static inline bool canonical(const struct look *l, uint64_t address)
{
	return same_bits(address, l->cpu->linear_bits - 1);
}

static inline bool pat_ok(uint64_t pat)
{
	int i, type;

	for (i = 0; i < 8; i++, pat /= 256) {
		type = pat % 256;
		if (type != 0 && type != 1 && type != 4 && type != 5 && type != 6 && type != 7)
			return false;
	}
	return true;
}

static inline bool pin(const struct look *l, int n)
{
	return bit(W4(PIN), n);
}

static inline bool cpu1(const struct look *l, int n)
{
	return bit(W4(CPU), n);
}

/* The processor takes all of them for 0 if bit 31 of the primary ones is 0. */
static inline bool cpu2(const struct look *l, int n)
{
	return cpu1(l, 31) && bit(W4(CPU2), n);
}

static inline bool on_exit(const struct look *l, int n)
{
	return bit(W4(EXIT), n);
}

static inline bool on_entry(const struct look *l, int n)
{
	return bit(W4(ENTRY), n);
}

static inline void page(const struct look *l, enum vmentry_wrong low, bool on, uint64_t address)
{
	l->wrong[low] = on && bits(address, 11, 0) != 0;
	l->wrong[low + 1] = on && too_wide(l, address);
}

enum { TYPE_INTR = 0, TYPE_NMI = 2, TYPE_EXCEPTION = 3, TYPE_OTHER = 7 };

/* The type of what is injected, or -1. */
static inline int event_type(const struct look *l)
{
	return bit(W4(EVENT), 31) ? (int)bits(W4(EVENT), 10, 8) : -1;
}

static inline int event_vector(const struct look *l)
{
	return bits(W4(EVENT), 7, 0);
}

/* What must be 1 and what may be, of CR0 and CR4 in VMX operation; bits of @skip aside. */
static inline bool cr_ok(const struct look *l, int fixed0, uint64_t value, uint64_t skip)
{
	int i;

	for (i = 0; i < 64; i++) {
		if (bit(skip, i))
			continue;
		if (bit(msr(l, fixed0), i) && !bit(value, i))
			return false;
		if (!bit(msr(l, fixed0 + 1), i) && bit(value, i))
			return false;
	}
	return true;
}

#define NW_CD	(1ull << 29 | 1ull << 30)

/* 26.3.1 */
void vmentry_guest(const struct look *l);

#endif
