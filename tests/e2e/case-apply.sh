# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What cases about applying share, after case.sh: `. /mnt/case-apply.sh`. Papers of our own making, and what becomes of them.

key=net.ipv4.tcp_fin_timeout
state=/var/lib/tcpadvisor-apply
dropin=/etc/sysctl.d/95-tcpadvisor.conf

[ -x /mnt/client ] || skip 'tests/apply/client is not built: make check builds it'

install_applier() {
	install_service && sysctl -qw $key=60 && systemctl enable -q --now tcpadvisor-apply.socket
}

value() {
	sysctl -n "${1:-$key}" | tr '\t' ' '
}

# paper VERB [LINE...]: ask the applier, and print its answer.
paper() {
	{ printf '%s\n' 'tcpadvisor-apply 1' "verb $1"; shift; printf '%s\n' "$@"; } | grep . | /mnt/client /run/tcpadvisor/apply
}

netns() {
	stat -L -c %i /proc/self/ns/net
}

# apply SECONDS KEY OLD NEW [LINE...]: a transaction of one key, or more; its id.
apply() {
	within_s=$1 a_key=$2 a_old=$3 a_new=$4
	shift 4
	paper apply "netns $(netns)" 'profile throughput' "within $within_s" "$@" "change $a_key" "old $a_old" "new $a_new" \
		'why timeout.fin/e2e' >/tmp/answer || { cat /tmp/answer >&2; return 1; }
	sed -n 's/^id //p' /tmp/answer | tee /tmp/id
}

# Of the last transaction: a point's variables do not outlive it.
last_id() {
	id=$(cat /tmp/id)
	[ -n "$id" ]
}

# field NAME [ID]: of a transaction, as the applier tells it.
field() {
	paper show ${2:+"id $2"} | sed -n "s/^$1 //p"
}

# is_undone ID VALUE [REASON]: the key has its old value, and the reason matches.
is_undone() {
	[ "$(value)" = "$2" ] && [ "$(field state "$1")" = undone ] && field reason "$1" | grep -q -e "${3:-.}"
}

told() {
	journalctl -q -u tcpadvisor-apply -u tcpadvisor-recover -o cat | grep -e "$1"
}

main_pid() {
	property MainPID "tcpadvisor-$1"
}

# What systemd itself has to complain about; kills are ours.
nothing_odd() {
	! journalctl -q -u 'tcpadvisor-*' -p warning _PID=1 | grep -v -e 'code=killed' -e "with result 'signal'" -e 'Killing process' | grep .
}
