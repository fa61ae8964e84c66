/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control.h"

#include <errno.h>
#include <string.h>
#include "daemon/control-json.h"
#include "render/json.h"

static const char description[] =
#include "daemon/io.tcpadvisor.inc"
	;

enum { FACTS_MAX = 10000, PATTERN_MAX = 256 };

struct control {
	const struct control_source *src;
	struct varlink_info info;
	struct varlink_server *server;
	struct varlink_call *subscribers[VARLINK_CONNECTIONS_MAX];
	size_t subscriber_count;
};

static json_t *findings_json(struct control *c)
{
	const struct report *report = c->src->report(c->src->user);

	return control_findings_json(c->src->life(c->src->user), report ? report->rules : NULL);
}

/* Reply with one member, to a method that has no parameters. */
static int reply_one(struct varlink_call *call, const char *name, json_t *value)
{
	json_t *o = json_object();

	/* NULL: it is no UTF-8, and so no JSON. */
	if (json_object_set_new(o, name, value) < 0) {
		json_decref(o);
		return -EBADMSG;
	}
	return varlink_reply(call, o);
}

static int get_status(void *user, struct varlink_call *call, const json_t *parameters)
{
	const char *unknown = varlink_unknown_parameter(parameters, NULL);
	struct control *c = user;
	struct varlink_counts counts = control_counts(c);
	struct service_stats stats = {0};

	if (unknown)
		return varlink_invalid_parameter(call, unknown);
	c->src->stats(c->src->user, &stats);
	stats.connections = counts.accepted;
	stats.connections_refused = counts.refused;
	return reply_one(call, "status", control_status_json(&stats));
}

static int get_findings(void *user, struct varlink_call *call, const json_t *parameters)
{
	const char *unknown = varlink_unknown_parameter(parameters, NULL);

	if (unknown)
		return varlink_invalid_parameter(call, unknown);
	return reply_one(call, "findings", findings_json(user));
}

/* Written one by one: as a tree they would take megabytes, and leave the heap in pieces. */
struct gathering {
	struct text *text;
	const char *netns;
	size_t count;
};

static void gather(void *user, const struct fact_row *row)
{
	struct gathering *g = user;

	if (++g->count > FACTS_MAX)
		return;
	text_add(g->text, g->count > 1 ? "," : "");
	json_add(control_fact_json(row, g->netns), JSON_COMPACT | JSON_REAL_PRECISION(16), g->text);
}

static int reply_facts(struct varlink_call *call, const struct report *report, const char *pattern)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct gathering g = {.text = &t};

	text_add(&t, "{\"facts\":[");
	for (size_t i = 0; i < report->count; i++) {
		g.netns = report->parts[i].host.netns;
		facts_each(report->parts[i].facts, pattern, gather, &g);
	}
	text_add(&t, "]}");
	if (g.count <= FACTS_MAX)
		return varlink_reply_text(call, t.s);
	return varlink_error(call, "io.tcpadvisor.TooManyFacts", json_pack("{s:i}", "most", FACTS_MAX));
}

static int get_facts(void *user, struct varlink_call *call, const json_t *parameters)
{
	const json_t *pattern = json_object_get(parameters, "pattern");
	const char *unknown = varlink_unknown_parameter(parameters, "pattern");
	struct control *c = user;
	const struct report *report = c->src->report(c->src->user);

	if (unknown)
		return varlink_invalid_parameter(call, unknown);
	if (pattern && !json_is_null(pattern) && (!json_is_string(pattern) || json_string_length(pattern) > PATTERN_MAX))
		return varlink_invalid_parameter(call, "pattern");
	if (!report)
		return varlink_error(call, "io.tcpadvisor.NoAuditYet", NULL);
	return reply_facts(call, report, json_string_value(pattern));
}

static int get_metrics(void *user, struct varlink_call *call, const json_t *parameters)
{
	const char *unknown = varlink_unknown_parameter(parameters, NULL);
	_cleanup_text_ struct text t = TEXT_NULL;
	struct control *c = user;

	if (unknown)
		return varlink_invalid_parameter(call, unknown);
	c->src->metrics(c->src->user, &t);
	return reply_one(call, "text", json_string(text_get(&t)));
}

static int get_report(void *user, struct varlink_call *call, const json_t *parameters)
{
	const char *unknown = varlink_unknown_parameter(parameters, NULL);
	struct control *c = user;
	const struct report *report = c->src->report(c->src->user);

	if (unknown)
		return varlink_invalid_parameter(call, unknown);
	if (!report)
		return varlink_error(call, "io.tcpadvisor.NoAuditYet", NULL);
	return reply_one(call, "report", json_report(report));
}

static void unsubscribe(void *user, struct varlink_call *call)
{
	struct control *c = user;

	for (size_t i = 0; i < c->subscriber_count; i++)
		if (c->subscribers[i] == call) {
			c->subscribers[i] = c->subscribers[--c->subscriber_count];
			return;
		}
}

static json_t *news(json_t *findings, json_t *event)
{
	return json_pack("{s:o, s:o}", "findings", findings ? findings : json_null(), "event", event ? event : json_null());
}

static int subscribe(void *user, struct varlink_call *call, const json_t *parameters)
{
	const char *unknown = varlink_unknown_parameter(parameters, NULL);
	struct control *c = user;

	if (unknown)
		return varlink_invalid_parameter(call, unknown);
	if (!varlink_call_wants_more(call))
		return varlink_expected_more(call);
	if (c->subscriber_count == ARRAY_SIZE(c->subscribers))
		return -EUSERS;
	c->subscribers[c->subscriber_count++] = call;
	varlink_call_on_gone(call, unsubscribe, c);
	return varlink_notify(call, news(findings_json(c), NULL));
}

static const struct varlink_interface interfaces[] = {{"io.tcpadvisor", description}, {NULL, NULL}};

static const struct varlink_method methods[] = {
	{"io.tcpadvisor.Status", get_status},	{"io.tcpadvisor.Findings", get_findings},
	{"io.tcpadvisor.Facts", get_facts},	{"io.tcpadvisor.Metrics", get_metrics},
	{"io.tcpadvisor.Report", get_report},	{"io.tcpadvisor.Subscribe", subscribe},
	{NULL, NULL},
};

static const struct varlink_info info = {
	.vendor = "tcpadvisor",
	.product = "tcpadvisord",
	.version = PACKAGE_VERSION,
	.url = "",
	.interfaces = interfaces,
	.methods = methods,
};

int control_new(sd_event *e, const struct control_source *src, struct control **ret)
{
	_cleanup_(control_freep) struct control *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->src = src;
	c->info = info;
	c->info.timeout = src->timeout;
	c->info.idle = src->idle;
	r = varlink_server_new(e, &c->info, c, &c->server);
	if (r < 0)
		return r;
	*ret = c;
	c = NULL;
	return 0;
}

int control_add(struct control *c, int fd)
{
	return varlink_server_add(c->server, fd);
}

void control_tell(struct control *c, const struct event *ev)
{
	json_t *o;

	if (!c->subscriber_count)
		return;
	o = news(NULL, control_event_json(ev));
	for (size_t i = 0; i < c->subscriber_count; i++)
		varlink_notify(c->subscribers[i], json_incref(o));
	json_decref(o);
}

struct varlink_counts control_counts(const struct control *c)
{
	return varlink_server_counts(c->server);
}

struct control *control_free(struct control *c)
{
	if (!c)
		return NULL;
	varlink_server_free(c->server);
	free(c);
	return NULL;
}
