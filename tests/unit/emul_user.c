// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emul_user.h"

bool user_la57, user_amd;
u8 user_copy[USER_SIZE];

bool user_rep_compares(const u8 *code, unsigned int len)
{
	u8 opcode = code[len - 1];

	return (memchr(code, 0xf2, len - 1) || memchr(code, 0xf3, len - 1)) &&
	       (opcode == 0xa6 || opcode == 0xa7 || opcode == 0xae || opcode == 0xaf);
}

bool user_map(u64 at, u64 size, int prot)
{
	void *want = (void *)at;

	return mmap(want, size, prot, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_FIXED_NOREPLACE, -1, 0) == want;
}

int user_setup(void **unused)
{
	char line[4096];
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "flags", 5) && strstr(line, " la57"))
			user_la57 = true;
		if (strstr(line, "AuthenticAMD") ||
		    strstr(line, "HygonGenuine"))
			user_amd = true;
	}
	if (f)
		fclose(f);
	return user_map(USER_DATA, USER_SIZE, PROT_READ | PROT_WRITE) ? 0 : -1;
}

void user_catch(void (*handler)(int sig, siginfo_t *info, void *arg))
{
	static const int signals[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE,
	};
	struct sigaction act = {
		.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	static u8 handler_stack[65536];
	stack_t stack = {
		.ss_sp = handler_stack, .ss_size = sizeof(handler_stack),
	};
	unsigned int i;

	if (sigaltstack(&stack, NULL))
		abort();
	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &act, NULL);
}

static u8 *locate(struct emul_ctx *ctx, u64 la, unsigned int len)
{
	u64 at = la - USER_DATA;

	if (at < USER_SIZE && at + len <= USER_SIZE)
		return &user_copy[at];
	ctx->fault = (struct emul_fault){ .vector = 14, .address = la };
	if (at < USER_SIZE)
		ctx->fault.address = USER_DATA + USER_SIZE;
	return NULL;
}

enum emul_result user_read(struct emul_ctx *ctx, u64 la, void *buf,
			   unsigned int len)
{
	u8 *p = locate(ctx, la, len);

	if (p)
		memcpy(buf, p, len);
	return p ? EMUL_OK : EMUL_FAULT;
}

enum emul_result user_write(struct emul_ctx *ctx, u64 la, const void *buf,
			    unsigned int len)
{
	u8 *p = locate(ctx, la, len);

	if (p)
		memcpy(p, buf, len);
	return p ? EMUL_OK : EMUL_FAULT;
}

enum emul_result user_probe(struct emul_ctx *ctx, u64 la, unsigned int len, bool write)
{
	return locate(ctx, la, len) ? EMUL_OK : EMUL_FAULT;
}

enum emul_result user_cmpxchg(struct emul_ctx *ctx, u64 la, const void *old,
			      const void *new, unsigned int len)
{
	u8 *p = locate(ctx, la, len);

	if (!p)
		return EMUL_FAULT;
	if (memcmp(p, old, len))
		return EMUL_RETRY;
	memcpy(p, new, len);
	return EMUL_OK;
}

enum emul_result user_reg(struct emul_ctx *ctx, enum emul_regs set, u32 nr,
			  u64 *val)
{
	*val = set == EMUL_XCR ? 7 : nr ? 0x40620 : 0x80050033;
	return EMUL_OK;
}

bool user_has(struct emul_ctx *ctx, enum emul_feature feature)
{
	return true;
}
