/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading the catalogue: one row of `fields` for each key that a section may have. */
#include "catalogue/catalogue.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include "base/ini.h"

static const char *const type_names[] = {
	[SYSCTL_INTEGER] = "integer", [SYSCTL_UNSIGNED] = "unsigned", [SYSCTL_UNSIGNED64] = "unsigned64",
	[SYSCTL_BOOL] = "bool",	      [SYSCTL_MASK] = "mask",	      [SYSCTL_RANGES] = "ranges",
	[SYSCTL_WORD] = "word",	      [SYSCTL_WORDS] = "words",
};
static const char *const netns_names[] = {
	[NETNS_OWN] = "own",
	[NETNS_INIT] = "init",
	[NETNS_INIT_WRITE] = "init-write",
	[NETNS_HOST] = "host",
};
static const char *const netns_texts[] = {
	[NETNS_OWN] = "each network namespace has its own",
	[NETNS_INIT] = "only in the initial network namespace",
	[NETNS_INIT_WRITE] = "read-only outside the initial network namespace",
	[NETNS_HOST] = "of the whole host",
};
static const char *const combine_names[] = {
	[COMBINE_INTERFACE] = "interface", [COMBINE_MAX] = "max", [COMBINE_MIN] = "min",
	[COMBINE_OR] = "or",		   [COMBINE_AND] = "and", [COMBINE_REDIRECTS] = "redirects",
	[COMBINE_ALL] = "all",		   [COMBINE_HOST] = "host", [COMBINE_ADVERTISEMENTS] = "advertisements",
};
static const char *const combine_texts[] = {
	[COMBINE_NONE] = "it has no interfaces",
	[COMBINE_INTERFACE] = "each interface's own value counts, conf.all does not",
	[COMBINE_MAX] = "the larger of conf.all and the interface's own counts",
	[COMBINE_MIN] = "the smaller of conf.all and the interface's own counts",
	[COMBINE_OR] = "on where conf.all or the interface's own is on",
	[COMBINE_AND] = "on where both conf.all and the interface's own are on",
	[COMBINE_REDIRECTS] = "on a host where conf.all or the interface's own is on, on a router where both are",
	[COMBINE_ALL] = "conf.all alone counts",
	[COMBINE_HOST] = "each interface's own value counts where it does not forward, conf.all does not",
	[COMBINE_ADVERTISEMENTS] = "each interface's own value counts, where it forwards only as 2; conf.all does not",
};
static const char *const apply_names[] = {
	[APPLY_NEVER] = "never",
	[APPLY_GATED] = "gated",
	[APPLY_RAISE] = "raise",
	[APPLY_VETTED] = "vetted",
};
static const struct {
	const char *name;
	enum dim dim;
	double scale;
} unit_rows[] = {
	{"count", DIM_COUNT, 1},	 {"bytes", DIM_BYTES, 1},	 {"pages", DIM_COUNT, 1},
	{"packets", DIM_COUNT, 1},	 {"segments", DIM_COUNT, 1},	 {"seconds", DIM_SECONDS, 1},
	{"milliseconds", DIM_SECONDS, 1e3}, {"microseconds", DIM_SECONDS, 1e6}, {"nanoseconds", DIM_SECONDS, 1e9},
	{"percent", DIM_RATIO, 100},	 {"ports", DIM_COUNT, 1},
};

/* A default is parsed when its section is whole: what it must be hangs on type, unit and elements. */
struct pending_default {
	const char *key, *value;
	unsigned line;
};

struct loading {
	struct catalogue *c;
	struct sysctl_def *def; /* of the section being read */
	struct pending_default pending[SYSCTL_DEFAULTS_MAX];
	unsigned pending_count;
	struct diag *diag;
};

static int find_name(const char *const *names, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] && !strcmp(names[i], s))
			return (int)i;
	return -1;
}

#define FIND(names, s) find_name(names, ARRAY_SIZE(names), s)

int kernel_version_parse(const char *s, struct kernel_version *ret)
{
	struct kernel_version v;
	int n = 0;

	/* %u alone would take a sign. */
	if (strspn(s, "0123456789.") != strlen(s) || sscanf(s, "%3u.%4u%n", &v.major, &v.minor, &n) != 2 || s[n])
		return -EINVAL;
	*ret = v;
	return 0;
}

double kernel_number(struct kernel_version v)
{
	return v.major * 10000.0 + v.minor;
}

