/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of tracefs. */
#ifndef API_TRACEFS_H
#define API_TRACEFS_H

#include "lib.h"

#define TRACING	"/sys/kernel/tracing/"

/* What trace_read() has read last, ended by a 0. */
extern char trace_text[1 << 20];

/* Mounts it; skips the case where there is none, or KVM has nothing in it. */
void tracefs(void);

void trace_read(const char *path);
void trace_write(const char *path, const char *what);

#endif
