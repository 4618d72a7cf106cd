# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by scripts that run in the lab: guests in Debian's QEMU on /dev/kvm.
# tests/lab/run -G has put them there.

# shellcheck source=tests/lab/alarm.sh
. /bin/alarm.sh

# what one guest's QEMU says, and its console, are kept in $at; its monitor's input is
# open as file descriptor $mon
at=/tmp console=/tmp/console mon=5
qemu_cpu=host qemu_mem=256 qemu_smp=1 qemu_limit=400
# q35, pc or microvm; interrupt controllers in the kernel: on, split, off, or QEMU's
# default when empty
qemu_machine=q35 qemu_irqchip=
# empty: a guest that restarts or is reset starts again
qemu_once=-no-reboot
# where the kernel and its initramfs are
qemu_guest=/guest qemu_args=''
# Stock KVM: the emulated machine does not tell it of XSETBV (see boot-time).
[ -e /mod/test/kvm.ko ] || qemu_args=noxsave

# qemu_run KERNEL-ARGS [QEMU-ARGS...]: a guest from the kernel's file, console on
# stdout, until QEMU ends. Status 137: out of time.
qemu_run() {
	append=$1
	shift
	# shellcheck disable=SC2086 # one or none
	qemu_raw $qemu_once -kernel $qemu_guest/vmlinuz -initrd $qemu_guest/initrd \
		-append "console=ttyS0 panic=-1 $qemu_args $append" "$@"
}

# qemu_raw [QEMU-ARGS...]: the same without a kernel or disk
qemu_raw() {
	minus=''
	# what QEMU would use and cannot, without an interrupt controller in the kernel
	[ "$qemu_irqchip" != off ] || minus=,-kvm-asyncpf,-kvm-asyncpf-int
	timeout -s KILL "$qemu_limit" qemu-system-x86_64 -machine "$qemu_machine" \
		-accel "kvm${qemu_irqchip:+,kernel-irqchip=$qemu_irqchip}" \
		-cpu "$qemu_cpu$minus" -m "$qemu_mem" -smp "$qemu_smp" \
		-nodefaults -display none -vga none -serial stdio "$@" 2>$at/qemu
}

now() { cut -d' ' -f1 /proc/uptime; }

# console_show: stdin is a guest's console; it goes to $console and, as progress,
# to stdout. The time of the first word of userspace goes to $at/up.
console_show() {
	rm -f $at/up
	while IFS= read -r line; do
		case $line in
		'guest: up'*) [ -e $at/up ] || now >$at/up ;;
		esac
		echo "$line" >&4
		echo "  | $line"
	done 4>"$console"
}

# console_clean: true if the guest's kernel has said nothing that a healthy one
# would not; otherwise prints it
console_clean() {
	tr -d '\r' <"$console" | grep -avE "$harmless" >/tmp/heard
	! grep -aE "$alarm" /tmp/heard
}

# qemu_words: what QEMU has said, but for remarks on our machine and on KVM's
# paravirtual features that every CPU model asks for
qemu_words() {
	grep -v -e 'Userspace local APIC is deprecated' \
		-e 'Do not use kernel-irqchip except' \
		-e 'support requested feature: CPUID.40000001H:EAX' \
		-e 'cpus requested ([0-9]*) exceeds the recommended cpus' $at/qemu
}

# guest_ran: after QEMU's end: the guest came up and is well; $took: seconds from
# QEMU's start to userspace
guest_ran() {
	status=$(cat $at/status)
	if qemu_words || [ "$status" != 0 ] || [ ! -e $at/up ]; then
		[ "$status" != 137 ] || echo "qemu: no end within $qemu_limit s"
		[ -e $at/up ] || echo "qemu: the guest did not reach userspace"
		echo "qemu: ended with status $status"
		return 1
	fi
	took=$(echo "$start" "$(cat $at/up)" | awk '{ printf "%.1f", $2 - $1 }')
	console_clean || { echo "qemu: the guest's kernel complained"; return 1; }
}

# qemu_boot KERNEL-ARGS [QEMU-ARGS...]: one guest to userspace and power-off
qemu_boot() {
	start=$(now)
	{ qemu_run "$@"; echo $? >$at/status; } | console_show
	guest_ran
}

# guest_sum: what its busybox, which is ours if nothing else is said, finds of itself
guest_sum() { cat "$qemu_guest/sum" 2>/dev/null || md5sum </bin/busybox | cut -c1-32; }

# guest_has_cpus: as many as it was given
guest_has_cpus() {
	grep -q "^guest: cpus ${qemu_smp%%,*}[^0-9]*$" "$console" && return
	echo "qemu: the guest has not $qemu_smp CPUs"
	return 1
}

