/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of interfaces, units, processes and files: those that every host may have stay. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "mask/mask-private.h"

enum { INTERFACE_MAX = 15, NUMBER_MAX = 4 };

void mask_name(struct mask *m, const char *prefix, const char *name, size_t n, struct text *ret)
{
	text_addf(ret, "%s%08" PRIx32, prefix, (uint32_t)mask_hash(m, MASK_NAME, name, n));
}

bool mask_is_published(struct mask *m, const char *name, size_t n)
{
	const char *p = text_get(&m->published);

	while (n && (p = strchr(p, '\n'))) {
		p++;
		if (!strncmp(p, name, n) && p[n] == '\n')
			return true;
	}
	return false;
}

static bool is_one_of(const char *const *names, const char *name, size_t n)
{
	for (; *names; names++)
		if (strlen(*names) == n && !memcmp(*names, name, n))
			return true;
	return false;
}

/* Kinds, by what their names begin with. A longer one stands before one that it begins with. */
static const char *kind_of(const char *name, size_t n)
{
	static const char *const kinds[] = {
		"bond", "br-", "br", "cali", "cilium", "cni", "docker", "dummy", "eth", "flannel", "gre", "ifb", "ip6tnl", "lxc",
		"macvlan", "nerdctl", "podman", "sit", "tap", "team", "tun", "veth", "virbr", "vlan", "vnet", "vxlan", "wan", "lan",
		"wg", "wlan", "wwan",
	};
	const char *best = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t length = strlen(kinds[i]);

		if (length <= n && !memcmp(kinds[i], name, length) && (!best || length > strlen(best)))
			best = kinds[i];
	}
	return best;
}

static size_t count_digits(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && isdigit((unsigned char)s[i]))
		i++;
	return i;
}

/* systemd's names by place: "enp1s0f0np0", "ens3"; by address, "enx…", they tell it. */
static bool is_by_place(const char *name, size_t n)
{
	size_t at = 2;

	if (n < 4 || (memcmp(name, "en", 2) && memcmp(name, "wl", 2) && memcmp(name, "ww", 2)))
		return false;
	while (at < n) {
		size_t number;

		at += at + 1 < n && !memcmp(name + at, "np", 2);
		if (!memchr("ospfdnuP", name[at], 8))
			return false;
		number = count_digits(name + at + 1, n - at - 1);
		if (!number || number > NUMBER_MAX)
			return false;
		at += 1 + number;
	}
	return true;
}

/* A kind and a small number tell nothing. */
static bool is_common(const char *name, size_t n)
{
	static const char *const all[] = {"lo", "all", "default", NULL};
	const char *kind = kind_of(name, n);
	size_t rest = kind ? n - strlen(kind) : 0;

	return is_one_of(all, name, n) || is_by_place(name, n) ||
	       (kind && rest <= NUMBER_MAX && count_digits(name + strlen(kind), rest) == rest);
}

static void mask_plain_interface(struct mask *m, const char *name, size_t n, struct text *ret)
{
	const char *kind = kind_of(name, n);

	if (is_common(name, n))
		text_addn(ret, name, n);
	else
		mask_name(m, kind && strlen(kind) + 8 <= INTERFACE_MAX ? kind : "if", name, n, ret);
}

/* "eth*" stays, what names more does not: and then meets nothing any more. */
static void mask_pattern(struct mask *m, const char *name, size_t n, size_t literal, struct text *ret)
{
	if (!literal || is_common(name, literal))
		text_addn(ret, name, n);
	else
		mask_name(m, "if", name, n, ret);
}

void mask_interface(struct mask *m, const char *name, size_t n, struct text *ret)
{
	const char *dot = memrchr(name, '.', n);
	size_t tag = dot ? n - (size_t)(dot + 1 - name) : 0, literal = 0;

	while (literal < n && !strchr("*?[{", name[literal]))
		literal++;
	if (literal < n) {
		mask_pattern(m, name, n, literal, ret);
	} else if (tag && tag <= NUMBER_MAX && count_digits(dot + 1, tag) == tag && is_common(name, (size_t)(dot - name))) {
		text_addn(ret, name, (size_t)(dot + 1 - name));
		text_addf(ret, "%" PRIu64, mask_number(m, MASK_VLAN, strtoul(dot + 1, NULL, 10)));
	} else if (n) {
		mask_plain_interface(m, name, n, ret);
	}
}

/* "user-1000.slice": the user's number becomes the other. */
static bool mask_user_unit(struct mask *m, const char *name, size_t n, struct text *ret)
{
	static const char *const prefixes[] = {"user-", "user@", "user-runtime-dir@"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t length = strlen(prefixes[i]), number;

		if (length >= n || memcmp(prefixes[i], name, length))
			continue;
		number = count_digits(name + length, n - length);
		if (!number || number > 10 || length + number == n || name[length + number] != '.')
			continue;
		text_addf(ret, "%s%" PRIu64, prefixes[i], mask_number(m, MASK_UID, strtoull(name + length, NULL, 10)));
		name += length + number;
		n -= length + number;
		if (n == strlen(".slice") || n == strlen(".service"))
			text_addn(ret, name, n);
		return true;
	}
	return false;
}

static const char *unit_suffix(const char *name, size_t n)
{
	static const char *const suffixes[] = {".service", ".scope", ".slice", ".socket", ".mount", ".swap"};

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t length = strlen(suffixes[i]);

		if (n > length && !memcmp(name + n - length, suffixes[i], length))
			return suffixes[i];
	}
	return NULL;
}

