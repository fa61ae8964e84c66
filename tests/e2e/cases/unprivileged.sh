#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The same audit as user nobody, with no capability and no way to one.

setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all \
	--no-new-privs sh -c '
	id -u
	grep -E "^Cap(Prm|Eff|Bnd)" /proc/self/status
	tcpadvisor audit --format=json --window=0 >/mnt/out/audit.json
	echo $? >/mnt/out/audit.status
' >/tmp/rights

cat >/tmp/wanted <<'RIGHTS'
65534
CapPrm:	0000000000000000
CapEff:	0000000000000000
CapBnd:	0000000000000000
RIGHTS
diff /tmp/wanted /tmp/rights >&2
