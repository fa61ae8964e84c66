#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What was applied and not confirmed is undone, whatever ends: the applier killed, its health watcher killed, the service
# stopped, restarted as an upgrade does.

. /mnt/case.sh
. /mnt/case-apply.sh

# opened: a transaction is open, and the key changed.
opened() {
	id=$(apply 600 $key 60 30) && is "$(value)" 30 && is "$(field state "$id")" open
}

# undone MILLISECONDS REASON COMMAND...
undone() {
	most=$1 reason=$2
	shift 2
	opened || return
	since=$(now)
	"$@"
	within $((most / 1000 + 1)) is_restored 60 || return
	took=$((($(now) - since) / 1000))
	echo "$took ms of $most"
	[ $took -le "$most" ] && within 3 is_undone "$id" 60 "$reason"
}

is_restored() {
	[ "$(value)" = "$1" ]
}

kill_applier() {
	kill -KILL "$(main_pid apply)"
}

kill_health() {
	kill -KILL "$(main_pid health)"
}

# By then it answers again.
runs_again() {
	systemctl -q is-active tcpadvisor-apply && [ "$(main_pid apply)" != 0 ]
}

stays_stopped() {
	systemctl start tcpadvisor-apply && within 5 runs_again
}

# Both at once: ExecStopPost= has it.
kill_both() {
	kill -KILL "$(main_pid apply)" "$(main_pid health)"
}

point 'installed' install_applier
point 'the applier is killed: old values within 2 s' undone 2000 'ended before' kill_applier
point 'it runs again' within 3 runs_again
point 'the health watcher is killed: the same' undone 2000 'health watcher' kill_health
point 'both are killed: the same' undone 2000 'ended before' kill_both
point 'the service is stopped: the same' undone 2000 'stopped' systemctl stop tcpadvisor-apply
point 'it is told' told 'is undone: the applier was stopped'
point 'systemd had nothing to warn of but kills' nothing_odd
finish
