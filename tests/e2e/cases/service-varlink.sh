#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A client that is not ours: varlinkctl of systemd 257 introspects the service and calls each of its methods.
#
# suite: trixie

. /mnt/case.sh

socket=/run/tcpadvisor/io.tcpadvisor
key=net.ipv4.tcp_fin_timeout

settings() {
	impatient | conf
	echo "$key = 45" >/etc/sysctl.d/90-e2e.conf
	sysctl -qw $key=20
	systemctl enable -q --now tcpadvisord
}

call() {
	method=$1
	shift
	timeout 5 varlinkctl call --json=short "$@" $socket "io.tcpadvisor.$method" "${parameters:-{\}}"
}

# answers METHOD PATTERN [OPTION...]: the reply, on one line, matches.
answers() {
	method=$1 pattern=$2
	shift 2
	reply=$(call "$method" "$@") || { echo "$reply"; return 1; }
	printf '%.1500s\n' "$reply"
	printf '%s\n' "$reply" | grep -qE "$pattern"
}

introspects() {
	varlinkctl info $socket && varlinkctl list-interfaces $socket | grep -x io.tcpadvisor || return
	varlinkctl introspect $socket io.tcpadvisor >/tmp/idl && varlinkctl validate-idl /tmp/idl >/dev/null &&
		grep -q 'method Subscribe' /tmp/idl
}

facts() {
	parameters='{"pattern":"host.mem*"}'
	answers Facts '^\{"facts":\[\{"fact":"host\.mem'
}

refuses_wrong_types() {
	parameters='{"pattern":5}'
	reply=$(call Facts 2>&1)
	status=$?
	echo "$status: $reply"
	[ $status != 0 ] && echo "$reply" | grep -q 'InvalidParameter'
}

no_such_method() {
	reply=$(call Format 2>&1)
	status=$?
	echo "$status: $reply"
	[ $status != 0 ] && echo "$reply" | grep -q 'MethodNotFound'
}

subscribes() {
	timeout 4 varlinkctl call --more -j $socket io.tcpadvisor.Subscribe '{}' >/tmp/events 2>&1 &
	within 2 grep -q '"findings"' /tmp/events
	sysctl -qw $key=45
	within 2 grep -q '"kind" *: *"restored"' /tmp/events && sysctl -qw $key=31 &&
		within 2 grep -qE '"actual" *: *"31"' /tmp/events
	status=$?
	wait
	cat /tmp/events
	return $status
}

# A member of the group; nobody else.
by_group() {
	setpriv --reuid=65534 --regid=tcpadvisor --clear-groups varlinkctl call $socket io.tcpadvisor.Status '{}' &&
		not setpriv --reuid=65534 --regid=65534 --clear-groups varlinkctl call $socket io.tcpadvisor.Status '{}'
}

command -v varlinkctl >/dev/null || skip 'varlinkctl came with systemd 255'
install_service
settings
point 'it introspects the service, and its definition is valid' introspects
point 'Status' answers Status '"version":"[0-9].*"profile":"balanced"'
point 'Findings: drift is open' answers Findings "\"rule\":\"sysctl.drift\".*\"name\":\"$key\""
point 'Facts' facts
point 'Metrics' answers Metrics 'tcpadvisor_service_uptime_seconds.*# EOF'
point 'Report' answers Report '"schema":"tcpadvisor.audit/1"'
point 'Subscribe: open findings, then what changes' subscribes
point 'a parameter of the wrong type is an error' refuses_wrong_types
point 'so is a method that is not there' no_such_method
point 'members of the group may ask, others not' by_group
finish
