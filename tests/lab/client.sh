# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the lab needs to be a host: Debian's QEMU with its libraries and firmware,
# packed once per version, and a guest for it. Sourced by run, after cache.sh; sets
# LAB_CLIENT.

# Part of the cache key: raise it when something else is packed.
LAB_CLIENT_FORMAT=1

# client_files: QEMU, the libraries that it is linked with, and a PC's firmware
client_files() {
	local qemu
	qemu=$(command -v qemu-system-x86_64) || return 1
	echo "$qemu"
	ldd "$qemu" | awk '$3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }'
	find -L /usr/share/qemu /usr/share/seabios -maxdepth 1 -type f \
		\( -name 'bios*' -o -name 'vga*' -o -name '*boot*dma.bin' -o -name 'pvh.bin' \
		-o -name 'kvmvapic.bin' \)
}

# client_prepare: sets LAB_CLIENT. What it holds names it: sizes and times.
client_prepare() {
	local files key tmp
	files=$(client_files) || return 1
	key=$(xargs stat -L -c '%n %s %Y' <<<"$files" | sha256sum | cut -c1-16)
	LAB_CLIENT=$LAB_CACHE/client$LAB_CLIENT_FORMAT-$key.cpio
	[ ! -e "$LAB_CLIENT" ] || return 0
	echo "lab: building the client's image" >&2
	tmp=$LAB_CLIENT.tmp
	rm -rf "$tmp" "$LAB_CACHE"/client*.cpio
	mkdir -p "$tmp" || return 1
	# shellcheck disable=SC2086 # many files
	cp -L --parents $files "$tmp" || return 1
	(cd "$tmp" && find . -mindepth 1 | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0) >"$tmp.cpio" || return 1
	mv "$tmp.cpio" "$LAB_CLIENT"
	rm -rf "$tmp"
}

# The guest: busybox, a few modules, and an /init that says that it is up.
guest_pack() {
	local file
	mkdir -p "$work/root/guest" "$work/guest"/{proc,sys,dev,tmp,mnt} || exit 5
	ln "$LAB_KERNEL" "$work/root/guest/vmlinuz" 2>/dev/null ||
		cp "$LAB_KERNEL" "$work/root/guest/vmlinuz" || exit 5
	cp -r "$LAB_GUEST/." "$work/guest" && cp "$here/guest-init" "$work/guest/init" || exit 5
	for file in ${guest_files[@]+"${guest_files[@]}"}; do
		cp "$file" "$work/guest/bin/" || exit 2
	done
	(cd "$work/guest" && find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0) \
		>"$work/root/guest/initrd" || exit 5
	put "$here/qemu.sh" /bin/qemu.sh
	# a guest's console is judged as the lab's is
	put "$here/alarm.sh" /bin/alarm.sh
}
