#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What comes between a change and its confirmation: the deadline, somebody else who writes the key, an upgrade.

. /mnt/case.sh
. /mnt/case-apply.sh

late() {
	id=$(apply 10 $key 60 30) && is "$(value)" 30 || return
	since=$(now)
	within 15 is_undone "$id" 60 'in time' || return
	took=$((($(now) - since) / 1000))
	echo "$took ms"
	[ $took -ge 8000 ] && [ $took -le 11500 ]
}

too_late() {
	last_id
	text=$(tcpadvisor confirm "$id" 2>&1) && return 1
	echo "$text"
	paper confirm "id $id" | grep -x 'error too-late' && is "$(value)" 60
}

# What somebody else wrote is theirs; the restart is that of an upgrade.
upgrade() {
	id=$(apply 600 net.ipv4.tcp_wmem "$(value net.ipv4.tcp_wmem)" '4096 16384 20054016' \
		"change $key" 'old 60' 'new 30' 'why x') || return
	sysctl -qw net.ipv4.tcp_wmem='4096 16384 8388608'
	systemctl restart tcpadvisor-apply
	is_undone "$id" 60 && is "$(value net.ipv4.tcp_wmem)" '4096 16384 8388608' && is "$(field taken "$id")" '4096 16384 8388608'
}

point 'installed' install_applier
point 'not confirmed in time: undone' late
point 'and too late to be confirmed' too_late
point 'an upgrade undoes, but for what somebody else wrote' upgrade
point 'which is told' told "net.ipv4.tcp_wmem is '4096 16384 8388608' by somebody else"
finish
