#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The service from its start to its end: READY, drift however it was written, reloads good and bad, a second instance,
# interfaces that come and go, and a clean stop. service.root sets what the sysctls are measured against; service.py
# compares what the service finds in its sandbox with an audit outside.

. /mnt/case.sh

key=net.ipv4.tcp_fin_timeout
prom=/run/tcpadvisord/tcpadvisor.prom

settings() {
	{ impatient; cat; } <<-CONF | conf
		[audit]
		profile = balanced, hardening
		[journal]
		burst = 1000
	CONF
}

# What is wrong from before is told by the time that systemctl returns, and not seconds later.
start_judges_first() {
	sysctl -qw $key=20
	systemctl enable -q --now tcpadvisord && systemctl -q is-active tcpadvisord &&
		within 1 said TCPADVISOR_EVENT=started && within 1 said TCPADVISOR_EVENT=drift KEY=$key ACTUAL=20
}

# by_sysctl VALUE, by_other_proc VALUE: the moment before it was written.
by_sysctl() {
	now
	sysctl -qw $key="$1"
}

# Another instance of procfs, of which inotify does not hear: as a container with its own would.
by_other_proc() {
	now
	unshare --mount sh -c "mount -t proc proc /proc && echo $1 >/proc/sys/net/ipv4/tcp_fin_timeout"
}

drift_told() {
	since=$("$1" "$2")
	heard "$since" "$3" TCPADVISOR_EVENT=drift KEY=$key ACTUAL="$2" EXPECTED=45
}

restored() {
	since=$(by_sysctl 45)
	heard "$since" 1000 TCPADVISOR_EVENT=restored KEY=$key
}

# Each write from where the service's own rhythm is at another point.
drift_elsewhere() {
	for n in 1 2; do
		drift_told by_other_proc 3$n 2000 && restored && sleep 0.7 || return
	done
}

side_effect() {
	since=$(now)
	sysctl -qw net.ipv4.ip_forward=1
	heard "$since" 2000 TCPADVISOR_EVENT=drift KEY=net.ipv4.conf.all.forwarding ACTUAL=1 EXPECTED=0 &&
		sysctl -qw net.ipv4.ip_forward=0 &&
		heard "$since" 5000 TCPADVISOR_EVENT=restored KEY=net.ipv4.conf.all.forwarding
}

# Nobody's file and no profile has it.
unasked() {
	since=$(now)
	sysctl -qw net.ipv4.tcp_challenge_ack_limit=1234
	heard "$since" 2000 TCPADVISOR_EVENT=key-changed KEY=net.ipv4.tcp_challenge_ack_limit ACTUAL=1234
}

fields() {
	line=$(lines -n 1 TCPADVISOR_EVENT=drift KEY=$key ACTUAL=30)
	echo "$line"
	for field in MESSAGE_ID=edcdcaa1e4ef4582ba002edfbe1b1001 PRIORITY=4 SEVERITY=warning RULE=sysctl.drift \
		SUBJECT_TYPE=sysctl SUBJECT=$key PREVIOUS=45 BOOT=45 BOOT_FILE=/etc/sysctl.d/90-e2e.conf BOOT_LINE=2 \
		_SYSTEMD_UNIT=tcpadvisord.service; do
		printf '%s' "$line" | grep -qF "\"${field%%=*}\":\"${field#*=}\"" || { echo "no $field"; return 1; }
	done
}

explained() {
	text=$(journalctl -q -t tcpadvisord -x -n 1 TCPADVISOR_EVENT=drift KEY=$key)
	echo "$text"
	echo "$text" | grep -q "^.*Subject: The sysctl $key is not what was meant" &&
		echo "$text" | grep -q "tcpadvisor which $key"
}

reload_broken() {
	mkdir -p /etc/tcpadvisor/profiles
	printf 'format = 1\n[profile]\nsummary = s\n[thresholds]\nno.such = 5 s\n' >/etc/tcpadvisor/profiles/broken.profile
	sed -i 's/^profile = .*/profile = broken/' /etc/tcpadvisor/tcpadvisor.conf
	since=$(now)
	systemctl reload tcpadvisord
	heard "$since" 1000 TCPADVISOR_EVENT=reload-failed PRIORITY=3 || return
	text=$(journalctl -q -t tcpadvisord -o cat TCPADVISOR_EVENT=reload-failed)
	echo "$text"
	echo "$text" | grep -q '/etc/tcpadvisor/profiles/broken.profile:5: ' && systemctl is-active tcpadvisord
}

old_rules_stay() {
	drift_told by_sysctl 31 1000 && restored
}

reload_good() {
	settings
	sed -i 's/^\[journal\]/&\nlevel = info/' /etc/tcpadvisor/tcpadvisor.conf
	rm /etc/tcpadvisor/profiles/broken.profile
	since=$(now)
	systemctl reload tcpadvisord
	heard "$since" 1000 TCPADVISOR_EVENT=reloaded || return
	text=$(journalctl -q -t tcpadvisord -o cat TCPADVISOR_EVENT=reloaded)
	echo "$text"
	echo "$text" | grep -q 'level is info' && systemctl is-active tcpadvisord
}

