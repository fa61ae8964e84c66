/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of tcpadvisor.conf, as rows of a table. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "config/config.h"
#include "config/option.h"

int config_add_speed(struct config *c, const char *interface, const char *rate)
{
	double v;
	size_t i;

	if (!*interface || quantity_parse(rate, DIM_RATE, &v) < 0 || v <= 0)
		return -EINVAL;
	for (i = 0; i < c->speed_count; i++)
		if (!strcmp(c->speeds[i].interface, interface))
			break;
	if (i == DECLARED_SPEEDS_MAX)
		return -E2BIG;
	c->speeds[i] = (struct declared_speed){arena_strdup(&c->arena, interface), v};
	c->speed_count = max_of(c->speed_count, i + 1);
	return 0;
}

void config_clear(struct config *c)
{
	arena_clear(&c->arena);
	*c = CONFIG_DEFAULT;
}

static void *member(struct config *c, const struct config_option *o)
{
	return (char *)c + o->offset;
}

static int set_quantity(struct config *c, const struct config_option *o, enum dim dim, const char *value)
{
	double v;

	if (!strcmp(value, "0"))
		v = 0; /* needs no unit */
	else if (quantity_parse(value, dim, &v) < 0)
		return -EINVAL;
	if (v < o->least || v > o->most)
		return -ERANGE;
	*(double *)member(c, o) = v;
	return 0;
}

static int set_time(struct config *c, const struct config_option *o, const char *name, const char *value)
{
	(void)name;
	return set_quantity(c, o, DIM_SECONDS, value);
}

static int set_rate(struct config *c, const struct config_option *o, const char *name, const char *value)
{
	(void)name;
	return set_quantity(c, o, DIM_RATE, value);
}

static int set_share(struct config *c, const struct config_option *o, const char *name, const char *value)
{
	(void)name;
	return set_quantity(c, o, DIM_RATIO, value);
}

static int set_count(struct config *c, const struct config_option *o, const char *name, const char *value)
{
	(void)name;
	return set_quantity(c, o, DIM_COUNT, value);
}

static int set_flag(struct config *c, const struct config_option *o, const char *name, const char *value)
{
	(void)name;
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return -EINVAL;
	*(bool *)member(c, o) = !strcmp(value, "yes");
	return 0;
}

static int set_level(struct config *c, const struct config_option *o, const char *name, const char *value)
{
	(void)name;
	return severity_from_name(value, member(c, o)) ? 0 : -EINVAL;
}

/* Names of profiles: a path is for the command line alone. */
static int set_profile(struct config *c, const struct config_option *o, const char *name, const char *value)
{
	(void)name;
	if (strspn(value, ", ") == strlen(value) || strchr(value, '/'))
		return -EINVAL;
	*(const char **)member(c, o) = arena_strdup(&c->arena, value);
	return 0;
}

/* "none", "all", or names under /run/netns. */
static int set_netns(struct config *c, const struct config_option *o, const char *name, const char *value)
{
	(void)name;
	if (strspn(value, ", ") == strlen(value) || strchr(value, '/'))
		return -EINVAL;
	*(const char **)member(c, o) = arena_strdup(&c->arena, value);
	return 0;
}

static int set_path(struct config *c, const struct config_option *o, const char *name, const char *value)
{
	(void)name;
	if (strcmp(value, "no") && (value[0] != '/' || value[strlen(value) - 1] == '/' || strstr(value, "/../")))
		return -EINVAL;
	*(const char **)member(c, o) = arena_strdup(&c->arena, value);
	return 0;
}

static int set_speed(struct config *c, const struct config_option *o, const char *name, const char *value)
{
	(void)o;
	return config_add_speed(c, name, value);
}

#define AT(field) offsetof(struct config, field)
static const double hour = 3600, day = 86400;

const struct config_option config_options[] = {
	{"audit", "profile", set_profile, AT(profile), 0, 0, "names of profiles, such as latency; a path is for the command line"},
	{"audit", "window", set_time, AT(window), 0, hour, "a time such as 2 s, at most an hour"},
	{"audit", "borrow", set_flag, AT(borrow), 0, 0, "yes or no"},
	{"path", "flow-target", set_rate, AT(flow_target), 0, 1e15, "a rate such as 1 Gbit/s"},
	{"path", "idle-timeout", set_time, AT(idle_timeout), 0, 30 * day, "a time such as 350 s; 0: none"},
	{"interface ", "speed", set_speed, 0, 0, 0, "a rate such as 10 Gbit/s"},
	{"service", "tick", set_time, AT(tick), 2, hour, "a time such as 10 s, from 2 s to an hour"},
	{"service", "pass", set_time, AT(pass), 4, day, "a time such as 60 s, from 4 s to a day"},
	{"service", "budget", set_share, AT(budget), 0.0001, 1, "a share of one core, such as 0.5 %, from 0.01 % to 100 %"},
	{"service", "hold", set_time, AT(hold), 0, day, "a time such as 5 min, at most a day"},
	{"service", "settle", set_time, AT(settle), 0, hour, "a time such as 60 s, at most an hour"},
	{"service", "netns", set_netns, AT(netns), 0, 0, "none, all, or names of network namespaces"},
	{"journal", "enabled", set_flag, AT(journal), 0, 0, "yes or no"},
	{"journal", "level", set_level, AT(journal_level), 0, 0, "info, notice, warning or error"},
	{"journal", "burst", set_count, AT(journal_burst), 1, 10000, "a number of lines, from 1 to 10000"},
	{"journal", "rate", set_count, AT(journal_rate), 0, 10000, "a number of lines a minute, at most 10000"},
	{"apply", "allow", set_flag, AT(allow), 0, 0, "yes or no"},
	{"apply", "confirm-within", set_time, AT(confirm_within), 10, day, "a time such as 10 min, from 10 s to a day"},
	{"metrics", "textfile", set_path, AT(textfile), 0, 0, "an absolute path, or no"},
	{NULL, NULL, NULL, 0, 0, 0, NULL},
};

_Static_assert(ARRAY_SIZE(config_options) <= CONFIG_OPTIONS_MAX, "each row has its text");

/* The name after "interface ", or "" where the section takes none; NULL: another section. */
static const char *section_name(const struct config_option *o, const char *section)
{
	size_t n = strlen(o->section);

	if (o->section[n - 1] != ' ')
		return strcmp(o->section, section) ? NULL : "";
	return strncmp(o->section, section, n) ? NULL : section + n;
}

int config_set(void *user, const struct ini_entry *e, struct diag *d)
{
	struct config *c = user;

	for (const struct config_option *o = config_options; o->key; o++) {
		const char *name = section_name(o, e->section);

		if (!name || strcmp(o->key, e->key))
			continue;
		if (o->set(c, o, name, e->value) < 0)
			return diag_set(d, e->file, e->line, "'%s = %s': %s", e->key, e->value, o->expected);
		if (!*name)
			c->texts[o - config_options] = arena_strdup(&c->arena, e->value);
		return 0;
	}
	return diag_set(d, e->file, e->line, "unknown option '%s' in [%s]", e->key, e->section);
}
