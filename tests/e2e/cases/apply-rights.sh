#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the applier, its health watcher and the persister may do, tried from inside their units: that it is denied matters,
# not that a line says so.

. /mnt/case.sh
. /mnt/case-apply.sh

# in_unit UNIT: run /run/probe, from stdin, in the sandbox of that unit; what it prints comes to /run/probe.out.
in_unit() {
	mkdir -p "/run/systemd/system/$1.d"
	cat >/run/probe
	cat >"/run/systemd/system/$1.d/probe.conf" <<-CONF
		[Unit]
		ConditionPathExists=
		[Service]
		ExecStart=
		ExecStart=-/bin/sh /run/probe
		StandardOutput=file:/run/probe.out
		StandardError=file:/run/probe.out
	CONF
	systemctl daemon-reload
	: >/run/probe.out
	systemctl start "$(echo "$1" | sed "s/@/@$none/")"
	rm -r "/run/systemd/system/$1.d"
	systemctl daemon-reload
}

none=00000000000000000000000000000000

# What a probe of a program finds: "what: yes" or "what: the error".
cat >/run/try.pl <<'PERL'
use Socket;
sub try { my ($what, $done) = @_; printf "%s: %s\n", $what, $done ? "yes" : "$!" }
try("unix", socket(my $u, AF_UNIX, SOCK_STREAM, 0));
try("inet", socket(my $s, AF_INET, SOCK_DGRAM, 0));
try("inet6", socket(my $t, AF_INET6, SOCK_DGRAM, 0));
try("packet", socket(my $p, 17, SOCK_RAW, 0));
try("netlink", socket(my $n, 16, SOCK_RAW, 0));
my $ifreq = pack("a16 x24", "lo");
try("ioctl", ioctl(STDIN, 0x541b, $ifreq) || $! !~ /permitted/);
try("mount", !system("mount -t tmpfs tmpfs /mnt"));
try("unshare", !system("unshare -n true"));
PERL
cat >/run/try.sh <<'SH'
for file; do
	said=$( (echo 1 >"$file") 2>&1) && said=': yes'
	echo "$file: ${said##*: }"
done
SH

denied() {
	for what; do
		grep -q "^$what: " /run/probe.out || { echo "$what was not tried"; return 1; }
		! grep "^$what: yes" /run/probe.out || return
	done
}

allowed() {
	for what; do
		grep -qx "$what: yes" /run/probe.out || { echo "$what: denied"; return 1; }
	done
}

# Every file below /proc/sys that is there, through the list that the unit names.
applier() {
	in_unit tcpadvisor-recover.service <<-'PROBE'
		grep -E '^(Cap(Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' /proc/self/status
		perl /run/try.pl
		sh /run/try.sh /proc/sys/net/ipv4/tcp_fin_timeout /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/core_pattern \
			/proc/sys/vm/swappiness /proc/sys/net/ipv4/conf/all/forwarding /etc/sysctl.d/95-tcpadvisor.conf
		find /proc/sys -type f | while read -r file; do
			(: >>"$file") 2>/tmp/said && echo "may write: $file"
		done
	PROBE
	sysctl -qw $key=60
	cat /run/probe.out
	allowed unix /proc/sys/net/ipv4/tcp_fin_timeout &&
		denied /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/core_pattern /proc/sys/vm/swappiness \
			/proc/sys/net/ipv4/conf/all/forwarding /etc/sysctl.d/95-tcpadvisor.conf inet inet6 packet netlink ioctl mount unshare &&
		grep '^/proc/sys/net/ipv4/ip_forward: Read-only file system' /run/probe.out
}

# The kernel's list is that of the unit: nothing more can be opened, and nothing of it is missing.
only_those_files() {
	sed -n 's/^may write: //p' /run/probe.out | sort >/tmp/may
	systemctl cat tcpadvisor-recover | sed -n 's/^ReadWritePaths=-//p' | while read -r file; do
		[ ! -e "$file" ] || [ "$(($(stat -c 0%a "$file") & 0200))" = 0 ] || echo "$file"
	done | sort >/tmp/named
	[ "$(wc -l </tmp/may)" -gt 50 ] && diff /tmp/named /tmp/may
}

