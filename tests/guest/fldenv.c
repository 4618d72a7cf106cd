// SPDX-License-Identifier: GPL-2.0-only
/* fldenv: loads the x87 environment until it is killed; for tests/lab/emulator-race. */
int main(void)
{
	char env[28];

	asm volatile("fnstenv %0" : "=m" (env));
	for (;;)
		asm volatile("fldenv %0" : : "m" (env));
}
