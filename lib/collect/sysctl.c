/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel parameters: live values, this kernel's defaults, and what boot would set. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include "catalogue/conf.h"
#include "collect/line-value.h"
#include "collect/sysctl-private.h"
#include "collect/sysctld.h"

enum { SYSCTL_FILE_MAX = 64 * 1024, INTERFACE_KEYS_MAX = 256 };

char *sysctl_canonical(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s);

	text_squeeze(copy);
	return copy;
}

static struct value parse_element(const struct sysctl_def *def, const char **at)
{
	const char *end;
	double v;

	if (decimal_scan(*at, &end, &v) < 0 || (*end && *end != ' '))
		return value_missing(VALUE_GARBLED, NULL);
	*at = end + (*end == ' ');
	return value_number(v / def->scale);
}

void sysctl_parse(struct arena *a, struct sysctl_state *s, const char *bytes)
{
	const char *at;

	s->raw = at = sysctl_canonical(a, bytes);
	s->state = VALUE_KNOWN;
	if (!dim_is_number(s->def->dim)) {
		s->elements[0] = value_text(s->raw);
		return;
	}
	for (unsigned i = 0; i < s->def->elements; i++)
		s->elements[i] = parse_element(s->def, &at);
}

/* Why a key is not there: each reason is a different thing to an operator. */
static const char *absence(struct collecting *c, const struct sysctl_def *def)
{
	const struct root_host *h = root_host(c->root);

	if (def->removed.major && kernel_at_least(h->version, def->removed))
		return arena_printf(&c->facts->arena, "Linux %u.%u removed it", def->removed.major, def->removed.minor);
	if (def->since.major && !kernel_at_least(h->version, def->since))
		return arena_printf(&c->facts->arena, "it came with Linux %u.%u", def->since.major, def->since.minor);
	if (def->netns == NETNS_INIT || def->netns == NETNS_INIT_WRITE)
		return "it exists only in the initial network namespace";
	return "this kernel has no such key";
}

static int on_any_name(void *user, const char *name)
{
	(void)name;
	*(bool *)user = true;
	return -ECANCELED;
}

/* Without /proc every key would look like one that this kernel lacks. */
static bool tree_is_there(struct root *root, const char *path)
{
	bool any = false;
	uint64_t inode;

	if (root_inode(root, path, &inode) == 0)
		return true;
	root_list(root, path, on_any_name, &any);
	return any;
}

static void read_one(struct collecting *c, struct sysctl_state *s, struct text *t)
{
	int r = root_read(c->root, s->def->path, SYSCTL_FILE_MAX, t);

	if (r == 0) {
		sysctl_parse(&c->facts->arena, s, t->s);
		return;
	}
	s->state = r == -ENOENT || r == -ENOTDIR ? VALUE_ABSENT : value_state_of(r);
	s->reason = r == -ENOENT || r == -ENOTDIR ? absence(c, s->def)
		    : s->state == VALUE_DENIED	  ? "reading it was denied"
						  : arena_printf(&c->facts->arena, "it cannot be read: %s", strerror(-r));
}

void collect_sysctls(struct collecting *c)
{
	const struct catalogue *cat = &c->options->rules->catalogue;
	bool net = tree_is_there(c->root, "proc/sys/net/ipv4");
	_cleanup_text_ struct text t = TEXT_NULL;

	if (!net)
		facts_note(c->facts, "/proc/sys/net/ipv4 is not there: kernel parameters were not read");
	c->facts->sysctls = arena_array(&c->facts->arena, struct sysctl_state, cat->count + 1);
	c->facts->sysctl_count = cat->count;
	for (size_t i = 0; i < cat->count; i++) {
		c->facts->sysctls[i].def = &cat->defs[i];
		c->facts->sysctls[i].key = cat->defs[i].key;
		if (sysctl_is_template(&cat->defs[i])) {
			c->facts->sysctls[i].reason = "each interface has its own";
			continue;
		}
		read_one(c, &c->facts->sysctls[i], &t);
		if (!net && c->facts->sysctls[i].state == VALUE_ABSENT) {
			c->facts->sysctls[i].state = VALUE_UNREAD;
			c->facts->sysctls[i].reason = "/proc/sys/net/ipv4 is not there";
		}
	}
}

struct value live_sysctl(const struct collecting *c, const char *key, unsigned element)
{
	const struct catalogue *cat = &c->options->rules->catalogue;
	const struct sysctl_def *def = catalogue_find(cat, key);
	const struct sysctl_state *s;

