# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by suites that run in the lab: counting checks, loading and unloading,
# guests in the background. Modules come from $dir, those in our way from $hog.

# lab_vendor
# shellcheck disable=SC1091
. /lab/conf
vendor=${lab_vendor:-amd}
# All CPUs, as a list.
# shellcheck disable=SC2034 # the suites'
all=$(cat /sys/devices/system/cpu/online)
dir=/mod/test
hog=/mod/hog
[ -e $dir/kvm.ko ] || dir=/mod/stock
passed=0 failed=0
# Stock's want it; it fits the kernel of the package only.
! grep -q "vermagic=$(uname -r) " /mod/stock/irqbypass.ko || insmod /mod/stock/irqbypass.ko 2>/dev/null

# check NAME COMMAND...: COMMAND must succeed
check() {
	name=$1
	shift
	if "$@" >/tmp/out 2>&1; then
		passed=$((passed + 1))
		return 0
	fi
	failed=$((failed + 1))
	cat /tmp/out
	echo "FAILED: $name: $*"
	return 1
}

# refused COMMAND...: true if it fails
refused() { ! "$@"; }

# said COUNT WORDS: the kernel has said so in at least COUNT lines of its log
said() { [ "$(dmesg | grep -c "$2")" -ge "$1" ]; }

# log_mark, then log_has WORDS: the kernel has said so since
log_mark() { echo "<6>lab: mark" >/dev/kmsg; }
log_has() {
	dmesg | awk '/lab: mark/ { s = "" } { s = s $0 "\n" } END { printf "%s", s }' |
		grep "$1" && return
	dmesg | tail -n 3
	return 1
}

# Which CPUs have EFER.SVME or CR4.VMXE set, whoever set it: a list, or nothing.
virt_is() {
	now=$(cat /sys/module/svmhog/parameters/virt)
	[ "$now" = "$1" ] || { echo "virtualization is on on CPUs '$now', expected '$1'"; return 1; }
}

load() {
	# shellcheck disable=SC2086 # several parameters
	grep -q '^kvm ' /proc/modules || insmod $dir/kvm.ko $1
	# shellcheck disable=SC2086
	insmod "$dir/kvm-$vendor.ko" $2
}

# A killed VMM's descriptors may take a moment to go; a leak never does.
remove() {
	n=0
	until rmmod "$1" 2>/tmp/rmmod; do
		n=$((n + 1))
		[ $n -lt 50 ] || { cat /tmp/rmmod; return 1; }
		sleep 0.1
	done
}

unload() { remove "kvm_$vendor" && remove kvm; }

# held N [OPTIONS of hold]: guest N lives in the background
held() {
	n=$1
	shift
	hold "$@" >"/tmp/held$n" 2>&1 &
	eval "holder$n=$!"
	wait_for "/tmp/held$n" holding 1
}

# wait_for FILE WORD COUNT: up to three minutes
wait_for() {
	tries=0
	until [ "$(grep -c "$2" "$1")" -ge "$3" ]; do
		tries=$((tries + 1))
		[ $tries -lt 1800 ] || { echo "no $3. '$2':"; cat "$1"; return 1; }
		sleep 0.1
	done
}

# alive N: guest N goes on
alive() {
	before=$(grep -c alive "/tmp/held$1")
	eval "kill -USR1 \$holder$1" && wait_for "/tmp/held$1" alive $((before + 1))
}

# ends N: guest N ends as it should when it is asked to
ends() {
	eval "pid=\$holder$1"
	kill -TERM "$pid"
	wait "$pid" && return
	cat "/tmp/held$1"
	return 1
}

# finish: the suite's last words and status
finish() {
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
}
