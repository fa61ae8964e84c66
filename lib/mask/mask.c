/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files a record may hold, and how each is masked. */
#include "mask/mask.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "mask/mask-private.h"

enum { FILES_MAX = 4096 };

static const char *const sysctl_directories[] = {"etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d",
						 "lib/sysctl.d"};

int mask_new(const struct catalogue *catalogue, const uint8_t *key, struct mask **ret)
{
	_cleanup_(mask_freep) struct mask *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->catalogue = catalogue;
	if (key)
		memcpy(m->key, key, sizeof(m->key));
	else if (getrandom(m->key, sizeof(m->key), 0) != sizeof(m->key))
		return -EIO;
	text_add(&m->published, "\n");
	*ret = m;
	m = NULL;
	return 0;
}

struct mask *mask_free(struct mask *m)
{
	if (!m)
		return NULL;
	for (size_t i = 0; i < m->file_count; i++)
		free(m->files[i]);
	free(m->files);
	text_clear(&m->published);
	explicit_bzero(m->key, sizeof(m->key));
	free(m);
	return NULL;
}

void mask_publish(struct mask *m, const char *name)
{
	text_addf(&m->published, "%s\n", name);
}

static int learn_name(void *user, const char *name)
{
	struct mask *m = user;

	if (m->file_count == FILES_MAX)
		return 0;
	if (m->file_count == m->file_size) {
		size_t size = m->file_size ? 2 * m->file_size : 64;
		char **grown = reallocarray(m->files, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		m->files = grown;
		m->file_size = size;
	}
	m->files[m->file_count] = strdup(name);
	if (!m->files[m->file_count])
		return -ENOMEM;
	m->file_count++;
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int mask_learn(struct mask *m, struct root *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(sysctl_directories); i++)
		if (root_list(root, sysctl_directories[i], learn_name, m) == -ENOMEM)
			return -ENOMEM;
	if (m->file_count)
		qsort(m->files, m->file_count, sizeof(*m->files), by_bytes);
	return 0;
}

/* Of paths: each adds what stands for the part that its row leaves open. */
static void path_pid(struct mask *m, const char *rest, struct text *ret)
{
	text_addf(ret, "%" PRIu64 "%s", mask_number(m, MASK_PID, strtoull(rest, NULL, 10)), strrchr(rest, '/'));
}

static void path_sysctl(struct mask *m, const char *rest, struct text *ret)
{
	_cleanup_text_ struct text masked = TEXT_NULL;
	char key[SYSCTL_KEY_MAX];

	snprintf(key, sizeof(key), "%s", rest);
	mask_swap_separators(key);
	mask_key(m, key, &masked);
	if (masked.len)
		mask_swap_separators(masked.s);
	text_add(ret, text_get(&masked));
}

static void path_interface(struct mask *m, const char *rest, struct text *ret)
{
	mask_interface(m, rest, strcspn(rest, "/"), ret);
	text_add(ret, strrchr(rest, '/'));
}

/* The last part is the kernel's. */
static void path_cgroup(struct mask *m, const char *rest, struct text *ret)
{
	const char *slash = strrchr(rest, '/');

	if (slash)
		mask_cgroup(m, rest, (size_t)(slash + 1 - rest), ret);
	text_add(ret, slash ? slash + 1 : rest);
}

static void path_ranked(struct mask *m, const char *rest, struct text *ret)
{
	mask_ranked(m, rest, ret);
}

static void path_module_file(struct mask *m, const char *rest, struct text *ret)
{
	size_t n = strlen(rest);

	mask_name(m, "m", rest, n, ret);
	text_add(ret, n > 5 && !strcmp(rest + n - 5, ".conf") ? ".conf" : "");
}

static void path_tuned(struct mask *m, const char *rest, struct text *ret)
{
	mask_profiles(m, rest, strcspn(rest, "/"), ret);
	text_add(ret, strrchr(rest, '/'));
}

/* A profile is known by the name of its file, so both are masked as one; what replaces a packaged file has its name. */
static void path_own(struct mask *m, const char *rest, struct text *ret)
{
	static const char *const directories[] = {"rules/sysctl/", "rules/", "profiles/", "waivers/"};
	static const char *const suffixes[] = {".rule", ".profile", ".waiver", ".sysctl", ".names", ".table"};
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		n = strlen(directories[i]);
		if (!strncmp(rest, directories[i], n)) {
			text_add(ret, directories[i]);
			rest += n;
			break;
		}
	}
	n = strcspn(rest, ".");
	mask_profiles(m, rest, n, ret);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (!strcmp(rest + n, suffixes[i]))
			text_add(ret, suffixes[i]);
}

