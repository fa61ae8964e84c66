/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a configuration leaves in force on interfaces, without the host that has them: for each key of interfaces that a
 * file sets, a subject for each interface named there, and one that stands for any other.
 */
#include <errno.h>
#include <string.h>
#include "catalogue/conf.h"
#include "collect/line-value.h"
#include "collect/lint-interface.h"
#include "collect/sysctl-private.h"
#include "collect/sysctld.h"

enum { INTERFACES_MAX = 1024 };

/* Not a name that anybody gives: patterns that speak of some interfaces only do not meet it. */
static const char any[] = "any-interface";

struct judging_files {
	struct collecting *c;
	const struct sysctld *d;
	struct value *all, *standard;
};

static struct boot_value find(const struct judging_files *j, const char *key)
{
	struct boot_value b = sysctld_winner(j->d, LOADER_SYSTEMD, key);

	return b.raw ? b : sysctld_winner(j->d, LOADER_PROCPS, key);
}

static struct boot_value find_of(const struct judging_files *j, const struct sysctl_def *def, const char *interface)
{
	return find(j, conf_key(&j->c->facts->arena, def, interface));
}

/* What the kernel makes of it; what it refuses leaves nothing. */
static bool number_of(const struct judging_files *j, const struct sysctl_def *def, const struct boot_value *b, struct value *ret)
{
	struct line_value read;

	if (!b->raw || !dim_is_number(def->dim))
		return false;
	line_value_read(&j->c->facts->arena, def, b->raw, sysctl_kernel_bounds(j->c, j->d, def), &read);
	if (read.refused || !read.taken)
		return false;
	*ret = value_number(read.numbers[0] / def->scale);
	return true;
}

static struct value kernel_default(const struct judging_files *j, const struct sysctl_def *def, const char *interface)
{
	struct sysctl_state s = {.def = def, .key = conf_key(&j->c->facts->arena, def, interface)};

	sysctl_compute_defaults(j->c, &s);
	return s.defaults[0].state == VALUE_KNOWN ? s.defaults[0]
						  : value_missing(VALUE_UNREAD, "no file sets it, and its default is not known");
}

/* Writing ip_forward or conf.all.forwarding sets all others; of two lines the one that turns it on is taken. */
static struct boot_value forward_line(const struct judging_files *j, enum conf_family f)
{
	struct boot_value all = find(j, f == CONF_IPV4 ? "net.ipv4.conf.all.forwarding" : "net.ipv6.conf.all.forwarding");
	struct boot_value ip = f == CONF_IPV4 ? find(j, "net.ipv4.ip_forward") : (struct boot_value){0};

	return ip.raw && (!all.raw || strcmp(ip.raw, "0")) ? ip : all;
}

static bool forwards(const struct judging_files *j, enum conf_family f, const char *interface)
{
	const struct sysctl_def *def = catalogue_find(&j->c->options->rules->catalogue,
						      f == CONF_IPV4 ? "net.ipv4.conf.*.forwarding" : "net.ipv6.conf.*.forwarding");
	struct boot_value lines[2] = {{0}, forward_line(j, f)};
	struct value v;

	if (!def)
		return false;
	lines[0] = find_of(j, def, interface);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (number_of(j, def, &lines[i], &v))
			return v.num != 0;
	return false;
}

static void set_all_and_default(struct judging_files *j, const struct sysctl_def *def, size_t row)
{
	struct boot_value all = find_of(j, def, "all"), standard = find_of(j, def, "default");

	if (!number_of(j, def, &standard, &j->standard[row]))
		j->standard[row] = kernel_default(j, def, "default");
	if (number_of(j, def, &all, &j->all[row]))
		return;
	j->all[row] = kernel_default(j, def, "all");
	/* inet_forward_change() */
	if (!strcmp(def->key, "net.ipv4.conf.*.accept_redirects") && forwards(j, CONF_IPV4, any))
		j->all[row] = value_number(0);
}

/* The line at fault: that of the part which makes the value, the interface's own first. */
static bool locate(const struct judging_files *j, struct subject *s, const struct sysctl_def *def, const char *interface, double is)
{
	struct boot_value own = find_of(j, def, interface), all = find_of(j, def, "all"), b;
	struct value v;

	own = own.raw ? own : find_of(j, def, "default");
	if (!combine_uses_all(def->combine))
		b = own;
	else if (!combine_uses_own(def->combine))
		b = all;
	else if (number_of(j, def, &own, &v) && v.num == is)
		b = own;
	else
		b = all.raw ? all : own;
	b = b.raw ? b : own.raw ? own : all;
	s->file = arena_strdup(&j->c->facts->arena, b.file);
	s->line = b.line;
	return is != 0;
}

static struct value own_value(const struct judging_files *j, const struct sysctl_def *def, const char *interface, size_t row)
{
	struct boot_value b = find_of(j, def, interface);
	struct value v;

	return number_of(j, def, &b, &v) ? v : j->standard[row];
}

static const char *last_word(const struct sysctl_def *def)
{
	return strrchr(def->key, '.');
}

