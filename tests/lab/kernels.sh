# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What other guests boot, unpacked and not installed: memtest86+, and Debian's two i386
# kernels, one with 2-level and one with PAE tables, with an i386 busybox. The system's
# package manager does not learn of another architecture: apt is asked with lists and a
# state of our own. And what boots where the firmware is UEFI. Sourced after cache.sh; sets
# LAB_KERNELS, LAB_XEN, LAB_EFI.

# Part of the cache key: raise it when something else is kept.
LAB_KERNELS_FORMAT=1
i386_kernels='686 686-pae'

# kernels_unpack DIR
kernels_unpack() {
	local tmp=$1.tmp apt flavour package
	rm -rf "$tmp"
	mkdir -p "$tmp"/{lists,archives}/partial "$tmp/guest"/{bin,modules} || return 1
	apt=(-qq -o "Dir::State=$tmp" -o "Dir::State::lists=$tmp/lists"
		-o "Dir::State::status=/dev/null" -o "Dir::Cache=$tmp"
		-o APT::Architecture=i386 -o APT::Architectures::=i386
		-o Acquire::Languages=none -o APT::Sandbox::User=root)
	echo "lab: asking for i386 packages" >&2
	# one source of several that has no list for us is no obstacle
	apt-get "${apt[@]}" update >&2 || true
	for flavour in $i386_kernels; do
		package=$(apt-cache "${apt[@]}" depends "linux-image-$flavour" |
			sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -1)
		package_unpack "$package" "$tmp/root" "${apt[@]}" || return 1
		cp "$tmp/root/boot/vmlinuz-${package#linux-image-}" \
			"$tmp/vmlinuz-$flavour" || return 1
	done
	package_unpack busybox-static "$tmp/root" "${apt[@]}" || return 1
	cp "$tmp/root/bin/busybox" "$tmp/guest/bin/busybox" || return 1
	package_unpack memtest86+ "$tmp/root" || return 1
	cp "$tmp/root/boot/memtest86+x64.bin" "$tmp/vmlinuz-memtest" || return 1
	rm -rf "$tmp"/{root,lists,archives,*.bin} "$1"
	mv "$tmp" "$1"
}

# kernels_prepare: after lab_prepare. With another kernel for the lab, the archive is
# asked again.
kernels_prepare() {
	local key lock
	key=$(basename "$(dirname "$LAB_KERNEL")")
	LAB_KERNELS=$LAB_CACHE/kernels$LAB_KERNELS_FORMAT-${key#kernel*-}
	exec {lock}>"$LAB_CACHE/lock"
	flock "$lock"
	[ -e "$LAB_KERNELS/vmlinuz-memtest" ] || kernels_unpack "$LAB_KERNELS" || return 1
	exec {lock}>&-
}

XEN_PACKAGE=xen-hypervisor-4.17-amd64

# xen_prepare: Xen, and Debian's kernel that is no cloud kernel: those cannot be domain 0
xen_prepare() {
	local lock release tmp
	release=$(apt-cache depends linux-image-amd64 |
		sed -n 's/^ *Depends: linux-image-\([0-9].*\)$/\1/p' | head -1)
	LAB_XEN=$LAB_CACHE/xen1-$release
	tmp=$LAB_XEN.tmp
	exec {lock}>"$LAB_CACHE/lock"
	flock "$lock"
	if [ ! -e "$LAB_XEN/xen" ]; then
		rm -rf "$tmp"
		mkdir -p "$tmp" || return 1
		package_unpack "linux-image-$release" "$tmp/root" || return 1
		package_unpack "$XEN_PACKAGE" "$tmp/root" || return 1
		cp "$tmp/root/boot/vmlinuz-$release" "$tmp/vmlinuz" || return 1
		gunzip -c "$tmp"/root/boot/xen-*.gz >"$tmp/xen" || return 1
		rm -rf "$tmp/root"
		mv "$tmp" "$LAB_XEN"
	fi
	exec {lock}>&-
}

# efi_prepare: OVMF, once plain and once with SMM and the keys that Debian's loaders are signed with; those
# loaders, a shim and GRUB
efi_prepare() {
	local lock tmp package dir=usr/share/OVMF
	LAB_EFI=$LAB_CACHE/efi1-$(apt-cache show --no-all-versions ovmf shim-signed grub-efi-amd64-signed |
		grep ^Version: | sha256sum | cut -c1-16)
	tmp=$LAB_EFI.tmp
	exec {lock}>"$LAB_CACHE/lock"
	flock "$lock"
	if [ ! -e "$LAB_EFI/shim" ]; then
		rm -rf "$tmp"
		for package in ovmf shim-signed grub-efi-amd64-signed; do
			package_unpack "$package" "$tmp/root" || return 1
		done
		cp "$tmp/root/$dir/OVMF_CODE_4M.fd" "$tmp/code" &&
			cp "$tmp/root/$dir/OVMF_VARS_4M.fd" "$tmp/vars" &&
			cp "$tmp/root/$dir/OVMF_CODE_4M.secboot.fd" "$tmp/secure-code" &&
			cp "$tmp/root/$dir/OVMF_VARS_4M.ms.fd" "$tmp/secure-vars" &&
			cp "$tmp/root/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" "$tmp/grub" &&
			cp "$tmp/root/usr/lib/shim/shimx64.efi.signed" "$tmp/shim" || return 1
		rm -rf "$tmp/root"
		mv "$tmp" "$LAB_EFI"
	fi
	exec {lock}>&-
}
