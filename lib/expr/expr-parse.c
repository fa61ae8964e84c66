/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "expr/expr-private.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include "catalogue/conf.h"
#include "rules/threshold.h"

struct parser {
	const struct expr_scope *scope;
	const char *whole, *at;
	struct diag *diag;
	unsigned nodes, depth;
};

static const struct expr *parse_or(struct parser *p);

static const struct expr *fail(struct parser *p, const char *fmt, ...) _printf_(2, 3);

static const struct expr *fail(struct parser *p, const char *fmt, ...)
{
	char message[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	diag_set(p->diag, p->scope->file, p->scope->line, "%s, at column %zu of '%.120s'", message,
		 (size_t)(p->at - p->whole) + 1, p->whole);
	return NULL;
}

static void skip_blanks(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

static struct expr *node(struct parser *p, enum expr_op op, enum dim dim)
{
	struct expr *e;

	if (++p->nodes > EXPR_NODES_MAX) {
		fail(p, "expression too long");
		return NULL;
	}
	e = arena_new(p->scope->arena, struct expr);
	e->op = op;
	e->dim = dim;
	return e;
}

static const struct expr *binary(struct parser *p, enum expr_op op, enum dim dim, const struct expr *a,
				 const struct expr *b)
{
	struct expr *e = node(p, op, dim);

	if (e) {
		e->arg[0] = a;
		e->arg[1] = b;
	}
	return e;
}

static bool is_name_char(const char *s)
{
	if (isalnum((unsigned char)*s) || *s == '_' || *s == '.')
		return true;
	return *s == '-' && isalnum((unsigned char)s[1]);
}

static size_t name_length(const char *s)
{
	size_t n = 0;

	if (isalpha((unsigned char)*s) || *s == '_')
		while (is_name_char(s + n))
			n++;
	return n;
}

/* "and", "or" and "not" are words: they end where a name would end. */
static bool take_word(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	skip_blanks(p);
	if (name_length(p->at) != n || strncmp(p->at, word, n))
		return false;
	p->at += n;
	return true;
}

static bool take_sign(struct parser *p, const char *sign)
{
	skip_blanks(p);
	if (strncmp(p->at, sign, strlen(sign)))
		return false;
	p->at += strlen(sign);
	return true;
}

static int parse_element(struct parser *p, const struct sysctl_def *def)
{
	char *end;
	long i;

	if (*p->at != '[')
		return def->elements > 1 ? -1 : 0;
	i = strtol(p->at + 1, &end, 10);
	if (end == p->at + 1 || *end != ']' || i < 0 || i >= (long)def->elements)
		return -1;
	p->at = end + 1;
	return (int)i;
}

static const struct expr *sysctl_ref(struct parser *p, const char *key)
{
	const struct sysctl_def *def = p->scope->catalogue ? catalogue_find(p->scope->catalogue, key) : NULL;
	struct expr *e;
	int element;

	if (!def)
		return fail(p, "'%s' is not in the catalogue of sysctls", key);
	element = parse_element(p, def);
	if (element < 0)
		return fail(p, "'%s' has %u elements: name one as [0] to [%u]", key, def->elements,
			    def->elements - 1);
	e = node(p, OP_SYSCTL, def->dim);
	if (e) {
		e->index = (int)(def - p->scope->catalogue->defs);
		e->element = element;
	}
	return e;
}

bool expr_use_template(const struct expr_scope *scope, size_t row)
{
	struct template_set *t = scope->templates;

	for (unsigned i = 0; t && i < t->count; i++)
		if (t->rows[i] == row)
			return true;
	if (t && t->count == TEMPLATES_MAX)
		return false;
	if (t)
		t->rows[t->count++] = row;
	return true;
}

/* "ipv4.rp_filter" is what is in force on the subject's interface; ".own", ".all" and ".default" are what makes it up. */
static const struct expr *conf_ref(struct parser *p, const char *name)
{
	static const char *const parts[] = {[CONF_OWN] = ".own", [CONF_ALL] = ".all", [CONF_DEFAULT] = ".default"};
	size_t family = strcspn(name, "."), n = family + (name[family] == '.'), key = strcspn(name + n, ".");
	enum conf_part part = CONF_EFFECTIVE;
	const struct sysctl_def *def = NULL;
	struct expr *e;

	for (size_t i = CONF_OWN; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(name + n + key, parts[i]))
			part = (enum conf_part)i;
	if (p->scope->catalogue && key && (!name[n + key] || part))
		def = catalogue_find(p->scope->catalogue, arena_printf(p->scope->arena, "net.%.*s.conf.*.%.*s", (int)family,
								       name, (int)key, name + n));
	if (!def)
		return fail(p, "'conf.%s' is no key of interfaces in the catalogue, nor its .own, .all or .default", name);
	if (!p->scope->subjects[SUBJECT_INTERFACE])
		return fail(p, "'conf.%s' is of an interface, which this expression does not judge", name);
	if (!expr_use_template(p->scope, (size_t)(def - p->scope->catalogue->defs)))
		return fail(p, "more than %d keys of interfaces", TEMPLATES_MAX);
	e = node(p, OP_CONF, def->dim);
	if (e) {
		e->index = (int)(def - p->scope->catalogue->defs);
		e->element = part;
		e->text = arena_printf(p->scope->arena, "conf.%s", name);
	}
	return e;
}

static const struct expr *threshold_ref(struct parser *p, const char *name)
{
	int i = p->scope->thresholds ? threshold_find(p->scope->thresholds, name) : -1;
	struct expr *e;

	if (i < 0)
		return fail(p, "no threshold is named '%s'", name);
	e = node(p, OP_THRESHOLD, p->scope->thresholds->rows[i].dim);
	if (e)
		e->index = i;
	return e;
}

static const struct expr *fact_ref(struct parser *p, const char *name)
{
	for (enum subject_type t = 0; t < SUBJECT_TYPES; t++) {
		int i = fact_find(t, name);
		struct expr *e;

		if (i < 0)
			continue;
		if (!p->scope->subjects[t])
			return fail(p, "'%s' is a fact of a %s, which this expression does not judge", name,
				    subject_defs[t].name);
		e = node(p, OP_FACT, subject_defs[t].facts[i].dim);
		if (e) {
			e->subject = t;
			e->index = i;
		}
		return e;
	}
	return fail(p, "no fact is named '%s'", name);
}

/* The functions, by name: how many arguments, and what becomes of their dimensions. */
enum signature {
	SAME_NUMBERS,
	CONDITION,
	WORD_IN_LIST,
	ANY_TO_TRUTH,
	COUNTER,
	COUNTER_RATE,
	DEFAULT_OF,
	BYTES,
	PLAIN,
	TWO_PLAIN,
	VERSION_TEXT,
};

static const struct function {
	const char *name;
	enum expr_op op;
	unsigned args;
	enum signature signature;
} functions[] = {
	{"min", OP_MIN, 2, SAME_NUMBERS},	 {"max", OP_MAX, 2, SAME_NUMBERS},
	{"roundup", OP_ROUNDUP, 2, SAME_NUMBERS}, {"if", OP_IF, 3, CONDITION},
	{"has", OP_HAS, 2, WORD_IN_LIST},	 {"known", OP_KNOWN, 1, ANY_TO_TRUTH},
	{"delta", OP_DELTA, 1, COUNTER},	 {"rate", OP_RATE, 1, COUNTER_RATE},
	{"default", OP_DEFAULT, 1, DEFAULT_OF},	 {"window", OP_WINDOW, 1, BYTES},
	{"sqrt", OP_SQRT, 1, PLAIN},		 {"bitand", OP_BITAND, 2, TWO_PLAIN},
	{"kernel", OP_KERNEL, 1, VERSION_TEXT},
	{"absent", OP_ABSENT, 1, ANY_TO_TRUTH},
};

static bool is_counter(const struct expr *e)
{
	return e->op == OP_FACT && subject_defs[e->subject].facts[e->index].counter;
}

static bool is_plain(const struct expr *e)
{
	return e->dim == DIM_PURE || e->dim == DIM_RATIO || e->dim == DIM_COUNT;
}

/* Dimension of a call, or false with the reason. */
static bool call_dim(const struct function *f, const struct expr *const *a, enum dim *ret, const char **why)
{
	struct kernel_version version;

	switch (f->signature) {
	case SAME_NUMBERS:
		*why = "both arguments must be numbers of one dimension";
		return dim_is_number(a[0]->dim) && dim_unify(a[0]->dim, a[1]->dim, ret);
	case CONDITION:
		*why = "it takes a condition and two values of one dimension";
		return a[0]->dim == DIM_BOOL && dim_unify(a[1]->dim, a[2]->dim, ret);
	case WORD_IN_LIST:
		*why = "it takes a list and a text";
		*ret = DIM_BOOL;
		return a[0]->dim == DIM_LIST && a[1]->dim == DIM_TEXT;
	case ANY_TO_TRUTH:
		*ret = DIM_BOOL;
		return true;
	case COUNTER:
	case COUNTER_RATE:
		*why = "it takes the name of a counter";
		*ret = f->signature == COUNTER ? a[0]->dim : a[0]->dim == DIM_BYTES ? DIM_RATE : DIM_PER_SECOND;
		return is_counter(a[0]);
	case DEFAULT_OF:
		*why = "it takes the name of a sysctl";
		*ret = a[0]->dim;
		return a[0]->op == OP_SYSCTL;
	case BYTES:
		*why = "it takes bytes";
		*ret = DIM_BYTES;
		return a[0]->dim == DIM_BYTES;
	case PLAIN:
		*why = "it takes a plain number or a ratio";
		*ret = DIM_PURE;
		return is_plain(a[0]);
	case TWO_PLAIN:
		*why = "it takes two plain numbers";
		*ret = DIM_PURE;
		return is_plain(a[0]) && is_plain(a[1]);
	case VERSION_TEXT:
		*why = "it takes a version such as \"6.6\"";
		*ret = DIM_BOOL;
		return a[0]->op == OP_LITERAL && a[0]->text && kernel_version_parse(a[0]->text, &version) == 0;
	}
	return false;
}

static const struct expr *call(struct parser *p, const char *name)
{
	const struct function *f = NULL;
	const struct expr *args[3] = {NULL};
	const char *why = "";
	struct expr *e;
	enum dim dim;

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (!strcmp(functions[i].name, name))
			f = &functions[i];
	if (!f)
		return fail(p, "no function is named '%s'", name);
	for (unsigned i = 0; i < f->args; i++) {
		if (i && !take_sign(p, ","))
			return fail(p, "%s() takes %u arguments", name, f->args);
		args[i] = parse_or(p);
		if (!args[i])
			return NULL;
	}
	if (!take_sign(p, ")"))
		return fail(p, "')' expected: %s() takes %u argument%s", name, f->args, f->args > 1 ? "s" : "");
	if (!call_dim(f, args, &dim, &why))
		return fail(p, "%s(): %s", name, why);
	e = node(p, f->op, dim);
	if (e)
		memcpy(e->arg, args, sizeof(args));
	return e;
}

static const struct expr *parse_name(struct parser *p)
{
	size_t n = name_length(p->at);
	char name[EXPR_NAME_MAX];
	struct expr *e;

	if (n >= sizeof(name))
		return fail(p, "name too long");
	memcpy(name, p->at, n);
	name[n] = 0;
	p->at += n;
	if (!strcmp(name, "yes") || !strcmp(name, "no")) {
		e = node(p, OP_LITERAL, DIM_BOOL);
		if (e)
			e->num = name[0] == 'y';
		return e;
	}
	if (take_sign(p, "("))
		return call(p, name);
	if (!strncmp(name, "sysctl.", 7))
		return sysctl_ref(p, name + 7);
	if (!strncmp(name, "conf.", 5))
		return conf_ref(p, name + 5);
	if (!strncmp(name, "threshold.", 10))
		return threshold_ref(p, name + 10);
	return fact_ref(p, name);
}

static const struct expr *parse_text(struct parser *p)
{
	const char *end = strchr(p->at + 1, '"');
	struct expr *e;

	if (!end)
		return fail(p, "closing '\"' expected");
	e = node(p, OP_LITERAL, DIM_TEXT);
	if (e)
		e->text = arena_strndup(p->scope->arena, p->at + 1, (size_t)(end - p->at - 1));
	p->at = end + 1;
	return e;
}

static bool is_word(const char *s)
{
	size_t n = name_length(s);

	return (n == 3 && !strncmp(s, "and", 3)) || (n == 2 && !strncmp(s, "or", 2));
}

static const struct expr *unknown_unit(struct parser *p)
{
	return fail(p, "no number with a known unit (B kB MB GB KiB MiB GiB, ns us ms s min h d, bit/s kbit/s Mbit/s Gbit/s, "
		       "B/s kB/s MB/s GB/s, /s, %%)");
}

static const struct expr *parse_quantity(struct parser *p)
{
	const char *rest;
	struct expr *e;
	enum dim dim;
	double v;

	if (quantity_scan(p->at, &rest, &v, &dim) < 0)
		return unknown_unit(p);
	p->at = rest;
	skip_blanks(p);
	if (dim == DIM_PURE && name_length(p->at) && !is_word(p->at))
		return unknown_unit(p);
	e = node(p, OP_LITERAL, dim);
	if (e)
		e->num = v;
	return e;
}

static const struct expr *parse_factor(struct parser *p)
{
	const struct expr *inner;
	struct expr *e = NULL;

	if (++p->depth > EXPR_DEPTH_MAX)
		return fail(p, "expression nested too deeply");
	skip_blanks(p);
	if (take_sign(p, "(")) {
		inner = parse_or(p);
		p->depth--;
		if (inner && !take_sign(p, ")"))
			return fail(p, "')' expected");
		return inner;
	}
	if (take_sign(p, "-")) {
		inner = parse_factor(p);
		p->depth--;
		if (inner && !dim_is_number(inner->dim))
			return fail(p, "minus needs a number");
		e = inner ? node(p, OP_NEGATE, inner->dim) : NULL;
		if (e)
			e->arg[0] = inner;
		return e;
	}
	p->depth--;
	if (*p->at == '"')
		return parse_text(p);
	if (isdigit((unsigned char)*p->at))
		return parse_quantity(p);
	if (name_length(p->at))
		return parse_name(p);
	return fail(p, *p->at ? "a value expected" : "a value expected, and the expression ends");
}

static const struct expr *parse_term(struct parser *p)
{
	const struct expr *a = parse_factor(p), *b;
	enum dim dim;

	while (a) {
		bool times = take_sign(p, "*");

		if (!times && !take_sign(p, "/"))
			return a;
		b = parse_factor(p);
		if (!b)
			return NULL;
		if (!(times ? dim_multiply : dim_divide)(a->dim, b->dim, &dim))
			return fail(p, "%s %s %s has no meaning", dim_name(a->dim), times ? "×" : "/", dim_name(b->dim));
		a = binary(p, times ? OP_MULTIPLY : OP_DIVIDE, dim, a, b);
	}
	return NULL;
}

static const struct expr *parse_sum(struct parser *p)
{
	const struct expr *a = parse_term(p), *b;
	enum dim dim;

	while (a) {
		bool plus = take_sign(p, "+");

		if (!plus && !take_sign(p, "-"))
			return a;
		b = parse_term(p);
		if (!b)
			return NULL;
		if (!dim_is_number(a->dim) || !dim_unify(a->dim, b->dim, &dim))
			return fail(p, "%s and %s cannot be added", dim_name(a->dim), dim_name(b->dim));
		a = binary(p, plus ? OP_ADD : OP_SUBTRACT, dim, a, b);
	}
	return NULL;
}

/* A list compared with text is meant as a whole: above all, is it empty? */
static bool is_whole_list(enum dim a, enum dim b, enum dim *ret)
{
	*ret = DIM_TEXT;
	return a == DIM_LIST && b == DIM_TEXT;
}

static const struct expr *parse_comparison(struct parser *p)
{
	static const struct {
		const char *sign;
		enum expr_op op;
	} signs[] = {{"<=", OP_LESS_EQUAL}, {">=", OP_GREATER_EQUAL}, {"!=", OP_UNEQUAL},
		     {"<", OP_LESS},	    {">", OP_GREATER},	      {"=", OP_EQUAL}};
	const struct expr *a = parse_sum(p), *b;
	enum dim dim;

	for (size_t i = 0; a && i < ARRAY_SIZE(signs); i++) {
		if (!take_sign(p, signs[i].sign))
			continue;
		b = parse_sum(p);
		if (!b)
			return NULL;
		if (!is_whole_list(a->dim, b->dim, &dim) && !dim_unify(a->dim, b->dim, &dim))
			return fail(p, "%s and %s cannot be compared", dim_name(a->dim), dim_name(b->dim));
		if (!dim_is_number(dim) && signs[i].op != OP_EQUAL && signs[i].op != OP_UNEQUAL)
			return fail(p, "%s has no order", dim_name(dim));
		return binary(p, signs[i].op, DIM_BOOL, a, b);
	}
	return a;
}

static const struct expr *parse_not(struct parser *p)
{
	const struct expr *inner;
	struct expr *e;

	if (!take_word(p, "not"))
		return parse_comparison(p);
	if (++p->depth > EXPR_DEPTH_MAX)
		return fail(p, "expression nested too deeply");
	inner = parse_not(p);
	p->depth--;
	if (!inner)
		return NULL;
	if (inner->dim != DIM_BOOL)
		return fail(p, "'not' needs a condition");
	e = node(p, OP_NOT, DIM_BOOL);
	if (e)
		e->arg[0] = inner;
	return e;
}

static const struct expr *parse_chain(struct parser *p, const char *word, enum expr_op op,
				      const struct expr *(*next)(struct parser *))
{
	const struct expr *a = next(p), *b;

	while (a && take_word(p, word)) {
		b = next(p);
		if (!b)
			return NULL;
		if (a->dim != DIM_BOOL || b->dim != DIM_BOOL)
			return fail(p, "'%s' joins conditions", word);
		a = binary(p, op, DIM_BOOL, a, b);
	}
	return a;
}

static const struct expr *parse_and(struct parser *p)
{
	return parse_chain(p, "and", OP_AND, parse_not);
}

static const struct expr *parse_or(struct parser *p)
{
	const struct expr *e;

	if (++p->depth > EXPR_DEPTH_MAX)
		return fail(p, "expression nested too deeply");
	e = parse_chain(p, "or", OP_OR, parse_and);
	p->depth--;
	return e;
}

int expr_parse(const struct expr_scope *scope, const char *s, const struct expr **ret, struct diag *d)
{
	struct parser p = {.scope = scope, .whole = s, .at = s, .diag = d};
	const struct expr *e = parse_or(&p);

	if (!e)
		return -EINVAL;
	skip_blanks(&p);
	if (*p.at) {
		fail(&p, "nothing more expected");
		return -EINVAL;
	}
	*ret = e;
	return 0;
}

int expr_parse_as(const struct expr_scope *scope, const char *s, enum dim dim, const struct expr **ret,
		  struct diag *d)
{
	const struct expr *e;
	enum dim unified;
	int r = expr_parse(scope, s, &e, d);

	if (r < 0)
		return r;
	if (!dim_unify(e->dim, dim, &unified))
		return diag_set(d, scope->file, scope->line, "'%.120s' is a %s, and a %s is needed", s,
				dim_name(e->dim), dim_name(dim));
	*ret = e;
	return 0;
}

enum dim expr_dim(const struct expr *e)
{
	return e->dim;
}
