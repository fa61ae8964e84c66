/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metrics: what the service last saw and says of itself, or without one, of an audit that is made now. */
#include <errno.h>
#include <string.h>
#include "cli/service.h"
#include "cli/session.h"

enum { PATIENCE = 10 }; /* seconds; the first call may have to start the service */

/* What only an audit of one's own can heed. */
static bool asks_for_audit(const struct options *o)
{
	return o->root || o->netns || o->profile || o->window >= 0 || o->speed_count || o->no_borrow;
}

static int show(struct session *s, const struct options *o, const struct render_options *ro, struct text *t)
{
	(void)o;
	render_report_metrics(&s->report, ro, t);
	return EXIT_OK;
}

/* Lines that a terminal may see, and the end: whoever listens at --control need not be the service. */
static bool is_metrics(const char *s)
{
	static const char end[] = "# EOF\n";
	size_t n = strlen(s);

	if (n < strlen(end) || strcmp(s + n - strlen(end), end))
		return false;
	for (; *s; s += n + 1) {
		n = strcspn(s, "\n");
		if (!text_is_plain(s, n))
			return false;
	}
	return true;
}

static int print_answer(const json_t *parameters)
{
	const char *s = service_string(parameters, "text");
	_cleanup_text_ struct text t = TEXT_NULL;

	if (!s || !is_metrics(s))
		return service_complain_answer();
	text_add(&t, s);
	return output_write(&t);
}

static int ask(struct varlink_client *c)
{
	_cleanup_(json_decrefp) json_t *parameters = NULL;
	_cleanup_free_ char *error = NULL;
	bool continues;
	int r = service_call(c, "io.tcpadvisor.Metrics", false);

	if (r)
		return r;
	r = varlink_client_receive(c, &parameters, &error, &continues);
	if (r < 0)
		return service_complain(r);
	if (error) {
		complain("the service refused: %s", error);
		return EXIT_COULD_NOT_CHECK;
	}
	return print_answer(parameters);
}

int verb_metrics(const struct options *o)
{
	_cleanup_(varlink_client_freep) struct varlink_client *c = NULL;
	int r;

	if (asks_for_audit(o))
		return session_show(o, show);
	r = varlink_client_connect(o->control, PATIENCE, &c);
	if (r == 0)
		return ask(c);
	/* Another socket was named on purpose: then an audit is no answer. */
	if (strcmp(o->control, CONTROL_SOCKET))
		return service_connect(o, &c);
	if (r != -ENOENT && r != -ECONNREFUSED)
		complain("the service cannot be asked (%s: %s): this is an audit of now", o->control, strerror(-r));
	return session_show(o, show);
}