static void keep(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret)
{
	(void)m;
	(void)path;
	text_addn(ret, bytes, n);
}

static void mask_sysctl_value(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret)
{
	char key[SYSCTL_KEY_MAX];

	snprintf(key, sizeof(key), "%s", path + strlen("proc/sys/"));
	mask_swap_separators(key);
	mask_value(m, key, bytes, n, ret);
}

static void mask_comm(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret)
{
	size_t line = strcspn(bytes, "\n");

	(void)path;
	mask_command(m, bytes, min_of(line, n), ret);
	text_add(ret, line < n ? "\n" : "");
}

static void mask_active_profile(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret)
{
	(void)path;
	mask_profiles(m, bytes, n, ret);
}

/* What the numbers and names of a line are, in their order; the last takes the rest of the line. */
enum field { FIELD_END, FIELD_PID, FIELD_INODE, FIELD_CGROUP_ID, FIELD_CGROUP, FIELD_COMMAND, FIELD_COUNTS };

static void add_field(struct mask *m, enum field f, const char *s, size_t n, struct text *ret)
{
	static const enum mask_kind kinds[] = {[FIELD_PID] = MASK_PID, [FIELD_INODE] = MASK_INODE, [FIELD_CGROUP_ID] = MASK_CGROUP};

	if (f == FIELD_CGROUP)
		mask_cgroup(m, s, n, ret);
	else if (f == FIELD_COMMAND)
		mask_command(m, s, n, ret);
	else if (f == FIELD_COUNTS)
		text_addn(ret, s, min_of(strspn(s, "0123456789- "), n));
	else if (n && isdigit((unsigned char)*s))
		text_addf(ret, "%" PRIu64, mask_number(m, kinds[f], strtoull(s, NULL, 10)));
}

static void mask_fields(struct mask *m, void *user, const char *line, size_t n, struct text *ret)
{
	for (const enum field *f = user; *f != FIELD_END && n; f++) {
		const char *blank = f[1] == FIELD_END ? NULL : memchr(line, ' ', n);
		size_t length = blank ? (size_t)(blank - line) : n;

		add_field(m, *f, line, length, ret);
		text_add(ret, blank ? " " : "");
		line += length + (blank != NULL);
		n -= length + (blank != NULL);
	}
}

