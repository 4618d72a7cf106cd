# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Sourced: what of tests/api runs on the kernels of tests/lab/debug-kernel. Sets debug_tests,
# programs without arguments, and MEMSLOT, one with.

# Not those that count the kernel's memory, make the emulator fail, want devices or
# arguments; of memslot not many_slots, which takes a quarter of an hour; nomem by itself.
mapfile -t debug_tests < <(make -s -f tests/Makefile api-list | grep -vxE \
	'(charge|churn|memory|memslot|nested_peer|nomem|rand(code|om)|vfio)_test')
MEMSLOT='memslot_test refused changes region2 read_only unmapped file_backed huge_pages address_spaces'
