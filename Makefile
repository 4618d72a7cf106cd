# SPDX-License-Identifier: GPL-2.0-only
# Lamina: make help names the targets. Everything built goes to build/.

KDIR ?=
export KDIR

LAB := tests/lab/run
SAY := @printf '%s\n'

.PHONY: all help run check check-style unit modules modules-test programs
.PHONY: shell bench-exit install clean deps

all: modules

help:
	$(SAY) \
	'make run           build, boot the lab and run a small guest in it' \
	'make check         everything: style, unit tests, builds, lab suites' \
	'make check-style   layers, sizes, headers' \
	'make unit          the unit tests in user space' \
	'make modules       kvm.ko and kvm-amd.ko in build/modules/ (KDIR=...)' \
	'make modules-test  the same with fault injection, in build/modules-test/' \
	'make bench-exit    instructions of one exit, by function' \
	'make shell         the lab with a prompt; Ctrl-A X leaves it' \
	'make install       build/modules/ into the system (as root, KDIR=...)' \
	'make clean         remove build/'

deps:
	$(SAY) 'run: packages'
	@scripts/install-deps build lab

run: deps
	$(SAY) 'run: building the modules and the guest'
	@scripts/build-modules normal
	@$(MAKE) --no-print-directory -f tests/Makefile guest
	$(SAY) 'run: booting an AMD machine in QEMU, inserting kvm.ko and kvm-amd.ko'
	@$(LAB) -m build/modules -f build/guest/hello -- hello

check:
	@scripts/install-deps build test lab
	@tests/check

check-style:
	@scripts/install-deps build
	@tests/check style

unit:
	@scripts/install-deps build test
	@tests/check unit

modules:
	@scripts/install-deps build
	@scripts/build-modules normal

modules-test:
	@scripts/install-deps build
	@scripts/build-modules test

programs:
	@$(MAKE) --no-print-directory -f tests/Makefile api guest

shell: deps modules
	$(SAY) 'shell: Ctrl-A X leaves the lab, as does exit'
	@$(LAB) -I -s 2 -m build/modules -- sh

bench-exit: deps modules
	@bench/exit-profile cpuid

install:
	@scripts/build-modules install

clean:
	rm -rf build
