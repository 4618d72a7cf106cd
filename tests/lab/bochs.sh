# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # run's variables
# The lab's Intel machine: Bochs, which emulates VMX and EPT. One CPU, started by GRUB
# from a CD. Sourced by run, whose options it reads, after cache.sh.
#
# Time in it is counted in instructions, BOCHS_IPS to a second, which take about two
# seconds of a CPU of this machine; an idle second is short.

machine_tools=(bochs-bin strip grub-mkrescue xorriso mformat lz4 cpio apt-get dpkg)
machine_cpu=corei7_skylake_x
machine_mem=1024
machine_defects=''
machine_tries=1
# Seconds of the machine between signs of life, and seconds of CPU time without one until
# it is given up: Bochs 2.7 lets no interrupt end a guest that runs with IF clear, so that
# a guest's endless loop stops everything.
machine_beat=5
BOCHS_SILENCE=60
BOCHS_IPS=50000000
# how much longer than QEMU's TCG it takes, on a busy machine
BOCHS_SLOWER=4

# machine_refuse: says what this machine cannot have, and fails
machine_refuse() {
	local what=
	[ "$smp" = 1 ] || what="several CPUs"
	[ -z "$numa" ] || what="NUMA nodes"
	[ -z "$iommu" ] || what="an IOMMU"
	[ -z "$icount" ] || what="-i: its time is counted in instructions anyway"
	[ -z "$what" ] || { say "the Intel machine has not $what"; return 1; }
}

# machine_pack: takes out of $work/root what is slow there: debug information, and the
# signatures of stock's modules, which take the kernel 25 s of a CPU to check
machine_pack() {
	mkdir -p "$work/root/mod/stock"
	cp "${LAB_KERNEL%/*}"/stock/{kvm*,irqbypass}.ko "$work/root/mod/stock" || return 1
	find "$work/root" -name '*.ko' -exec strip -g {} + || return 1
	# scripts are among them
	find "$work/root/bin" -type f -exec strip {} + 2>/dev/null
	return 0
}

# What the kernel would do for most of its boot: tests of its ciphers, keys for modules'
# signatures (RSA), names for traces.
bochs_skip='trace_eval_init,init_kprobe_trace,cubictcp_register,load_system_certificate_list'

# cd_write: what GRUB starts. The CPU's CPUID tells of a TSC of 3.5 GHz, and gives the
# compacted XSAVE area the size of the other, for which the kernel would do without XSAVE.
# init lets the kernel say the rest: a serial line is slow.
cd_write() {
	mkdir -p "$work/cd/boot/grub"
	cp "${host:-$LAB_KERNEL}" "$work/cd/boot/vmlinuz" || return 1
	# GRUB reads 4 MB/s, which is slower than to unpack LZ4, and faster than all else;
	# a kernel of debug-kernel's does not know it
	if [ -n "$host" ]; then
		mv "$work/initrd" "$work/cd/boot/initrd"
	else
		lz4 -q -l --rm "$work/initrd" "$work/cd/boot/initrd"
	fi || return 1
	cat >"$work/cd/boot/grub/grub.cfg" <<-END
		linux /boot/vmlinuz console=ttyS0,115200 tsc_early_khz=$((BOCHS_IPS / 1000)) \
			tsc=reliable lpj=$((BOCHS_IPS / 250)) cryptomgr.notests \
			clearcpuid=xsavec,xsaves initcall_blacklist=$bochs_skip \
			$kernel_args loglevel=5
		initrd /boot/initrd
		boot
	END
	grub-mkrescue -o "$work/cd.iso" "$work/cd" >"$work/said" 2>&1 ||
		{ tail -n 3 "$work/said" >&2; return 1; }
	rm -rf "$work/cd"
}

# bochsrc_write COM2: the machine
bochsrc_write() {
	cat >"$work/bochsrc" <<-END
		config_interface: textconfig
		# a display that needs no terminal, and waits for no viewer
		display_library: rfb, options="timeout=0"
		sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
		plugin_ctrl: serial=1, speaker=0
		cpu: model=$cpu, count=1, ips=$BOCHS_IPS, reset_on_triple_fault=0
		memory: guest=$mem, host=$mem
		romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
		vgaromimage: file=/usr/share/vgabios/vgabios.bin
		ata0-master: type=cdrom, path=$work/cd.iso, status=inserted
		boot: cdrom
		clock: sync=none
		com1: enabled=1, mode=file, dev=$work/klog
		com2: enabled=1, $1
		com3: enabled=1, mode=file, dev=$work/control
		log: $work/said
		panic: action=fatal
		error: action=ignore
		info: action=ignore
		debug: action=ignore
	END
}

# bochs_again: the machine is about to start again
bochs_again() {
	local ends='reboot: Restarting system|reboot: machine restart'
	[ -n "$crashes" ] || ends=$ends'|Kernel panic'
	grep -qaE "$ends" "$work/klog"
}

# bochs_cpu: the CPU time that Bochs, a child of timeout, has had, in seconds
bochs_cpu() {
	local pid
	read -r pid <"/proc/$machine_pid/task/$machine_pid/children"
	awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) / hz) }' "/proc/$pid/stat"
}

# bochs_still: no sign of life for too long; keeps heard and since of bochs_watch
bochs_still() {
	local now said
	now=$(bochs_cpu) && said=$(stat -c %s "$work/control") || return 1
	[ "$said" = "$heard" ] || since=$now
	heard=$said
	[ "$said" != 0 ] && [ $((now - since)) -ge "$BOCHS_SILENCE" ]
}

# bochs_watch: ends a machine that does not end by itself
bochs_watch() {
	local heard='' since=0
	while sleep 1 && [ -e "$work/klog" ]; do
		if bochs_again; then
			# what it says of that
			sleep 3
		elif bochs_still; then
			touch "$work/still"
		else
			continue
		fi
		kill "$machine_pid"
		return
	done
}

# machine_boot: from $work/initrd to the machine's end; sets machine_status, 124 or 137
# when it took too long
machine_boot() {
	local com2="mode=file, dev=$work/out" watch tail='' input
	local seconds=$((limit * BOCHS_SLOWER))
	local guard=(timeout -k 5 "$seconds")
	if [ -n "$interactive" ]; then
		com2="mode=term, dev=$(tty)"
		guard=(timeout --foreground 0)
	fi
	cd_write && bochsrc_write "$com2" || exit 5
	# Debian's Bochs has its debugger in, which waits for a command before it starts
	mkfifo "$work/debugger"
	exec {input}<>"$work/debugger"
	echo c >&"$input"
	# should this script be killed outright, Bochs goes with it
	setpriv --pdeathsig TERM "${guard[@]}" bochs-bin -q -f "$work/bochsrc" \
		<&"$input" >"$work/bochs" 2>&1 &
	machine_pid=$!
	if [ -z "$interactive" ]; then
		tail -f -n +1 --pid="$machine_pid" "$work/out" &
		tail=$!
	fi
	# nobody waits for its last second
	bochs_watch >/dev/null 2>&1 &
	watch=$!
	wait "$machine_pid"
	machine_status=$?
	machine_pid=
	machine_over="no end within $seconds s"
	if [ -e "$work/still" ]; then
		machine_status=124
		machine_over="no sign of life for $BOCHS_SILENCE s of CPU time"
	fi
	exec {input}<&-
	kill "$watch" 2>/dev/null
	[ -z "$tail" ] || wait "$tail"
}

# machine_words: what the emulator has said that is worth keeping
machine_words() { grep -ah '>>PANIC<<' "$work/bochs" "$work/said"; }