only_net_admin() {
	for set in Eff Bnd Amb; do
		grep -qx "Cap$set:[[:space:]]*0000000000001000" /run/probe.out || return
	done
	grep -qx 'NoNewPrivs:[[:space:]]*1' /run/probe.out && grep -qx 'Seccomp:[[:space:]]*2' /run/probe.out
}

persister() {
	in_unit tcpadvisor-persist@.service <<-'PROBE'
		grep -E '^Cap(Eff|Bnd):' /proc/self/status
		cat /proc/self/net/dev | grep -c : | sed 's/^/interfaces /'
		perl /run/try.pl
		sh /run/try.sh /etc/sysctl.d/50-probe.conf /etc/probe /etc/tcpadvisor/probe /usr/probe /var/probe \
			/run/tcpadvisor/probe /run/sysctl.d/probe
	PROBE
	rm -f /etc/sysctl.d/50-probe.conf
	cat /run/probe.out
	allowed unix /etc/sysctl.d/50-probe.conf &&
		denied /etc/probe /etc/tcpadvisor/probe /usr/probe /var/probe /run/tcpadvisor/probe /run/sysctl.d/probe \
			inet inet6 packet netlink ioctl mount unshare &&
		! grep '^Cap' /run/probe.out | grep -v ':[[:space:]]*0000000000000000' && grep -qx 'interfaces 1' /run/probe.out
}

# While something is open, as they run.
as_they_run() {
	id=$(apply 600 $key 60 30) || return
	for one in 'apply 0000000000001000' 'health 0000000000000000'; do
		pid=$(main_pid "${one% *}")
		grep -E '^(Name|Uid|CapEff|CapBnd|Seccomp|NoNewPrivs)' "/proc/$pid/status"
		is "$(ps -o user:32= -p "$pid")" "tcpadvisor-${one% *}" &&
			is "$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$pid/status")" "${one#* }" &&
			is "$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$pid/status")" 2 || return
	done
	paper rollback "id $id" >/dev/null && is "$(value)" 60
}

# Who may tell the applier of health may not ask it for a change.
sockets_apart() {
	not setpriv --reuid=tcpadvisor-health --regid=tcpadvisor-health --clear-groups /mnt/client /run/tcpadvisor/apply </dev/null &&
		not setpriv --reuid=tcpadvisor --regid=tcpadvisor --clear-groups /mnt/client /run/tcpadvisor/health </dev/null &&
		not setpriv --reuid=tcpadvisor-health --regid=tcpadvisor-health --clear-groups ls $state
}

# It must not take long to be there.
starts_soon() {
	systemctl stop tcpadvisor-apply
	since=$(now)
	systemctl start tcpadvisor-apply
	took=$((($(now) - since) / 1000))
	echo "$took ms"
	[ $took -lt 1500 ]
}

mkdir -p /etc/tcpadvisor /run/sysctl.d
point 'installed' install_applier
point 'systemd-analyze verify is content' systemd-analyze verify --man=no tcpadvisor-apply.service tcpadvisor-apply.socket \
	tcpadvisor-apply-health.socket tcpadvisor-health.service tcpadvisor-recover.service tcpadvisor-persist@x.service
point 'exposure of the applier: at most 1.1' systemd-analyze security --no-pager --threshold=11 tcpadvisor-apply
point 'exposure of the health watcher: at most 0.8' systemd-analyze security --no-pager --threshold=8 tcpadvisor-health
point 'exposure of the persister: at most 0.5' systemd-analyze security --no-pager --threshold=5 tcpadvisor-persist@x
point 'the applier writes what is vetted, and has no network, no ioctl, no mounts' applier
point 'of /proc/sys the files that its unit names, and no other' only_those_files
point 'with CAP_NET_ADMIN alone' only_net_admin
point 'the persister writes its directory, and has nothing else' persister
point 'applier and health watcher are what their units say' as_they_run
point 'who tells of health may not ask' sockets_apart
point 'the applier is there at once' starts_soon
finish
