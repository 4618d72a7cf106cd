# SPDX-License-Identifier: GPL-2.0-only
# Lamina: make help names the targets. Everything built goes to build/.

KDIR ?=
export KDIR

LAB := tests/lab/run
SAY := @printf '%s\n'

SOAK_SECONDS ?= 600

# Nested paging, or (0) shadow page tables.
NPT ?= 1

# How long /dev/kvm is fuzzed, or guests come and go, and from which seed (none: a new one).
MINUTES ?=
SEED ?=

# The benchmark of costs: compare and kvmbench.c.
BENCH ?= ../shared/bench

# The lab's machine: amd or intel.
VENDOR ?= amd
# What it inserts: a directory, or stock.
MODULES ?= build$(if $(KERNEL),/$(KERNEL))/modules
export MODULES
deps-amd := lab vmm
deps-intel := intel vmm
# CPUs, also of the guest, and the modules' parameters
cpus-amd := 2
cpus-intel := 1
params-amd := npt=$(NPT)
params-intel := ept=$(NPT)
MACHINE = -V $(VENDOR) -s $(cpus-$(VENDOR)) -m $(MODULES) -p $(params-$(VENDOR))

.PHONY: all help run check check-style unit modules modules-test programs
.PHONY: shell lab check-qemu check-migrate check-smp check-shadow check-selftests soak soak-code bench-boot
.PHONY: bench bench-exit bench-rmap bench-migration bench-trace lock-stat install clean deps mutants fuzz
.PHONY: coverage kcov tsan check-intel check-nested check-guests check-debug check-kernels deb check-deb

all: modules

help:
	$(SAY) \
	'make run           build, boot the lab, and in it a Debian kernel in QEMU;' \
	'                   NPT=0: on shadow page tables; VENDOR=intel: in Bochs, an Intel' \
	'                   machine, for make lab, shell and check-selftests, too' \
	'make shell         the same, with a prompt in that guest' \
	'make lab           the lab itself, with a prompt; Ctrl-A X leaves it' \
	'make check         everything: style, unit tests, builds, suites on both labs'"'"' machines' \
	'make check-style   layers, sizes, headers' \
	'make check-intel   the suites of the Intel machine, and with kvm-intel'"'"'s parameters' \
	'make check-selftests   the KVM selftests of 6.1 and 6.12, on Lamina and on stock KVM' \
	'make soak-code     random guest code for SOAK_SECONDS (600), fresh seed' \
	'make unit          the unit tests in userspace' \
	'make mutants       deliberate faults, each of which a unit test must find' \
	'make fuzz          fuzzing with clang'"'"'s libFuzzer, FUZZ_SECONDS (60) a target' \
	'make fuzz-kvm      /dev/kvm on a host that looks for mistakes, for MINUTES (10): what it' \
	'                   reaches (KCOV) leads it; SEED=...: from the same numbers' \
	'make kcov          what of the modules the API tests and fuzz-kvm, before, reach (KCOV):' \
	'                   a table, and functions that nothing reaches, in build/fuzz/' \
	'make coverage      lines and branches of mmu/, irq/ and the checks of svm/ and vmx/ that unit tests execute' \
	'make tsan          the tests with threads in mmu/, by the thread sanitizer' \
	'make modules       kvm.ko, kvm-amd.ko and kvm-intel.ko in build/modules/ (KDIR=...)' \
	'make modules-test  the same with fault injection, in build/modules-test/' \
	'make check-qemu    QEMU with more CPU models, memory sizes, kernel arguments;' \
	'                   machine types, vCPUs, interrupt controllers, devices' \
	'make check-migrate guests that move, ten times, in one machine and between two, to stock KVM' \
	'                   too, are saved, and lose their memory to swap, KSM and a balloon' \
	'make check-smp     a guest of 4 vCPUs under stress-ng, interrupts and clocks watched' \
	'make check-shadow  guests of every kind of paging, on shadow page tables (NPT=0)' \
	'make check-guests  firmware, boot loaders, other kernels and Xen as guests' \
	'make check-nested  guests that are hosts: a Debian kernel in a guest of a guest' \
	'make check-debug   on hosts that look for mistakes: sanitizers, locks, RCU, leaks,' \
	'                   data races, failing allocations' \
	'make check-kernels what make check does in the lab, on a kernel 6.12 (KERNEL=...)' \
	'make soak          for MINUTES (30) guests of all kinds come, work, move, are killed, while' \
	'                   the host'"'"'s CPUs and memory go and come: nothing may be lost or left;' \
	'                   SEED=...: in the same order; NPT=0' \
	'make bench        costs beside the kernel'"'"'s own KVM, and whether they are within their' \
	'                   limits; charts in build/bench/ (BENCH: where the benchmark is)' \
	'make lock-stat     locks of a VM under load, and times with interrupts or preemption off,' \
	'                   beside the kernel'"'"'s own KVM; played with up to 416 vCPUs' \
	'make bench-boot    time to a guest'"'"'s userspace, beside the kernel'"'"'s own KVM' \
	'make bench-exit    instructions of one exit, by function' \
	'make bench-migration   instructions of a guest that moves: dirty ring, first access and' \
	'                   prefault of a page, state of a vCPU' \
	'make bench-trace   instructions of tracepoints that are off' \
	'make bench-rmap    instructions of up to 100,000 aliases of one frame' \
	'make install       build/modules/ into the system (as root, KDIR=...)' \
	'make deb           build/lamina-dkms_*.deb: a package for DKMS; check-deb tries it in a' \
	'                   Debian of its own' \
	'make clean         remove build/'

