#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Debian's packages in a booted Debian, as an administrator meets them: installed they watch and change nothing; an upgrade
# restarts the service and undoes what is open; purged they leave what is the administrator's. deb.test lays them into
# /srv/packages: old/, new/ and smoke.

. /mnt/case.sh
. /mnt/case-apply.sh

packages='tcpadvisor tcpadvisord tcpadvisor-trace tcpadvisor-apply'
settings=/etc/tcpadvisor/tcpadvisor.conf
wanted=net.ipv4.tcp_window_scaling
export DEBIAN_FRONTEND=noninteractive

# debs VERSION: in the order of their dependencies.
debs() {
	for p in $packages; do
		ls "/srv/packages/$1/${p}_"*.deb
	done
}

# All that is on the disk and in /run, but for what systemd, dpkg and we keep for ourselves; what is in /etc with its sum.
snapshot() {
	find / \( -path /proc -o -path /sys -o -path /dev -o -path /mnt -o -path /tmp -o -path /srv -o -path /var/log \
		-o -path /run/agetty.reload -o -path /run/systemd -o -path /run/log -o -path /var/lib/dpkg \
		-o -path /var/cache/ldconfig \) -prune -o -print | sort
	find /etc -type f ! -name '*-' -exec md5sum {} + | sort -k 2
}

sysctls() {
	sysctl -a --pattern '^net\.' 2>/dev/null | grep -v -e stable_secret -e 'flow_limit'
}

installs() {
	# shellcheck disable=SC2046
	dpkg -i $(debs "$1")
}

version_is() {
	is "$(dpkg-query -W -f '${Version}' tcpadvisord)" "$(dpkg-deb -f /srv/packages/"$1"/tcpadvisord_*.deb Version)" &&
		is "$(tcpadvisor --version | awk '{ print $2; exit }')" "$(dpkg-query -W -f '${Version}' tcpadvisord)"
}

watches() {
	systemctl -q is-enabled tcpadvisord && systemctl -q is-active tcpadvisord && status_answers &&
		within 5 said TCPADVISOR_EVENT=started
}

status_answers() {
	tcpadvisor status
	status=$?
	[ $status = 0 ] || [ $status = 2 ]
}

# Each unit that has an [Install] section, but the two that watch.
nothing_else_enabled() {
	enabled=$(systemctl list-unit-files --no-legend --state=enabled 'tcpadvisor*' | awk '{ print $1 }' | sort | tr '\n' ' ')
	is "$enabled" 'tcpadvisor-trace.service tcpadvisord.service ' && not systemctl -q is-active 'tcpadvisor-apply*' &&
		not systemctl -q is-active tcpadvisor-audit.timer && ! [ -e /run/tcpadvisor/apply ]
}

# What the first boot of an image does, or somebody who asks for the defaults.
presets_agree() {
	systemctl -q preset tcpadvisord.service tcpadvisor-trace.service tcpadvisor-audit.timer tcpadvisor-apply.socket \
		tcpadvisor-apply-health.socket tcpadvisor-recover.service && nothing_else_enabled
}

nothing_changed() {
	sysctls >/tmp/sysctls.after
	diff /tmp/sysctls.before /tmp/sysctls.after && ! [ -e $dropin ]
}

nothing_failed() {
	systemctl --failed --no-legend 'tcpadvisor*' | grep . && return 1
	nothing_odd
}

no_conffiles() {
	# shellcheck disable=SC2086
	dpkg-query -W -f '${Conffiles}' $packages | grep . && return 1
	! [ -e /etc/tcpadvisor ]
}

explained() {
	journalctl -q -t tcpadvisord -x -n 20 | grep 'Defined-By: tcpadvisor'
}

own_settings() {
	conf <<-CONF && systemctl reload tcpadvisord && cp $settings /tmp/settings
		[service]
		tick = 3 s
	CONF
}

applier_on() {
	sysctl -qw $key=60 && systemctl enable -q --now tcpadvisor-apply.socket && systemctl -q is-active tcpadvisor-apply.socket
}

opens() {
	apply 600 $key 60 30 && is "$(value)" 30 && systemctl -q is-active tcpadvisor-apply
}

