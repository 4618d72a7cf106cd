// SPDX-License-Identifier: GPL-2.0-only
/*
 * From bytes to struct emul_insn: prefixes, opcode, ModRM and its
 * displacement, immediates; in that order, driven by the opcode table.
 *
 * Here the vendors differ in one thing: in 64-bit mode an operand-size prefix makes
 * a near branch of AMD's 16 bits wide, displacement included (APM vol. 3, CALL and
 * JMP near); Intel ignores it there (SDM vol. 2, A.2.5, "f64").
 */
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/bits.h>

#include "emul/emul.h"
#include "emul/optable.h"

struct stream {
	const u8 *bytes;
	unsigned int n;
	unsigned int pos;
	enum emul_mode mode;
};

/* Take @size bytes, little endian. */
static int stream_get(struct stream *s, unsigned int size, u64 *out)
{
	unsigned int i;

	if (s->pos + size > EMUL_INSN_MAX)
		return -EINVAL;
	if (s->pos + size > s->n)
		return -ENODATA;
	*out = 0;
	for (i = 0; i < size; i++)
		*out |= (u64)s->bytes[s->pos++] << (8 * i);
	return 0;
}

static int stream_byte(struct stream *s, u8 *out)
{
	u64 v;
	int ret = stream_get(s, 1, &v);

	if (!ret)
		*out = v;
	return ret;
}

static u64 sign_extend(u64 v, unsigned int size)
{
	unsigned int shift = 64 - 8 * size;

	return (u64)((s64)(v << shift) >> shift);
}

/* Segment overrides; in 64-bit mode those of ES, CS, SS and DS do nothing. */
static bool prefix_segment(struct emul_insn *insn, enum emul_mode mode, u8 b)
{
	enum x86_seg_nr seg;

	if (b == 0x64 || b == 0x65)
		seg = SEG_FS + (b & 1);
	else if ((b & 0xe7) == 0x26)
		seg = (b >> 3) & 3;
	else
		return false;
	if (mode != EMUL_64 || seg >= SEG_FS)
		insn->seg = seg;
	return true;
}

static bool prefix_legacy(struct emul_insn *insn, enum emul_mode mode, u8 b)
{
	switch (b) {
	case 0x66:
		insn->op66 = true;
		return true;
	case 0x67:
		insn->addr_size = mode == EMUL_32 ? 2 : 4;
		return true;
	case 0xf0:
		insn->lock = true;
		return true;
	case 0xf2:
	case 0xf3:
		insn->rep = b;
		return true;
	default:
		return prefix_segment(insn, mode, b);
	}
}

/* Take the prefixes and one byte more, the first of the opcode. */
static int decode_prefixes(struct emul_insn *insn, struct stream *s)
{
	u8 b;
	int ret;

	for (;;) {
		ret = stream_byte(s, &b);
		if (ret)
			return ret;
		if (s->mode == EMUL_64 && (b & 0xf0) == 0x40) {
			insn->rex = b;
		} else if (prefix_legacy(insn, s->mode, b)) {
			/* REX counts directly before the opcode only. */
			insn->rex = 0;
		} else {
			insn->opcode = b;
			return 0;
		}
	}
}

/*
 * C4, C5 and 62 are LES, LDS and BOUND outside 64-bit mode, unless what would
 * be their ModRM asks for a register (SDM vol. 2, 2.3.5 and 2.7.1).
 */
static int vex_probe(const struct emul_insn *insn, struct stream *s)
{
	if (insn->opcode != 0xc4 && insn->opcode != 0xc5 &&
	    insn->opcode != 0x62)
		return 0;
	if (s->mode == EMUL_64)
		return 1;
	if (s->pos >= EMUL_INSN_MAX)
		return -EINVAL;
	if (s->pos >= s->n)
		return -ENODATA;
	return s->bytes[s->pos] >= 0xc0;
}

/* The low seven bits of the payload's last byte (of EVEX, without L). */
static void vex_last(struct emul_insn *insn, u8 b)
{
	static const u8 rep[] = { 0, 0, 0xf3, 0xf2 };

	insn->rep = rep[b & 3];
	insn->op66 = (b & 3) == 1;
	insn->vex_long = b & 4;
	insn->vex_reg = ~b >> 3 & 15;
}

/*
 * What EVEX has beyond VEX (SDM vol. 2, table 2-30): there is one bit that is always
 * set, and outside 64-bit mode V' too; there are no registers above 7 there.
 */
