# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # used by those who source it
# Which words in a kernel's log are an alarm: patterns for grep -E. Sourced by run,
# for the lab's own kernel, and in the lab, for the guests'.

# What no healthy kernel says.
alarm='WARNING:|BUG:|kernel BUG|Oops|general protection|Call Trace|Kernel panic'
alarm=$alarm'|[Ll]eak|lockdep|suspicious RCU|possible (recursive|circular) locking'
alarm=$alarm'|rcu.*(stall|starved)|soft lockup|hard LOCKUP|blocked for more than'
alarm=$alarm'|unchecked MSR|invalid opcode|UBSAN|KASAN|Bad page|Bad rss|refcount_t'
alarm=$alarm'|list_(add|del) corruption|scheduling while atomic|sleeping function'
alarm=$alarm'|unknown parameter .* ignored'
# A sanitized host's: KASAN, KCSAN and lockdep start with BUG: or WARNING:, but for these;
# SLUB, objects that are used after their end, page flags, lockdep's own limits.
alarm=$alarm'|inconsistent lock state|lock held when returning|bad unlock balance'
alarm=$alarm'|invalid wait context|irq lock inversion|(MAX|CONFIG)_LOCK(DEP_|ING_).* too low'
alarm=$alarm'|turning off the locking|KCSAN|data-race|runtime error|ODEBUG|BUG [^ ]+ \('
alarm=$alarm'|Object already free|[Pp]oison overwritten|Redzone|page dumped because'
alarm=$alarm'|self-detected stall|nobody cared|stack guard page|corrupted stack end'
# Said at every boot: the emulated CPUs' missing microcode, and, a second after
# that boot, the clock. On a busy machine: a late timer. Why a block of memory that is to go
# offline stays. What looks for mistakes says that it is there, and, where allocations are made to
# fail, that it looks at more; a fault that failed for want of memory comes again.
harmless='RETBleed: WARNING: Spectre v2 mitigation|Speculative Return Stack Overflow: WARNING: (See|kernel not compiled)|\] (tsc|clocksource): |\] hrtimer: interrupt took '
harmless=$harmless'|RCU lockdep checking is enabled|kmemleak: (Kernel memory leak detector|Automatic)'
harmless=$harmless'|page dumped because: (unmovable page|migration failure)'
harmless=$harmless'|kcsan: (enabled|strict|non-strict)'
harmless=$harmless'|kmemleak: Cannot allocate a scan area|VM_FAULT_OOM leaked out'

# ooms_drop LOG: takes out what a kernel says when a memory cgroup runs full, which a test
# may want; of the whole machine it is a complaint.
ooms_drop() {
	grep -qa '\] Out of memory: ' "$1" ||
		sed -i '/ invoked oom-killer: /,/Memory cgroup out of memory: /d' "$1"
}

# alarm_show LOG: stdin: the lines that alarm; the first, with what LOG says behind it of
# where the kernel was, and how many there are
alarm_show() {
	bad=$(cat)
	first=$(echo "$bad" | head -n 1)
	grep -aF -A 40 -e "$first" "$1" |
		grep -aE "$alarm"'|CPU: |RIP: |\] +[? ]*[a-z_0-9.]+\+0x|NMI' | head -n 30
	echo "lines that alarm: $(echo "$bad" | wc -l)"
}
