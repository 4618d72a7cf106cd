/* SPDX-License-Identifier: GPL-2.0-only */
/* The shims have the kernel's later names: nothing to bridge. */
