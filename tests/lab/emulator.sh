# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# QEMU without two of its mistakes, in the cache. Sourced after cache.sh; sets LAB_QEMU.
#
# Loads of x87 state: XRSTOR, FXRSTOR, FLDENV and FRSTOR on any CPU clear a bit (IGNNE) of CPU 0's hflags2, by
# a plain AND from a thread of their own (cpu_clear_ignne() in target/i386/tcg/sysemu/
# fpu_helper.c of QEMU 7.2). CPU 0's thread changes other bits of the word meanwhile, and
# one of both gets lost. Where it is "nested paging is off now", at #VMEXIT, the host's
# own next instruction is fetched through the guest's second level: a nested page fault
# that no guest made, with the host's state in the control block. Where it is "it is on", the guest
# runs on the host's memory; and with GIF a CPU stands still or is interrupted too early.
# Nobody sets IGNNE but a write to port 0xf0, so the AND can go: it becomes a NOP.
#
# Injected interrupts: VMRUN (helper_vmrun() in target/i386/tcg/sysemu/svm_helper.c) delivers
# one and leaves its vector in exception_index, which stands for what is still to be
# delivered. Nobody takes it back; so, if another thread wants something of the CPU before it
# has gone on, the interrupt comes once more, at the start of its handler: with a vector that
# no exception has, with an EOI too few, or until a stack is full. The store becomes a NOP.
#
# tests/lab/emulator-race shows both with the package's own QEMU (LAB_QEMU=qemu-system-x86_64).

LAB_QEMU_FORMAT=2

# qemu_function QEMU: address, in hexadecimal, and bytes of cpu_clear_ignne(); the file has
# it there, too
qemu_function() {
	readelf -W --dyn-syms "$1" | awk '$8 == "cpu_clear_ignne" { print $2, $3 }'
}

# qemu_mend FROM TO: false unless the function has one AND, with ~IGNNE (0x80), and there is
# one place like VMRUN's: error_code, exception_index, exception_is_int = 0, exception_next_eip
# = -1, a look at the log's level, do_interrupt_x86_hardirq(, , 1)
qemu_mend() {
	local at size
	read -r at size < <(qemu_function "$1") || return 1
	# shellcheck disable=SC2016 # Perl's variables
	perl -e '
		my ($from, $to, $at, $size) = @ARGV;
		$at = hex($at);
		local $/;
		open(my $in, "<:raw", $from) or die;
		my $file = <$in>;
		my $code = substr($file, $at, $size);
		my $nop = "\x66\x2e\x0f\x1f\x84" . "\0" x 5;
		my $n = $code =~ s/\x81[\xa0-\xa7].{4}\x7f\xff\xff\xff/$nop/sg;
		exit 1 unless $n == 1;
		substr($file, $at, $size) = $code;
		$nop = "\x66\x0f\x1f\x44\0\0";
		$n = $file =~ s/(\x44\x89\xab.{4})\x89\xb3.{4}(\xc7\x83.{4}\0{4}
			\x48\xc7\x83.{4}\xff{4}\xf6\x05.{5}\x0f\x85.{4}
			\xba\x01\0{3}\x48\x89\xdf\xe8)/$1$nop$2/sxg;
		exit 1 unless $n == 1;
		open(my $out, ">:raw", $to) or die;
		print $out $file or die;
		close($out) or die;' "$1" "$2" "$at" "$size" && chmod 755 "$2"
}

# emulator_prepare: another QEMU may not have it, and is taken as it is
emulator_prepare() {
	local qemu dir lock
	[ -z "${LAB_QEMU:-}" ] || return 0
	qemu=$(command -v qemu-system-x86_64) || return 1
	dir=$LAB_CACHE/qemu$LAB_QEMU_FORMAT-$(sha256sum <"$qemu" | cut -c1-16)
	LAB_QEMU=$dir/bin/qemu-system-x86_64
	exec {lock}>"$LAB_CACHE/qemu.lock"
	flock "$lock"
	if [ ! -e "$LAB_QEMU" ]; then
		rm -rf "$dir"
		mkdir -p "$dir/bin"
		# it looks for firmware and modules beside itself
		ln -s "${qemu%/bin/*}/share" "$dir/share"
		ln -s "${qemu%/bin/*}/lib" "$dir/lib"
		if ! qemu_mend "$qemu" "$LAB_QEMU.tmp"; then
			echo "lab: $qemu is not as 7.2 is: used as it is" >&2
			ln -s "$qemu" "$LAB_QEMU.tmp"
		fi
		mv "$LAB_QEMU.tmp" "$LAB_QEMU"
	fi
	exec {lock}>&-
}