bool kernel_at_least(const unsigned version[3], struct kernel_version v)
{
	return version[0] != v.major ? version[0] > v.major : version[1] >= v.minor;
}

static int set_type(struct sysctl_def *def, const char *s)
{
	int t = FIND(type_names, s);

	if (t < 0)
		return -EINVAL;
	def->type = (enum sysctl_type)t;
	if (def->type == SYSCTL_WORD)
		def->dim = DIM_TEXT;
	else if (def->type == SYSCTL_WORDS || def->type == SYSCTL_RANGES)
		def->dim = DIM_LIST;
	return 0;
}

static int set_elements(struct sysctl_def *def, const char *s)
{
	if (strlen(s) != 1 || *s < '1' || *s > '0' + SYSCTL_ELEMENTS_MAX)
		return -EINVAL;
	def->elements = (unsigned)(*s - '0');
	return 0;
}

static int set_unit(struct sysctl_def *def, const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(unit_rows); i++)
		if (!strcmp(unit_rows[i].name, s) && dim_is_number(def->dim)) {
			def->unit = unit_rows[i].name;
			def->dim = unit_rows[i].dim;
			def->scale = unit_rows[i].scale;
			return 0;
		}
	return -EINVAL;
}

static int set_bounds(double to[SYSCTL_ELEMENTS_MAX], unsigned *count, const char *s)
{
	unsigned n = 0;
	char *end;

	for (; *s; s = end) {
		if (n == SYSCTL_ELEMENTS_MAX)
			return -EINVAL;
		to[n++] = strtod(s, &end);
		if (end == s || (*end && *end != ' ') || !isfinite(to[n - 1]))
			return -EINVAL;
		while (*end == ' ')
			end++;
	}
	*count = n;
	while (n && n < SYSCTL_ELEMENTS_MAX) {
		to[n] = to[n - 1];
		n++;
	}
	return n ? 0 : -EINVAL;
}

static int set_min(struct sysctl_def *def, const char *s)
{
	def->bounded = true;
	return set_bounds(def->min, &def->bound_count[0], s);
}

static int set_max(struct sysctl_def *def, const char *s)
{
	def->bounded = true;
	return set_bounds(def->max, &def->bound_count[1], s);
}

static int set_kernel_min(struct sysctl_def *def, const char *s)
{
	return set_bounds(def->kernel_min, &def->kernel_count[0], s);
}

static int set_kernel_max(struct sysctl_def *def, const char *s)
{
	return set_bounds(def->kernel_max, &def->kernel_count[1], s);
}

static int set_kernel_since(struct sysctl_def *def, const char *s)
{
	return kernel_version_parse(s, &def->kernel_since);
}

static int set_values(struct sysctl_def *def, const char *s)
{
	char *end;

	for (; *s; s = end) {
		if (def->value_count == SYSCTL_VALUES_MAX)
			return -EINVAL;
		def->values[def->value_count++] = strtol(s, &end, 10);
		if (end == s || (*end && *end != ' '))
			return -EINVAL;
		while (*end == ' ')
			end++;
	}
	return def->value_count ? 0 : -EINVAL;
}

static int set_order(struct sysctl_def *def, const char *s)
{
	def->ascending = true;
	def->ascending_enforced = !strcmp(s, "enforced");
	return strcmp(s, "ascending") && !def->ascending_enforced ? -EINVAL : 0;
}

static int set_netns(struct sysctl_def *def, const char *s)
{
	int i = FIND(netns_names, s);

	def->netns = (enum sysctl_netns)i;
	return i < 0 ? -EINVAL : 0;
}

static int set_combine(struct sysctl_def *def, const char *s)
{
	int i = FIND(combine_names, s);

	def->combine = (enum sysctl_combine)i;
	return i < 0 ? -EINVAL : 0;
}

static int set_default_all(struct sysctl_def *def, const char *s)
{
	char *end;

	def->default_all = strtod(s, &end);
	def->has_default_all = true;
	return end == s || *end || !isfinite(def->default_all) ? -EINVAL : 0;
}

static int set_memory_each(struct sysctl_def *def, const char *s)
{
	char *end;

	def->memory_each = strtod(s, &end);
	return end == s || *end || !(def->memory_each > 0) || def->memory_each > 1 << 20 ? -EINVAL : 0;
}

static int set_devconf(struct sysctl_def *def, const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	def->devconf = (unsigned)n + 1;
	return end == s || *end || n > 255 ? -EINVAL : 0;
}

