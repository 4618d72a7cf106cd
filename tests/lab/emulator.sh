# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# QEMU without three of its mistakes, in the cache. Sourced after cache.sh; sets LAB_QEMU.
#
# Loads of x87 state: XRSTOR, FXRSTOR, FLDENV and FRSTOR on any CPU clear a bit (IGNNE) of CPU 0's hflags2, by
# a plain AND from a thread of their own (cpu_clear_ignne() in target/i386/tcg/sysemu/
# fpu_helper.c of QEMU 7.2). CPU 0's thread changes other bits of the word meanwhile, and
# one of both gets lost. Where it is "nested paging is off now", at #VMEXIT, the host's
# own next instruction is fetched through the guest's second level: a nested page fault
# that no guest made, with the host's state in the control block. Where it is "it is on", the guest
# runs on the host's memory; and with GIF a CPU stands still or is interrupted too early.
# Nobody sets IGNNE but a write to port 0xf0, so the function can go: it returns.
#
# Injected interrupts: VMRUN (helper_vmrun() in target/i386/tcg/sysemu/svm_helper.c) delivers
# one and leaves its vector in exception_index, which stands for what is still to be
# delivered. Nobody takes it back; so, if another thread wants something of the CPU before it
# has gone on, the interrupt comes once more, at the start of its handler: with a vector that
# no exception has, with an EOI too few, or until a stack is full. The store becomes a NOP.
#
# Writes of CR8 (helper_write_crN() in target/i386/tcg/sysemu/misc_helper.c) while a virtual interrupt waits
# call cpu_interrupt() without the lock that it asserts, and QEMU aborts: OVMF's SMM does so. The
# call goes by way of the place that cpu_clear_ignne() had, which takes the lock.
#
# tests/lab/emulator-race shows the first with the package's own QEMU (LAB_QEMU=qemu-system-x86_64). The
# second was seen with 20,000 interrupts while another CPU changed the machine's memory map by a device's PCI
# command register: 32 came twice, and none with the store gone. That is no test: such changes race with
# accesses to devices (tcg_commit() in softmmu/physmem.c), an EOI goes astray, and the CPU stands still.

LAB_QEMU_FORMAT=3

# qemu_functions QEMU: the functions that are meant below, NAME ADDRESS BYTES, the
# address in hexadecimal; the file has them there, too
qemu_functions() {
	readelf -W --dyn-syms "$1" | sed -nE 's/@.*//; s/^ *[0-9]+: ([0-9a-f]+) +([0-9]+) FUNC .* ([a-z_]+)$/\3 \1 \2/p' |
		grep -E '^(cpu_clear_ignne|cpu_interrupt|qemu_mutex_(un)?lock_iothread(_impl)?) '
}

# qemu_mend FROM TO: false unless each place is there once, and as the comments say
qemu_mend() {
	# shellcheck disable=SC2016 # Perl's variables
	qemu_functions "$1" | perl -e '
		my ($from, $to) = @ARGV;
		my (%at, %size, $code, $place);
		while (<STDIN>) {
			my ($name, $address, $bytes) = split;
			($at{$name}, $size{$name}) = (hex($address), $bytes);
		}
		local $/;
		open(my $in, "<:raw", $from) or die;
		my $file = <$in>;
		# near OPCODE ADDRESS: appends a call or a jump
		sub near { $code .= $_[0] . pack("l<", $_[1] - $place - length($code) - 5); }

		# cpu_clear_ignne(): an AND with ~IGNNE (0x80); becomes RET
		$place = $at{cpu_clear_ignne};
		my $old = substr($file, $place, $size{cpu_clear_ignne});
		exit 1 unless (() = $old =~ /\x81[\xa0-\xa7].{4}\x7f\xff\xff\xff/sg) == 1;
		$code = "\xc3";
		# and behind it: push %rdi; xor %edi, %edi; xor %esi, %esi; call lock
		$code .= "\x57\x31\xff\x31\xf6";
		near("\xe8", $at{qemu_mutex_lock_iothread_impl});
		# mov (%rsp), %rdi; mov $0x100, %esi; call cpu_interrupt; pop %rdi; jmp unlock
		$code .= "\x48\x8b\x3c\x24\xbe\0\x01\0\0";
		near("\xe8", $at{cpu_interrupt});
		$code .= "\x5f";
		near("\xe9", $at{qemu_mutex_unlock_iothread});
		exit 1 unless length($code) <= $size{cpu_clear_ignne};
		substr($file, $place, length($code)) = $code;
		# where the last thing is cpu_interrupt(, CPU_INTERRUPT_VIRQ (0x100))
		my $n = 0;
		while ($file =~ /\x48\x83\xc4\x08\xbe\0\x01\0\0\x5b\x5d\xe9/sg) {
			my $end = pos($file) + 4;
			next unless $end + unpack("l<", substr($file, $end - 4, 4)) == $at{cpu_interrupt};
			substr($file, $end - 4, 4) = pack("l<", $place + 1 - $end);
			pos($file) = $end;
			$n++;
		}
		exit 1 unless $n == 1;

		# VMRUN: error_code, exception_index, exception_is_int = 0, exception_next_eip
		# = -1, a look at the log, do_interrupt_x86_hardirq(, , 1); the second goes
		my $nop = "\x66\x0f\x1f\x44\0\0";
		$n = $file =~ s/(\x44\x89\xab.{4})\x89\xb3.{4}(\xc7\x83.{4}\0{4}
			\x48\xc7\x83.{4}\xff{4}\xf6\x05.{5}\x0f\x85.{4}
			\xba\x01\0{3}\x48\x89\xdf\xe8)/$1$nop$2/sxg;
		exit 1 unless $n == 1;

		open(my $out, ">:raw", $to) or die;
		print $out $file or die;
		close($out) or die;' "$1" "$2" && chmod 755 "$2"
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
