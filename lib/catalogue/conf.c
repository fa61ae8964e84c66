/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "catalogue/conf.h"

#include <string.h>

bool combine_uses_all(enum sysctl_combine c)
{
	return c != COMBINE_INTERFACE && c != COMBINE_HOST && c != COMBINE_ADVERTISEMENTS;
}

bool combine_uses_own(enum sysctl_combine c)
{
	return c != COMBINE_ALL;
}

double combine_values(enum sysctl_combine c, double all, double own, bool forwards)
{
	bool either = all != 0 || own != 0, both = all != 0 && own != 0;

	switch (c) {
	case COMBINE_ALL:
		return all;
	case COMBINE_MAX:
		return all > own ? all : own;
	case COMBINE_MIN:
		return all < own ? all : own;
	case COMBINE_OR:
		return either;
	case COMBINE_AND:
		return both;
	case COMBINE_REDIRECTS:
		return forwards ? both : either;
	case COMBINE_HOST:
		return forwards ? 0 : own;
	case COMBINE_ADVERTISEMENTS:
		return forwards && own != 2 ? 0 : own;
	case COMBINE_NONE:
	case COMBINE_INTERFACE:
		break;
	}
	return own;
}

enum conf_family conf_family_of(const struct sysctl_def *def)
{
	return strncmp(def->key, "net.ipv6.", 9) ? CONF_IPV4 : CONF_IPV6;
}

static struct value own_value(const struct interface_conf *conf, const struct sysctl_def *def, size_t row)
{
	const struct conf_rows *rows = &conf->family[conf_family_of(def)];

	if (conf->files && conf->files[row].state != VALUE_ABSENT)
		return conf->files[row];
	if (!rows->count)
		return value_missing(conf->state, rows->off);
	if (!def->devconf || def->devconf > rows->count)
		return value_missing(VALUE_ABSENT, "this kernel has no such key");
	return value_number((double)rows->rows[def->devconf - 1] / def->scale);
}

struct value conf_value(const struct facts *f, const struct subject *interface, const struct sysctl_def *def, size_t row,
			enum conf_part part)
{
	const struct interface_conf *conf = interface->conf;
	struct value own, all = value_number(0);

	if (!f->conf_all || !f->conf_default)
		return value_missing(VALUE_UNREAD, "the keys of interfaces were not read");
	if (part == CONF_ALL || part == CONF_DEFAULT)
		return part == CONF_ALL ? f->conf_all[row] : f->conf_default[row];
	if (!conf)
		return value_missing(VALUE_UNREAD, "the configuration of the link was not reported");
	own = own_value(conf, def, row);
	if (part == CONF_OWN || own.state != VALUE_KNOWN)
		return own;
	if (conf->family[conf_family_of(def)].off)
		return value_missing(VALUE_ABSENT, conf->family[conf_family_of(def)].off);
	if (combine_uses_all(def->combine))
		all = f->conf_all[row];
	if (all.state != VALUE_KNOWN)
		return all;
	return value_number(combine_values(def->combine, all.num, own.num, conf->family[conf_family_of(def)].forwards));
}

const char *conf_key(struct arena *a, const struct sysctl_def *def, const char *interface)
{
	const char *star = strchr(def->key, '*');
	char *key = arena_printf(a, "%.*s%s%s", (int)(star - def->key), def->key, interface, star + 1);
	char *name = key + (star - def->key);

	/* A dot in the name is written as a slash, or it would part the key. */
	for (size_t i = 0; i < strlen(interface); i++)
		name[i] = name[i] == '.' ? '/' : name[i];
	return key;
}
