# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the lab needs to be a host: Debian's QEMU with its libraries and firmware,
# packed once per version, and a guest for it. Sourced by run, after cache.sh; sets
# LAB_VMM.

# Part of the cache key: raise it when something else is packed.
LAB_VMM_FORMAT=2

# vmm_files: QEMU, the libraries that it is linked with, and a PC's firmware
vmm_files() {
	local qemu
	qemu=$(command -v qemu-system-x86_64) || return 1
	echo "$qemu"
	ldd "$qemu" | awk '$3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }'
	find -L /usr/share/qemu /usr/share/seabios /usr/lib/ipxe/qemu -maxdepth 1 -type f \
		\( -name 'bios*' -o -name 'vga*' -o -name '*boot*dma.bin' -o -name 'pvh.bin' \
		-o -name 'kvmvapic.bin' -o -name 'efi-virtio.rom' \)
}

# vmm_prepare: sets LAB_VMM. What it holds names it: sizes and times.
vmm_prepare() {
	local files key tmp
	files=$(vmm_files) || return 1
	key=$(xargs stat -L -c '%n %s %Y' <<<"$files" | sha256sum | cut -c1-16)
	LAB_VMM=$LAB_CACHE/vmm$LAB_VMM_FORMAT-$key.cpio
	[ ! -e "$LAB_VMM" ] || return 0
	echo "lab: building userspace's image" >&2
	tmp=$LAB_VMM.tmp
	rm -rf "$tmp" "$LAB_CACHE"/vmm*.cpio
	mkdir -p "$tmp" || return 1
	# shellcheck disable=SC2086 # many files
	cp -L --parents $files "$tmp" || return 1
	(cd "$tmp" && find . -mindepth 1 | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0) >"$tmp.cpio" || return 1
	mv "$tmp.cpio" "$LAB_VMM"
	rm -rf "$tmp"
}

# guest_initrd DIR OUTPUT [FILE...]: a guest's initramfs, built in DIR: busybox, a
# few modules, an /init that says that it is up, and FILEs in its /bin
guest_initrd() {
	local dir=$1 out=$2
	shift 2
	mkdir -p "$dir"/{proc,sys,dev,tmp,mnt} || return 1
	cp -r "$LAB_GUEST/." "$dir" || return 1
	cp "$here/guest-init" "$dir/init" || return 1
	[ $# = 0 ] || cp "$@" "$dir/bin/" || return 1
	(cd "$dir" && find . -mindepth 1 | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0) >"$out"
}

# guest_pack: QEMU's guest into this run's part of the lab's initramfs
guest_pack() {
	put "$LAB_KERNEL" /guest/vmlinuz
	guest_initrd "$work/guest" "$work/root/guest/initrd" \
		${guest_files[@]+"${guest_files[@]}"} || exit 5
	put "$here/qemu.sh" /bin/qemu.sh
	put "$here/move.sh" /bin/move.sh
	# a guest's console is judged as the lab's is
	put "$here/alarm.sh" /bin/alarm.sh
}
