#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A health watcher that hangs is no healthy host: what is open is undone.

. /mnt/case.sh
. /mnt/case-apply.sh

silent() {
	id=$(apply 600 $key 60 30) && is "$(value)" 30 || return
	kill -STOP "$(main_pid health)"
	within 14 is_undone "$id" 60 'health watcher'
}

point 'installed' install_applier
point 'the health watcher falls silent: undone' silent
point 'which is told' told 'is undone: the health watcher fell silent'
finish
