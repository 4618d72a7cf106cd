/* SPDX-License-Identifier: GPL-2.0-only */
/* Real mode's interrupt vectors. */
#ifndef API_REAL_H
#define API_REAL_H

#include "lib.h"

/* Vector n has n in BP, and says so at PORT_EXC: mov $n, %bp; out %al, $0xf5; iret */
void real_vectors(struct vm *vm);

#endif