deps:
	$(SAY) 'run: packages'
	@scripts/install-deps build $(deps-$(VENDOR))

run: deps
	$(SAY) 'run: building the modules'
	@scripts/build-modules normal
	$(SAY) 'run: booting an emulated machine, inserting kvm.ko and kvm-$(VENDOR).ko'
	@$(LAB) -G $(MACHINE) -t 900 -f tests/lab/boot -- boot -s $(cpus-$(VENDOR))

check:
	@scripts/install-deps build test lab intel vmm
	@tests/check

check-style:
	@scripts/install-deps build
	@tests/check style

unit:
	@scripts/install-deps build test
	@tests/check unit

mutants:
	@scripts/install-deps build test
	@tests/mutants

fuzz:
	@scripts/install-deps build test fuzz
	@tests/fuzz/run

fuzz-kvm:
	@scripts/install-deps build test $(deps-$(VENDOR)) debug
	@scripts/build-modules kasan
	@$(MAKE) --no-print-directory -f tests/Makefile build/fuzz/fuzz-kvm-$(VENDOR)
	@tests/lab/fuzz-kvm -V $(VENDOR) $(if $(SEED),-s $(SEED)) $(or $(MINUTES),10)

kcov:
	@scripts/install-deps build test lab debug
	@scripts/build-modules kasan
	@$(MAKE) --no-print-directory -f tests/Makefile api
	@tests/lab/kcov

coverage:
	@scripts/install-deps build test
	@tests/coverage

tsan:
	@scripts/install-deps build test
	@tests/tsan

modules:
	@scripts/install-deps build
	@scripts/build-modules normal

modules-test:
	@scripts/install-deps build
	@scripts/build-modules test

programs:
	@$(MAKE) --no-print-directory -f tests/Makefile api guest

shell: deps modules
	$(SAY) 'shell: a guest; exit leaves it and the lab, as does Ctrl-A X'
	@$(LAB) -I -G $(MACHINE) -f tests/lab/boot -- boot -s $(cpus-$(VENDOR)) -i

lab: deps modules
	$(SAY) 'lab: Ctrl-A X leaves it, as does exit'
	@$(LAB) -I -G $(MACHINE) -- sh

check-selftests: deps modules
	@tests/lab/selftests-table -V $(VENDOR)

# QEMU's TCG dies of some random code: that is no failure of ours.
soak-code: deps modules
	@$(MAKE) --no-print-directory -f tests/Makefile build/api/randcode_test
	@tests/lab/soak-code $(SOAK_SECONDS)

bench: deps modules
	@scripts/install-deps bench
	@bench/table -b $(BENCH)

bench-exit: deps modules
	@bench/exit-profile cpuid

bench-migration: deps modules
	@bench/migration

bench-trace: deps modules
	@scripts/build-modules notrace
	@bench/trace -b $(BENCH)

bench-rmap:
	@scripts/install-deps build bench
	@bench/rmap

lock-stat: deps modules
	@bench/locks

bench-boot: deps modules
	@bench/boot-time

check-qemu:
	@scripts/install-deps build test lab vmm stress libvirt
	@tests/check modules qemu

saved := savevm savevm-shadow to-stock to-stock-shadow from-stock from-stock-shadow
check-migrate:
	@scripts/install-deps build test lab vmm stress libvirt
	@tests/check modules migrate $(saved:%=qemu/%) qemu/libvirt

check-smp:
	@scripts/install-deps build test lab vmm stress
	@tests/check modules smp

check-shadow:
	@scripts/install-deps build test lab vmm stress
	@tests/check modules shadow

check-guests:
	@scripts/install-deps build test lab vmm stress efi
	@tests/check modules guests

check-nested:
	@scripts/install-deps build test lab vmm
	@tests/check modules nested

# variants reloads kvm-intel.ko with each of its parameters
check-intel:
	@scripts/install-deps build test intel vmm
	@tests/check modules intel intel-life variants

check-debug:
	@scripts/install-deps build test lab vmm debug
	@tests/check debug

check-kernels:
	@scripts/install-deps build test lab vmm
	@tests/check kernels

# movablecore: of two NUMA nodes' memory so much can go. Not with one thread for all CPUs, though
# modules come and go: a guest of two vCPUs stands still there.
soak-minutes = $(or $(MINUTES),30)
soak-guests := move hello hold churn vmm
soak: modules
	@scripts/install-deps build lab vmm stress
	@$(MAKE) --no-print-directory -f tests/Makefile $(soak-guests:%=build/guest/%) \
		build/lab/disk build/lab/stress
	@$(LAB) -G -N -s 2 -m $(MODULES) -p $(params-amd) -t $$(($(soak-minutes) * 60 + 1800)) \
		-a 'slub_debug=FZP tsc=reliable movablecore=1G' -g build/guest/move \
		$(soak-guests:%=-f build/guest/%) -f build/lab/disk:/guest/disk -f build/lab/stress:/guest/stress \
		$(addprefix -f tests/lab/,lib.sh memory.sh devices migrate savevm cpu-plug vmm-boot stress soak.sh soak) \
		-- soak $(soak-minutes) $(or $(SEED),$$(od -An -N2 -tu2 /dev/urandom))

install:
	@scripts/build-modules install

deb:
	@scripts/make-deb

check-deb:
	@scripts/install-deps build deb
	@tests/deb

clean:
	rm -rf build
