# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by scripts that run in the lab: did the kernel's memory grow?

# memory_read KEY...: the sum, in KiB
memory_read() {
	awk -v keys=" $* " '{ sub(":", "", $1) } index(keys, " " $1 " ") { n += $2 }
		END { print n }' /proc/meminfo
}

# memory_free: free memory, with the pages that CPUs keep at hand, in KiB
memory_free() {
	echo $(($(memory_read MemFree) + $(awk '$1 == "count:" { n += $2 }
		END { print 4 * n }' /proc/zoneinfo)))
}

# Sets what is allocated, by kind, and what is free at all, which misses nothing;
# and counts the objects of each slab cache: exactly if the kernel was booted with
# slub_debug, which lets no CPU keep a slab for itself.
memory_settle() {
	free=0 tries=0
	# until nothing is freed any more by workers and grace periods
	while [ $tries -lt 8 ]; do
		before=$free
		sleep 0.5
		sync
		echo 3 >/proc/sys/vm/drop_caches
		for cache in /sys/kernel/slab/*; do
			# the others are other names of these
			[ -L "$cache" ] || echo 1 >"$cache/shrink" 2>/dev/null
		done
		free=$(memory_free)
		[ $((free - before)) -lt -128 ] || [ $((free - before)) -gt 128 ] || break
		tries=$((tries + 1))
	done
	# what opening the caches' files has allocated goes by kfree_rcu(), seconds later
	# unless memory is reclaimed
	echo 3 >/proc/sys/vm/drop_caches
	sleep 0.5
	used=$(memory_read PageTables SecPageTables Percpu VmallocUsed)
	awk 'NR > 2 { print $1, $2 }' /proc/slabinfo >/tmp/slabs
}

# memory_mark: the state to compare with
memory_mark() {
	memory_settle
	used_before=$used free_before=$free
	mv /tmp/slabs /tmp/slabs-before
}

# memory_look ROUNDS KIB. Of vmap_area: 6.12 keeps address ranges that are free again for
# the next ones; those in use are in VmallocUsed.
memory_look() {
	memory_settle
	used_more=$((used - used_before))
	free_less=$((free_before - free))
	slabs=$(awk -v rounds="$1" 'NR == FNR { old[$1] = $2; next }
		$1 != "vmap_area" && $2 - old[$1] >= rounds * 3 / 4 + 4 { printf " %s +%d", $1, $2 - old[$1] }
		' /tmp/slabs-before /tmp/slabs)
	echo "memory: $1 rounds: page tables, per-CPU, vmalloc $used_more KiB," \
		"free memory -$free_less KiB, slab caches that grew:${slabs:- none}"
	[ -n "$slabs" ] || [ $used_more -ge 128 ] || [ $free_less -ge "$2" ]
}

# memory_grown ROUNDS KIB: true, with a word why, if each of ROUNDS (16 at least: the
# kernel's own objects come and go by a few) left an object in some slab cache, or
# 128 KiB of the kinds counted are gone, or KIB at all; what a leak took stays away,
# what something else needed for a while comes back
memory_grown() {
	memory_look "$1" "$2" && memory_look "$1" "$2" && memory_look "$1" "$2"
}
