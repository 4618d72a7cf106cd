/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors in the GDT and the LDT (APM vol. 2, 4.7 and 4.8). */
#ifndef LAMINA_EMUL_DESCRIPTOR_H
#define LAMINA_EMUL_DESCRIPTOR_H

#include "emul/emul.h"
#include "emul/system.h"

/**
 * struct descriptor - one descriptor
 * @raw: its first eight bytes
 * @high: its second eight, of system segments and gates in long mode
 * @la: where it is
 */
struct descriptor {
	u64 raw;
	u64 high;
	u64 la;
};

/** selector_error - the error code that names a selector: without RPL */
static inline u32 selector_error(u16 selector)
{
	return selector & 0xfffc;
}

/** selector_null - is it one of the four null selectors? */
static inline bool selector_null(u16 selector)
{
	return !selector_error(selector);
}

/** descriptor_attr - its attributes, SEG_* */
static inline u16 descriptor_attr(const struct descriptor *d)
{
	return (d->raw >> 40 & 0xff) | (d->raw >> 44 & 0xf00);
}

/** descriptor_type - its type, 0 to 15 */
static inline unsigned int descriptor_type(const struct descriptor *d)
{
	return d->raw >> 40 & 0xf;
}

/** descriptor_dpl - its privilege level */
static inline unsigned int descriptor_dpl(const struct descriptor *d)
{
	return d->raw >> 45 & 3;
}

/** descriptor_present - its P bit */
static inline bool descriptor_present(const struct descriptor *d)
{
	return d->raw >> 47 & 1;
}

/** descriptor_system - a system segment or a gate, not code nor data? */
static inline bool descriptor_system(const struct descriptor *d)
{
	return !(d->raw >> 44 & 1);
}

/**
 * type_allows - may a segment be accessed? (SDM vol. 3, 5.5, and table 3-1)
 * @attr: SEG_*
 * @write: written, not read
 */
static inline bool type_allows(u16 attr, bool write)
{
	if (!(attr & SEG_S))
		return false;
	if (attr & SEG_CODE)
		return !write && attr & SEG_READABLE;
	return !write || attr & SEG_WRITABLE;
}

/**
 * implicit_read - read as the processor does for itself
 * @ctx: the emulation
 * @la: linear address; wraps at 4 GiB outside long mode
 * @buf: where to
 * @len: in bytes
 *
 * Return: EMUL_OK, or what the callback says.
 */
enum emul_result implicit_read(struct emul_ctx *ctx, u64 la, void *buf,
			       unsigned int len);

/** implicit_write - write so; as implicit_read() */
enum emul_result implicit_write(struct emul_ctx *ctx, u64 la, const void *buf,
				unsigned int len);

/** implicit_probe - would implicit_write() be allowed? */
enum emul_result implicit_probe(struct emul_ctx *ctx, u64 la, unsigned int len);

/**
 * descriptor_find - read the descriptor of a selector
 * @ctx: the emulation
 * @selector: not null
 * @d: the descriptor; @high is 0
 * @found: false when it is beyond the limit, or there is no LDT
 *
 * Return: EMUL_OK, or what the callback says.
 */
enum emul_result descriptor_find(struct emul_ctx *ctx, u16 selector,
				 struct descriptor *d, bool *found);

/**
 * descriptor_fetch - read the descriptor of a selector that must have one
 * @ctx: the emulation
 * @selector: not null
 * @vector: fault to raise, with the selector as error code
 * @d: the descriptor; @high is 0
 *
 * Return: EMUL_OK, EMUL_FAULT, or what the callback says.
 */
enum emul_result descriptor_fetch(struct emul_ctx *ctx, u16 selector,
				  u8 vector, struct descriptor *d);

/**
 * descriptor_fetch_high - read the second half of a long-mode descriptor
 * @ctx: the emulation
 * @selector: its selector
 * @d: the descriptor; nothing happens outside long mode
 *
 * Return: EMUL_OK, EMUL_FAULT (#GP(selector): beyond the limit, or the second
 * half has a type), or what the callback says.
 */
enum emul_result descriptor_fetch_high(struct emul_ctx *ctx, u16 selector,
				       struct descriptor *d);

/**
 * descriptor_mark - set type bits in memory: accessed, busy
 * @ctx: the emulation
 * @d: the descriptor, changed too
 * @bits: to be set; nothing happens when they are
 *
 * Return: EMUL_OK, or what the callback says.
 */
enum emul_result descriptor_mark(struct emul_ctx *ctx, struct descriptor *d,
				 unsigned int bits);

/** descriptor_unmark - clear type bits in memory; as descriptor_mark() */
enum emul_result descriptor_unmark(struct emul_ctx *ctx, struct descriptor *d,
				   unsigned int bits);

/**
 * descriptor_unpack - make a segment register's value
 * @d: the descriptor of a segment
 * @selector: its selector
 * @out: the value
 */
void descriptor_unpack(const struct descriptor *d, u16 selector,
		       struct x86_seg *out);

/**
 * struct stack_rules - what a load of SS depends on
 * @cpl: the privilege level that the stack is for
 * @vector: of faults but not-present, #GP or #TS
 * @wide: in 64-bit mode a null selector is allowed below level 3
 */
struct stack_rules {
	u8 cpl;
	u8 vector;
	bool wide;
};

/**
 * segment_load_stack - check and fetch the descriptor for SS
 * @ctx: the emulation, in protected mode
 * @selector: the selector
 * @rules: see struct stack_rules
 * @out: what SS becomes
 *
 * Return: EMUL_OK, EMUL_FAULT, or what a callback says.
 */
enum emul_result segment_load_stack(struct emul_ctx *ctx, u16 selector,
				    const struct stack_rules *rules,
				    struct x86_seg *out);

/**
 * segment_load_data - check and fetch the descriptor for ES, DS, FS or GS
 * @ctx: the emulation, in protected mode
 * @selector: the selector, which may be null
 * @vector: of faults but not-present, #GP or #TS
 * @out: what the register becomes
 *
 * Return: EMUL_OK, EMUL_FAULT, or what a callback says.
 */
enum emul_result segment_load_data(struct emul_ctx *ctx, u16 selector,
				   u8 vector, struct x86_seg *out);

/**
 * segment_load - check and fetch the descriptor for a segment register
 * @ctx: the emulation, in any mode
 * @seg: ES, SS, DS, FS or GS
 * @selector: the selector
 * @out: what the register becomes; the caller writes it
 *
 * The accessed bit is set in memory.
 *
 * Return: EMUL_OK, EMUL_FAULT, or what a callback says.
 */
enum emul_result segment_load(struct emul_ctx *ctx, enum x86_seg_nr seg,
			      u16 selector, struct x86_seg *out);

#endif