static int set_apply(struct sysctl_def *def, const char *s)
{
	int i = FIND(apply_names, s);

	def->apply = (enum sysctl_apply)i;
	return i < 0 ? -EINVAL : 0;
}

static int set_never_below(struct sysctl_def *def, const char *s)
{
	def->never_below_default = !strcmp(s, "yes");
	return strcmp(s, "yes") && strcmp(s, "no") ? -EINVAL : 0;
}

static int set_since(struct sysctl_def *def, const char *s)
{
	return kernel_version_parse(s, &def->since);
}

static int set_removed(struct sysctl_def *def, const char *s)
{
	return kernel_version_parse(s, &def->removed);
}

static int set_inert(struct sysctl_def *def, const char *s)
{
	return kernel_version_parse(s, &def->inert_since);
}

/* Either a text kept as it is (at an offset), or a value with a setter and what it takes. */
static const struct field {
	const char *key;
	size_t text;
	int (*set)(struct sysctl_def *def, const char *s);
	const char *takes;
} fields[] = {
	{"title", offsetof(struct sysctl_def, title), NULL, NULL},
	{"about", offsetof(struct sysctl_def, about), NULL, NULL},
	{"why", offsetof(struct sysctl_def, why), NULL, NULL},
	{"risk", offsetof(struct sysctl_def, risk), NULL, NULL},
	{"refs", offsetof(struct sysctl_def, refs), NULL, NULL},
	{"names", offsetof(struct sysctl_def, names), NULL, NULL},
	{"applies", offsetof(struct sysctl_def, applies), NULL, NULL},
	{"words", offsetof(struct sysctl_def, words), NULL, NULL},
	{"inherits", offsetof(struct sysctl_def, inherits), NULL, NULL},
	{"effect", offsetof(struct sysctl_def, effect), NULL, NULL},
	{"default-note", offsetof(struct sysctl_def, default_note), NULL, NULL},
	{"type", 0, set_type, "integer, unsigned, unsigned64, bool, mask, ranges, word or words"},
	{"elements", 0, set_elements, "1, 2 or 3"},
	{"unit", 0, set_unit, "bytes, pages, packets, segments, count, percent, ports, seconds, milliseconds, …"},
	{"min", 0, set_min, "a number, or one for each element"},
	{"max", 0, set_max, "a number, or one for each element"},
	{"values", 0, set_values, "at most 12 whole numbers"},
	{"kernel-min", 0, set_kernel_min, "a number, or one for each element"},
	{"kernel-max", 0, set_kernel_max, "a number, or one for each element"},
	{"kernel-since", 0, set_kernel_since, "a kernel version such as 6.16"},
	{"kernel-unless", offsetof(struct sysctl_def, kernel_unless), NULL, NULL},
	{"order", 0, set_order, "ascending or enforced"},
	{"netns", 0, set_netns, "own, init, init-write or host"},
	{"combine", 0, set_combine, "interface, all, max, min, or, and, redirects, host or advertisements"},
	{"default-all", 0, set_default_all, "what conf.all begins with, where conf.default differs"},
	{"devconf", 0, set_devconf, "the row of the link's configuration, 0 to 255"},
	{"memory-each", 0, set_memory_each, "bytes that one more of it may take"},
	{"apply", 0, set_apply, "vetted, gated, raise or never"},
	{"never-below-default", 0, set_never_below, "yes or no"},
	{"since", 0, set_since, "a kernel version such as 6.16"},
	{"removed", 0, set_removed, "a kernel version such as 6.16"},
	{"inert-since", 0, set_inert, "a kernel version such as 6.16"},
};

static int parse_default(struct loading *l, const struct pending_default *e)
{
	const char *version = e->key[strlen("default")] == '@' ? e->key + strlen("default@") : NULL;
	struct sysctl_def *def = l->def;
	struct expr_scope scope = {
		.arena = l->c->arena,
		.subjects = {[SUBJECT_HOST] = true},
		.file = def->file,
		.line = e->line,
	};
	struct sysctl_default *d = &def->defaults[def->default_count];
	char *copy = arena_strdup(l->c->arena, e->value), *part = copy;
	unsigned depth = 0, n = 0;
	bool quoted = false;

	if (version && kernel_version_parse(version, &d->from) < 0)
		return diag_set(l->diag, def->file, e->line, "'%s': a version such as default@6.16", e->key);
	for (char *p = copy;; p++) {
		bool end = !*p;

		quoted ^= *p == '"';
		depth += (*p == '(') - (*p == ')' && depth);
		if (!end && !(*p == ',' && depth == 0 && !quoted))
			continue;
		*p = 0;
		if (n == def->elements)
			return diag_set(l->diag, def->file, e->line, "more values than the key has elements");
		if (expr_parse_as(&scope, part, dim_is_number(def->dim) ? def->dim : DIM_TEXT, &d->elements[n++],
				  l->diag) < 0)
			return -EINVAL;
		if (end)
			break;
		part = p + 1;
	}
	if (n != def->elements)
		return diag_set(l->diag, def->file, e->line, "fewer values than the key has elements");
	def->default_count++;
	return 0;
}

