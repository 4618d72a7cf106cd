// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec KERNEL INITRD COMMAND-LINE: goes on with another kernel, now.
 * kexec -p KERNEL INITRD COMMAND-LINE: prepares one for when this one crashes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/kexec.h>
#include <linux/reboot.h>

int main(int argc, char **argv)
{
	int crash = argc > 1 && !strcmp(argv[1], "-p");
	char **arg = argv + 1 + crash;
	int kernel, initrd;

	if (argc != 4 + crash)
		return 2;
	kernel = open(arg[0], O_RDONLY);
	initrd = open(arg[1], O_RDONLY);
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(arg[2]) + 1, arg[2],
		    crash ? KEXEC_FILE_ON_CRASH : 0ul)) {
		perror("kexec: kexec_file_load");
		return 1;
	}
	if (crash)
		return 0;
	reboot(LINUX_REBOOT_CMD_KEXEC);
	perror("kexec: reboot");
	return 1;
}
