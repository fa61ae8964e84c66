#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Journals that are not as the applier left them. This boot begins with one of another boot, as a loss of power leaves it
# (apply-journal.root): it is closed, and nothing is written.

. /mnt/case.sh
. /mnt/case-apply.sh

lost=0123456789abcdef0123456789abcdef

# What recovery did before anybody asked for it.
closed_at_boot() {
	systemctl show -p Result,ExecMainStatus tcpadvisor-recover
	is "$(property ExecMainStatus tcpadvisor-recover)" 0 && ! [ -e $state/transaction ] && told 'started anew' &&
		is "$(value)" 60 && is "$(stat -c %U:%a $state)" tcpadvisor-apply:700
}

closed_as_rebooted() {
	is "$(field state $lost)" rebooted && is "$(value)" 60
}

# left LINE...: a transaction that is open, by the applier's user, with these lines in front of it.
left() {
	systemctl stop tcpadvisor-apply 2>/dev/null
	{
		printf '%s\n' "${version:-tcpadvisor-apply 1}" 'verb journal' 'id fedcba9876543210fedcba9876543210' "$@" 'state open' \
			'within 600' 'begun 1' "change $key" 'old 60' 'new 30' 'why x'
	} >/tmp/journal
	perl -e 'local $/; $_ = <STDIN>; $c = ~0 & 0xffffffff;
		for (unpack "C*") { $c ^= $_; $c = ($c >> 1) ^ ($c & 1 ? 0xedb88320 : 0) for 1..8 }
		printf "%send %08x\n", $_, ~$c & 0xffffffff' </tmp/journal >$state/transaction
	chown tcpadvisor-apply: $state/transaction
	chmod 600 $state/transaction
}

# As the applier sees it: a container's boot id lies over the kernel's, and a sandbox may have a procfs without it.
find_boot() {
	cat >/run/systemd/system/boot-id.service <<-'UNIT'
		[Service]
		Type=oneshot
		ProtectKernelTunables=yes
		ProtectProc=invisible
		ExecStart=cat /proc/sys/kernel/random/boot_id
		StandardOutput=file:/run/boot-id
	UNIT
	systemctl daemon-reload && systemctl start boot-id
}

this_boot() {
	echo "boot $(cat /run/boot-id)"
}

# Of this boot and network: what a kill leaves.
own_is_undone() {
	left "$(this_boot)" "netns $(netns)"
	sysctl -qw $key=30
	systemctl start tcpadvisor-recover && is "$(value)" 60 && ! [ -e $state/transaction ]
}

# No line of it is believed; it stays for the version that wrote it.
other_version() {
	version='tcpadvisor-apply 2'
	left "$(this_boot)" "netns $(netns)"
	version=
	sum=$(cksum <$state/transaction)
	sysctl -qw $key=30
	systemctl start tcpadvisor-apply && return 1
	within 4 not_restarting && is "$(value)" 30 && is "$(cksum <$state/transaction)" "$sum" && told 'another version'
}

not_restarting() {
	[ "$(property ActiveState tcpadvisor-apply)" = failed ] && [ "$(property NRestarts tcpadvisor-apply)" = 0 ]
}

# Who asks is not left waiting, and the journal is not filled.
asked_in_vain() {
	before=$(starts)
	timeout 8 tcpadvisor history 2>&1
	is $? 1 && [ $(($(starts) - before)) -le 8 ] && is "$(cat $state/transaction | head -n 1)" 'tcpadvisor-apply 2'
}

starts() {
	journalctl -q -u tcpadvisor-apply -o cat _PID=1 | grep -c '^Starting'
}

# A container has its kernel's boot id, and a network of its own each time: what it had set went with the old one.
other_network() {
	left "$(this_boot)" 'netns 1'
	sysctl -qw $key=30
	sleep 6 # the socket's limit forgets what came before
	systemctl reset-failed 'tcpadvisor-*'
	systemctl start tcpadvisor-apply.socket && is "$(field state fedcba9876543210fedcba9876543210)" rebooted && is "$(value)" 30
}

torn() {
	sysctl -qw $key=30
	left "$(this_boot)" "netns $(netns)"
	truncate -s -9 $state/transaction
	systemctl start tcpadvisor-apply && is "$(value)" 30 && told 'set aside' && ls $state/quarantine.*
}

linked() {
	systemctl stop tcpadvisor-apply
	printf 'verb journal\n' >/tmp/elsewhere
	ln -s /tmp/elsewhere $state/transaction
	systemctl start tcpadvisor-apply && is "$(value)" 30 && is "$(cat /tmp/elsewhere)" 'verb journal'
}

find_boot
point 'what a loss of power left is closed at boot, and nothing written' closed_at_boot
point 'as rebooted' closed_as_rebooted
point 'what a kill left is undone' own_is_undone
point 'another version'"'"'s journal: refused, left alone, told' other_version
point 'who asks then hears so soon' asked_in_vain
point 'one of a network that is gone is closed, and nothing written' other_network
point 'a torn one is set aside' torn
point 'a link is not followed' linked
finish
