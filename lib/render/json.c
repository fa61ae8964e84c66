/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/json.h"

#include <math.h>

enum { STRING_MAX = 4096 };

json_t *json_untrusted(const char *s)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	if (!s)
		return json_null();
	text_add_escaped(&t, s, STRING_MAX);
	return json_string(text_get(&t));
}

json_t *json_number(double v)
{
	/* JSON has neither infinity nor NaN. */
	if (!isfinite(v))
		return json_null();
	if (v == floor(v) && fabs(v) < 9007199254740992.0)
		return json_integer((json_int_t)v);
	return json_real(v);
}

json_t *json_value(const struct value *v)
{
	if (v->state != VALUE_KNOWN)
		return json_null();
	return v->text ? json_untrusted(v->text) : json_number(v->num);
}

static int add_chunk(const char *bytes, size_t n, void *text)
{
	text_addn(text, bytes, n);
	return 0;
}

void json_add(json_t *root, size_t flags, struct text *ret)
{
	json_dump_callback(root, add_chunk, ret, flags);
	json_decref(root);
}

void json_finish(json_t *root, struct text *ret)
{
	json_add(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9), ret);
	text_add(ret, "\n");
}
