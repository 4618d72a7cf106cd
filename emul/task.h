/* SPDX-License-Identifier: GPL-2.0-only */
/* Task switches (SDM vol. 3, chapter 7; APM vol. 2, chapter 12). */
#ifndef LAMINA_EMUL_TASK_H
#define LAMINA_EMUL_TASK_H

#include "emul/emul.h"

enum task_source {
	TASK_JMP,	/* to a TSS, or through a task gate */
	TASK_CALL,
	TASK_IRET,	/* with NT set */
	TASK_INT,	/* an interrupt or exception, through a task gate */
};

/**
 * struct emul_task - what is known of a task switch before it begins
 * @source: what asks for it; its own privilege checks have been made
 * @selector: of the new task's TSS
 * @external: no instruction asked for it: bit 0 of error codes
 * @resume: the old task's RF is to be 1
 * @has_error: the new task's stack gets @error
 * @error: an exception's error code
 * @vector: TASK_INT, where an instruction asks for it: its number
 * @after: EIP where the old task goes on
 */
struct emul_task {
	enum task_source source;
	u16 selector;
	bool external;
	bool resume;
	bool has_error;
	u8 vector;
	u32 error;
	u64 after;
};

/**
 * task_switch - change to another task
 * @ctx: the emulation, in protected or virtual-8086 mode, not in long mode; of
 *	@ctx->insn nothing is looked at
 * @t: which, and why
 *
 * Up to the point where the old task is saved what fails has changed nothing.  From
 * there on all faults are the new task's: its registers are in place, segments
 * that could not be loaded have a selector and nothing else.
 *
 * Return: EMUL_JUMP; EMUL_TRAP: the switch is done and the new task has the fault
 * in ctx->fault; EMUL_FAULT; EMUL_RETRY: the callback task_taken() has taken it; or what
 * another callback says.
 */
enum emul_result task_switch(struct emul_ctx *ctx, const struct emul_task *t);

/**
 * task_return - IRET with NT set
 * @ctx: the emulation, in protected mode, not in long mode
 *
 * Return: as task_switch().
 */
enum emul_result task_return(struct emul_ctx *ctx);

#endif