	if (!def)
		return value_missing(VALUE_ABSENT, "it is not in the catalogue");
	if (!c->facts->sysctls)
		return value_missing(VALUE_LEFT_OUT, NULL); /* they come with the second sample */
	s = &c->facts->sysctls[def - cat->defs];
	return s->state == VALUE_KNOWN ? s->elements[element] : value_missing(s->state, s->reason);
}

/* The newest formula that this kernel has reached; none for a kernel that the catalogue does not know. */
void sysctl_compute_defaults(struct collecting *c, struct sysctl_state *s)
{
	const struct catalogue *cat = &c->options->rules->catalogue;
	const unsigned *version = root_host(c->root)->version;
	struct kernel_version after = {cat->known_through.major, cat->known_through.minor + 1};
	struct expr_env env = {.facts = c->facts};
	const struct sysctl_default *best = NULL;

	for (unsigned i = 0; i < s->def->default_count; i++) {
		const struct sysctl_default *d = &s->def->defaults[i];

		if (kernel_at_least(version, d->from) &&
		    (!best || d->from.major > best->from.major ||
		     (d->from.major == best->from.major && d->from.minor >= best->from.minor)))
			best = d;
	}
	for (unsigned i = 0; i < s->def->elements; i++) {
		if (s->def->has_default_all && strstr(s->key, ".conf.all."))
			s->defaults[i] = value_number(s->def->default_all / s->def->scale);
		else if (!version[0] || kernel_at_least(version, after))
			s->defaults[i] = value_missing(VALUE_ABSENT, "the catalogue does not know this kernel");
		else if (!best || !best->elements[i])
			s->defaults[i] = value_missing(VALUE_ABSENT, "its default depends on how the kernel was built");
		else
			s->defaults[i] = expr_eval(best->elements[i], &env);
	}
}

struct value sysctl_default_text(struct collecting *c, const struct sysctl_state *s)
{
	struct text t = TEXT_NULL;
	struct value v;

	for (unsigned i = 0; i < s->def->elements; i++) {
		v = s->defaults[i];
		if (v.state != VALUE_KNOWN) {
			text_clear(&t);
			return v;
		}
		if (v.text)
			text_addf(&t, "%s%s", i ? " " : "", v.text);
		else
			text_addf(&t, "%s%.0f", i ? " " : "", v.num * s->def->scale);
	}
	v = value_text(arena_strdup(&c->facts->arena, text_get(&t)));
	text_clear(&t);
	return v;
}

/* "8080,8081,8082" is what the kernel shows as "8080-8082". */
static bool same_ports(const char *a, const char *b)
{
	uint8_t x[PORTS_BYTES] = {0}, y[PORTS_BYTES] = {0};

	ports_add(x, a);
	ports_add(y, b);
	return !memcmp(x, y, sizeof(x));
}

/*
 * Equal as the kernel would see them: "0x10" is 16, blanks do not count, and what a line leaves out at its end stays as
 * it was.
 */
bool sysctl_same_value(const struct sysctl_def *def, const char *a, const char *b)
{
	if (!def)
		return !strcmp(a, b);
	if (def->type == SYSCTL_RANGES)
		return same_ports(a, b);
	if (!dim_is_number(def->dim))
		return !strcmp(a, b);
	for (;;) {
		char *end_a, *end_b;
		long long x = strtoll(a, &end_a, 0), y = strtoll(b, &end_b, 0);

		if (end_a == a || end_b == b)
			return !strcmp(a, b);
		if (x != y)
			return false;
		if (!*end_a || !*end_b)
			return true;
		a = end_a + strspn(end_a, " ");
		b = end_b + strspn(end_b, " ");
	}
}

static struct boot_value winner(struct collecting *c, const struct sysctld *d, enum sysctld_loader l,
				const char *key)
{
	struct boot_value v = sysctld_winner(d, l, key);

	if (v.raw) {
		v.raw = sysctl_canonical(&c->facts->arena, v.raw);
		v.file = arena_strdup(&c->facts->arena, v.file);
	}
	return v;
}

bool sysctl_is_lacking(const struct collecting *c, const struct sysctl_state *s)
{
	const unsigned *version = root_host(c->root)->version;

	return version[0] && s->def->removed.major && kernel_at_least(version, s->def->removed) &&
	       (c->facts->offline || s->state == VALUE_ABSENT);
}

