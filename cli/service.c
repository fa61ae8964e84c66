/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/service.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { STRING_MAX = 4096, PATIENCE = 10 }; /* seconds; the first call may have to start the service */

int service_connect(const struct options *o, struct varlink_client **ret)
{
	int r = varlink_client_connect(o->control, PATIENCE, ret);

	if (r == -ENOENT || r == -ECONNREFUSED)
		complain("the service does not run here: systemctl start tcpadvisord; "
			 "tcpadvisor audit judges once without it");
	else if (r == -EACCES || r == -EPERM)
		complain("%s: it answers root and the group tcpadvisor", o->control);
	else if (r < 0)
		complain("%s: %s", o->control, strerror(-r));
	return r < 0 ? EXIT_COULD_NOT_CHECK : 0;
}

int service_complain(int error)
{
	if (error == -EPIPE)
		complain("the service hung up: it was stopped, or this user has too many connections");
	else if (error == -ETIMEDOUT)
		complain("the service does not answer: see journalctl -u tcpadvisord");
	else if (error == -EBADMSG)
		return service_complain_answer();
	else
		complain("asking the service: %s", strerror(-error));
	return EXIT_COULD_NOT_CHECK;
}

int service_complain_answer(void)
{
	complain("the service's answer is not understood: is it of another version?");
	return EXIT_COULD_NOT_CHECK;
}

int service_call(struct varlink_client *c, const char *method, bool more)
{
	int r = varlink_client_send(c, method, NULL, more);

	return r < 0 ? service_complain(r) : 0;
}

void service_clean(json_t *o)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(o) && !text_is_plain(json_string_value(o), json_string_length(o))) {
		_cleanup_text_ struct text t = TEXT_NULL;

		text_add_escaped(&t, json_string_value(o), STRING_MAX);
		json_string_set(o, text_get(&t));
	}
	json_array_foreach(o, i, value)
		service_clean(value);
	json_object_foreach(o, key, value)
		service_clean(value);
}

int service_answer(struct varlink_client *c, const char *member, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *parameters = NULL;
	_cleanup_free_ char *error = NULL;
	bool continues;
	int r = varlink_client_receive(c, &parameters, &error, &continues);

	if (r < 0)
		return service_complain(r);
	if (error) {
		complain("the service refused: %s", error);
		return EXIT_COULD_NOT_CHECK;
	}
	service_clean(parameters);
	*ret = json_incref(json_object_get(parameters, member));
	return *ret ? 0 : service_complain_answer();
}

const char *service_string(const json_t *o, const char *member)
{
	return json_string_value(json_object_get(o, member));
}

bool service_severity(const json_t *o, enum severity *ret)
{
	const char *name = service_string(o, "severity");

	return name && severity_from_name(name, ret);
}

void service_time(double epoch, char *buf, size_t size)
{
	time_t t = epoch > 0 && epoch < 1e11 ? (time_t)epoch : 0;
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(buf, size, "?");
}
