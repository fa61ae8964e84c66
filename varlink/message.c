/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages: where one ends, and what a call or a reply says. */
#include <errno.h>
#include <string.h>
#include "varlink/message.h"

ssize_t varlink_frame(const char *bytes, size_t n, size_t max)
{
	const char *end = n ? memchr(bytes, 0, min_of(n, max + 1)) : NULL;

	if (end)
		return end - bytes + 1;
	return n > max ? -EMSGSIZE : 0;
}

/* The parser would call itself two thousand times before it minds. Brackets that do not match are its own to find. */
static bool is_too_deep(const char *s, size_t n)
{
	unsigned depth = 0;
	bool string = false;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"')
			string = !string;
		else if (string)
			i += s[i] == '\\';
		else if (s[i] == '{' || s[i] == '[')
			depth++;
		else if ((s[i] == '}' || s[i] == ']') && depth)
			depth--;
		if (depth > VARLINK_DEPTH_MAX)
			return true;
	}
	return false;
}

json_t *varlink_parse_object(const char *bytes, size_t n)
{
	json_t *o;

	if (is_too_deep(bytes, n))
		return NULL;
	o = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, NULL);
	if (o && !json_is_object(o)) {
		json_decref(o);
		o = NULL;
	}
	return o;
}

static bool take_bool(const json_t *value, bool *ret)
{
	*ret = json_is_true(value);
	return json_is_boolean(value) || json_is_null(value);
}

/* Borrowed; NULL: there are none, which is as good as an empty object. */
static bool take_parameters(json_t *value, json_t **ret)
{
	*ret = json_is_object(value) ? value : NULL;
	return json_is_object(value) || json_is_null(value);
}

static bool take_method(const json_t *value, struct varlink_request *r)
{
	const char *s = json_string_value(value);

	if (!s || !*s || strlen(s) >= sizeof(r->method))
		return false;
	strcpy(r->method, s);
	return true;
}

/* Vendors' own members have a dot in their name and may be left aside; others may change what the call means. */
static bool take_member(const char *key, json_t *value, struct varlink_request *r)
{
	if (!strcmp(key, "method"))
		return take_method(value, r);
	if (!strcmp(key, "parameters"))
		return take_parameters(value, &r->parameters);
	if (!strcmp(key, "more"))
		return take_bool(value, &r->more);
	if (!strcmp(key, "oneway"))
		return take_bool(value, &r->oneway);
	if (!strcmp(key, "upgrade"))
		return take_bool(value, &r->upgrade);
	return strchr(key, '.') != NULL;
}

int varlink_parse_request(const char *bytes, size_t n, struct varlink_request *ret)
{
	_cleanup_(json_decrefp) json_t *o = varlink_parse_object(bytes, n);
	struct varlink_request r = {0};
	const char *key;
	json_t *value;

	if (!o)
		return -EBADMSG;
	json_object_foreach(o, key, value)
		if (!take_member(key, value, &r))
			return -EBADMSG;
	if (!*r.method || (r.oneway && (r.more || r.upgrade)) || (r.more && r.upgrade))
		return -EBADMSG;
	r.parameters = r.parameters ? json_incref(r.parameters) : json_object();
	*ret = r;
	return 0;
}

static bool take_answer(const char *key, json_t *value, struct varlink_answer *r, const char **error)
{
	if (!strcmp(key, "parameters"))
		return take_parameters(value, &r->parameters);
	if (!strcmp(key, "continues"))
		return take_bool(value, &r->continues);
	if (!strcmp(key, "error"))
		return (*error = json_string_value(value)) || json_is_null(value);
	return true;
}

int varlink_parse_reply(const char *bytes, size_t n, struct varlink_answer *ret)
{
	_cleanup_(json_decrefp) json_t *o = varlink_parse_object(bytes, n);
	struct varlink_answer r = {0};
	const char *key, *error = NULL;
	json_t *value;

	if (!o)
		return -EBADMSG;
	json_object_foreach(o, key, value)
		if (!take_answer(key, value, &r, &error))
			return -EBADMSG;
	if (error && r.continues)
		return -EBADMSG;
	r.error = error ? strdup(error) : NULL;
	if (error && !r.error)
		return -ENOMEM;
	r.parameters = r.parameters ? json_incref(r.parameters) : json_object();
	*ret = r;
	return 0;
}

static int add_chunk(const char *bytes, size_t n, void *text)
{
	text_addn(text, bytes, n);
	return 0;
}

void varlink_dump(const json_t *message, struct text *ret)
{
	/* Seconds since the epoch take ten digits before the point, microseconds six behind it. */
	json_dump_callback(message, add_chunk, ret, JSON_COMPACT | JSON_REAL_PRECISION(16));
	text_addn(ret, "", 1);
}
