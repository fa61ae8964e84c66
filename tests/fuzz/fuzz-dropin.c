/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The persister's own file: what is understood is written again as it was; and each transaction can be withdrawn. */
#include "fuzz.h"

#include <errno.h>

#include "apply/dropin.h"

static void same_again(const struct dropin *d)
{
	static struct dropin again;
	_cleanup_text_ struct text t = TEXT_NULL;
	unsigned line;

	dropin_format(d, &t);
	check(dropin_parse(text_get(&t), t.len, &again, &line) == 0 && again.count == d->count);
	for (unsigned i = 0; i < d->count; i++) {
		const struct dropin_entry *a = &d->entries[i], *b = &again.entries[i];

		check(!strcmp(a->id, b->id) && !strcmp(a->key, b->key) && !strcmp(a->value, b->value) && !strcmp(a->old, b->old));
		check(!strcmp(a->why, b->why) && !strcmp(a->date, b->date) && a->superseded == b->superseded);
	}
}

/* One line of each key is in force, the last. */
static void is_settled(const struct dropin *d)
{
	for (unsigned i = 0; i < d->count; i++)
		for (unsigned k = i + 1; k < d->count; k++)
			check(strcmp(d->entries[i].key, d->entries[k].key) || d->entries[i].superseded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dropin d;
	struct dropin_entry e = {.key = "net.ipv4.tcp_fin_timeout", .value = "30", .old = "60", .why = "x"};
	unsigned line = 0;

	d.count = 0;
	if (dropin_parse((const char *)data, size, &d, &line) < 0) {
		check(d.count == 0);
		return 0;
	}
	same_again(&d);
	memset(e.id, 'f', PAPER_ID - 1);
	memcpy(e.date, "2026-11-20T22:13:05Z", DROPIN_DATE);
	if (dropin_add(&d, &e) == 0) {
		is_settled(&d);
		same_again(&d);
		check(dropin_withdraw(&d, e.id) >= 1);
	}
	while (d.count) {
		is_settled(&d);
		check(dropin_withdraw(&d, d.entries[d.count / 2].id) >= 1);
		same_again(&d);
	}
	return 0;
}