static int decode_evex(struct emul_insn *insn, enum emul_mode mode, u8 p0, u8 p1, u8 p2)
{
	insn->evex = p2;
	if (!(p1 & 4) || (mode != EMUL_64 && !(p2 & 8)))
		return -EINVAL;
	if (p1 & 0x80)
		insn->evex_bits |= EVEX_W;
	if (mode != EMUL_64)
		return 0;
	if (!(p0 & 0x10))
		insn->evex_bits |= EVEX_R;
	if (!(p0 & 0x40))
		insn->evex_bits |= EVEX_X;
	if (!(p2 & 8))
		insn->vex_reg |= 16;
	return 0;
}

/* The payload behind C4, C5 or 62, then the opcode (SDM vol. 2, 2.3.5, 2.7). */
static int decode_vex(struct emul_insn *insn, struct stream *s)
{
	unsigned int size = insn->opcode == 0xc5 ? 1 :
			    insn->opcode == 0xc4 ? 2 : 3;
	u8 p0, p1;
	u64 p;
	int ret;

	if (insn->rex || insn->lock || insn->rep || insn->op66)
		return -EINVAL;
	ret = stream_get(s, size, &p);
	if (ret)
		return ret;
	p0 = p;
	p1 = p >> 8;
	insn->vex = size + 1;
	if (size == 1) {
		insn->map = 1;
		insn->rex = 0x40 | ((~p0 >> 5) & 4);
		vex_last(insn, p0);
	} else {
		insn->map = p0 & (size == 3 ? 0x0f : 0x1f);
		insn->rex = 0x40 | ((~p0 >> 5) & 7) | ((p1 >> 4) & 8);
		vex_last(insn, p1);
	}
	if (insn->map > 3)
		return -EINVAL;
	if (size == 3) {
		ret = decode_evex(insn, s->mode, p0, p1, p >> 16);
		if (ret)
			return ret;
	}
	/*
	 * Outside 64-bit mode there are eight registers, of 32 bits: B is ignored,
	 * and W where it would choose 64 of them (SDM vol. 2, MOVD, ANDN and others).
	 */
	if (s->mode != EMUL_64)
		insn->rex = 0x40;
	return stream_byte(s, &insn->opcode);
}

static int decode_opcode(struct emul_insn *insn, struct stream *s)
{
	int ret = vex_probe(insn, s);

	if (ret < 0)
		return ret;
	if (ret)
		return decode_vex(insn, s);
	if (insn->opcode != 0x0f)
		return 0;
	insn->map = 1;
	ret = stream_byte(s, &insn->opcode);
	if (ret || (insn->opcode != 0x38 && insn->opcode != 0x3a))
		return ret;
	insn->map = insn->opcode == 0x38 ? 2 : 3;
	return stream_byte(s, &insn->opcode);
}

/* Does a row of the table count with the prefixes that there are? */
static bool prefix_fits(const struct emul_insn *insn, u32 flags)
{
	if (insn->rep)
		return flags & (insn->rep == 0xf2 ? OP_F2 : OP_F3);
	return flags & (insn->op66 ? OP_66 : OP_NP);
}

/* Is there an instruction with this opcode, these prefixes, in this mode? */
static bool opcode_defined(const struct emul_insn *insn, enum emul_mode mode)
{
	u32 flags = insn->flags;

	if (mode == EMUL_64 && flags & OP_NO64)
		return false;
	if (insn->vex)
		return flags & (insn->vex == 4 ? OP_EVEX : OP_VEX);
	return prefix_fits(insn, flags);
}

/* What executes the instruction, if the row's prefixes are its. */
static void row_take(struct emul_insn *insn, const struct emul_opcode *op,
		     bool fits)
{
	insn->exec = fits ? op->exec : NULL;
	insn->feature = op->feature;
	insn->exec_vex = op->vex;
}

/*
 * Go to the row that ModRM chooses.  Return: is there an instruction?  EVEX forms
 * do not have the restrictions of the legacy and VEX forms.
 */
static bool modrm_defined(struct emul_insn *insn)
{
	u8 modrm = insn->flags & OP_MODREG ? insn->modrm | 0xc0 : insn->modrm;
	const struct emul_opcode *op;
	u32 group = insn->flags;

	if (insn->vex == 4)
		return true;
	if (insn->flags & (modrm < 0xc0 ? OP_REG : OP_MEM))
		return false;
	while ((op = optable_member(group, modrm))) {
		if (!op->flags)
			return false;
		group = op->flags;
		insn->flags |= op->flags & ~OP_GROUP;
		row_take(insn, op, prefix_fits(insn, op->flags));
	}
	return true;
}

