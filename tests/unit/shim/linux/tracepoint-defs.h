/* SPDX-License-Identifier: GPL-2.0-only */
/* Nothing is traced. */
#ifndef SHIM_LINUX_TRACEPOINT_DEFS_H
#define SHIM_LINUX_TRACEPOINT_DEFS_H

#define DECLARE_TRACEPOINT(name)	struct shim_tracepoint_##name
#define tracepoint_enabled(name)	false

#endif
