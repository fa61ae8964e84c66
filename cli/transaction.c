/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/transaction.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

int transaction_show(const struct options *o, const char *id, struct paper *ret)
{
	return applier_ask(o, VERB_SHOW, id ? id : "", ret);
}

int transaction_list(const struct options *o, char (**ret)[PAPER_ID], size_t *ret_count)
{
	_cleanup_free_ struct paper *p = calloc(1, sizeof(*p));
	char (*list)[PAPER_ID] = calloc(PAPER_LISTED + 1, PAPER_ID);
	size_t n = 0;
	int r;

	if (!p || !list)
		abort();
	p->verb = VERB_LIST;
	r = applier_call(o, p, -1, p);
	if (!r)
		r = applier_refused(p);
	if (r) {
		free(list);
		return r;
	}
	/* The open one stands by itself. */
	if (*p->id)
		strcpy(list[n++], p->id);
	for (unsigned i = 0; i < p->listed_count; i++)
		if (strcmp(p->listed[i], p->id))
			strcpy(list[n++], p->listed[i]);
	*ret = list;
	*ret_count = n;
	return 0;
}

/* Lower case; false: no beginning of an id. */
static bool take_digits(const char *given, char ret[PAPER_ID])
{
	size_t n = strlen(given);

	if (n < SHORT_ID || n >= PAPER_ID || strspn(given, "0123456789abcdefABCDEF") != n)
		return false;
	for (size_t i = 0; i <= n; i++)
		ret[i] = (char)tolower((unsigned char)given[i]);
	return true;
}

int transaction_find(const struct options *o, const char *given, char ret[PAPER_ID])
{
	_cleanup_free_ char (*list)[PAPER_ID] = NULL;
	char digits[PAPER_ID];
	const char *found = NULL;
	size_t count;
	int r;

	if (!take_digits(given, digits)) {
		complain("'%s' is no id: 32 hexadecimal digits, or the first %d or more of them", given, SHORT_ID);
		return EXIT_USAGE;
	}
	if (paper_is_id(digits)) {
		strcpy(ret, digits);
		return 0;
	}
	r = transaction_list(o, &list, &count);
	if (r)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (strncmp(list[i], digits, strlen(digits)))
			continue;
		if (found) {
			complain("%s and %s both begin with %s: give more digits", found, list[i], digits);
			return EXIT_COULD_NOT_CHECK;
		}
		found = list[i];
	}
	if (!found) {
		complain("no transaction's id begins with %s (`tcpadvisor history` lists them)", digits);
		return EXIT_COULD_NOT_CHECK;
	}
	strcpy(ret, found);
	return 0;
}

bool transaction_is_open(const struct paper *p)
{
	return p->error == PAPER_DONE && p->state == STATE_OPEN && *p->id;
}

double transaction_left(const struct paper *p)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (double)p->deadline / 1000 - ((double)now.tv_sec + (double)now.tv_nsec / 1e9);
}
