#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An audit of a freshly booted Debian: one JSON document, and not one sysctl changed.

sysctls() {
	sysctl -a 2>/dev/null | grep -E '^net\.(core|ipv4|ipv6|unix)\.'
}

sysctls >/tmp/before
tcpadvisor audit --format=json --window=0 >/mnt/out/audit.json
echo $? >/mnt/out/audit.status
sysctls >/tmp/after

[ -s /tmp/before ] || { echo "sysctl lists nothing" >&2; exit 1; }
diff /tmp/before /tmp/after >&2