# With an open transaction, the tracer switched off by the administrator.
upgrades() {
	before=$(property MainPID)
	systemctl disable -q --now tcpadvisor-trace
	installs new && version_is new && not is "$(property MainPID)" "$before"
}

open_is_undone() {
	last_id
	is "$(value)" 60 && field reason "$id" && is_undone "$id" 60 stopped
}

listens_again() {
	systemctl -q is-active tcpadvisor-apply.socket && systemctl -q is-active tcpadvisor-apply-health.socket &&
		is "$(stat -c %U:%a /run/tcpadvisor/apply)" root:600
}

as_the_administrator_left_it() {
	cmp $settings /tmp/settings && not systemctl -q is-enabled tcpadvisor-trace && not systemctl -q is-active tcpadvisor-trace &&
		not systemctl -q is-enabled tcpadvisor-audit.timer
}

keeps() {
	sysctl -qw $wanted=0
	tcpadvisor apply --window=0 --only=$wanted --confirm-within=60s --persist && tcpadvisor confirm "$(field id)" &&
		grep "^$wanted = 1" $dropin
}

removes_open() {
	opens && dpkg -r tcpadvisor-apply && is "$(value)" 60 && is "$(value $wanted)" 1 &&
		! [ -e /run/tcpadvisor/apply ] && [ -s $dropin ] && [ -d $state ] && systemctl -q is-active tcpadvisord
}

runs() {
	ps -eo args= | grep -E '^/usr/(s?bin|libexec)/tcpadvisor'
}

removes() {
	dpkg -r tcpadvisor-trace tcpadvisord tcpadvisor && not runs && cmp $settings /tmp/settings &&
		! [ -e /run/tcpadvisord ] && ! [ -e /run/tcpadvisor ]
}

# shellcheck disable=SC2086
purges() {
	dpkg -P $packages >/tmp/purge 2>&1 || { cat /tmp/purge; return 1; }
	grep "$dropin was confirmed, and stays" /tmp/purge
}

# Settings, what was confirmed, and users, whose numbers nobody else is to get.
leaves() {
	snapshot >/tmp/disk.after
	users='/etc/(passwd|group|gshadow|shadow|subuid|subgid|\.pwd\.lock)-?'
	diff /tmp/disk.before /tmp/disk.after | grep '^[<>]' |
		grep -v -E " ($users|$settings|${settings%/*}|$dropin|/var/lib/systemd/(catalog|deb-systemd-helper).*)$" && return 1
	! systemctl list-unit-files --no-legend 'tcpadvisor*' | grep .
}

purged_catalogue() {
	! journalctl --list-catalog | grep -i tcpadvisor
}

again() {
	installs new && watches && as_before_again
}

as_before_again() {
	systemctl -q is-enabled tcpadvisor-trace && not systemctl -q is-enabled tcpadvisor-apply.socket
}

sysctls >/tmp/sysctls.before
snapshot >/tmp/disk.before
point 'installed' installs old
point 'of its version' version_is old
point 'the service is enabled, and watches' watches
point 'nothing else is enabled but the tracer' nothing_else_enabled
point 'nor would presets enable it' presets_agree
point 'no sysctl was changed' nothing_changed
point 'no configuration file, and none is needed' no_conffiles
point 'journalctl -x explains' explained
point 'the smoke test' sh /srv/packages/smoke
point 'nothing failed' nothing_failed
point 'with settings of its own' own_settings
point 'and the applier enabled' applier_on
point 'a change is open' opens
point 'an upgrade restarts the service' upgrades
point 'which watches' watches
point 'what was open is undone' open_is_undone
point 'the applier listens again' listens_again
point 'what the administrator decided stays' as_the_administrator_left_it
point 'a change is confirmed and kept' keeps
point 'removing the applier undoes what is open, not what is confirmed' removes_open
point 'removed: nothing runs, settings stay' removes
point 'purged: it says what stays' purges
point 'and nothing else is left' leaves
point 'not in the catalogue either' purged_catalogue
point 'systemd had nothing to warn of' nothing_odd
point 'installed once more it watches again' again
finish
