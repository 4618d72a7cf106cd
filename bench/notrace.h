/* SPDX-License-Identifier: GPL-2.0-only */
/* Included before each file of modules without tracepoints: bench/trace. */
#define NOTRACE
#include <linux/tracepoint-defs.h>

#undef tracepoint_enabled
#define tracepoint_enabled(tp)	false