static void mask_table(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret)
{
	static const struct {
		const char *name;
		enum field fields[4];
	} tables[] = {
		{"cgroups", {FIELD_CGROUP_ID, FIELD_CGROUP}},
		{"holders", {FIELD_INODE, FIELD_PID, FIELD_COMMAND}},
		{"processes", {FIELD_PID, FIELD_CGROUP}},
		{"open-files", {FIELD_PID, FIELD_COUNTS}},
		{"cgroup.procs", {FIELD_PID}},
		{"tuned.pid", {FIELD_PID}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		if (!strcmp(strrchr(path, '/') + 1, tables[i].name))
			mask_lines(m, bytes, n, ret, mask_fields, (void *)tables[i].fields);
}

/* The first row that fits; what stands before its first '*' is kept. No `bytes`: a directory that could not be listed. */
static const struct row {
	const char *pattern;
	void (*path)(struct mask *m, const char *rest, struct text *ret);
	mask_text_fn bytes;
} rows[] = {
	{"netlink/*", NULL, mask_netlink},
	{"names/sockopts", NULL, keep},
	{"names/*", NULL, mask_table},
	{"proc/sys/*", path_sysctl, mask_sysctl_value},
	{"proc/[0-9]*/limits", path_pid, keep},
	{"proc/[0-9]*/comm", path_pid, mask_comm},
	{"proc/net/snmp", NULL, keep},
	{"proc/net/snmp6", NULL, keep},
	{"proc/net/netstat", NULL, keep},
	{"proc/net/sockstat", NULL, keep},
	{"proc/net/sockstat6", NULL, keep},
	{"proc/net/softnet_stat", NULL, keep},
	{"proc/net/stat/nf_conntrack", NULL, keep},
	{"proc/net/stat/arp_cache", NULL, keep},
	{"proc/net/stat/ndisc_cache", NULL, keep},
	{"proc/meminfo", NULL, keep},
	{"proc/stat", NULL, keep},
	{"sys/class/net/*/speed", path_interface, keep},
	{"sys/class/net/*/duplex", path_interface, keep},
	{"sys/fs/cgroup/*cgroup.procs", path_cgroup, mask_table},
	{"sys/fs/cgroup/*memory.*", path_cgroup, keep},
	{"etc/sysctl.conf", NULL, mask_sysctl_file},
	{"etc/sysctl.d/*", path_ranked, mask_sysctl_file},
	{"run/sysctl.d/*", path_ranked, mask_sysctl_file},
	{"usr/local/lib/sysctl.d/*", path_ranked, mask_sysctl_file},
	{"usr/lib/sysctl.d/*", path_ranked, mask_sysctl_file},
	{"lib/sysctl.d/*", path_ranked, mask_sysctl_file},
	{"etc/modules", NULL, mask_modules},
	{"etc/modules-load.d/*", path_module_file, mask_modules},
	{"run/modules-load.d/*", path_module_file, mask_modules},
	{"usr/local/lib/modules-load.d/*", path_module_file, mask_modules},
	{"usr/lib/modules-load.d/*", path_module_file, mask_modules},
	{"usr/lib/udev/rules.d/99-systemd.rules", NULL, mask_udev},
	{"etc/tuned/active_profile", NULL, mask_active_profile},
	{"etc/tuned/profiles/*/tuned.conf", path_tuned, mask_tuned},
	{"etc/tuned/*/tuned.conf", path_tuned, mask_tuned},
	{"usr/lib/tuned/profiles/*/tuned.conf", path_tuned, mask_tuned},
	{"usr/lib/tuned/*/tuned.conf", path_tuned, mask_tuned},
	{"run/tuned/tuned.pid", NULL, mask_table},
	{"etc/tcpadvisor/tcpadvisor.conf", NULL, mask_own},
	{"etc/tcpadvisor/*.*", path_own, mask_own},
	{"run/tcpadvisor/tcpadvisor.conf", NULL, mask_own},
	{"run/tcpadvisor/*.*", path_own, mask_own},
	{"etc/sysctl.d", NULL, NULL},
	{"etc/modules-load.d", NULL, NULL},
	{"etc/tcpadvisor", NULL, NULL},
	{"etc/tcpadvisor/rules", NULL, NULL},
	{"etc/tcpadvisor/profiles", NULL, NULL},
	{"etc/tcpadvisor/waivers", NULL, NULL},
};

static const char sample_2[] = "sample-2/";

static const char *without_sample(const char *path)
{
	path += strspn(path, "/");
	return strncmp(path, sample_2, strlen(sample_2)) ? path : path + strlen(sample_2);
}

static const struct row *row_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!fnmatch(rows[i].pattern, path, 0))
			return &rows[i];
	return NULL;
}

int mask_path(struct mask *m, const char *path, struct text *ret)
{
	const char *own = without_sample(path);
	const struct row *row = row_of(own);
	size_t kept = row ? strcspn(row->pattern, "*[") : 0;

	if (!row)
		return -ENOENT;
	text_add(ret, own == path + strspn(path, "/") ? "" : sample_2);
	if (!row->path) {
		text_add(ret, own);
		return 0;
	}
	text_addn(ret, own, kept);
	row->path(m, own + kept, ret);
	return 0;
}

int mask_bytes(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret)
{
	const char *own = without_sample(path);
	const struct row *row = row_of(own);
	_cleanup_text_ struct text copy = TEXT_NULL;

	if (!row || !row->bytes)
		return -ENOENT;
	/* Searches may run to its end. */
	text_addn(&copy, bytes, n);
	row->bytes(m, own, text_get(&copy), n, ret);
	return 0;
}

void mask_host(struct mask *m, struct root_host *h)
{
	_cleanup_text_ struct text name = TEXT_NULL;

	snprintf(h->hostname, sizeof(h->hostname), "masked");
	h->kernel[strspn(h->kernel, "0123456789.")] = 0;
	h->netns_inode = mask_number(m, MASK_INODE, h->netns_inode);
	if (!*h->netns)
		return;
	mask_name(m, "netns-", h->netns, strlen(h->netns), &name);
	snprintf(h->netns, sizeof(h->netns), "%s", text_get(&name));
}