static void mask_unit(struct mask *m, const char *name, size_t n, struct text *ret)
{
	/* What rules or collectors know by name, and where systemd and container runtimes begin. */
	static const char *const common[] = {
		"system.slice", "user.slice", "machine.slice", "init.scope", "app.slice", "session.slice", "background.slice",
		"kubepods", "kubepods.slice", "kubepods-burstable.slice", "kubepods-besteffort.slice", "burstable", "besteffort",
		"docker", "unified", "systemd", "memory", "tuned.service", "bpftune.service", "-.slice", ".", "..", NULL,
	};
	const char *suffix = unit_suffix(name, n);

	if (is_one_of(common, name, n)) {
		text_addn(ret, name, n);
	} else if (!mask_user_unit(m, name, n, ret)) {
		if (*name == '_')
			text_add(ret, "_");
		mask_name(m, "u", name + (*name == '_'), n - (*name == '_'), ret);
		text_add(ret, suffix ? suffix : "");
	}
}

void mask_cgroup(struct mask *m, const char *path, size_t n, struct text *ret)
{
	for (size_t i = 0, length; i < n; i += length) {
		const char *slash = memchr(path + i, '/', n - i);

		length = slash ? (size_t)(slash - path) - i : n - i;
		if (length)
			mask_unit(m, path + i, length, ret);
		if (slash) {
			text_add(ret, "/");
			length++;
		}
	}
}

void mask_command(struct mask *m, const char *name, size_t n, struct text *ret)
{
	static const char *const common[] = {"tuned", "systemd", "init", NULL};

	if (!n || is_one_of(common, name, n))
		text_addn(ret, name, n);
	else
		mask_name(m, "p", name, n, ret);
}

void mask_profiles(struct mask *m, const char *names, size_t n, struct text *ret)
{
	/* As tuned ships them. */
	static const char *const common[] = {
		"accelerator-performance", "aws", "balanced", "balanced-battery", "cpu-partitioning", "desktop", "hpc-compute", "intel-sst",
		"latency-performance", "mssql", "network-latency", "network-throughput", "openshift", "openshift-control-plane",
		"openshift-node", "optimize-serial-console", "oracle", "postgresql", "powersave", "realtime", "realtime-virtual-guest",
		"realtime-virtual-host", "sap-hana", "sap-netweaver", "spindown-disk", "throughput-performance", "virtual-guest",
		"virtual-host", NULL,
	};

	for (size_t i = 0, length; i < n; i += length) {
		const char *name = names + i;

		for (length = 0; i + length < n && !strchr(" ,\t\r\n", name[length]); length++)
			;
		if (!length) {
			text_addn(ret, name, 1);
			length = 1;
		} else if (is_one_of(common, name, length) || mask_is_published(m, name, length)) {
			text_addn(ret, name, length);
		} else {
			mask_name(m, "profile-", name, length, ret);
		}
	}
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What loaders and rules ask of a name: a dot before it, README, and how it ends. */
void mask_ranked(struct mask *m, const char *name, struct text *ret)
{
	static const char *const suffixes[] = {".conf", "~", ".bak", ".orig", ".old", ".save", ".disabled", ".off", ".sample", ".example", ".swp",
					       ".dpkg-dist", ".dpkg-old", ".dpkg-new", ".dpkg-bak", ".rpmnew", ".rpmsave", ".rpmorig", ".md"};
	char **found = m->file_count ? bsearch(&name, m->files, m->file_count, sizeof(*m->files), by_bytes) : NULL;
	size_t n = strlen(name), length;

	text_add(ret, *name == '.' ? "." : !strncmp(name, "README", 6) ? "README" : "");
	if (found)
		text_addf(ret, "%04zu", (size_t)(found - m->files));
	else
		mask_name(m, "", name, n, ret);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		length = strlen(suffixes[i]);
		if (n > length && !strcmp(name + n - length, suffixes[i])) {
			text_add(ret, suffixes[i]);
			return;
		}
	}
}

static bool has_letters(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isalnum((unsigned char)s[i]))
			return true;
	return false;
}

static void mask_subject_word(struct mask *m, const char *word, size_t n, bool uid, struct text *ret)
{
	static const char *const common[] = {"uid", "cgroup", "no", "process", "host", NULL};

	if (!has_letters(word, n) || is_one_of(common, word, n) || mask_address_word(m, word, n, ret)) {
		if (!has_letters(word, n) || is_one_of(common, word, n))
			text_addn(ret, word, n);
	} else if (uid && count_digits(word, n) == n) {
		text_addf(ret, "%" PRIu64, mask_number(m, MASK_UID, strtoull(word, NULL, 10)));
	} else if (!strncmp(word, "net.", 4) || !strncmp(word, "fs.", 3) || !strncmp(word, "vm.", 3) || !strncmp(word, "kernel.", 7)) {
		char key[SYSCTL_KEY_MAX];

		snprintf(key, sizeof(key), "%.*s", (int)n, word);
		mask_key(m, key, ret);
	} else if (unit_suffix(word, n)) {
		mask_unit(m, word, n, ret);
	} else {
		mask_interface(m, word, n, ret);
	}
}

void mask_subject(struct mask *m, const char *subject, size_t n, struct text *ret)
{
	bool uid = false;

	for (size_t i = 0, length; i < n; i += length) {
		const char *blank = memchr(subject + i, ' ', n - i);

		length = blank ? (size_t)(blank - subject) - i : n - i;
		if (length)
			mask_subject_word(m, subject + i, length, uid, ret);
		uid = length == 3 && !memcmp(subject + i, "uid", 3);
		if (blank) {
			text_add(ret, " ");
			length++;
		}
	}
}
