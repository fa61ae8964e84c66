#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A service that never accepts, beside one that does: the audit names the unit of the first, to
# root and to a user without any right.

cat >/run/server.pl <<'PERL'
use IO::Socket::INET;
my ($port, $accepts) = @ARGV;
my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port", Listen => 4) or die $@;
my @held;
while ($accepts) { push @held, $listener->accept }
sleep;
PERL

# More clients than the queue holds, and new ones all the time: drops grow in any window.
cat >/run/clients.pl <<'PERL'
use IO::Socket::INET;
my ($port, $count) = @ARGV;
my @held;
while ($count--) {
	push @held, IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Blocking => 0);
	select undef, undef, undef, 0.05;
}
sleep;
PERL

wait_for() {
	for _ in $(seq 100); do
		"$@" && return
		sleep 0.05
	done
	echo "not within 5 s: $*" >&2
	ss -ltn >&2
	exit 1
}

# In a listener's row Recv-Q is the queue and Send-Q its limit.
listens() {
	ss -Hltn "sport = :$1" | grep -q .
}

overflows() {
	ss -Hltn "sport = :$1" | awk '$2 > $3 { full = 1 } END { exit !full }'
}

serves() {
	[ "$(ss -Htn state established "sport = :$1" | wc -l)" -ge 8 ] && ! overflows "$1"
}

service() {
	systemd-run --quiet --unit="$1.service" perl "/run/$2.pl" "$3" "$4"
}

service leaky server 8080 0
service healthy server 8081 1
wait_for listens 8080
wait_for listens 8081
service leaky-clients clients 8080 400
service healthy-clients clients 8081 8
wait_for overflows 8080
wait_for serves 8081

tcpadvisor audit --format=json --window=1s >/mnt/out/root.json
echo $? >/mnt/out/root.status
setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --no-new-privs \
	tcpadvisor audit --format=json --window=1s >/mnt/out/nobody.json
echo $? >/mnt/out/nobody.status

overflows 8080 && ! overflows 8081
