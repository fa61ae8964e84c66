# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What cases share: `. /mnt/case.sh`. Points in TAP, waiting, the service and its journal lines.

points=0

# point NAME COMMAND...: one point, good if the command succeeds; what it prints is diagnostics.
point() {
	points=$((points + 1))
	name=$1
	shift
	if said=$("$@" 2>&1); then
		echo "ok $points - $name"
	else
		echo "not ok $points - $name"
		echo "failed: $*" >&2
		[ -z "$said" ] || printf '%s\n' "$said" | head -n 25 >&2
	fi
}

# At the end of every case that prints points.
finish() {
	echo "1..$points"
	exit 0
}

skip() {
	echo "$*" >&2
	exit 77
}

not() {
	! "$@"
}

# within SECONDS COMMAND...: repeat it until it succeeds, 20 times a second.
within() {
	tries=$(($1 * 20))
	shift
	while ! "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

# Microseconds since the epoch, as the journal counts them.
now() {
	date +%s%6N
}

is() {
	[ "$1" = "$2" ] || { echo "'$1', expected '$2'"; return 1; }
}

# What a person does after `make install`.
install_service() {
	systemd-sysusers && systemd-tmpfiles --create tcpadvisor.conf &&
		journalctl -q --update-catalog && systemctl daemon-reload
}

# Settings of [service] with which nothing takes long.
impatient() {
	cat <<-CONF
		[service]
		settle = 0
		tick = 2 s
		pass = 4 s
		budget = 100 %
		hold = 0
	CONF
}

# conf: tcpadvisor.conf from stdin.
conf() {
	mkdir -p /etc/tcpadvisor
	{ echo 'format = 1'; cat; } >/etc/tcpadvisor/tcpadvisor.conf
}

property() {
	systemctl show --value -p "$1" "${2:-tcpadvisord}"
}

# lines FIELD=VALUE...: the service's journal lines with all these fields, each as one line of JSON.
lines() {
	journalctl -q -t tcpadvisord -o json "$@"
}

# said FIELD=VALUE...: is there one?
said() {
	lines "$@" | grep -q .
}

# When the last of them was written.
when() {
	lines -n 1 "$@" | sed -n 's/.*"__REALTIME_TIMESTAMP"[ ]*:[ ]*"\([0-9]*\)".*/\1/p'
}

count() {
	lines "$@" | wc -l
}

# heard SINCE MILLISECONDS FIELD=VALUE...: a line with these fields was written no later than that after SINCE.
heard() {
	since=$1 most=$2
	shift 2
	within $((most / 1000 + 4)) heard_since "$since" "$@" || {
		echo "no line; the last ones:"
		journalctl -q -t tcpadvisord -n 8 -o cat
		return 1
	}
	took=$((($(when "$@") - since) / 1000))
	echo "$took ms of $most"
	[ "$took" -le "$most" ]
}

heard_since() {
	since_us=$1
	shift
	at=$(when "$@")
	[ "${at:-0}" -ge "$since_us" ]
}

# The service's answer as one document of JSON. The exit status 2 says that something is open, and is an answer too.
answer() {
	tcpadvisor status --format=json
	answered=$?
	[ $answered = 0 ] || [ $answered = 2 ]
}
