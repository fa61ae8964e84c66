#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Applying as a person does it: one socket enabled, a change tried, confirmed, kept over a boot, and taken back; and what is
# refused without anything being written.

. /mnt/case.sh
. /mnt/case-apply.sh

wanted=net.ipv4.tcp_window_scaling

sockets_listen() {
	systemctl -q is-active tcpadvisor-apply.socket && systemctl -q is-active tcpadvisor-apply-health.socket &&
		systemctl -q is-enabled tcpadvisor-recover && not systemctl -q is-active tcpadvisor-apply &&
		is "$(stat -c %U:%G:%a /run/tcpadvisor/apply)" root:root:600 &&
		is "$(stat -c %U:%G:%a /run/tcpadvisor/health)" root:tcpadvisor-health:660
}

# Nobody else is answered, nor can wake it.
root_alone() {
	for user in nobody tcpadvisor tcpadvisor-health; do
		setpriv --reuid=$user --clear-groups tcpadvisor history && return 1
	done
	not systemctl -q is-active tcpadvisor-apply
}

refused() {
	error=$1 wanted_key=$2 old=$3 new=$4
	before=$(value "$wanted_key")
	text=$(paper apply "netns $(netns)" 'profile throughput' 'within 60' "change $wanted_key" "old $old" "new $new" 'why x')
	echo "$text"
	echo "$text" | grep -qx "error $error" && is "$(value "$wanted_key")" "$before" && ! echo "$text" | grep '^id '
}

frozen() {
	mkdir -p /etc/tcpadvisor
	: >/etc/tcpadvisor/freeze
	refused frozen $key 60 30
	status=$?
	rm /etc/tcpadvisor/freeze
	return $status
}

applies() {
	sysctl -qw $wanted=0
	text=$(tcpadvisor apply --window=0 --only=$wanted --confirm-within=60s --persist 2>&1)
	status=$?
	echo "$text"
	is "$(value $wanted)" 1 && is $status 0 && field id >/tmp/id && last_id && ! [ -e $dropin ]
}

busy() {
	text=$(paper apply "netns $(netns)" 'profile throughput' 'within 60' "change $key" 'old 60' 'new 30' 'why x')
	echo "$text"
	echo "$text" | grep -qx 'error busy' && is "$(value)" 60
}

confirms() {
	last_id
	tcpadvisor confirm "$id" 2>&1 && is "$(field state "$id")" confirmed && is "$(value $wanted)" 1
}

kept() {
	last_id
	cat $dropin
	is "$(sed -n "s/^$wanted = //p" $dropin)" 1 && grep -q "^# $id 20..-..-..T..:..:..Z (was 0) window.scaling-off" $dropin &&
		is "$(stat -c %U:%a $dropin)" root:644 && tcpadvisor lint $dropin
}

boot_sets_it() {
	sysctl -qw $wanted=0
	systemctl restart systemd-sysctl && is "$(value $wanted)" 1
}

rolls_back() {
	last_id
	tcpadvisor rollback "$id" 2>&1 && is "$(value $wanted)" 0 && is "$(field state "$id")" undone && ! [ -e $dropin ]
}

history_tells() {
	last_id
	text=$(tcpadvisor history 2>&1; tcpadvisor history "$id" 2>&1)
	echo "$text"
	echo "$text" | grep -q "$id" && echo "$text" | grep -q $wanted
}

# Before a later file it is refused with file and line.
later_file_wins() {
	echo "$key = 60" >/etc/sysctl.d/99-own.conf
	id=$(apply 60 $key 60 30 'persist yes') && paper confirm "id $id" >/dev/null || return
	systemctl start "tcpadvisor-persist@$id" && return 1
	journalctl -q -u "tcpadvisor-persist@$id" -o cat | grep "/etc/sysctl.d/99-own.conf:1: sets $key to \"60\"" &&
		! [ -e $dropin ] && is "$(value)" 30
}

point 'installed' install_applier
point 'one socket is enabled: both listen, and the applier waits' sockets_listen
point 'it answers root alone' root_alone
point 'a key that is not vetted is refused' refused not-vetted net.ipv4.ip_forward 0 1
point 'a key outside the network too' refused not-vetted kernel.core_pattern core x
point 'a value out of bounds is refused' refused bounds $key 60 0
point 'a value that the caller did not see is refused' refused stale $key 59 30
point 'a frozen host is left alone' frozen
point 'what the advice asks for is applied, and not kept yet' applies
point 'another meanwhile is refused' busy
point 'confirmed it stays' confirms
point 'and is kept in one file, with its transaction' kept
point 'from where boot sets it' boot_sets_it
point 'a rollback takes both back' rolls_back
point 'the history tells' history_tells
point 'systemd had nothing to warn of' nothing_odd
point 'where a later file wins it is not kept, which is told' later_file_wins
finish
