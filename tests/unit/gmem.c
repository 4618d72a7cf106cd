// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "mmu/base/config.h"
#include "tests/unit/gmem.h"

static bool inside(u64 gpa, unsigned int size)
{
	return gpa < GMEM_PAGES * MMU_PAGE_SIZE && !(gpa % size);
}

u64 gmem_get(const struct gmem *mem, u64 gpa, int size)
{
	u64 value = 0;

	memcpy(&value, (const char *)mem->word + gpa, size);
	return value;
}

void gmem_set(struct gmem *mem, u64 gpa, int size, u64 value)
{
	memcpy((char *)mem->word + gpa, &value, size);
}

void gmem_machine(struct gmem *mem, int levels)
{
	static const struct mmu_config config[] = {
		{ .levels = 4 }, { .levels = 5 },
	};

	mem->mmu.config = &config[levels == 5];
	mem->vcpu.mmu = &mem->mmu;
}

/* Nothing here runs on shadow pages. */
void mmu_guest_flush(struct mmu_vcpu *vcpu)
{
}

static void store(struct gmem *mem, u64 gpa, int size, u64 value)
{
	struct gmem_write *w = &mem->log[mem->writes];

	if (mem->writes == GMEM_LOG) {
		mem->overflow = true;
		return;
	}
	mem->writes++;
	w->gpa = gpa & ~7ull;
	w->old = mem->word[gpa / 8];
	gmem_set(mem, gpa, size, value);
}

void gmem_mark(struct gmem *mem)
{
	mem->writes = 0;
	mem->overflow = false;
}

int gmem_take(struct gmem *mem, struct gmem_write *log)
{
	int n = mem->writes, i;

	for (i = 0; i < n; i++) {
		log[i] = mem->log[i];
		log[i].now = mem->word[log[i].gpa / 8];
	}
	for (i = n - 1; i >= 0; i--)
		mem->word[log[i].gpa / 8] = log[i].old;
	gmem_mark(mem);
	return n;
}

int mmu_env_guest_read(struct mmu_vcpu *vcpu, gpa_t gpa, void *buf,
		       unsigned int len)
{
	struct gmem *mem = gmem_of(vcpu);

	if (!inside(gpa, len))
		return -EFAULT;
	memcpy(buf, (char *)mem->word + gpa, len);
	return 0;
}

u64 mmu_env_guest_slots(struct mmu_vcpu *vcpu)
{
	return 1;
}

hva_t mmu_env_guest_hva(struct mmu_vcpu *vcpu, gpa_t gpa)
{
	return inside(gpa, 1) ? (hva_t)gmem_of(vcpu)->word + gpa : 0;
}

enum mmu_again mmu_env_guest_again(struct mmu_vcpu *vcpu, struct mmu_walk *walk,
				   unsigned int code)
{
	unsigned int i, size = walk->wide ? 8 : 4;
	u64 entry;

	if (!walk->slots)
		return AGAIN_MOVED;
	for (i = 0; i < walk->n; i++) {
		entry = 0;
		memcpy(&entry, (void *)walk->at[i], size);
		if (entry != walk->step[i].entry)
			return AGAIN_CHANGED;
	}
	if (code == AGAIN_NO_CODE)
		return AGAIN_SAME;
	if (!walk->hva)
		return AGAIN_CHANGED;
	memcpy(&walk->code, (void *)(walk->hva + code), sizeof(walk->code));
	return AGAIN_SAME;
}

int mmu_env_guest_cmpxchg(struct mmu_vcpu *vcpu, gpa_t gpa, unsigned int size,
			  u64 old, u64 new)
{
	struct gmem *mem = gmem_of(vcpu);

	if (!inside(gpa, size) || (mem->readonly >> (gpa / MMU_PAGE_SIZE) & 1))
		return -EFAULT;
	if (mem->lose && !--mem->lose)
		store(mem, gpa, size, 0);
	if (gmem_get(mem, gpa, size) != old)
		return -EAGAIN;
	store(mem, gpa, size, new);
	return 0;
}

static bool model_read(void *opaque, u64 gpa, int size, u64 *value)
{
	if (!inside(gpa, size))
		return false;
	*value = gmem_get(opaque, gpa, size);
	return true;
}

static void model_write(void *opaque, u64 gpa, int size, u64 value)
{
	struct gmem *mem = opaque;

	if (!(mem->readonly >> (gpa / MMU_PAGE_SIZE) & 1))
		store(mem, gpa, size, value);
}

struct model_mem gmem_model(struct gmem *mem)
{
	return (struct model_mem){
		.read = model_read, .write = model_write, .opaque = mem
	};
}
