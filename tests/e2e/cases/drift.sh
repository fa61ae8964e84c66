#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A value set at boot from /etc/sysctl.d (drift.root) is changed by hand: the audit says who set it.

check() {
	[ "$(sysctl -n "$1")" = "$2" ] || { echo "$1 is not $2" >&2; exit 1; }
}

check net.ipv4.tcp_fin_timeout 45
check net.ipv4.tcp_keepalive_intvl 70
sysctl -qw net.ipv4.tcp_fin_timeout=30
check net.ipv4.tcp_fin_timeout 30

tcpadvisor audit --format=json --window=0 >/mnt/out/audit.json
echo $? >/mnt/out/audit.status
check net.ipv4.tcp_fin_timeout 30
