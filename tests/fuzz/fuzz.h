/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the fuzz targets: a check that ends the run, and hosts made from a seed. */
#pragma once

#include <stdint.h>
#include <string.h>

#include "base/diag.h"
#include "base/hash.h"
#include "catalogue/catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define check(holds) ((holds) ? (void)0 : check_failed(__FILE__, __LINE__, #holds))

static inline _Noreturn void check_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* A refusal says what is wrong, in a file. */
static inline void check_diag(const struct diag *d)
{
	check(*d->file && *d->message);
}

static inline uint64_t hash_bytes(const uint8_t *data, size_t n)
{
	uint64_t h = n;

	for (size_t i = 0; i < n; i++)
		h = hash_two(h, data[i]);
	return h;
}

/* What a unit of each dimension is worth when bytes and seconds are measured with other rulers. */
struct rulers {
	double byte, second;
};

static inline double ruler(const struct rulers *r, enum dim dim)
{
	switch (dim) {
	case DIM_BYTES:
		return r->byte;
	case DIM_SECONDS:
		return r->second;
	case DIM_RATE:
		return r->byte / r->second;
	case DIM_PER_SECOND:
		return 1 / r->second;
	default:
		return 1;
	}
}

static inline struct value random_value(enum dim dim, bool counter, uint64_t h,
					const struct rulers *r)
{
	static const char *const words[] = {"",		"eth0",	      "bbr", "cubic",
					    "bbr2 bbr", "reno cubic", "fq"};
	static const double numbers[] = {0,	1,   2,	     3,	  10,	100, 4096,
					 65536, 1e6, 1.25e8, 0.5, 0.04, 1e-3};
	struct value v = {.state = VALUE_KNOWN,
			  .num = numbers[h % ARRAY_SIZE(numbers)] * ruler(r, dim)};

	if (dim == DIM_TEXT || dim == DIM_LIST)
		return value_text(words[h % ARRAY_SIZE(words)]);
	if (dim == DIM_BOOL)
		return value_number(h % 2);
	if (counter && h % 3) {
		v.has_delta = true;
		v.delta = (double)(h % 7);
	}
	return v;
}

/* One in `hidden` is not known, for one of the reasons there are; 0: all are known. */
static inline bool is_hidden(uint64_t h, unsigned hidden)
{
	return hidden && hash_u64(h) % hidden == 0;
}

static inline void fill_subject(struct subject *s, uint64_t seed, unsigned hidden,
				const struct rulers *r)
{
	const struct subject_def *def = &subject_defs[s->type];

	for (size_t i = 0; i < def->fact_count; i++) {
		uint64_t h = hash_two(seed, s->type * 1000 + i);

		s->values[i] =
			is_hidden(h, hidden)
				? value_missing((enum value_state)(2 + h % 4), NULL)
				: random_value(def->facts[i].dim, def->facts[i].counter, h, r);
	}
}

static inline void fill_sysctl(struct sysctl_state *s, const struct sysctl_def *def, uint64_t seed,
			       unsigned hidden, const struct rulers *r)
{
	*s = (struct sysctl_state){.def = def,
				   .key = def->key,
				   .state = is_hidden(seed, hidden) ? VALUE_DENIED : VALUE_KNOWN};
	for (unsigned i = 0; i < def->elements; i++) {
		uint64_t h = hash_two(seed, i);

		s->elements[i] = random_value(def->dim, false, h, r);
		if (!is_hidden(~h, hidden))
			s->defaults[i] = random_value(def->dim, false, ~h, r);
	}
}

/* One subject of each type, the first path leaving by the first interface. */
static inline struct facts *random_facts(const struct catalogue *c, uint64_t seed, unsigned hidden,
					 const struct rulers *r)
{
	struct facts *f = facts_new();

	for (enum subject_type t = 0; t < SUBJECT_TYPES; t++) {
		if (t != SUBJECT_HOST)
			facts_add(f, t, "one");
		fill_subject(f->first[t], seed, hidden, r);
	}
	f->first[SUBJECT_PATH]->interface = f->first[SUBJECT_INTERFACE];
	f->sysctls = arena_array(&f->arena, struct sysctl_state, c->count);
	f->sysctl_count = c->count;
	for (size_t i = 0; i < c->count; i++)
		fill_sysctl(&f->sysctls[i], &c->defs[i], hash_two(seed, 100000 + i), hidden, r);
	f->window = (double)(seed % 3) * r->second;
	return f;
}

/* A value that any consumer may rely on. */
static inline void check_value(const struct expr *e, const struct value *v)
{
	enum dim dim = expr_dim(e);

	check(v->state <= VALUE_GARBLED && *value_reason(v));
	if (v->state != VALUE_KNOWN)
		return;
	if (dim == DIM_BOOL)
		check(v->num == 0 || v->num == 1);
	if (dim == DIM_TEXT || dim == DIM_LIST)
		check(v->text != NULL);
}