/* The key in both families, and beside it what verdicts about it ask for. */
static void add_subject(const struct judging_files *j, const char *name, const char *word)
{
	const struct catalogue *cat = &j->c->options->rules->catalogue;
	const char *interface = strcmp(name, "*") ? name : any;
	struct arena *a = &j->c->facts->arena;
	struct subject *s = facts_add(j->c->facts, SUBJECT_INTERFACE, name);
	struct interface_conf *conf = arena_new(a, struct interface_conf);
	struct value *files = arena_array(a, struct value, cat->count + 1);
	bool located = false;

	*conf = (struct interface_conf){.state = VALUE_ABSENT, .files = files};
	for (size_t i = 0; i < subject_defs[SUBJECT_INTERFACE].fact_count; i++)
		s->values[i] = value_missing(VALUE_ABSENT, "only a configuration is judged");
	s->values[INTERFACE_ROUTED] = value_number(strcmp(name, "lo") != 0);
	s->values[INTERFACE_CONTAINER] = value_number(0);
	s->conf = conf;
	for (enum conf_family f = CONF_IPV4; f < CONF_FAMILIES; f++) {
		conf->family[f].off = "no file sets the key for this family";
		conf->family[f].forwards = forwards(j, f, interface);
	}
	for (size_t row = 0; row < cat->count; row++) {
		const struct sysctl_def *def = &cat->defs[row];
		struct value is;

		files[row] = value_missing(VALUE_ABSENT, "no file sets it");
		if (!strstr(def->key, ".conf.*."))
			continue;
		if (!strcmp(last_word(def), ".forwarding"))
			files[row] = value_number(conf->family[conf_family_of(def)].forwards);
		else if (!strcmp(last_word(def), ".shared_media"))
			files[row] = own_value(j, def, interface, row);
		if (strcmp(last_word(def), word) || !(find_of(j, def, interface).raw || find_of(j, def, "default").raw || find_of(j, def, "all").raw))
			continue;
		files[row] = own_value(j, def, interface, row);
		conf->family[conf_family_of(def)].off = NULL;
		is = conf_value(j->c->facts, s, def, row, CONF_EFFECTIVE);
		if (!located)
			located = locate(j, s, def, interface, is.state == VALUE_KNOWN ? is.num : 0);
	}
}

struct pair {
	const char *name, *word;
};

static const char *name_in(struct arena *a, const struct sysctl_def *def, const char *key)
{
	const char *star = strchr(def->key, '*');
	char *name = arena_strndup(a, key + (star - def->key), strlen(key) - strlen(def->key) + 1);

	for (char *p = name; *p; p++)
		*p = *p == '/' ? '.' : *p;
	return !strcmp(name, "all") || !strcmp(name, "default") ? "*" : name;
}

static int add_pair(const struct judging_files *j, struct pair *pairs, size_t *n, const struct sysctld_entry *e)
{
	const struct sysctl_def *def = catalogue_find(&j->c->options->rules->catalogue, e->key);
	const char *name;

	/* A pattern of some interfaces' names says nothing of which there are. */
	if (!def || !e->value || !strstr(def->key, ".conf.*.") || (e->glob && strcmp(e->key, def->key)))
		return 0;
	name = name_in(&j->c->facts->arena, def, e->key);
	for (size_t i = 0; i < *n; i++)
		if (!strcmp(pairs[i].name, name) && !strcmp(pairs[i].word, last_word(def)))
			return 0;
	if (*n == INTERFACES_MAX)
		return -E2BIG;
	pairs[(*n)++] = (struct pair){name, last_word(def)};
	return 0;
}

static bool are_judged(const struct ruleset *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!rules->rules[i].off && rules->rules[i].subject == SUBJECT_INTERFACE && rules->rules[i].templates.count)
			return true;
	return false;
}

static void set_role(const struct judging_files *j)
{
	struct value *v = j->c->facts->host->values;
	bool any_forwards = forwards(j, CONF_IPV4, any) || forwards(j, CONF_IPV6, any);

	v[HOST_ROLE] = value_text(any_forwards ? "router" : "host");
	v[HOST_ROLE_BECAUSE] = value_text(any_forwards ? "the configuration turns forwarding on" : "the configuration turns no forwarding on");
}

int lint_add_interfaces(struct collecting *c, const struct sysctld *d)
{
	const struct catalogue *cat = &c->options->rules->catalogue;
	struct judging_files j = {.c = c, .d = d};
	_cleanup_free_ struct pair *pairs = calloc(INTERFACES_MAX, sizeof(*pairs));
	size_t n = 0;

	if (!pairs)
		return -ENOMEM;
	if (!are_judged(c->options->rules))
		return 0;
	for (enum sysctld_loader l = 0; l < LOADERS; l++)
		for (size_t i = 0; i < d->count[l]; i++)
			if (add_pair(&j, pairs, &n, &d->entries[l][i]) < 0)
				return -E2BIG;
	j.all = arena_array(&c->facts->arena, struct value, cat->count + 1);
	j.standard = arena_array(&c->facts->arena, struct value, cat->count + 1);
	for (size_t row = 0; row < cat->count; row++) {
		j.all[row] = j.standard[row] = value_missing(VALUE_ABSENT, "no file sets it");
		if (strstr(cat->defs[row].key, ".conf.*."))
			set_all_and_default(&j, &cat->defs[row], row);
	}
	c->facts->conf_all = j.all;
	c->facts->conf_default = j.standard;
	set_role(&j);
	for (size_t i = 0; i < n; i++)
		add_subject(&j, pairs[i].name, pairs[i].word);
	return 0;
}
