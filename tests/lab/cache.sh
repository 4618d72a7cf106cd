# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the lab boots: Debian's kernel package, unpacked and not installed, and
# a base initramfs with busybox and the package's own modules. Both are built
# once per package version. Sourced; sets LAB_KERNEL, LAB_BASE, and LAB_GUEST: what
# the guest of a VMM is made of.

LAB_CACHE=${LAMINA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lamina}
# Parts of the cache keys: raise them when something else is kept, or packed.
LAB_KERNEL_FORMAT=4
LAB_BASE_FORMAT=2
# A guest with a disk, a network or a balloon needs these; what they are built on is
# built in.
guest_modules='virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci
	virtio_mmio virtio_blk failover net_failover virtio_net virtio_balloon'

# The kernel release the modules are built for: what KDIR was prepared for, or KERNEL, a
# series, else the newest cloud headers here, else what the archive offers.
lab_release() {
	local rel KDIR=${KDIR:-}
	[ -z "${KERNEL:-}" ] || KDIR=$("$here/headers" "$KERNEL") || return 1
	if [ -n "$KDIR" ]; then
		sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$KDIR/include/generated/utsrelease.h"
		return
	fi
	rel=$(cd /usr/src && printf '%s\n' linux-headers-*-cloud-amd64 |
		sed -n 's/^linux-headers-\([0-9].*\)$/\1/p' | sort -V | tail -1)
	if [ -z "$rel" ]; then
		rel=$(apt-cache depends linux-image-cloud-amd64 |
			sed -n 's/^ *Depends: linux-image-\([0-9].*\)$/\1/p' | head -1)
	fi
	[ -n "$rel" ] || { echo "lab: no cloud kernel known, run scripts/install-deps" >&2; return 1; }
	echo "$rel"
}

# The package version that fits the installed headers exactly, when the archive
# has it; the same ABI name in the newest version otherwise.
lab_version() {
	local pkg=linux-image-$1 want have
	want=$(dpkg-query -W -f '${Version}' "linux-headers-$1" 2>/dev/null || true)
	have=$(apt-cache madison "$pkg" 2>/dev/null | awk -F'|' '{ gsub(/ /, ""); print $2 }')
	[ -n "$have" ] || { echo "lab: no package $pkg, run apt-get update?" >&2; return 1; }
	if [ -n "$want" ] && grep -qxF "$want" <<<"$have"; then
		echo "$want"
	else
		head -1 <<<"$have"
	fi
}

# package_unpack PACKAGE[=VERSION] DIR [APT-OPTIONS...]: downloaded and unpacked, not
# installed
package_unpack() {
	local package=$1 dir=$2
	shift 2
	echo "lab: fetching ${package/=/ }" >&2
	mkdir -p "$dir/deb"
	(cd "$dir/deb" && apt-get -qq -o APT::Sandbox::User=root "$@" download "$package" >&2) ||
		return 1
	dpkg -x "$dir"/deb/*.deb "$dir" || return 1
	rm -rf "$dir/deb"
}

# kernel_unpack PACKAGE=VERSION DIR
kernel_unpack() {
	local tmp=$2.tmp module
	rm -rf "$tmp"
	package_unpack "$1" "$tmp/root" || return 1
	package_unpack busybox-static "$tmp/root" || return 1
	mkdir -p "$tmp/stock" "$tmp/guest/bin" "$tmp/guest/modules"
	cp "$tmp/root/bin/busybox" "$tmp/guest/bin/busybox" || return 1
	cp "$tmp"/root/boot/vmlinuz-* "$tmp/vmlinuz"
	find "$tmp/root/lib/modules" \( -path '*/arch/x86/kvm/*.ko*' -o \
		-name 'irqbypass.ko*' -o -name 'brd.ko*' \) -exec cp {} "$tmp/stock" \;
	for module in $guest_modules; do
		find "$tmp/root/lib/modules" -name "$module.ko*" \
			-exec cp {} "$tmp/guest/modules" \;
	done
	find "$tmp/stock" "$tmp/guest" -name '*.xz' -exec unxz -f {} +
	rm -rf "$tmp/root" "$2"
	mv "$tmp" "$2"
}

# base_build KERNEL_DIR OUTPUT: busybox under all its names, stock modules
base_build() {
	local tmp=$1/base.tmp
	echo "lab: building the base initramfs" >&2
	rm -rf "$tmp"
	mkdir -p "$tmp"/{bin,dev,proc,sys,tmp,lab,root,etc,mod/stock}
	cp "$1/guest/bin/busybox" "$tmp/bin/busybox" || return 1
	ln -s busybox "$tmp/bin/sh"
	cp "$1"/stock/*.ko "$tmp/mod/stock"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$tmp/etc/passwd"
	(cd "$tmp" && find . | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0) >"$2.tmp" || return 1
	mv "$2.tmp" "$2"
	rm -rf "$tmp"
}

# lab_prepare [vmm]: with "vmm", vmm.sh must have been sourced
lab_prepare() {
	local rel key version dir lock
	rel=$(lab_release) || return 1
	mkdir -p "$LAB_CACHE" || return 1
	# Asking apt takes a second: the answer is kept beside the headers' version.
	key=$rel.$(dpkg-query -W -f '${Version}' "linux-headers-$rel" 2>/dev/null || echo any)
	exec {lock}>"$LAB_CACHE/lock"
	flock "$lock"
	dir=$LAB_CACHE/kernel$LAB_KERNEL_FORMAT-$key
	if [ ! -e "$dir/vmlinuz" ]; then
		version=$(lab_version "$rel") || return 1
		kernel_unpack "linux-image-$rel=$version" "$dir" || return 1
	fi
	LAB_KERNEL=$dir/vmlinuz
	LAB_BASE=$dir/base$LAB_BASE_FORMAT.cpio
	[ -e "$LAB_BASE" ] || base_build "$dir" "$LAB_BASE" || return 1
	LAB_GUEST=$dir/guest
	LAB_VMM=
	[ -z "${1:-}" ] || vmm_prepare || return 1
	exec {lock}>&-
	export LAB_KERNEL LAB_BASE LAB_VMM LAB_GUEST
}
