#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What more rights give: with the drop-in other network namespaces are judged, without it the service says that it is
# blind; with the tracer a line names who wrote. And what waits: drift of an interface that has just come.
#
# nspawn: --capability=CAP_BPF,CAP_PERFMON --system-call-filter=bpf

. /mnt/case.sh

key=net.ipv4.tcp_fin_timeout
prom=/run/tcpadvisord/tcpadvisor.prom

settings() {
	{ impatient; echo "netns = $1"; } | conf
}

metric() {
	[ ! -e $prom ] || sed -n "s/^tcpadvisor_service_$1 //p" $prom
}

is_metric() {
	is "$(metric "$1")" "$2"
}

# One with a name, one that only a process of another user is in; both with something wrong.
make_namespaces() {
	ip netns add side && ip netns exec side sysctl -qw net.ipv4.tcp_window_scaling=0 &&
		systemd-run -q --unit=inner -p PrivateNetwork=yes sh -c 'echo 0 >/proc/sys/net/ipv4/tcp_sack
			exec setpriv --reuid=65534 --regid=65534 --clear-groups sleep 600'
}

starts() {
	systemctl enable -q --now tcpadvisord && within 1 said TCPADVISOR_EVENT=started
}

blind() {
	within 5 is_metric blind 1 && is_metric namespaces 1 && answer | grep '"blind": *true' &&
		not said NETNS=side
}

# It is told to look, and may not: never silently.
blind_without_dropin() {
	settings all
	systemctl reload tcpadvisord
	within 5 said TCPADVISOR_EVENT=reloaded && within 9 said_blind && systemctl is-active tcpadvisord
}

said_blind() {
	is_metric blind 1 && answer | grep -E '"blind_why": *"[^"]*CAP_SYS_(PTRACE|ADMIN)'
}

with_dropin() {
	cp -r "$(find /usr -path '*tcpadvisor/examples/tcpadvisord.service.d')" /etc/systemd/system
	systemctl daemon-reload
	systemctl restart tcpadvisord
	within 9 said TCPADVISOR_EVENT=opened RULE=window.scaling-off NETNS=side
}

only_those_rights() {
	grep '^Cap' "/proc/$(property MainPID)/status"
	is "$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$(property MainPID)/status")" 0000000000280000
}

unnamed_too() {
	within 9 said TCPADVISOR_EVENT=opened RULE=legacy.sack-off SUBJECT=net.ipv4.tcp_sack && said RULE=legacy.sack-off &&
		! lines RULE=legacy.sack-off | grep -v '"NETNS"'
}

# A namespace without a name is known by the first of its processes, in the order of names: "1000" before "200".
known_by_another() {
	inner=$(property MainPID inner)
	while last=$(sh -c 'echo $$') && [ "$last" -lt 1000 ]; do :; done
	nsenter -n -t "$inner" sleep 600 &
	sleep 6
	kill $!
	sleep 6
	is "$(count RULE=legacy.sack-off)" 1
}

own_is_well() {
	! lines RULE=window.scaling-off | grep -v '"NETNS":"side"'
}

sees_again() {
	within 5 is_metric blind 0 && is_metric namespaces 3
}

later_ones() {
	ip netns add later && ip netns exec later sysctl -qw net.ipv4.tcp_window_scaling=0 &&
		within 9 said TCPADVISOR_EVENT=opened RULE=window.scaling-off NETNS=later
}

gone_ones() {
	since=$(now)
	ip netns delete side
	heard "$since" 9000 TCPADVISOR_EVENT=closed RULE=window.scaling-off NETNS=side && systemctl is-active tcpadvisord
}

trace() {
	systemctl enable -q --now tcpadvisor-trace && within 5 is_metric traced 1
}

named() {
	echo "$key = 45" >/etc/sysctl.d/90-e2e.conf
	sysctl -qw $key=45
	sleep 2.5
	since=$(now)
	# It stays: a control group that went has no name any more.
	systemd-run -q --unit=meddler sh -c "sysctl -qw $key=30; sleep 60"
	heard "$since" 1000 TCPADVISOR_EVENT=drift KEY=$key ACTUAL=30 WRITER_COMMAND=sysctl WRITER_UID=0 WRITER_UNIT=meddler.service
}

# Others still set its sysctls. Somebody writes another key meanwhile, which makes the service look at all.
settles() {
	settings all
	sed -i 's/^settle = .*/settle = 4 s/' /etc/tcpadvisor/tcpadvisor.conf
	echo 'net.ipv4.conf.late0.rp_filter = 1' >/etc/sysctl.d/91-late.conf
	systemctl reload tcpadvisord
	since=$(now)
	ip link add late0 type veth peer name late1 && sysctl -qw net.ipv4.conf.late0.rp_filter=0 $key=31 &&
		heard "$since" 12000 TCPADVISOR_EVENT=drift KEY=net.ipv4.conf.late0.rp_filter EXPECTED=1 ACTUAL=0 || return
	[ $took -ge 4000 ]
}

nothing_denied() {
	! journalctl -q -u tcpadvisord -u tcpadvisord.socket -p warning _PID=1 | grep .
}

install_service
settings none
make_namespaces
point 'it starts' starts
point 'it knows that it is blind to other namespaces' blind
point 'told to look, and without the right, it says which' blind_without_dropin
point 'with the drop-in a named namespace is judged' with_dropin
point 'with CAP_SYS_ADMIN and CAP_SYS_PTRACE alone' only_those_rights
point 'and one that only a process is in' unnamed_too
point 'which is the same one whatever processes come and go' known_by_another
point 'what is wrong there is not taken for its own' own_is_well
point 'it is blind no more' sees_again
point 'a namespace that comes later is judged' later_ones
point 'what was about one that went is over' gone_ones
if command -v tcpadvisor-trace >/dev/null && timeout 0.5 tcpadvisor-trace --socket=/run/nobody 2>/dev/null || [ $? = 124 ]; then
	point 'the tracer speaks to the service' trace
	point 'the line about drift names command, user and unit of the writer' named
fi
point 'drift of an interface that is new waits until it settled' settles
point 'systemd had nothing to warn of' nothing_denied
finish
