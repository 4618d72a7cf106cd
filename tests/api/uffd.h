/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory whose pages come when the test gives them. */
#ifndef LAMINA_TESTS_API_UFFD_H
#define LAMINA_TESTS_API_UFFD_H

#include <stdint.h>

/** uffd_register - absent pages of @mem are asked for; where that cannot be the test is skipped */
int uffd_register(void *mem, unsigned long len);
/** uffd_wait - wait until somebody asks for a page; its address */
void *uffd_wait(int fd);
/** uffd_give - @page has what the page @from has; who waits for it goes on */
void uffd_give(int fd, void *page, const void *from);

#endif
