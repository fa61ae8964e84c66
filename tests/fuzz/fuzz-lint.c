/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files with 0xff between them as a configuration: values, remarks, lines, and what each format makes of the findings. */
#include <jansson.h>
#include <string.h>

#include "collect/line-value.h"
#include "collect/lint.h"
#include "judge/judge.h"
#include "render/render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES_MAX = 4 };

#define KEY "title = t\nabout = a\napplies = now\nrefs = r\n"
static const char catalogue[] = "format = 1\nknown-through = 7.1\n"
				"[net.ipv4.tcp_rmem]\n" KEY "elements = 3\nunit = bytes\nmin = 4096\norder = ascending\n"
				"never-below-default = yes\ndefault = 4096 B, 131072 B, 33554432 B\n"
				"[net.ipv4.tcp_syncookies]\n" KEY "values = 0 1\ndefault = 1\n"
				"[net.ipv4.ip_local_reserved_ports]\n" KEY "type = ranges\n"
				"[net.ipv4.tcp_congestion_control]\n" KEY "type = word\nwords = reno cubic bbr\n"
				"[net.ipv4.conf.*.rp_filter]\n" KEY "values = 0 1 2\ncombine = max\n";
static const char names[] = "format = 1\nnet.netfilter.nf_conntrack_max nf_conntrack\nvm.swappiness\n";
#define RULE "title = t\nbecause = b\nrefs = r\n"
static const char rules[] = "format = 1\n"
			    "[sysctl.malformed]\nfor = line\n" RULE "when = known(line.malformed)\n"
			    "message = {line.key} {line.value} {line.malformed}\n"
			    "[sysctl.unknown]\nfor = line\n" RULE "when = not line.known\nmessage = {line.key} {line.nearest}\n"
			    "[lint.suppression]\nfor = line\n" RULE "when = known(line.suppression_fault)\n"
			    "message = {line.suppression_fault}\n"
			    "[listen.syncookies-off]\nfor = sysctl net.ipv4.tcp_syncookies\n" RULE
			    "when = sysctl.net.ipv4.tcp_syncookies != 1\nmessage = m {key.live}\n";

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void load(struct ruleset *set)
{
	struct diag d = {0};

	set->catalogue.arena = &set->arena;
	check(catalogue_load(&set->catalogue, "c", catalogue, strlen(catalogue), &d) == 0);
	check(catalogue_add_names(&set->catalogue, "n", names, strlen(names), &d) == 0);
	check(ruleset_add_file(set, PASS_THRESHOLDS, "r", rules, strlen(rules), &d) == 0);
	check(ruleset_add_file(set, PASS_RULES, "r", rules, strlen(rules), &d) == 0);
	check(ruleset_seal(set, &d) == 0);
	set->profile = "p";
}

/* Nothing that a terminal acts upon, and JSON that can be read again. */
static void check_output(const struct text *t, bool json)
{
	check(utf8_length(text_get(t), t->len) || !t->len);
	for (size_t i = 0; i < t->len; i++)
		check(t->s[i] == '\n' || (unsigned char)t->s[i] >= ' ');
	if (json) {
		json_t *root = json_loadb(t->s, t->len, JSON_REJECT_DUPLICATES, NULL);

		check(root != NULL);
		json_decref(root);
	}
}

static void check_formats(const struct ruleset *set, struct facts *f)
{
	struct report_part part = {.facts = f};
	struct report report = {.version = "0", .rules = set, .parts = &part, .count = 1, .memory = lint_default_memory};
	struct render_options o = {.width = 80, .verbose = true};

	judge(set, f, 1e9, &part.judgement);
	for (const struct report_format *format = lint_formats; format->name; format++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		format->render(&report, &o, &t);
		check_output(&t, !strcmp(format->name, "json") || !strcmp(format->name, "sarif"));
	}
	judgement_clear(&part.judgement);
}

/* Every line is one of the file, and a suppression is of one of its lines. */
static void check_facts(const struct facts *f)
{
	for (const struct subject *s = f->first[SUBJECT_LINE]; s; s = s->next)
		check(s->file && s->line);
	for (size_t i = 0; i < f->suppression_count; i++)
		check(f->suppressions[i].line && *f->suppressions[i].reason && *f->suppressions[i].rules);
}

static size_t cut(const uint8_t *data, size_t size, struct sysctld_file *files)
{
	static const char *const file_names[FILES_MAX] = {"/etc/sysctl.d/b.conf", "a.conf", "x/c.conf", "/usr/lib/sysctl.d/d.conf"};
	const char *at = (const char *)data, *end = at + size;
	size_t n = 0;

	while (at < end && n < FILES_MAX) {
		const char *next = n + 1 < FILES_MAX ? memchr(at, 0xff, (size_t)(end - at)) : NULL;

		next = next ? next : end;
		files[n] = (struct sysctld_file){file_names[n], at, (size_t)(next - at)};
		n++;
		at = next + 1;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ruleset set;
	static struct root *root;
	struct sysctld_file files[FILES_MAX];
	double memory;
	struct lint_options o = {.rules = &set, .files = files, .ret_memory = &memory};
	struct facts *f;
	struct diag d = {0};

	if (!root) {
		load(&set);
		check(root_open(NULL, &root, &d) == 0);
		root_set_kernel(root, "7.1");
	}
	o.file_count = cut(data, size, files);
	if (!o.file_count || collect_lint(root, &o, &f, &d) < 0)
		return 0;
	check_facts(f);
	check_formats(&set, f);
	facts_free(f);
	return 0;
}