static int defer_default(struct loading *l, const struct ini_entry *e)
{
	if (l->pending_count == SYSCTL_DEFAULTS_MAX)
		return diag_set(l->diag, e->file, e->line, "more than %d defaults", SYSCTL_DEFAULTS_MAX);
	l->pending[l->pending_count++] = (struct pending_default){
		.key = arena_strdup(l->c->arena, e->key),
		.value = arena_strdup(l->c->arena, e->value),
		.line = e->line,
	};
	return 0;
}

static int set_field(struct loading *l, const struct ini_entry *e)
{
	if (!strcmp(e->key, "default") || !strncmp(e->key, "default@", 8))
		return defer_default(l, e);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];

		if (strcmp(f->key, e->key))
			continue;
		if (f->set && f->set(l->def, e->value) < 0)
			return diag_set(l->diag, e->file, e->line, "'%s = %.80s': takes %s", e->key, e->value, f->takes);
		if (!f->set)
			*(const char **)((char *)l->def + f->text) = arena_strdup(l->c->arena, e->value);
		return 0;
	}
	return diag_set(l->diag, e->file, e->line, "unknown key '%s'", e->key);
}

static bool bounds_make_sense(const struct sysctl_def *def)
{
	for (size_t i = 0; i < ARRAY_SIZE(def->bound_count); i++)
		if ((def->bound_count[i] > 1 && def->bound_count[i] != def->elements) ||
		    (def->kernel_count[i] > 1 && def->kernel_count[i] != def->elements))
			return false;
	for (unsigned i = 0; i < def->elements; i++)
		if (def->min[i] > def->max[i] || def->kernel_min[i] > def->kernel_max[i])
			return false;
	return true;
}

/* The last section is whole: is it enough to judge by? */
static int check_def(struct loading *l)
{
	const struct sysctl_def *def = l->def;

	if (!def)
		return 0;
	for (unsigned i = 0; i < l->pending_count; i++)
		if (parse_default(l, &l->pending[i]) < 0)
			return -EINVAL;
	l->pending_count = 0;
	if (!strchr(def->key, '*') != !sysctl_is_template(def))
		return diag_set(l->diag, def->file, def->line, "[%s]: 'combine' belongs to keys with a '*' for the interface",
				def->key);
	if (def->words && dim_is_number(def->dim))
		return diag_set(l->diag, def->file, def->line, "[%s]: 'words' belongs to keys that hold words", def->key);
	if (!bounds_make_sense(def))
		return diag_set(l->diag, def->file, def->line,
				"[%s]: min and max are one number or one for each element, and min is not above max", def->key);
	if (!def->title || !def->about || !def->refs || !def->applies)
		return diag_set(l->diag, def->file, def->line, "[%s] needs title, about, applies and refs", def->key);
	if (!def->bounded && !def->value_count && dim_is_number(def->dim) && !def->removed.major &&
	    def->apply != APPLY_NEVER)
		return diag_set(l->diag, def->file, def->line, "[%s] may be applied and has no bounds", def->key);
	return 0;
}

static unsigned bucket_of(const char *key)
{
	unsigned h = 2166136261u; /* FNV-1a */

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 16777619u;
	return h % (4 * CATALOGUE_MAX);
}

static void index_def(struct catalogue *c)
{
	unsigned b = bucket_of(c->defs[c->count].key);

	while (c->buckets[b])
		b = (b + 1) % (4 * CATALOGUE_MAX);
	c->buckets[b] = (unsigned short)++c->count;
}

