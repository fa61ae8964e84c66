/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Constraints on sysctls, and messages: the two small grammars around expressions. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include "rules/rule.h"

static const struct {
	const char *text;
	enum constraint_op op;
} ops[] = {
	{">=", CONSTRAINT_AT_LEAST},
	{"<=", CONSTRAINT_AT_MOST},
	{"one of ", CONSTRAINT_ONE_OF},
	{"=", CONSTRAINT_EQUAL},
};

const char *constraint_op_text(enum constraint_op op)
{
	static const char *const texts[] = {
		[CONSTRAINT_AT_LEAST] = ">=",
		[CONSTRAINT_AT_MOST] = "<=",
		[CONSTRAINT_EQUAL] = "=",
		[CONSTRAINT_ONE_OF] = "one of",
	};

	return texts[op];
}

/* "net.ipv4.tcp_rmem[2]" */
static int parse_key(const struct expr_scope *scope, const char *key, struct constraint *c, struct diag *d)
{
	const char *bracket = strchr(key, '[');
	char name[EXPR_NAME_MAX];
	char *end;
	long element = 0;

	snprintf(name, sizeof(name), "%.*s", bracket ? (int)(bracket - key) : (int)strlen(key), key);
	c->def = catalogue_find(scope->catalogue, name);
	if (!c->def)
		return diag_set(d, scope->file, scope->line, "'%s' is not in the catalogue of sysctls", name);
	if (bracket) {
		element = strtol(bracket + 1, &end, 10);
		if (end == bracket + 1 || strcmp(end, "]"))
			return diag_set(d, scope->file, scope->line, "'%s': an element is written [0]", key);
	}
	if (element < 0 || element >= (long)c->def->elements || (!bracket && c->def->elements > 1))
		return diag_set(d, scope->file, scope->line, "'%s' has %u elements: name one as [0] to [%u]", name,
				c->def->elements, c->def->elements - 1);
	c->element = (int)element;
	c->key = sysctl_is_template(c->def) ? arena_strdup(scope->arena, name) : c->def->key;
	if (!sysctl_is_template(c->def))
		return 0;
	if (!strcmp(c->key, c->def->key) && !scope->subjects[SUBJECT_INTERFACE])
		return diag_set(d, scope->file, scope->line, "'%s': name an interface, all or default in place of the '*'", name);
	if (!expr_use_template(scope, (size_t)(c->def - scope->catalogue->defs)))
		return diag_set(d, scope->file, scope->line, "more than %d keys of interfaces", TEMPLATES_MAX);
	return 0;
}

static bool is_whole_number(const char *s)
{
	s += *s == '-';
	return *s && strspn(s, "0123456789") == strlen(s);
}

static int parse_choices(const struct expr_scope *scope, char *s, struct constraint *c, struct diag *d)
{
	const char **words = arena_array(scope->arena, const char *, 16);
	char *state = NULL;

	for (char *w = strtok_r(s, " ", &state); w; w = strtok_r(NULL, " ", &state)) {
		if (c->choice_count == 16)
			return diag_set(d, scope->file, scope->line, "more than 16 choices");
		words[c->choice_count++] = w;
	}
	c->choices = words;
	if (!c->choice_count)
		return diag_set(d, scope->file, scope->line, "'one of' needs words");
	for (unsigned i = 0; i < c->choice_count && dim_is_number(c->def->dim); i++)
		if (!is_whole_number(words[i]))
			return diag_set(d, scope->file, scope->line, "'%s' is a number: '%s' is none", c->def->key, words[i]);
	return 0;
}

static bool cut_suffix(char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	if (n < m || strcmp(s + n - m, suffix))
		return false;
	s[n - m] = 0;
	return true;
}

int constraint_parse(const struct expr_scope *scope, const char *key, const char *s, struct constraint *ret,
		     struct diag *d)
{
	struct constraint c = {.file = scope->file, .line = scope->line};
	char *rest = arena_strdup(scope->arena, s);
	size_t i;

	if (parse_key(scope, key, &c, d) < 0)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strncmp(rest, ops[i].text, strlen(ops[i].text)))
			break;
	if (i == ARRAY_SIZE(ops))
		return diag_set(d, scope->file, scope->line,
				"'%.80s': a constraint begins with >=, <=, = or 'one of'", s);
	rest += strlen(ops[i].text);
	c.op = ops[i].op;
	c.within_memory = cut_suffix(rest, " within memory");
	if (c.within_memory && (c.def->dim != DIM_BYTES || c.op == CONSTRAINT_AT_MOST))
		return diag_set(d, scope->file, scope->line, "'within memory' bounds bytes from above; '%s' has none to bound",
				c.def->key);
	if (c.op == CONSTRAINT_ONE_OF) {
		if (parse_choices(scope, rest, &c, d) < 0)
			return -EINVAL;
	} else {
		bool number = dim_is_number(c.def->dim);

		if (!number && c.op != CONSTRAINT_EQUAL)
			return diag_set(d, scope->file, scope->line, "'%s' has no order: use = or 'one of'", c.def->key);
		if (expr_parse_as(scope, rest, number ? c.def->dim : DIM_TEXT, &c.value, d) < 0)
			return -EINVAL;
	}
	*ret = c;
	return 0;
}

int constraint_parse_line(const struct expr_scope *scope, const char *s, struct constraint *ret, struct diag *d)
{
	size_t n = strcspn(s, " ");
	char key[EXPR_NAME_MAX];

	if (n >= sizeof(key) || !s[n])
		return diag_set(d, scope->file, scope->line, "'%.80s': KEY >= VALUE expected", s);
	memcpy(key, s, n);
	key[n] = 0;
	return constraint_parse(scope, key, s + n + strspn(s + n, " "), ret, d);
}

int message_parse(const struct expr_scope *scope, const char *s, struct message *ret, struct diag *d)
{
	struct message m = {0};
	unsigned size = 2;

	for (const char *p = s; *p; p++)
		size += 2 * (*p == '{');
	m.parts = arena_array(scope->arena, struct message_part, size);
	while (*s) {
		const char *open = strchr(s, '{'), *close;
		struct message_part *part = &m.parts[m.count];

		if (open != s) {
			size_t n = open ? (size_t)(open - s) : strlen(s);

			part->literal = arena_strndup(scope->arena, s, n);
			m.count++;
			s += n;
			continue;
		}
		close = strchr(s, '}');
		if (!close)
			return diag_set(d, scope->file, scope->line, "'{' without '}' in a message");
		part->source = arena_strndup(scope->arena, s + 1, (size_t)(close - s - 1));
		if (expr_parse(scope, part->source, &part->expr, d) < 0)
			return -EINVAL;
		m.count++;
		s = close + 1;
	}
	*ret = m;
	return 0;
}