# guest_right: it has computed what we compute, and has the memory and the CPUs that
# it was given
guest_right() {
	grep -q "^guest: sum $(guest_sum)" "$console" ||
		{ echo "qemu: the guest computes a wrong sum"; return 1; }
	guest_has_cpus || return
	! grep -E '^guest: .*(wrong:|failed$)' "$console" | grep -v ' 0 failed$' || return
	kib=$(sed -n 's/^MemTotal: *\([0-9]*\) kB.*/\1/p' "$console")
	[ "${kib:-0}" -gt $((qemu_mem * 1024 * 2 / 3)) ] ||
		{ echo "qemu: the guest sees $kib KiB"; return 1; }
}

# The host under pressure.

# host_swaps: it has where to
host_swaps() {
	[ -e /dev/ram0 ] || insmod /mod/stock/brd.ko rd_nr=1 rd_size=524288 || return
	grep -q ^/dev/ram0 /proc/swaps ||
		{ mkswap /dev/ram0 >/dev/null && swapon /dev/ram0; }
}

# host_merges: a daemon looks for equal pages
host_merges() {
	cd /sys/kernel/mm/ksm || return
	echo 2000 >pages_to_scan
	echo 20 >sleep_millisecs
	echo 1 >run
	cd /
}

# host_ready: for all of it
host_ready() {
	host_swaps && host_merges || return
	[ -e /sys/devices/system/node/node1 ] || echo "host: one NUMA node only"
}

# host_calm: it has neither, nor what they have allocated
host_calm() {
	echo 2 >/sys/kernel/mm/ksm/run
	[ ! -e /dev/ram0 ] || { swapoff /dev/ram0 && rmmod brd; }
}

# counts WORD...: the sum of these counters of the host
counts() { counts_of /proc/vmstat "$@"; }

# counts_of FILE WORD...: from what it was then
counts_of() {
	vmstat=$1
	shift
	awk -v keys=" $* " 'index(keys, " " $1 " ") { n += $2 } END { print n + 0 }' "$vmstat"
}

# balloon PID: while that process is there, the guest gives memory back and gets it again, by
# the monitor
balloon() {
	while kill -0 "$1" 2>/dev/null; do
		for mib in $((qemu_mem - 96)) "$qemu_mem"; do
			echo "balloon $mib" >&$mon
			sleep 4
		done
		echo 'info balloon' >&$mon
	done
}

# What follows needs lib.sh.

# guest_up KERNEL-ARGS [QEMU-ARGS...]: a guest in the background, with a monitor; what is
# written to $at/in comes from its console
guest_up() {
	rm -f "$console" $at/status $at/mon.* $at/in
	mkfifo $at/mon.in $at/mon.out $at/in
	: >"$console"
	{
		{ qemu_run "$@" -monitor pipe:$at/mon <>$at/in; echo $? >$at/exit; } | console_show
		mv $at/exit $at/status
	} &
	cat $at/mon.out >$at/mon.log &
	eval "exec $mon>$at/mon.in"
	# what is asked before its first prompt would be taken for answered by that
	wait_for $at/mon.log '(qemu)' 1
}

# says WORDS COUNT: the guest has said so, on a busy machine after a while
says() { wait_for "$console" "$1" "$2" || wait_for "$console" "$1" "$2"; }

# ask COMMAND: of the monitor; its answer is in $at/answer
ask() {
	lines=$(grep -c '(qemu)' $at/mon.log)
	size=$(stat -c %s $at/mon.log)
	echo "$1" >&$mon
	wait_for $at/mon.log '(qemu)' $((lines + 1)) || return
	tail -c +$((size + 1)) $at/mon.log | tr -d '\r' >$at/answer
}

# guest_ended: QEMU has, well, and the guest's kernel was
guest_ended() {
	tries=0
	until [ -e $at/status ]; do
		tries=$((tries + 1))
		[ $tries -lt 1800 ] || { echo "qemu: does not end"; return 1; }
		sleep 0.1
	done
	[ "$(cat $at/status)" = 0 ] || { cat $at/status $at/qemu; return 1; }
	console_clean
}

# guest_quit: by the monitor
guest_quit() {
	echo quit >&$mon
	eval "exec $mon>&-"
	guest_ended
}

# l1_make DIR: into /tmp/l1 a guest that is a host: with kvm.ko and the vendor's of DIR, the
# VMM of tests/guest, and a kernel and an initramfs for that one's guest
l1_make() {
	mkdir -p /tmp/l1/root/kvm /tmp/l1/root/bin /tmp/l1/root/guest || return
	cp "$1"/kvm.ko "$1"/kvm-*.ko /mod/stock/irqbypass.ko /tmp/l1/root/kvm || return
	cp /bin/vmm /tmp/l1/root/bin || return
	cp /guest/vmlinuz /guest/initrd /tmp/l1/root/guest || return
	ln -s /guest/vmlinuz /tmp/l1/vmlinuz
	(cd /tmp/l1/root && find . -mindepth 1 | cpio -o -H newc) >/tmp/l1/more 2>/dev/null
	cat /guest/initrd /tmp/l1/more >/tmp/l1/initrd || return
	rm -r /tmp/l1/more /tmp/l1/root
}