static const struct sysctl_def *find_section(const struct catalogue *c, const char *key)
{
	if (!c->buckets)
		return NULL;
	for (unsigned b = bucket_of(key); c->buckets[b]; b = (b + 1) % (4 * CATALOGUE_MAX))
		if (!strcmp(c->defs[c->buckets[b] - 1].key, key))
			return &c->defs[c->buckets[b] - 1];
	return NULL;
}

bool catalogue_template(const char *key, char *ret, size_t size)
{
	static const char *const trees[] = {"net.ipv4.conf.", "net.ipv6.conf.", "net.ipv4.neigh.", "net.ipv6.neigh."};

	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		size_t n = strlen(trees[i]);
		const char *rest = strncmp(key, trees[i], n) ? NULL : strchr(key + n, '.');

		if (rest && rest != key + n)
			return snprintf(ret, size, "%s*%s", trees[i], rest) < (int)size;
	}
	return false;
}

const struct sysctl_def *catalogue_find(const struct catalogue *c, const char *key)
{
	const struct sysctl_def *def = find_section(c, key);
	char template[SYSCTL_KEY_MAX];

	return def || !catalogue_template(key, template, sizeof(template)) ? def : find_section(c, template);
}

static char *path_of(struct catalogue *c, const char *key)
{
	char *path = arena_printf(c->arena, "proc/sys/%s", key);

	/* A slash inside a key stands for a dot in the file name (net.ipv4.conf.eth0/100). */
	for (char *p = path + strlen("proc/sys/"); *p; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	return path;
}

static bool is_key(const char *s)
{
	if (!isalpha((unsigned char)*s) || strstr(s, "..") || strstr(s, "./"))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("._-/", *s) && strncmp(s - 1, ".*.", 3))
			return false;
	return true;
}

static int begin_section(struct loading *l, const struct ini_entry *e)
{
	struct catalogue *c = l->c;
	struct sysctl_def *def;

	if (check_def(l) < 0)
		return -EINVAL;
	if (!is_key(e->section))
		return diag_set(l->diag, e->file, e->section_line, "[%s] is not the name of a sysctl", e->section);
	if (find_section(c, e->section))
		return diag_set(l->diag, e->file, e->section_line, "[%s] is there already", e->section);
	if (c->count == CATALOGUE_MAX)
		return diag_set(l->diag, e->file, e->section_line, "more than %d keys", CATALOGUE_MAX);
	if (!c->defs) {
		c->defs = arena_array(c->arena, struct sysctl_def, CATALOGUE_MAX);
		c->buckets = arena_array(c->arena, unsigned short, 4 * CATALOGUE_MAX);
	}
	def = &c->defs[c->count];
	*def = (struct sysctl_def){
		.key = arena_strdup(c->arena, e->section),
		.elements = 1,
		.dim = DIM_COUNT,
		.unit = "count",
		.scale = 1,
		.file = arena_strdup(c->arena, e->file),
		.line = e->section_line,
	};
	for (unsigned i = 0; i < SYSCTL_ELEMENTS_MAX; i++) {
		def->min[i] = def->kernel_min[i] = -2147483648.0;
		def->max[i] = def->kernel_max[i] = 1.8446744073709552e19;
	}
	def->path = path_of(c, def->key);
	l->def = def;
	return 0;
}

static int on_entry(void *user, const struct ini_entry *e, struct diag *d)
{
	struct loading *l = user;

	l->diag = d;
	if (!*e->section) {
		if (strcmp(e->key, "known-through") || kernel_version_parse(e->value, &l->c->known_through) < 0)
			return diag_set(d, e->file, e->line, "only 'known-through = VERSION' may stand before a section");
		return 0;
	}
	if (!l->def || strcmp(l->def->key, e->section) || l->def->line != e->section_line) {
		if (begin_section(l, e) < 0)
			return -EINVAL;
		index_def(l->c);
	}
	return set_field(l, e);
}

int catalogue_load(struct catalogue *c, const char *file, const char *bytes, size_t n, struct diag *d)
{
	struct loading l = {.c = c, .diag = d};
	int r = ini_read(file, bytes, n, on_entry, &l, d);

	return r < 0 ? r : check_def(&l);
}

const char *sysctl_type_name(enum sysctl_type t)
{
	return type_names[t];
}

const char *sysctl_netns_text(enum sysctl_netns n)
{
	return netns_texts[n];
}

const char *sysctl_apply_text(enum sysctl_apply a)
{
	return apply_names[a];
}

const char *sysctl_combine_text(enum sysctl_combine c)
{
	return combine_texts[c];
}
