# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced after lib.sh and qemu.sh by scripts that run in the lab: guests that move from one
# QEMU to another. tests/lab/run -G has put it there.

# nth N: what follows is about the Nth QEMU; two run at a time
nth() {
	at=/tmp/vmm$1 console=/tmp/vmm$1/console mon=$((5 + $1 % 2))
	mkdir -p "$at"
}

status_is() { ask 'info status' && grep "$1" "$at/answer"; }

# migrate_is WORDS: QEMU says so, in the end; not if the guest does not move at all
migrate_is() {
	tries=0
	until ask 'info migrate' && grep -q "$1" "$at/answer"; do
		tries=$((tries + 1))
		if [ $tries -gt 300 ] || grep 'Migration status: failed' "$at/answer"; then
			cat "$at/answer" "$at/qemu"
			return 1
		fi
		sleep 0.5
	done
}

# migrate_count WORDS: what QEMU has counted of it
migrate_count() { sed -n "s/^$1: \([0-9]*\).*/\1/p" "$at/answer"; }

# moves URI: away from this QEMU: what was written meanwhile is looked for four times at
# least, then the guest is to be without any for three seconds at most
moves() {
	ask 'migrate_set_parameter downtime-limit 1'
	ask "migrate -d \"$1\""
	migrate_is 'dirty sync count: \([4-9]\|[1-9][0-9]\)\|Migration status: completed' || return
	ask 'migrate_set_parameter downtime-limit 3000'
	moved "$1"
}

# moves_first URI: the guest goes when all was sent once, and QEMU's other side asks for what
# it has written since (userfaultfd)
moves_first() {
	ask 'migrate_set_parameter downtime-limit 1'
	# slower than the guest writes, or all would be there before
	ask 'migrate_set_parameter max-bandwidth 24M'
	# slower than it goes about its memory, or all would have come before it asks
	ask 'migrate_set_parameter max-postcopy-bandwidth 2M'
	ask "migrate -d \"$1\""
	migrate_is 'dirty sync count: \([2-9]\|[1-9][0-9]\)' || return
	ask migrate_start_postcopy
	moved "$1" || return
	grep -q '^postcopy request count' "$at/answer" || { cat "$at/answer"; return 1; }
}

# moved URI: it is there, in the end
moved() {
	migrate_is 'Migration status: completed' || return
	# what was written meanwhile was sent again
	migrate_count 'dirty sync count' >/tmp/rounds
	migrate_count downtime >>/tmp/downtimes
	echo "migrate: $1: $(grep -E '^(total time|downtime|transferred ram|dirty sync|postcopy request)' \
		"$at/answer" | tr '\n' ',')" >/tmp/moved
	[ "$(cat /tmp/rounds)" -ge 2 ] || { cat "$at/answer"; return 1; }
}

# unbroken: it has counted on; a line of each move may have been said half here, half there
unbroken() {
	cat /tmp/vmm?/console /tmp/vmm??/console 2>/dev/null | tr -d '\r' | awk '
	/^(L2: )?guest: alive [0-9]+$/ {
		if (n && $NF != n + 1) {
			print $0 " comes after " n
			bad += $NF != n + 2 || ++halves > '"${1:-2}"'
		}
		n = $NF
	}
	END { exit bad || !n }'
}
