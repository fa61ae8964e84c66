/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Varlink: a message ends where its NUL is, however it comes; what is understood says the same when it is said again. */
#include <errno.h>

#include "fuzz.h"

#include "varlink/message.h"

static void check_frame(const char *s, size_t n, size_t max)
{
	ssize_t r = varlink_frame(s, n, max);

	if (r > 0) {
		check((size_t)r <= n && (size_t)r <= max + 1 && !s[r - 1]);
		check(!memchr(s, 0, (size_t)r - 1));
	} else if (r == 0) {
		check(n <= max && (!n || !memchr(s, 0, n)));
	} else {
		check(r == -EMSGSIZE && n > max && !memchr(s, 0, max + 1));
	}
	/* By more bytes an answer only comes to be known. */
	for (size_t k = 0; k < n; k += 1 + n / 16) {
		ssize_t part = varlink_frame(s, k, max);

		check(part == 0 || part == r);
	}
}

static unsigned depth(const json_t *v)
{
	const char *key;
	unsigned most = 0;
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)v, i, item)
		most = max_of(most, depth(item));
	json_object_foreach((json_t *)v, key, item)
		most = max_of(most, depth(item));
	return most + (json_is_array(v) || json_is_object(v));
}

static void check_request(const char *s, size_t n)
{
	struct varlink_request r, again;
	_cleanup_text_ struct text t = TEXT_NULL;
	json_t *o;

	if (varlink_parse_request(s, n, &r) < 0)
		return;
	check(*r.method && json_is_object(r.parameters) && depth(r.parameters) < VARLINK_DEPTH_MAX);
	check(r.more + r.oneway + r.upgrade <= 1);
	o = json_pack("{s:s, s:O, s:b, s:b, s:b}", "method", r.method, "parameters", r.parameters, "more", r.more, "oneway",
		      r.oneway, "upgrade", r.upgrade);
	varlink_dump(o, &t);
	json_decref(o);
	check(varlink_frame(t.s, t.len, t.len) == (ssize_t)t.len);
	check(varlink_parse_request(t.s, t.len - 1, &again) == 0);
	check(!strcmp(again.method, r.method) && again.more == r.more && again.oneway == r.oneway &&
	      again.upgrade == r.upgrade);
	json_decref(again.parameters);
	json_decref(r.parameters);
}

static void check_reply(const char *s, size_t n)
{
	struct varlink_answer a;

	if (varlink_parse_reply(s, n, &a) < 0)
		return;
	check(json_is_object(a.parameters) && depth(a.parameters) < VARLINK_DEPTH_MAX);
	check(!a.error || !a.continues);
	json_decref(a.parameters);
	free(a.error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;

	if (!size)
		return 0;
	check_frame(s + 1, size - 1, data[0]);
	check_frame(s + 1, size - 1, VARLINK_MESSAGE_MAX);
	check_request(s + 1, size - 1);
	check_reply(s + 1, size - 1);
	return 0;
}
