// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "stat.h"

uint64_t stat_get(int owner, const char *name)
{
	struct kvm_stats_header h;
	int fd = OK(ioctl(owner, KVM_GET_STATS_FD, 0));
	char buf[sizeof(struct kvm_stats_desc) + 256];
	struct kvm_stats_desc *d = (void *)buf;
	uint64_t value;

	CHECK_EQ(pread(fd, &h, sizeof(h), 0), sizeof(h));
	for (unsigned int i = 0; i < h.num_desc; i++) {
		size_t size = sizeof(*d) + h.name_size;

		CHECK_EQ(pread(fd, buf, size, h.desc_offset + i * size), size);
		if (strcmp(d->name, name))
			continue;
		CHECK_EQ(pread(fd, &value, 8, h.data_offset + d->offset), 8);
		close(fd);
		return value;
	}
	FAIL("no statistic %s", name);
}

const char *file_line(const char *path)
{
	static char line[128];
	FILE *f = fopen(path, "r");

	line[0] = 0;
	if (!f)
		return line;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	line[strcspn(line, "\n")] = 0;
	return line;
}

bool intel_param(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/kvm_intel/parameters/%s", name);
	return *file_line(path) == 'Y';
}
