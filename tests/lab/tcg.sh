# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2054,SC2154 # run's variables; QEMU's commas
# The lab's AMD machine: QEMU's TCG, which emulates SVM and nested paging. Sourced by
# run, whose options it reads, after cache.sh.

# shellcheck source=tests/lab/emulator.sh
. "$here/emulator.sh"

machine_tools=(qemu-system-x86_64 cpio apt-get dpkg readelf perl)
machine_cpu=EPYC,+svm,+npt
machine_mem=2048
# QEMU 7.2 has defects that end it by SIGABRT or SIGSEGV when guests are interrupted,
# or run random code: with stock KVM too. No module can do that to it.
machine_defects='134 139'
# A fuzzer has others to try.
machine_tries=${LAB_TRIES:-4}
machine_beat=''

# machine_refuse: nothing: this machine has it all
machine_refuse() { :; }

# machine_pack: nothing to change in $work/root
machine_pack() { :; }

# Now and then a CPU of a machine stands still, idle, as if QEMU 7.2 had forgotten its
# timer's interrupt, and a guest on it has soft lockups. emulator.sh mends one cause; another
# may be that its SVM code changes the word of pending interrupts at each exit, and other
# threads change it too. Any other interrupt brings it back: a line for ttyS1, which init passes on to every
# CPU. Not before init has told ttyS1 that it is no terminal, and not where time is counted
# in instructions.
heartbeat() {
	[ -z "$icount" ] || return 0
	until grep -q boot "$work/control" 2>/dev/null; do
		sleep 1
		[ -e "$work/control" ] || return 0
	done
	while echo 2>/dev/null; do sleep 1; done
}

# tsc_khz: this machine's, whose counter TCG's CPUs have: a kernel that measures it while
# others use the processor is wrong by a tenth now and then, and by a factor of ten. Measured
# once; nothing where there is no such counter.
tsc_khz() {
	local khz
	khz=$LAB_CACHE/tsc-khz-$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -s "$khz" ]; then
		cc -O2 -o "$work/tsc-khz" "$here/tsc-khz.c" && "$work/tsc-khz" >"$work/khz" || return 0
		mv "$work/khz" "$khz"
	fi
	cat "$khz"
}

# machine_boot: from $work/initrd to the machine's end; sets machine_status, 124 or 137
# when it took too long
machine_boot() {
	local console=(-chardev "stdio,id=out,signal=off,logfile=$work/out") input
	local args=(-machine q35 -cpu "$cpu" -m "$mem" -smp "$smp")
	local guard=(timeout -k 5 "$limit") accel=tcg khz=''
	emulator_prepare
	# else it counts instructions
	[ -n "$icount" ] || khz=$(tsc_khz 2>/dev/null)
	if [ -n "$interactive" ]; then
		console=(-chardev "stdio,id=out,mux=on,signal=off" -mon "chardev=out")
		exec {input}<&0
		# --foreground, or the terminal would not let QEMU read
		guard=(timeout --foreground 0)
	fi
	[ -n "$interactive" ] || exec {input}< <(heartbeat)
	[ -z "$single" ] || accel=tcg,thread=single
	[ -z "$numa" ] || args+=(-object "memory-backend-ram,id=m0,size=$((mem / 2))M" -numa node,memdev=m0
		-object "memory-backend-ram,id=m1,size=$((mem / 2))M" -numa node,memdev=m1)
	[ -z "$iommu" ] || args+=(-device "intel-iommu,intremap=off,snoop-control=$iommu"
		-device pci-testdev)
	[ -z "$icount" ] || args+=(-icount "shift=0,sleep=off")
	# shellcheck disable=SC2206 # several
	args+=($emulator)
	# should this script be killed outright, QEMU goes with it
	setpriv --pdeathsig TERM "${guard[@]}" "$LAB_QEMU" "${args[@]}" -accel "$accel" -nodefaults \
		-display none -vga none -no-reboot -kernel "${host:-$LAB_KERNEL}" -initrd "$work/initrd" \
		"${console[@]}" -serial "file:$work/klog" -serial chardev:out \
		-serial "file:$work/control" -append "console=ttyS0 no_timer_check softlockup_panic=1 ${khz:+tsc_early_khz=$khz }$kernel_args" \
		<&"$input" 2>"$work/said" &
	machine_pid=$!
	exec {input}<&-
	wait "$machine_pid"
	machine_status=$?
	machine_over="no end within $limit s"
	machine_pid=
}

# machine_words: what the emulator has said that is worth keeping
machine_words() { grep -v "warning: TCG doesn't support requested feature" "$work/said"; }
