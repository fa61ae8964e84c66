#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tracer under its unit: the service's line about a drift names the writer; in its sandbox the tracer tells who
# writes a sysctl, comes and goes with the service, and where there is no BPF it is no failure. For what it tells in
# detail a script listens in the service's place, with its sockets and sandbox.
#
# nspawn: --capability=CAP_BPF,CAP_PERFMON --system-call-filter=bpf

. /mnt/case.sh

command -v tcpadvisor-trace >/dev/null || skip 'tcpadvisor-trace was not built'
cannot=$(timeout 0.5 tcpadvisor-trace --socket=/run/nobody 2>&1)
[ $? != 77 ] || skip "$cannot"

told=/mnt/out/told
key=net/ipv4/tcp_fin_timeout

service() {
	echo 'net.ipv4.tcp_fin_timeout = 45' >/etc/sysctl.d/90-e2e.conf
	sysctl -qw net.ipv4.tcp_fin_timeout=45
	printf '[service]\nsettle = 0\n' | conf
	systemctl enable -q tcpadvisor-trace && systemctl start tcpadvisord && systemctl -q is-active tcpadvisord &&
		within 5 systemctl -q is-active tcpadvisor-trace && sleep 0.5
}

drift_by_unit() {
	systemd-run -q --unit=culprit sh -c "echo $1 >/proc/sys/$key; sleep 2"
	within 3 said TCPADVISOR_EVENT=drift ACTUAL="$1" WRITER_UNIT=culprit.service WRITER_COMMAND=sh WRITER_UID=0 ||
		{ lines -n 1 TCPADVISOR_EVENT=drift; return 1; }
	line=$(lines -n 1 -o cat TCPADVISOR_EVENT=drift ACTUAL="$1")
	is "$(echo "$line" | grep -o 'written by')" 'written by' &&
		echo "$line" | grep -E 'written by sh\[[0-9]+\].*culprit\.service'
}

# Its unit may have gone with it before it could be looked up.
drift_by_gone() {
	systemd-run -q --unit=fleeting sh -c "echo $1 >/proc/sys/$key"
	within 3 said TCPADVISOR_EVENT=drift ACTUAL="$1" WRITER_COMMAND=sh WRITER_UID=0 ||
		{ lines -n 1 TCPADVISOR_EVENT=drift; return 1; }
}

# What a container does to its own key of that name is not held against it.
not_a_container() {
	unshare --net sh -c "echo 29 >/proc/sys/$key; echo 28 >/proc/sys/$key"
	sysctl -qw net.ipv4.tcp_fin_timeout=29
	within 3 said TCPADVISOR_EVENT=drift ACTUAL=29 WRITER_COMMAND=sysctl ||
		{ lines -n 2 TCPADVISOR_EVENT=drift; return 1; }
}

back() {
	sysctl -qw net.ipv4.tcp_fin_timeout=45
	within 3 said TCPADVISOR_EVENT=restored
}

# kind pid uid cgroup command key value, for each message
listen() {
	cat >/usr/bin/listener <<-'PERL'
		#!/usr/bin/perl
		my ($n) = grep { (split /:/, $ENV{LISTEN_FDNAMES})[$_] eq 'trace' } 0 .. $ENV{LISTEN_FDS} - 1;
		open my $socket, '+<&=', 3 + $n or die $!;
		$| = 1;
		while (defined recv $socket, my $bytes, 4096, 0) {
			my ($version, $kind, $pid, $uid, $cgroup, $when, $lost, @texts) = unpack 'L4Q3Z16Z128Z64', $bytes;
			print join(' ', $kind, $pid, $uid, $cgroup, @texts), $kind ? '' : "\n";
		}
	PERL
	chmod 755 /usr/bin/listener
	mkdir -p /etc/systemd/system/tcpadvisord.service.d
	cat >/etc/systemd/system/tcpadvisord.service.d/listener.conf <<-CONF
		[Service]
		Type=exec
		WatchdogSec=0
		ExecStart=
		ExecStart=/usr/bin/listener
		StandardOutput=append:$told
	CONF
	systemctl daemon-reload
}

start() {
	systemctl enable -q tcpadvisor-trace && systemctl restart tcpadvisord && within 5 greeted "$1"
}

greeted() {
	[ "$(grep -c '^0 [1-9][0-9]* ' $told)" -ge "$1" ] && systemctl -q is-active tcpadvisor-trace
}

# A unit that writes a key and stays; another user where one is given, as the owner of its namespaces.
write_by_unit() {
	unit=$1 value=$2
	systemd-run -q --unit="$unit" sh -c "echo $value >/proc/sys/$key; sleep 60"
	within 5 grep -q " $key $value\$" $told
}

named() {
	group=$(stat -c %i "/sys/fs/cgroup/system.slice/$1") && grep "^1 [1-9][0-9]* 0 $group sh $key $2\$" $told ||
		{ echo "cgroup $group"; cat $told; return 1; }
}

no_capability() {
	not grep -E '^Cap(Inh|Prm|Eff|Amb):.*[1-9a-f]' "/proc/$(property MainPID tcpadvisor-trace)/status" &&
		is "$(stat -c %U "/proc/$(property MainPID tcpadvisor-trace)")" tcpadvisor-trace
}

goes_with_service() {
	systemctl stop tcpadvisord && within 5 not systemctl -q is-active tcpadvisor-trace && not systemctl is-failed tcpadvisor-trace
}

without_bpf() {
	mkdir -p /etc/systemd/system/tcpadvisor-trace.service.d
	printf '[Service]\nSystemCallFilter=~bpf\n' >/etc/systemd/system/tcpadvisor-trace.service.d/no-bpf.conf
	systemctl daemon-reload
	systemctl start tcpadvisord
	within 5 reason && within 5 not systemctl -q is-active tcpadvisor-trace &&
		is "$(property ExecMainStatus tcpadvisor-trace)/$(property Result tcpadvisor-trace)" 77/success &&
		is "$(property NRestarts tcpadvisor-trace)" 0 && systemctl is-active tcpadvisord
}

reason() {
	journalctl -q -u tcpadvisor-trace -o cat | grep 'tcpadvisor-trace: not available: .*CAP_BPF'
}

point 'installed' install_service
point 'service and tracer start' service
point 'a drift names its writer' drift_by_unit 31
point 'also one that is gone' drift_by_gone 32
point 'and back' back
point 'a container that wrote its own is no writer' not_a_container
systemctl stop tcpadvisord
listen
point 'the tracer starts in its sandbox, and greets' start 1
point 'a write by a unit is told' write_by_unit first 33
point 'with user, cgroup, command, key and value' named first.service 33
point 'no capability is left, and the user is its own' no_capability
point 'the service restarts: the tracer is there again' start 2
point 'and tells' write_by_unit second 34
point 'who' named second.service 34
point 'it stops with the service' goes_with_service
point 'without BPF it says so, fails nothing, and is not tried again' without_bpf
finish