/* What the kernel lacks no glob matches, and a line with a dash asks for nothing. */
static bool is_asked_for(const struct sysctld *d, enum sysctld_loader l, const char *key)
{
	for (size_t i = 0; i < d->count[l]; i++)
		if (!d->entries[l][i].glob && !d->entries[l][i].tolerant && d->entries[l][i].value && !strcmp(d->entries[l][i].key, key))
			return true;
	return false;
}

void sysctl_set_winners(struct collecting *c, const struct sysctld *d, struct sysctl_state *s, const char *key)
{
	bool lacking = sysctl_is_lacking(c, s);

	s->systemd = lacking && !is_asked_for(d, LOADER_SYSTEMD, key) ? (struct boot_value){0} : winner(c, d, LOADER_SYSTEMD, key);
	s->procps = lacking && !is_asked_for(d, LOADER_PROCPS, key) ? (struct boot_value){0} : winner(c, d, LOADER_PROCPS, key);
}

static struct value boot_text(const struct boot_value *b)
{
	return b->raw ? value_text(b->raw) : value_missing(VALUE_ABSENT, "no file sets it");
}

static struct value boot_at(struct collecting *c, const struct boot_value *b)
{
	if (!b->raw)
		return value_missing(VALUE_ABSENT, "no file sets it");
	return value_text(arena_printf(&c->facts->arena, "%s:%u", b->file, b->line));
}

bool sysctl_kernel_bounds(const struct collecting *c, const struct sysctld *d, const struct sysctl_def *def)
{
	const unsigned *version = root_host(c->root)->version;
	const struct sysctl_def *mover;
	struct value live;

	if (version[0] && def->kernel_since.major && !kernel_at_least(version, def->kernel_since))
		return false;
	if (!def->kernel_unless)
		return true;
	if (sysctld_winner(d, LOADER_SYSTEMD, def->kernel_unless).raw || sysctld_winner(d, LOADER_PROCPS, def->kernel_unless).raw)
		return false;
	mover = c->facts->offline ? NULL : catalogue_find(&c->options->rules->catalogue, def->kernel_unless);
	live = mover ? live_sysctl(c, def->kernel_unless, 0) : value_missing(VALUE_ABSENT, NULL);
	return live.state != VALUE_KNOWN || live.num >= def->kernel_min[0];
}

/* The kernel refuses a line that is no number, or more than it takes: boot then leaves the value alone. */
static bool plausible(struct collecting *c, const struct sysctld *d, const struct sysctl_def *def, const char *raw)
{
	struct line_value v;

	line_value_read(&c->facts->arena, def, raw, sysctl_kernel_bounds(c, d, def), &v);
	return !v.refused;
}

/* A key that only one of them sets is a difference too: /etc/sysctl.conf is no longer read at boot everywhere. */
static bool loaders_differ(const struct sysctl_state *s)
{
	if (!s->systemd.raw || !s->procps.raw)
		return s->systemd.raw != s->procps.raw;
	return !sysctl_same_value(s->def, s->systemd.raw, s->procps.raw);
}

/* Of the last of several numbers: the maximum, where there is one. 2 %: MemTotal is more than what the kernel counts. */
void sysctl_compare_with_default(struct sysctl_state *s, struct value *v)
{
	const double tolerance = 0.02;
	unsigned last = s->def->elements - 1;
	bool same = true;

	for (unsigned i = 0; i <= last; i++) {
		const struct value *live = &s->elements[i], *standard = &s->defaults[i];

		if (s->state != VALUE_KNOWN || live->state != VALUE_KNOWN || standard->state != VALUE_KNOWN) {
			v[KEY_IS_DEFAULT] = v[KEY_OF_DEFAULT] = value_missing(VALUE_ABSENT, "this kernel's default is not known");
			return;
		}
		if (live->text || standard->text)
			same &= live->text && standard->text && !strcmp(live->text, standard->text);
		else
			same &= fabs(live->num - standard->num) <= tolerance * fabs(standard->num);
	}
	v[KEY_IS_DEFAULT] = value_number(same);
	if (dim_is_number(s->def->dim) && s->def->never_below_default && s->defaults[last].num > 0)
		v[KEY_OF_DEFAULT] = value_number(s->elements[last].num / s->defaults[last].num);
}