second_instance() {
	text=$(setpriv --reuid=tcpadvisor --regid=tcpadvisor --clear-groups timeout 5 tcpadvisord 2>&1)
	status=$?
	echo "$status: $text"
	[ $status = 1 ] && echo "$text" | grep -q 'tcpadvisord: another instance runs already' &&
		systemctl is-active tcpadvisord
}

textfile() {
	is "$(stat -c %a:%U $prom)" 644:tcpadvisor && is "$(stat -c %a ${prom%/*})" 755 &&
		setpriv --reuid=65534 --regid=65534 --clear-groups grep -q '^tcpadvisor_service_uptime_seconds [0-9]' $prom
}

textfile_is_new() {
	before=$(stat -c %i $prom)
	within 5 is_other_file
}

is_other_file() {
	[ "$(stat -c %i $prom)" != "$before" ]
}

# Both for service.py. The service first: what it says is from before.
compare_with_audit() {
	sleep 4
	answer >/mnt/out/status.json
	echo 0 >/mnt/out/status.status
	setpriv --reuid=tcpadvisor --regid=tcpadvisor --clear-groups tcpadvisor audit --format=json --window=0 \
		>/mnt/out/audit.json
	echo $? >/mnt/out/audit.status
	[ -s /mnt/out/status.json ] && [ -s /mnt/out/audit.json ]
}

# Interfaces may be named by whoever has a user namespace in a container. By perl, since shells and ip disagree on names.
hostile=$(printf 'e\033[31m"{}\\')
hostile_interface() {
	ip link add "$hostile" type veth peer name plain || return
	ip addr add 10.9.9.1/24 dev "$hostile"
	ip link set "$hostile" up
	within 9 said SUBJECT_TYPE=interface SUBJECT='e\x1b[31m"{}\\' ||
		{ journalctl -q -t tcpadvisord -o cat SUBJECT_TYPE=interface | cat -v; return 1; }
}

# In no line and in no metric is a byte that a terminal would obey, and no line is one of bytes rather than text.
harmless() {
	! journalctl -q -t tcpadvisord -o json | grep -a '\\u001b' && ! journalctl -q -t tcpadvisord -o json | grep -a '"MESSAGE":\[' &&
		! grep -a "$(printf '\033')" $prom
}

interface_removed() {
	since=$(now)
	ip link delete "$hostile"
	heard "$since" 12000 TCPADVISOR_EVENT=closed SUBJECT='e\x1b[31m"{}\\' && systemctl is-active tcpadvisord
}

status_shown() {
	tcpadvisor status
	status=$?
	[ $status = 0 ] || [ $status = 2 ]
}

# What is open has the exit status of an audit.
status_knows() {
	drift_told by_sysctl 33 1000 || return
	text=$(tcpadvisor status)
	is $? 2 && echo "$text" && echo "$text" | grep "sysctl.drift *$key" && restored
}

# After reloads, refused ones too, and with the largest profile. tests/bench holds it to 7 MB as it is by default.
stays_small() {
	rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$(property MainPID)/status")
	echo "$rss kB"
	[ "$rss" -le 8192 ]
}

stop() {
	pid=$(property MainPID)
	since=$(now)
	systemctl stop tcpadvisord
	heard "$since" 2000 TCPADVISOR_EVENT=stopped &&
		is "$(property Result)/$(property ExecMainCode)/$(property ExecMainStatus)/$(property NRestarts)" success/1/0/0 &&
		! [ -e "/proc/$pid" ] && ! [ -e $prom ] && ! [ -e /run/tcpadvisor/io.tcpadvisor ]
}

stays_stopped() {
	! tcpadvisor status && sleep 0.5 && is "$(property ActiveState)" inactive
}

nothing_denied() {
	! journalctl -q -u tcpadvisord -u tcpadvisord.socket -p warning _PID=1 | grep .
}

install_service
settings
point 'READY comes when what was wrong has been told' start_judges_first
point 'a sysctl set back is told within a second' restored
point 'a write through the host'"'"'s /proc is told within a second' drift_told by_sysctl 30 1000
point 'with all fields' fields
point 'journalctl -x explains it' explained
point 'and again within a second' restored
point 'a write through another procfs is told within two seconds' drift_elsewhere
point 'a side effect is told within two seconds' side_effect
point 'a key that nobody asks for is told' unasked
point 'a broken profile is refused with file and line, and the service runs on' reload_broken
point 'by the old rules' old_rules_stay
point 'a good reload says what changed' reload_good
point 'a second instance ends with a clear message' second_instance
point 'metrics are readable to all' textfile
point 'and replaced' textfile_is_new
point 'status answers' status_shown
point 'and knows of drift' status_knows
point 'status and audit' compare_with_audit
point 'an interface with a hostile name is judged' hostile_interface
point 'its name is harmless in the journal and in metrics' harmless
point 'it is removed, and its findings close' interface_removed
point 'it has not grown: at most 8 MiB' stays_small
point 'SIGTERM: a clean stop that leaves nothing' stop
point 'whoever calls does not start it again' stays_stopped
point 'systemd had nothing to warn of' nothing_denied
finish
