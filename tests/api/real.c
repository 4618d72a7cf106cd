// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include "real.h"

void real_vectors(struct vm *vm)
{
	for (unsigned int n = 0; n < 256; n++) {
		uint8_t code[] = { 0xbd, n, 0, 0xe6, PORT_EXC, 0xcf };
		uint16_t entry[] = { 0, (GPA_STUBS >> 4) + n };

		memcpy(vm->mem + GPA_STUBS + n * 16, code, sizeof(code));
		memcpy(vm->mem + n * 4, entry, sizeof(entry));
	}
}
