/* SPDX-License-Identifier: GPL-2.0-only */
/* The type, for structs that hold one. */
#ifndef SHIM_LINUX_XARRAY_H
#define SHIM_LINUX_XARRAY_H

struct xarray {
	void *unused;
};

#endif
