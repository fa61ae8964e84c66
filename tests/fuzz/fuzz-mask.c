/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole recorded host masked: file by file, its names too; what comes out of a dump must be whole messages. */
#include "record.h"

#include "config/config.h"
#include "mask/mask.h"

static const char *const paths[] = {
	"record.conf",
	"netlink/links.rtnl",
	"netlink/addresses.rtnl",
	"netlink/routes.rtnl",
	"netlink/qdiscs.rtnl",
	"netlink/ethtool-family.genl",
	"netlink/ethtool-linkmodes.genl",
	"netlink/tcp.diag",
	"sample-2/netlink/tcp-listen.diag",
	"proc/net/snmp",
	"proc/sys/net/ipv4/conf/acme.100/rp_filter",
	"proc/sys/net/ipv4/tcp_congestion_control",
	"proc/4242/comm",
	"names/cgroups",
	"names/holders",
	"names/processes",
	"names/open-files",
	"sys/fs/cgroup/system.slice/tuned.service/cgroup.procs",
	"etc/sysctl.conf",
	"etc/sysctl.d/50-seed.conf",
	"etc/modules-load.d/seed.conf",
	"usr/lib/udev/rules.d/99-systemd.rules",
	"etc/tuned/active_profile",
	"etc/tuned/seed/tuned.conf",
	"etc/tcpadvisor/tcpadvisor.conf",
	"etc/tcpadvisor/waivers/seed.waiver",
	"etc/tcpadvisor/profiles/seed.profile",
	"etc/tcpadvisor/rules/seed.rule",
};

enum { FILE_MAX = 65536 };

static const char plain[] = "format = 1\n[host]\nkernel = 6.18.1\nwindow = 1\nprivileged = yes\n";
static const uint8_t key[MASK_KEY_SIZE] = {1, 2, 3};
static struct ruleset rules;

/* Beside this very file: the packaged rules, unless the environment names others. */
static void load_rules(void)
{
	const char *top = getenv("TCPADVISOR_DATADIR");
	char path[4096] = __FILE__;
	struct diag d = {0};
	struct root *r;

	for (int i = 0; i < 3; i++)
		*strrchr(path, '/') = 0;
	record_file(0, plain, sizeof(plain) - 1);
	r = record_open();
	check(r != NULL);
	check(config_load_rules(r, top && *top ? top : path, "balanced", &rules, &d) == 0);
	root_free(r);
}

static int ignore_message(void *user, const struct nlmsghdr *h)
{
	(void)user;
	(void)h;
	return 0;
}

/* Every message whole, none larger than the one it was made of, and nothing between them. */
static void check_messages(const struct text *t, size_t before)
{
	size_t at = 0;

	while (t->len - at >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *h = (const void *)(t->s + at);
		ssize_t n;
		struct root_netlink_stats stats = {0};

		check(h->nlmsg_len >= sizeof(*h) && h->nlmsg_len <= t->len - at && h->nlmsg_pid == 0);
		n = root_walk_messages(h, h->nlmsg_len, ignore_message, NULL, &stats);
		check(n < 0 || (size_t)n == h->nlmsg_len);
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	check(at == t->len && t->len <= 4 * before + 64);
}

static void mask_twice(struct mask *m, const char *path, const char *bytes, size_t n)
{
	_cleanup_text_ struct text name = TEXT_NULL, one = TEXT_NULL, two = TEXT_NULL;

	if (mask_path(m, path, &name) < 0)
		return;
	check(name.len && strlen(name.s) == name.len && (strstr(path, "..") || !strstr(name.s, "..")));
	if (mask_bytes(m, path, bytes, n, &one) < 0)
		return;
	check(mask_bytes(m, path, bytes, n, &two) == 0);
	check(one.len == two.len && (!one.len || !memcmp(one.s, two.s, one.len)));
	if (strstr(path, "netlink/"))
		check_messages(&one, n);
}

static void mask_file(struct mask *m, const char *path)
{
	static char bytes[FILE_MAX];
	int fd = openat(record_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (fd >= 0)
		close(fd);
	if (n >= 0)
		mask_twice(m, path, bytes, (size_t)n);
}

/* Names of files are the host's too. */
static void mask_named(struct mask *m, const uint8_t *data, size_t size)
{
	static const char *const directories[] = {"", "etc/sysctl.d/", "sys/class/net/", "sys/fs/cgroup/", "proc/sys/net/ipv4/conf/",
						  "etc/tcpadvisor/", "etc/tuned/"};
	char path[512];

	if (size < 2 || memchr(data, 0, min_of(size, (size_t)200)))
		return;
	snprintf(path, sizeof(path), "%s%.*s", directories[*data % ARRAY_SIZE(directories)], (int)min_of(size - 1, (size_t)200),
		 (const char *)data + 1);
	mask_twice(m, path, (const char *)data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mask *m = NULL;
	struct root *r;

	if (record_fd < 0) {
		record_init(paths, ARRAY_SIZE(paths));
		load_rules();
	}
	record_unpack(data, size);
	if (faccessat(record_fd, paths[0], F_OK, 0) < 0)
		record_file(0, plain, sizeof(plain) - 1);
	check(mask_new(&rules.catalogue, key, &m) == 0);
	r = record_open();
	check(!r || mask_learn(m, r) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		mask_file(m, paths[i]);
	mask_named(m, data, size);
	root_free(r);
	mask_free(m);
	return 0;
}
