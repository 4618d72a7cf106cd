# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by scripts that run in the lab: guests in Debian's QEMU on /dev/kvm,
# with interrupt controllers of QEMU's. tests/lab/run -G has put them there.

# shellcheck source=tests/lab/alarm.sh
. /bin/alarm.sh

console=/tmp/console
qemu_cpu=host qemu_mem=256 qemu_smp=1 qemu_limit=400
# empty: a guest that restarts or is reset starts again
qemu_once=-no-reboot
# where the kernel and its initramfs are
qemu_guest=/guest qemu_args=''
# Stock KVM: what it would use and cannot, without an interrupt controller of its own;
# and the emulated machine does not tell it of XSETBV (see boot-time).
if [ ! -e /mod/test/kvm.ko ]; then
	qemu_cpu=host,-kvm-asyncpf,-kvm-asyncpf-int
	qemu_args=noxsave
fi

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
	timeout -s KILL "$qemu_limit" qemu-system-x86_64 -machine q35 \
		-accel kvm,kernel-irqchip=off -cpu "$qemu_cpu" -m "$qemu_mem" -smp "$qemu_smp" \
		-nodefaults -display none -vga none -serial stdio "$@" 2>/tmp/qemu
}

now() { cut -d' ' -f1 /proc/uptime; }

# console_show: stdin is a guest's console; it goes to $console and, as progress,
# to stdout. The time of the first word of userspace goes to /tmp/up.
console_show() {
	rm -f /tmp/up
	while IFS= read -r line; do
		case $line in
		'guest: up'*) [ -e /tmp/up ] || now >/tmp/up ;;
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
		-e 'support requested feature: CPUID.40000001H:EAX' /tmp/qemu
}

# guest_ran: after QEMU's end: the guest came up and is well; $took: seconds from
# QEMU's start to userspace
guest_ran() {
	status=$(cat /tmp/status)
	if qemu_words || [ "$status" != 0 ] || [ ! -e /tmp/up ]; then
		[ "$status" != 137 ] || echo "qemu: no end within $qemu_limit s"
		[ -e /tmp/up ] || echo "qemu: the guest did not reach userspace"
		echo "qemu: ended with status $status"
		return 1
	fi
	took=$(echo "$start" "$(cat /tmp/up)" | awk '{ printf "%.1f", $2 - $1 }')
	console_clean || { echo "qemu: the guest's kernel complained"; return 1; }
}

# qemu_boot KERNEL-ARGS [QEMU-ARGS...]: one guest to userspace and power-off
qemu_boot() {
	start=$(now)
	{ qemu_run "$@"; echo $? >/tmp/status; } | console_show
	guest_ran
}
