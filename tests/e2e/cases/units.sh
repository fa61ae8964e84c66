#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The units, as installed: systemd has nothing against them, their exposure is bounded, and the sandbox takes nothing from
# an audit (units.py compares it with one by the same user outside).

. /mnt/case.sh

units='tcpadvisord.service tcpadvisord.socket tcpadvisord-trace.socket tcpadvisor-audit.service tcpadvisor-audit.timer'
traced=
if command -v tcpadvisor-trace >/dev/null; then	# the build has libbpf
	traced=yes
	units="$units tcpadvisor-trace.service"
fi

users_exist() {
	for user in tcpadvisor tcpadvisor-trace; do
		id "$user" && is "$(getent passwd "$user" | cut -d: -f7)" /usr/sbin/nologin || return
	done
}

verify() {
	# shellcheck disable=SC2086
	said=$(systemd-analyze verify --man=no $units 2>&1)
	status=$?
	echo "$said"
	# Other people's units are not ours to mend.
	[ $status = 0 ] && ! echo "$said" | grep tcpadvisor
}

# The threshold is in tenths.
exposure() {
	systemd-analyze security --no-pager --threshold="$2" "$1"
}

with_dropin() {
	dropin=/etc/systemd/system/tcpadvisord.service.d/netns.conf
	mkdir -p "${dropin%/*}"
	cp "$(find /usr -path '*tcpadvisor/examples/tcpadvisord.service.d/netns.conf')" $dropin
	systemctl daemon-reload
	"$@"
	status=$?
	rm $dropin
	systemctl daemon-reload
	return $status
}

audit_in_sandbox() {
	mkdir -p /etc/systemd/system/tcpadvisor-audit.service.d
	cat >/etc/systemd/system/tcpadvisor-audit.service.d/json.conf <<-CONF
		[Service]
		ExecStart=
		ExecStart=/bin/sh -c '$(command -v tcpadvisor) audit --format=json --window=0; echo \$\$? >&2'
		StandardOutput=file:/mnt/out/sandbox.json
		StandardError=file:/mnt/out/sandbox.status
	CONF
	systemctl daemon-reload
	systemctl start tcpadvisor-audit
	rm -r /etc/systemd/system/tcpadvisor-audit.service.d
	systemctl daemon-reload
}

audit_outside() {
	setpriv --reuid=tcpadvisor --regid=tcpadvisor --clear-groups --inh-caps=-all --bounding-set=-all \
		tcpadvisor audit --format=json --window=0 >/mnt/out/outside.json
	echo $? >/mnt/out/outside.status
}

# The exit status is 2 then.
audit_of_error() {
	sysctl -qw net.ipv4.tcp_window_scaling=0 && systemctl start tcpadvisor-audit &&
		not systemctl is-failed tcpadvisor-audit
}

audit_in_journal() {
	journalctl -q -u tcpadvisor-audit -t tcpadvisor -o cat | grep 'error *window\.scaling-off'
}

timer_waits() {
	systemctl enable --now tcpadvisor-audit.timer && systemctl is-active tcpadvisor-audit.timer &&
		systemctl list-timers --no-legend tcpadvisor-audit.timer | grep .
}

point 'sysusers, tmpfiles, catalogue: installed' install_service
point 'static users without a shell' users_exist
point '/run/tcpadvisor is root'"'"'s' is "$(stat -c %U:%G:%a /run/tcpadvisor)" root:root:755
point 'systemd-analyze verify is content' verify
point 'exposure of the service: at most 0.8' exposure tcpadvisord 8
[ -z "$traced" ] || point 'exposure of the tracer: at most 1.2' exposure tcpadvisor-trace 12
point 'exposure of an audit: at most 0.8' exposure tcpadvisor-audit 8
point 'exposure with the namespace drop-in: at most 1.8' with_dropin exposure tcpadvisord 18
point 'systemd-analyze verify is content with the drop-in' with_dropin verify
audit_in_sandbox
audit_outside
point 'an audit that finds an error is no failed unit' audit_of_error
point 'its findings are in the journal' audit_in_journal
point 'the timer waits for its day' timer_waits
finish
