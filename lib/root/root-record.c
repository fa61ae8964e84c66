/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recorded host says of itself: record.conf, an INI file that `tcpadvisor record` writes. */
#include "root/root-private.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "base/ini.h"

static const struct {
	const char *key;
	size_t offset, size;
} texts[] = {
	{"kernel", offsetof(struct root_host, kernel), sizeof(((struct root_host *)0)->kernel)},
	{"machine", offsetof(struct root_host, machine), sizeof(((struct root_host *)0)->machine)},
	{"hostname", offsetof(struct root_host, hostname), sizeof(((struct root_host *)0)->hostname)},
	{"netns", offsetof(struct root_host, netns), sizeof(((struct root_host *)0)->netns)},
};

static int parse_number(const struct ini_entry *e, double min, double max, double *ret, struct diag *d)
{
	char *end;
	double v = strtod(e->value, &end);

	if (end == e->value || *end || !(v >= min && v <= max))
		return diag_set(d, e->file, e->line, "'%s' must be a number from %g to %g", e->key, min, max);
	*ret = v;
	return 0;
}

static int host_entry(struct root_host *h, const struct ini_entry *e, struct diag *d)
{
	double v;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(e->key, texts[i].key)) {
			snprintf((char *)h + texts[i].offset, texts[i].size, "%s", e->value);
			return 0;
		}
	if (!strcmp(e->key, "page-size")) {
		if (parse_number(e, 512, 1 << 24, &v, d) < 0)
			return -EINVAL;
		h->page_size = (long)v;
	} else if (!strcmp(e->key, "clock-ticks")) {
		if (parse_number(e, 1, 10000, &v, d) < 0)
			return -EINVAL;
		h->clock_ticks = (long)v;
	} else if (!strcmp(e->key, "clock")) {
		return parse_number(e, 0, 1e11, &h->clock, d);
	} else if (!strcmp(e->key, "window")) {
		return parse_number(e, 0, 86400, &h->window, d);
	} else if (!strcmp(e->key, "netns-inode")) {
		if (parse_number(e, 0, 1e18, &v, d) < 0)
			return -EINVAL;
		h->netns_inode = (uint64_t)v;
	} else if (!strcmp(e->key, "privileged")) {
		h->privileged = !strcmp(e->value, "yes");
	} else {
		return diag_set(d, e->file, e->line, "unknown key '%s'", e->key);
	}
	return 0;
}

static int add_missing(struct root *r, const char *path, int error)
{
	struct root_missing *grown = reallocarray(r->missing, r->missing_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	r->missing = grown;
	grown[r->missing_count] = (struct root_missing){strdup(path), error};
	if (!grown[r->missing_count].path)
		return -ENOMEM;
	r->missing_count++;
	return 0;
}

static int on_entry(void *user, const struct ini_entry *e, struct diag *d)
{
	struct root *r = user;
	double v;

	if (!strcmp(e->section, "host"))
		return host_entry(&r->host, e, d);
	if (!strcmp(e->section, "missing")) {
		if (parse_number(e, 1, 4095, &v, d) < 0)
			return -EINVAL;
		return add_missing(r, e->key, (int)v);
	}
	return diag_set(d, e->file, e->line, "unknown section [%s]", e->section);
}

int root_load_record(struct root *r, bool tree, struct diag *d)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	int err;

	r->host.page_size = 4096;
	r->host.clock_ticks = 100;
	err = root_read(r, "record.conf", INI_FILE_MAX, &t);
	if (err == -ENOENT && tree)
		return 0;
	if (err == -ENOENT)
		return diag_set(d, "record.conf", 0, "not a recorded host: this file is missing");
	if (err < 0)
		return diag_set(d, "record.conf", 0, "cannot be read: %s", strerror(-err));
	return ini_read("record.conf", t.s, t.len, on_entry, r, d);
}
