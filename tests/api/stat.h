/* SPDX-License-Identifier: GPL-2.0-only */
/* What KVM says of itself: statistics, a module's parameters. */
#ifndef API_STAT_H
#define API_STAT_H

#include "lib.h"

/* A statistic of a VM's or a vCPU's (api.rst 4.133), which has to exist. */
uint64_t stat_get(int owner, const char *name);

/* First line of a file, up to the next call; empty without one. */
const char *file_line(const char *path);

/* Is a parameter of kvm_intel's on?  No where that is not loaded. */
bool intel_param(const char *name);

#endif