/* Operand size: SDM vol. 1, tables 3-3 and 3-4; REX.W wins over 66. */
static u8 operand_size(const struct emul_insn *insn, enum emul_mode mode, bool amd)
{
	u32 flags = insn->flags;

	if (flags & OP_BYTE)
		return 1;
	if ((flags & OP_NEAR) == OP_NEAR) {
		if (mode == EMUL_64 && !amd)
			return 8;
	} else if (flags & OP_F64) {
		return mode == EMUL_64 ? 8 : 4;
	}
	if (mode == EMUL_64 && insn->rex & 8)
		return 8;
	if (insn->vex)
		return 4;
	if (insn->op66)
		return mode == EMUL_16 ? 4 : 2;
	if (mode == EMUL_64 && flags & OP_D64)
		return 8;
	return mode == EMUL_16 ? 2 : 4;
}

/* Displacement size from ModRM and SIB (SDM vol. 2, tables 2-1 to 2-3). */
static unsigned int disp_size(const struct emul_insn *insn)
{
	unsigned int mod = insn->modrm >> 6, rm = insn->modrm & 7;

	if (mod == 1)
		return 1;
	if (insn->addr_size == 2)
		return mod == 2 || rm == 6 ? 2 : 0;
	if (mod == 2 || rm == 5 || (rm == 4 && (insn->sib & 7) == 5))
		return 4;
	return 0;
}

static int decode_modrm(struct emul_insn *insn, struct stream *s)
{
	unsigned int size;
	u64 v;
	int ret;

	ret = stream_byte(s, &insn->modrm);
	if (ret)
		return ret;
	insn->has_modrm = true;
	if (!modrm_defined(insn))
		return -EINVAL;
	if (insn->modrm >= 0xc0 || insn->flags & OP_MODREG)
		return 0;
	if (insn->addr_size != 2 && (insn->modrm & 7) == 4) {
		ret = stream_byte(s, &insn->sib);
		if (ret)
			return ret;
	}
	size = disp_size(insn);
	if (!size)
		return 0;
	ret = stream_get(s, size, &v);
	if (!ret)
		insn->disp = sign_extend(v, size);
	return ret;
}

struct imm_layout {
	u8 size;	/* first immediate, in bytes */
	u8 size2;	/* second one */
	bool sign;
};

static struct imm_layout imm_layout(const struct emul_insn *insn)
{
	struct imm_layout l = { 0 };
	u8 z = insn->op_size == 2 ? 2 : 4;

	if (insn->flags & OP_NOIMM)
		return l;
	switch (insn->flags & OP_IMM) {
	case IMM_B:
		return (struct imm_layout){ 1, 0, false };
	case IMM_SB:
		return (struct imm_layout){ 1, 0, true };
	case IMM_W:
		return (struct imm_layout){ 2, 0, false };
	case IMM_Z:
		return (struct imm_layout){ z, 0, true };
	case IMM_V:
		return (struct imm_layout){ insn->op_size, 0, false };
	case IMM_MOFFS:
		return (struct imm_layout){ insn->addr_size, 0, false };
	case IMM_FAR:
		return (struct imm_layout){ z, 2, false };
	case IMM_ENTER:
		return (struct imm_layout){ 2, 1, false };
	case IMM_BB:
		/* EXTRQ and INSERTQ, not VMREAD nor an EVEX instruction. */
		if (!insn->vex && (insn->op66 || insn->rep))
			return (struct imm_layout){ 1, 1, false };
	}
	return l;
}

static int decode_imm(struct emul_insn *insn, struct stream *s)
{
	struct imm_layout l = imm_layout(insn);
	u64 v;
	int ret;

	if (!l.size)
		return 0;
	ret = stream_get(s, l.size, &insn->imm);
	if (ret)
		return ret;
	if (l.sign)
		insn->imm = sign_extend(insn->imm, l.size);
	if (!l.size2)
		return 0;
	ret = stream_get(s, l.size2, &v);
	if (!ret)
		insn->imm2 = v;
	return ret;
}

int emul_decode(struct emul_insn *insn, enum emul_mode mode, bool amd,
		const u8 *bytes, unsigned int n)
{
	struct stream s = { .bytes = bytes, .n = n, .mode = mode };
	const struct emul_opcode *op;
	int ret;

	memset(insn, 0, sizeof(*insn));
	insn->seg = SEG_NONE;
	insn->addr_size = mode == EMUL_16 ? 2 : mode == EMUL_32 ? 4 : 8;

	ret = decode_prefixes(insn, &s);
	if (!ret)
		ret = decode_opcode(insn, &s);
	if (ret)
		return ret;

	op = optable_find(insn->map, insn->opcode);
	insn->flags = op->flags;
	row_take(insn, op, true);
	if (!opcode_defined(insn, mode))
		return -EINVAL;
	if (insn->flags & OP_MODRM) {
		ret = decode_modrm(insn, &s);
		if (ret)
			return ret;
	}
	insn->op_size = operand_size(insn, mode, amd);
	ret = decode_imm(insn, &s);
	if (ret)
		return ret;
	insn->len = s.pos;
	return s.pos;
}