/* What a file asks for and the kernel cannot give now: the write fails with ENOENT, which systemd-sysctl passes over. */
static void set_unavailable(struct collecting *c, const struct sysctl_state *s, struct value *v)
{
	struct value available = live_sysctl(c, "net.ipv4.tcp_available_congestion_control", 0);
	const char *at, *raw = s->systemd.raw;
	size_t n = raw ? strlen(raw) : 0;

	if (!c->sees_host || strcmp(s->def->key, "net.ipv4.tcp_congestion_control") || !n || available.state != VALUE_KNOWN)
		return;
	for (at = available.text; (at = strstr(at, raw)); at += n)
		if ((at == available.text || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return;
	v[KEY_UNAVAILABLE] = value_text(raw);
}

/* The elements as the kernel would have them after the line, which may leave some as they are. */
static void set_boot_elements(struct collecting *c, const struct sysctld *d, struct sysctl_state *s, const struct boot_value *b)
{
	struct line_value read;

	memcpy(s->boot, s->elements, sizeof(s->boot));
	if (!b->raw)
		return;
	line_value_read(&c->facts->arena, s->def, b->raw, sysctl_kernel_bounds(c, d, s->def), &read);
	if (!dim_is_number(s->def->dim) && !read.refused)
		s->boot[0] = value_text(b->raw);
	for (unsigned i = 0; i < read.taken && !read.refused; i++)
		s->boot[i] = value_number(read.numbers[i] / s->def->scale);
}

static void add_subject(struct collecting *c, const struct sysctld *d, struct sysctl_state *s)
{
	struct subject *subject = facts_add(c->facts, SUBJECT_SYSCTL, s->key);
	struct value *v = subject->values;

	subject->key = s;
	v[KEY_LIVE] = s->state == VALUE_KNOWN ? value_text(s->raw) : value_missing(s->state, s->reason);
	v[KEY_DEFAULT] = sysctl_default_text(c, s);
	v[KEY_BOOT] = boot_text(&s->systemd);
	v[KEY_BOOT_AT] = boot_at(c, &s->systemd);
	v[KEY_BOOT_PROCPS] = boot_text(&s->procps);
	v[KEY_BOOT_PROCPS_AT] = boot_at(c, &s->procps);
	v[KEY_BOOT_DIFFERS] = value_missing(VALUE_ABSENT, "no file sets it");
	if (s->state != VALUE_KNOWN && s->state != VALUE_ABSENT)
		v[KEY_BOOT_DIFFERS] = value_missing(s->state, s->reason);
	else if (s->systemd.raw && !plausible(c, d, s->def, s->systemd.raw))
		v[KEY_BOOT_DIFFERS] = value_missing(
			VALUE_GARBLED, arena_printf(&c->facts->arena, "the value in %s:%u is not one that it takes",
						    s->systemd.file, s->systemd.line));
	else if (s->systemd.raw && s->state == VALUE_KNOWN)
		v[KEY_BOOT_DIFFERS] = value_number(!sysctl_same_value(s->def, s->raw, s->systemd.raw));
	v[KEY_LOADERS_DIFFER] = value_number(loaders_differ(s));
	if (s->state == VALUE_KNOWN && s->procps.raw)
		v[KEY_BY_PROCPS] = value_number(sysctl_same_value(s->def, s->raw, s->procps.raw));
	set_boot_elements(c, d, s, &s->systemd);
	sysctl_compare_with_default(s, v);
	set_unavailable(c, s, v);
	subject->file = s->systemd.raw ? s->systemd.file : s->procps.file;
	subject->line = s->systemd.raw ? s->systemd.line : s->procps.line;
}

/* Keys of interfaces that somebody named, in a file or a profile. Globs name none: plugins set what they make themselves. */
struct named_keys {
	const char *keys[INTERFACE_KEYS_MAX];
	size_t count, left_out;
};

static void name_key(struct collecting *c, struct named_keys *n, const char *key)
{
	const struct sysctl_def *def = catalogue_find(&c->options->rules->catalogue, key);

	if (!def || !sysctl_is_template(def) || strchr(key, '*'))
		return;
	for (size_t i = 0; i < n->count; i++)
		if (!strcmp(n->keys[i], key))
			return;
	if (n->count == INTERFACE_KEYS_MAX)
		n->left_out++;
	else
		n->keys[n->count++] = arena_strdup(&c->facts->arena, key);
}

/* "net.ipv4.conf.eth0/100.rp_filter" → "eth0.100" */
static const char *interface_of(struct arena *a, const struct sysctl_def *def, const char *key)
{
	const char *star = strchr(def->key, '*');
	char *name = arena_strndup(a, key + (star - def->key), strlen(key) - strlen(def->key) + 1);

	for (char *p = name; *p; p++)
		*p = *p == '/' ? '.' : *p;
	return name;
}

/* An interface's own value came with its link; that of "all" and "default", and what no link holds, is in a file. */
static struct value read_named(struct collecting *c, const struct sysctl_state *s)
{
	const char *name = interface_of(&c->facts->arena, s->def, s->key);
	size_t row = (size_t)(s->def - c->options->rules->catalogue.defs);
	const struct subject *link = c->facts->first[SUBJECT_INTERFACE];

	if (!strcmp(name, "all") || !strcmp(name, "default"))
		return read_conf(c, s->def, name);
	while (link && strcmp(link->name, name))
		link = link->next;
	if (!link)
		return value_missing(VALUE_ABSENT, arena_printf(&c->facts->arena, "there is no interface %s", name));
	return s->def->devconf ? conf_value(c->facts, link, s->def, row, CONF_OWN) : read_conf(c, s->def, name);
}

void sysctl_add_interface_keys(struct collecting *c, const struct sysctld *d)
{
	const struct ruleset *rules = c->options->rules;
	struct named_keys n = {.count = 0};
	struct sysctl_state *grown;
	struct facts *f = c->facts;

	for (enum sysctld_loader l = 0; l < LOADERS; l++)
		for (size_t i = 0; i < d->count[l]; i++)
			if (!d->entries[l][i].glob && d->entries[l][i].value)
				name_key(c, &n, d->entries[l][i].key);
	for (size_t i = 0; i < rules->wanted_count; i++)
		name_key(c, &n, rules->wanted[i].key);
	for (size_t i = 0; i < rules->count; i++)
		for (unsigned k = 0; k < rules->rules[i].recommend_count && !rules->rules[i].off; k++)
			name_key(c, &n, rules->rules[i].recommend[k].key);
	if (n.left_out)
		facts_note(f, "%zu keys of interfaces beyond the first %d were not judged", n.left_out, INTERFACE_KEYS_MAX);
	if (!n.count)
		return;
	grown = arena_array(&f->arena, struct sysctl_state, f->sysctl_count + n.count);
	memcpy(grown, f->sysctls, f->sysctl_count * sizeof(*grown));
	for (size_t i = 0; i < n.count; i++) {
		struct sysctl_state *s = &grown[f->sysctl_count + i];
		struct value v;

		s->key = n.keys[i];
		s->def = catalogue_find(&rules->catalogue, s->key);
		v = f->offline ? value_missing(VALUE_ABSENT, NULL) : read_named(c, s);
		s->state = v.state;
		s->reason = v.state == VALUE_KNOWN ? NULL : value_reason(&v);
		if (v.state == VALUE_KNOWN) {
			s->elements[0] = v;
			s->raw = arena_printf(&f->arena, "%.0f", v.num * s->def->scale);
		}
	}
	f->sysctls = grown;
	f->sysctl_count += n.count;
}

void set_boot_values(struct collecting *c, const struct sysctld *d)
{
	for (size_t i = 0; i < c->facts->sysctl_count; i++) {
		struct sysctl_state *s = &c->facts->sysctls[i];

		if (strchr(s->key, '*'))
			continue;
		sysctl_set_winners(c, d, s, s->key);
		sysctl_compute_defaults(c, s);
		add_subject(c, d, s);
	}
}

/* sysctl.d is read at boot, for the initial namespace; of the files of a container that is visited nothing is seen. */
static bool is_of_this_namespace(const struct collecting *c)
{
	return root_is_recorded(c->root) || !*root_host(c->root)->netns;
}

void collect_boot_values(struct collecting *c)
{
	struct sysctld d = {0};
	int r = is_of_this_namespace(c) ? sysctld_load(c->root, &d) : 0;

	if (r < 0)
		facts_note(c->facts, "sysctl.d could not be read: %s", strerror(-r));
	else if (d.unreadable)
		facts_note(c->facts, "%zu files of sysctl.d could not be read", d.unreadable);
	sysctl_add_interface_keys(c, &d);
	set_boot_values(c, &d);
	if (is_of_this_namespace(c))
		collect_lines(c, &d);
	sysctld_clear(&d);
}
