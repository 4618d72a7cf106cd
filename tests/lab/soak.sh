# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by soak, after lib.sh and qemu.sh: what its steps can be.

kinds='work kill devices migrate savevm plug vmm stress reload'

# Guests and modules, with what the seed has drawn: $chip, the interrupt controllers (and a
# dirty ring), and $ms, a time.

# work: what it has written is there
work() {
	qemu_smp=2 qemu_irqchip=$chip
	qemu_boot 'quiet lamina=move seconds=15' && grep '^guest: move: status 0' "$console"
}

# kill: a guest that dies at any moment
kill_any() {
	qemu_smp=2 qemu_irqchip=$chip
	qemu_run 'quiet lamina=move seconds=100' >"$console" &
	pid=$!
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
	tries=0
	# QEMU itself, not the shell above it, and as soon as it has its name; there is but one
	until killall -KILL qemu-system-x86_64; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || return 1
		sleep 0.01
	done
	wait $pid
	[ $? = 137 ]
}

# reload: the modules go and come, with VMs of two vCPUs there at once
reload() {
	unload || return
	virt=
	[ "$dir" = /mod/stock ] || virt=enable_virt_at_load=$((ms % 2))
	# shellcheck disable=SC2154 # /lab/conf
	load "$virt" "$lab_params" && hello && held 1 -r 2 && sleep 2 && alive 1 && ends 1
}

act() {
	case $kind in
	work) work ;;
	kill) kill_any ;;
	devices) devices -I "${chip%,*}" 2 ;;
	migrate) migrate -I "$chip" -t 45 -p 10 ;;
	savevm) savevm 1 ;;
	plug) cpu-plug -I "${chip%,*}" 1 ;;
	vmm) vmm-boot 2 ;;
	stress) stress -s 2 -t 40 -x ;;
	reload) reload ;;
	esac
}

# What the host does meanwhile, until the step is over.

hosts='calm cpus blocks pressure'
cpu1=/sys/devices/system/cpu/cpu1/online
blocks=$(grep -l Movable /sys/devices/system/memory/memory*/valid_zones | xargs -n 1 dirname)
# who wakes CPU 1, see tests/lab/init; it stays elsewhere when that was gone
for pid in /proc/[0-9]*; do
	[ "$(readlink "$pid/fd/0")" != /dev/beat1 ] || beat=${pid#/proc/}
done

going() { [ ! -e /tmp/over ]; }
calm() { :; }

cpus() {
	while going; do
		echo 0 >$cpu1 || return
		sleep 3
		echo 1 >$cpu1 || return
		[ -z "${beat:-}" ] || taskset -p 2 "$beat"
		echo >>/tmp/counts-cpus
		sleep 3
	done
}

# blocks: what is in them moves elsewhere, or they stay, as pages may be in use just then
blocks() {
	while going; do
		for block in $blocks; do
			echo >>/tmp/counts-tried
			if timeout 20 sh -c "echo offline >$block/state"; then
				echo >>/tmp/counts-blocks
				sleep 1
				echo online_movable >"$block/state" || return
			fi
			going || break
			sleep 1
		done
	done
}

# pressure: swapped, merged and moved
pressure() {
	while going; do
		for name in qemu-system-x86_64 vmm; do
			pid=$(pidof -s $name) && churn "$pid" 5
		done
		sleep 1
	done
	true
}
