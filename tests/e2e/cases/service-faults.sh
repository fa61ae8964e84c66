#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What goes wrong around the service, and it goes on: it is killed, hangs, the disk is full, journald is stopped, callers
# flood its socket. Its watchdog is set to two seconds, so that nothing of it makes the service wait for longer unseen.

. /mnt/case.sh

key=net.ipv4.tcp_fin_timeout
prom=/srv/metrics/tcpadvisor.prom

settings() {
	{ impatient; cat; } <<-CONF | conf
		[journal]
		burst = 1000
		rate = 10000
		[metrics]
		textfile = $prom
	CONF
	# A small disk of its own for metrics: as tcpadvisor.conf(5) says for another place than the default.
	mkdir -p /srv/metrics /etc/systemd/system/tcpadvisord.service.d
	mount -t tmpfs -o size=512k,mode=755,uid="$(id -u tcpadvisor)" tmpfs /srv/metrics
	cat >/etc/systemd/system/tcpadvisord.service.d/faults.conf <<-CONF
		[Service]
		ReadWritePaths=/srv/metrics
		WatchdogSec=2s
		TimeoutAbortSec=1s
	CONF
	systemctl daemon-reload
	echo "$key = 45" >/etc/sysctl.d/90-e2e.conf
	systemctl enable -q --now tcpadvisord
}

metric() {
	sed -n "s/^tcpadvisor_service_$1 //p" $prom
}

drift_told() {
	since=$(now)
	sysctl -qw $key="$1"
	heard "$since" "${2:-1000}" TCPADVISOR_EVENT=drift KEY=$key ACTUAL="$1"
}

restarted() {
	[ "$(property MainPID)" != "$pid" ] && [ "$(property NRestarts)" = "$1" ] && [ "$(property ActiveState)" = active ]
}

# What is open is told again by the new one.
killed() {
	drift_told 20 || return
	pid=$(property MainPID)
	since=$(now)
	kill -KILL "$pid"
	within 8 restarted 1 && heard "$since" 8000 TCPADVISOR_EVENT=drift KEY=$key ACTUAL=20 &&
		[ -S /run/tcpadvisor/io.tcpadvisor ]
}

hangs() {
	pid=$(property MainPID)
	kill -STOP "$pid"
	within 12 restarted 2 && journalctl -q -u tcpadvisord _PID=1 -o cat | grep -i 'watchdog timeout'
}

is_other_file() {
	[ "$(stat -c %i $prom)" != "$before" ]
}

disk_full() {
	since=$(now)
	dd if=/dev/zero of=/srv/metrics/ballast bs=1k 2>/dev/null
	before=$(stat -c %i $prom)
	heard "$since" 5000 TCPADVISOR_EVENT=trouble || return
	sleep 2.5
	text=$(journalctl -q -t tcpadvisord -o cat TCPADVISOR_EVENT=trouble)
	echo "$text"
	is "$(echo "$text" | grep -c "$prom: No space left on device")" 1 && not is_other_file &&
		grep -q '^tcpadvisor_service_uptime_seconds ' $prom && is "$(ls -A /srv/metrics | wc -l)" 2
}

disk_free() {
	before=$(stat -c %i $prom)
	rm /srv/metrics/ballast
	within 5 is_other_file
}

# What a hung journald leaves to its senders: a queue that somebody else has filled. A sender has a limit of its own, so
# there are as many as it takes.
fill_queue() {
	perl -MSocket -MIO::Handle -e '
		for my $n (1 .. 100) {
			socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die $!;
			$s->blocking(0);
			connect($s, sockaddr_un("/run/systemd/journal/socket")) or die $!;
			my $sent = 0;
			$sent++ while defined send($s, "MESSAGE=filler\nSYSLOG_IDENTIFIER=filler\n", MSG_DONTWAIT);
			exit 0 unless $sent;
		}
		die "the queue has no end"'
}

journald_stops() {
	journald=$(property MainPID systemd-journald)
	dropped_before=$(metric 'journal_messages_total{result="dropped"}')
	kill -STOP "$journald"
	fill_queue
	for n in 21 22 23 24 25; do
		sysctl -qw $key=$n
		sleep 0.4
	done
	# Longer than the watchdog waits; the service ticks, writes metrics and answers.
	ticks=$(metric ticks_total)
	within 5 ticks_on && within 5 drops_counted
	status=$?
	answer >/dev/null || status=1
	kill -CONT "$journald"
	[ $status = 0 ] && is "$(property NRestarts)" 2
}

ticks_on() {
	[ "$(metric ticks_total)" -ge $((ticks + 2)) ]
}

drops_counted() {
	[ "$(metric 'journal_messages_total{result="dropped"}')" -gt "$dropped_before" ]
}

# It has a queue to work off.
journald_again() {
	drift_told 26 4000
}

# callers USER GROUP: connections of all bad kinds, held for some seconds.
callers() {
	setpriv --reuid="$1" --regid="$2" --clear-groups perl -MSocket -MIO::Handle -e '
		$SIG{PIPE} = "IGNORE";
		my (@held, $refused);
		for my $n (1 .. 300) {
			socket(my $s, PF_UNIX, SOCK_STREAM, 0) or last;
			$s->blocking(0);
			connect($s, sockaddr_un("/run/tcpadvisor/io.tcpadvisor")) or $refused++;
			my $text = ("{\"method\":\"io.tcpadvisor.", "{" x 40000, "\0" x 500, "{\"method\":\"io.tcpadvisor.Report\"}\0" x 50,
				"{\"method\":\"io.tcpadvisor.Subscribe\",\"more\":true}\0", "x" x 60000, "[[[[1,2]]]]\0")[$n % 7];
			send($s, $text, MSG_DONTWAIT);
			push @held, $s;
		}
		print STDERR "$refused of 300 refused\n";
		select undef, undef, undef, $ARGV[0];
		exit($refused == 300)' "$3"
}

strangers_refused() {
	[ "$(stat -c %a:%U:%G /run/tcpadvisor/io.tcpadvisor)" = 660:root:tcpadvisor ] && not callers 65534 65534 0
}

flooded() {
	callers 65534 tcpadvisor 2 &
	sleep 0.5
	start=$(now)
	answer >/dev/null
	status=$?
	took=$((($(now) - start) / 1000))
	echo "status: $status after $took ms"
	[ $status = 0 ] && [ $took -lt 1000 ] && drift_told 27
	status=$?
	wait
	[ $status = 0 ] && is "$(property NRestarts)" 2
}

floods_leave_nothing() {
	rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$(property MainPID)/status")
	descriptors=$(ls "/proc/$(property MainPID)/fd" | wc -l)
	echo "$rss kB, $descriptors descriptors, $quiet_descriptors before"
	[ "$rss" -lt 16384 ] && [ "$descriptors" -le $((quiet_descriptors + 4)) ]
}

install_service
settings
point 'metrics go where the settings say' within 5 test -s $prom
point 'killed, it is started again, and tells again what is open' killed
point 'hung, the watchdog ends it, and it is started again' hangs
point 'with a full disk the old metrics stay, and it says so once' disk_full
point 'with room again they are new' disk_free
point 'while journald is stopped it ticks, answers and counts what is dropped' journald_stops
point 'when journald goes on, so do lines' journald_again
quiet_descriptors=$(ls "/proc/$(property MainPID)/fd" | wc -l)
point 'who is not in the group may not connect' strangers_refused
point 'who is, and floods, keeps neither root nor drift waiting' flooded
point 'and leaves nothing behind' within 15 floods_leave_nothing
finish
