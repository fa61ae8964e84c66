/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/lint.h"

#include <errno.h>
#include <string.h>
#include "collect/line-value.h"
#include "collect/lint-interface.h"
#include "collect/sysctl-private.h"

const double lint_default_memory = 16.0 * 1024 * 1024 * 1024;

/* net/ipv4/tcp.c tcp_init(): an entry for each 128 KiB, a power of two, at most 512 Ki of them. */
static double connection_table(double memory)
{
	double n = 1, most = 512 * 1024;

	while (n < memory / (128 * 1024) && n < most)
		n *= 2;
	return n;
}

static double take_memory(struct collecting *c, const struct lint_options *o)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	unsigned long long kib;
	const char *p;

	if (o->memory > 0)
		return o->memory;
	p = !o->file_count && root_read(c->root, "proc/meminfo", 64 * 1024, &t) == 0 ? strstr(t.s, "MemTotal:") : NULL;
	return p && sscanf(p, "MemTotal: %15llu kB", &kib) == 1 ? (double)kib * 1024 : lint_default_memory;
}

static void set_host(struct collecting *c, double memory)
{
	struct value *v = c->facts->host->values;
	double page = (double)root_host(c->root)->page_size;

	for (size_t i = 0; i < HOST_FACT_COUNT; i++)
		v[i] = value_missing(VALUE_ABSENT, "only a configuration is judged");
	v[HOST_MEMORY] = value_number(memory);
	v[HOST_TCP_PAGES] = value_number(memory / page);
	v[HOST_PAGE_SIZE] = value_number(page);
	v[HOST_TCP_EHASH] = value_number(connection_table(memory));
}

/* The line that counts: systemd's, or procps' where only that reads the file. */
static const struct boot_value *winner(const struct sysctl_state *s)
{
	return s->systemd.raw ? &s->systemd : &s->procps;
}

/* As it would be after the line: what the kernel refuses leaves the default. */
static void set_state(struct collecting *c, const struct sysctld *d, struct sysctl_state *s)
{
	const struct boot_value *b = winner(s);
	struct line_value read = {.refused = true};
	_cleanup_text_ struct text t = TEXT_NULL;

	s->state = VALUE_ABSENT;
	s->reason = "no file sets it, and its default is not known";
	memcpy(s->elements, s->defaults, sizeof(s->elements));
	if (sysctl_is_lacking(c, s)) {
		s->reason = "this kernel no longer has it";
		return;
	}
	if (b->raw)
		line_value_read(&c->facts->arena, s->def, b->raw, sysctl_kernel_bounds(c, d, s->def), &read);
	if (b->raw && read.refused) {
		s->state = VALUE_GARBLED;
		s->reason = "the kernel would refuse what the file says";
		return;
	}
	for (unsigned i = 0; i < read.taken; i++)
		s->elements[i] = value_number(read.numbers[i] / s->def->scale);
	if (b->raw && !dim_is_number(s->def->dim))
		s->elements[0] = value_text(b->raw);
	for (unsigned i = 0; i < s->def->elements; i++) {
		if (s->elements[i].state != VALUE_KNOWN)
			return;
		if (s->elements[i].text)
			text_add(&t, s->elements[i].text);
		else
			text_addf(&t, "%s%.0f", i ? " " : "", s->elements[i].num * s->def->scale);
	}
	s->state = VALUE_KNOWN;
	s->reason = NULL;
	s->raw = arena_strdup(&c->facts->arena, text_get(&t));
}

static void add_subject(struct collecting *c, struct sysctl_state *s)
{
	const struct boot_value *b = winner(s);
	struct subject *subject;
	struct value *v;

	if (!b->raw)
		return;
	subject = facts_add(c->facts, SUBJECT_SYSCTL, s->key);
	subject->key = s;
	subject->file = b->file;
	subject->line = b->line;
	v = subject->values;
	v[KEY_LIVE] = s->state == VALUE_KNOWN ? value_text(s->raw) : value_missing(s->state, s->reason);
	v[KEY_DEFAULT] = sysctl_default_text(c, s);
	v[KEY_BOOT] = value_text(b->raw);
	v[KEY_BOOT_AT] = value_text(arena_printf(&c->facts->arena, "%s:%u", b->file, b->line));
	v[KEY_BOOT_DIFFERS] = value_number(0);
	v[KEY_LOADERS_DIFFER] = value_missing(VALUE_ABSENT, "said at the line");
	sysctl_compare_with_default(s, v);
}

static void set_sysctls(struct collecting *c, const struct sysctld *d)
{
	const struct catalogue *cat = &c->options->rules->catalogue;

	c->facts->sysctls = arena_array(&c->facts->arena, struct sysctl_state, cat->count + 1);
	c->facts->sysctl_count = cat->count;
	for (size_t i = 0; i < cat->count; i++)
		c->facts->sysctls[i] = (struct sysctl_state){
			.def = &cat->defs[i], .key = cat->defs[i].key, .reason = "each interface has its own"};
	sysctl_add_interface_keys(c, d);
	for (size_t i = 0; i < c->facts->sysctl_count; i++) {
		struct sysctl_state *s = &c->facts->sysctls[i];

		if (strchr(s->key, '*'))
			continue;
		sysctl_set_winners(c, d, s, s->key);
		sysctl_compute_defaults(c, s);
		set_state(c, d, s);
		add_subject(c, s);
	}
}

int collect_lint(struct root *root, const struct lint_options *o, struct facts **ret, struct diag *d)
{
	struct collect_options options = {.rules = o->rules, .config = o->config};
	_cleanup_free_ struct collecting *c = calloc(1, sizeof(*c));
	_cleanup_(sysctld_clear) struct sysctld files = {.arena = ARENA_NULL};
	int r = o->file_count ? sysctld_load_files(o->files, o->file_count, &files) : sysctld_load(root, &files);

	if (!c)
		return -ENOMEM;
	if (r < 0)
		return diag_set(d, "sysctl.d", 0, "more files, lines or bytes than a configuration may have");
	if (files.refused)
		return diag_set(d, files.refused, 0, "refused");
	/* What stands in it may win, or be the fault. */
	if (files.unreadable)
		return diag_set(d, "sysctl.d", 0, "%zu could not be read, and nothing is judged without: %s", files.unreadable,
				files.unreadable_names);
	c->root = root;
	c->options = &options;
	c->facts = facts_new();
	c->facts->offline = true;
	c->sees_host = o->this_host && !o->file_count;
	c->sees_files = !o->file_count;
	*o->ret_memory = take_memory(c, o);
	set_host(c, *o->ret_memory);
	set_sysctls(c, &files);
	host_from_sysctls(c);
	if (lint_add_interfaces(c, &files) < 0)
		return diag_set(d, "sysctl.d", 0, "more interfaces than can be judged");
	collect_lines(c, &files);
	if (files.odd)
		facts_note(c->facts, "%s is no file, and no loader reads it", files.odd);
	*ret = c->facts;
	return 0;
}
