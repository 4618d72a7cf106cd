// SPDX-License-Identifier: GPL-2.0-only
/* The tracepoints of trace.h. */
#define CREATE_TRACE_POINTS
#include "x86/vcpu/trace.h"
