/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An audit as metrics: rows of a table, each with what it is of and where its values come from. However large the host,
 * the number of samples is bounded (metrics_report_most()), and no pid, port of a client or process name is a label.
 */
#include <string.h>
#include "render/metrics.h"

/* What the samples of a row are of: one set of them for each. */
enum of {
	OF_REPORT,
	OF_HOST, /* namespace */
	OF_PATH,
	OF_LISTENER,
	OF_DESTINATION,
	OF_SYSCTL,
	OFS,
};

/* One sample: a fact, or what compute() makes of several. */
struct source {
	const char *label; /* value of the row's own label, or NULL */
	int fact;
	/* false: it is not known */
	bool (*compute)(const struct report_part *p, const struct subject *s, double *ret);
};

struct row {
	struct metric metric;
	enum of of;
	const char *label; /* that tells the sources apart, or NULL */
	const struct source *sources;
	size_t count;
	void (*emit)(struct metrics *m, const struct row *row, const struct report *r); /* of OF_REPORT */
	size_t most; /* samples of that */
	bool once; /* of the whole host: told of its first namespace alone */
};

#define ROW(what, name_, unit_, help_, ...) \
	{.of = what, .metric = {.name = "tcpadvisor_" name_, .unit = unit_, .help = help_}, __VA_ARGS__}
#define FROM(...)                                              \
	.sources = (const struct source[]){__VA_ARGS__},       \
	.count = ARRAY_SIZE(((const struct source[]){__VA_ARGS__}))

static bool known(const struct value *v, double *ret)
{
	if (v->state == VALUE_KNOWN)
		*ret = v->num;
	return v->state == VALUE_KNOWN;
}

/* 1 - used / limit */
static bool headroom(const struct value *used, const struct value *limit, double *ret)
{
	double u, l;

	if (!known(used, &u) || !known(limit, &l) || l <= 0)
		return false;
	*ret = max_of(1 - u / l, 0.0);
	return true;
}

static bool queue_headroom(const struct report_part *p, const struct subject *s, double *ret)
{
	(void)p;
	return headroom(&s->values[LISTENER_QUEUE], &s->values[LISTENER_LIMIT], ret);
}

static bool port_headroom(const struct report_part *p, const struct subject *s, double *ret)
{
	double used;

	(void)p;
	if (!known(&s->values[DESTINATION_USED_SHARE], &used))
		return false;
	*ret = max_of(1 - used, 0.0);
	return true;
}

static bool memory_headroom(const struct report_part *p, const struct subject *s, double *ret)
{
	(void)p;
	return headroom(&s->values[SOCKETS_MEMORY], &s->values[HOST_TCP_MEMORY_MAX], ret);
}

/* The last element of tcp_rmem or tcp_wmem, which bounds what auto-tuning may reach. */
static bool largest_buffer(const struct report_part *p, const char *key, double *ret)
{
	for (size_t i = 0; i < p->facts->sysctl_count; i++)
		if (!strcmp(p->facts->sysctls[i].def->key, key))
			return known(&p->facts->sysctls[i].elements[2], ret);
	return false;
}

static bool receive_window(const struct report_part *p, const struct subject *s, double *ret)
{
	double ratio, buffer;

	if (!known(&s->values[HOST_WINDOW_RATIO], &ratio) || !largest_buffer(p, "net.ipv4.tcp_rmem", &buffer))
		return false;
	*ret = ratio * buffer;
	return true;
}

static bool send_buffer(const struct report_part *p, const struct subject *s, double *ret)
{
	(void)s;
	return largest_buffer(p, "net.ipv4.tcp_wmem", ret);
}

static bool holds(const struct subject *s, enum key_fact fact)
{
	double v;

	return known(&s->values[fact], &v) && v != 0;
}

static double count_keys(const struct report_part *p, enum key_fact fact)
{
	double n = 0;

	for (const struct subject *s = p->facts->first[SUBJECT_SYSCTL]; s; s = s->next)
		n += holds(s, fact);
	return n;
}

static bool keys_off_boot(const struct report_part *p, const struct subject *s, double *ret)
{
	(void)s;
	*ret = count_keys(p, KEY_BOOT_DIFFERS);
	return true;
}

static bool keys_off_profile(const struct report_part *p, const struct subject *s, double *ret)
{
	(void)s;
	*ret = count_keys(p, KEY_WANTED_UNMET);
	return true;
}

static bool key_off_boot(const struct report_part *p, const struct subject *s, double *ret)
{
	(void)p;
	*ret = 1;
	return holds(s, KEY_BOOT_DIFFERS);
}

static bool key_off_profile(const struct report_part *p, const struct subject *s, double *ret)
{
	(void)p;
	*ret = 1;
	return holds(s, KEY_WANTED_UNMET);
}

/* The chosen: what a set of samples is told of, and by which labels. */
struct chosen {
	const struct report_part *part;
	const struct subject *subject;
	double score;
	size_t order;
	char *labels;
};

struct choice {
	struct chosen *list;
	size_t count, all;
};

static double number(const struct subject *s, size_t fact)
{
	return s->values[fact].state == VALUE_KNOWN ? s->values[fact].num : 0;
}

static double path_score(const struct subject *s)
{
	return number(s, PATH_FLOWS);
}

/* Drops first, then how full the queue is: 1 is full. */
static double listener_score(const struct subject *s)
{
	const struct value *drops = &s->values[LISTENER_DROPS];
	double limit = number(s, LISTENER_LIMIT);

	return (drops->state == VALUE_KNOWN && drops->has_delta ? drops->delta * 1e6 : 0) +
	       (limit > 0 ? number(s, LISTENER_QUEUE) / limit : 0);
}

static double destination_score(const struct subject *s)
{
	return number(s, DESTINATION_USED_SHARE) * 1e9 + number(s, DESTINATION_CONNECTIONS);
}

/* Negative: there is nothing to tell of it. */
static double sysctl_score(const struct subject *s)
{
	return holds(s, KEY_BOOT_DIFFERS) || holds(s, KEY_WANTED_UNMET) ? 0 : -1;
}

/* "eth0 192.0.2.0/24" */
static void path_labels(const struct subject *s, struct text *t)
{
	const char *peer = strrchr(s->name, ' ');
	_cleanup_text_ struct text interface = TEXT_NULL;

	text_addn(&interface, s->name, peer ? (size_t)(peer - s->name) : 0);
	metrics_label(t, "interface", text_get(&interface));
	metrics_label(t, "peer", peer ? peer + 1 : s->name);
}

static void listener_labels(const struct subject *s, struct text *t)
{
	metrics_label(t, "listener", s->name);
	if (s->unit)
		metrics_label(t, "unit", s->unit);
}

/* "192.0.2.1 → 198.51.100.7:443 by eth0" */
static void destination_labels(const struct subject *s, struct text *t)
{
	static const char arrow[] = " → ";
	const char *to = strstr(s->name, arrow);
	_cleanup_text_ struct text source = TEXT_NULL;

	text_addn(&source, s->name, to ? (size_t)(to - s->name) : 0);
	metrics_label(t, "source", text_get(&source));
	metrics_label(t, "destination", to ? to + strlen(arrow) : s->name);
	if (s->unit)
		metrics_label(t, "unit", s->unit);
}

static void sysctl_labels(const struct subject *s, struct text *t)
{
	metrics_label(t, "key", s->name);
}

static const struct of_def {
	const char *left_out; /* its name in tcpadvisor_left_out */
	enum subject_type type;
	size_t most;
	double (*score)(const struct subject *s); /* NULL: as they come */
	void (*labels)(const struct subject *s, struct text *t);
} of_defs[OFS] = {
	[OF_HOST] = {"namespace", SUBJECT_HOST, METRICS_NAMESPACES_MAX, NULL, NULL},
	[OF_PATH] = {"path", SUBJECT_PATH, METRICS_PATHS_MAX, path_score, path_labels},
	[OF_LISTENER] = {"listener", SUBJECT_LISTENER, METRICS_LISTENERS_MAX, listener_score, listener_labels},
	[OF_DESTINATION] = {"destination", SUBJECT_DESTINATION, METRICS_DESTINATIONS_MAX, destination_score,
			    destination_labels},
	[OF_SYSCTL] = {"sysctl", SUBJECT_SYSCTL, METRICS_SYSCTLS_MAX, sysctl_score, sysctl_labels},
};

static int by_score(const void *a, const void *b)
{
	const struct chosen *x = a, *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static size_t candidates(const struct of_def *d, const struct report *r, struct chosen *list)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		for (const struct subject *s = r->parts[i].facts->first[d->type]; s; s = s->next) {
			double score = d->score ? d->score(s) : 0;

			if (score < 0)
				continue;
			if (list)
				list[n] = (struct chosen){&r->parts[i], s, score, n, NULL};
			n++;
		}
	return n;
}

static char *labels_of(const struct of_def *d, const struct chosen *c)
{
	struct text t = TEXT_NULL;

	if (d->labels)
		d->labels(c->subject, &t);
	if (*c->part->host.netns)
		metrics_label(&t, "netns", c->part->host.netns);
	text_addn(&t, "", 0);
	return t.s;
}

/* Names that were cut, or that somebody made alike: one sample that comes twice spoils the whole document. */
static bool is_taken(const struct choice *c, const char *labels)
{
	for (size_t i = 0; i < c->count; i++)
		if (!strcmp(c->list[i].labels, labels))
			return true;
	return false;
}

static void choose(struct choice *c, const struct of_def *d, const struct report *r)
{
	c->all = candidates(d, r, NULL);
	c->list = calloc(c->all ? c->all : 1, sizeof(*c->list));
	if (!c->list)
		abort();
	candidates(d, r, c->list);
	if (c->all)
		qsort(c->list, c->all, sizeof(*c->list), by_score);
	for (size_t i = 0; i < min_of(c->all, d->most); i++) {
		char *labels = labels_of(d, &c->list[i]);

		if (is_taken(c, labels)) {
			free(labels);
			continue;
		}
		c->list[c->count] = c->list[i];
		c->list[c->count++].labels = labels;
	}
}

static void choice_clear(struct choice *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->list[i].labels);
	free(c->list);
}

#define _cleanup_choice_ _cleanup_(choice_clear)

/* Of the report as a whole */

static void emit_one(struct metrics *m, const struct row *row, const char *label, const char *value, double v)
{
	_cleanup_text_ struct text labels = TEXT_NULL;

	if (label)
		metrics_label(&labels, label, value);
	metrics_sample(m, &row->metric, text_get(&labels), v);
}

static void emit_build(struct metrics *m, const struct row *row, const struct report *r)
{
	emit_one(m, row, "version", r->version, 1);
}

static void emit_profile(struct metrics *m, const struct row *row, const struct report *r)
{
	emit_one(m, row, "profile", r->rules->profile ? r->rules->profile : "", 1);
}

static void emit_clock(struct metrics *m, const struct row *row, const struct report *r)
{
	emit_one(m, row, NULL, NULL, r->parts[0].host.clock);
}

static void emit_window(struct metrics *m, const struct row *row, const struct report *r)
{
	emit_one(m, row, NULL, NULL, r->parts[0].facts->window);
}

static void emit_namespaces(struct metrics *m, const struct row *row, const struct report *r)
{
	emit_one(m, row, NULL, NULL, (double)r->count);
}

static void emit_severities(struct metrics *m, const struct row *row, const struct report *r)
{
	struct report_totals t = report_totals(r);

	for (enum severity s = SEVERITIES; s-- > 0;)
		emit_one(m, row, "severity", severity_name(s), t.by_severity[s]);
}

static void emit_statuses(struct metrics *m, const struct row *row, const struct report *r)
{
	struct report_totals t = report_totals(r);

	for (enum finding_status s = 0; s < STATUSES; s++)
		emit_one(m, row, "status", status_name(s), t.by_status[s]);
}

/* How many findings of each rule (by its place in the set) and severity; to be freed. */
static unsigned *count_findings(const struct report *r)
{
	unsigned *counts = calloc(r->rules->count + 1, SEVERITIES * sizeof(*counts));

	if (!counts)
		abort();
	for (size_t i = 0; i < r->count; i++) {
		const struct judgement *j = &r->parts[i].judgement;

		for (size_t k = 0; k < j->count; k++)
			counts[(size_t)(j->findings[k].rule - r->rules->rules) * SEVERITIES + j->findings[k].severity]++;
	}
	return counts;
}

/* The gravest come first, so that what is left out is the least. Returns how many were. */
static size_t each_rule(const struct report *r, struct metrics *m, const struct row *row)
{
	_cleanup_free_ unsigned *counts = count_findings(r);
	size_t n = 0;

	for (enum severity s = SEVERITIES; s-- > 0;)
		for (size_t i = 0; i < r->rules->count; i++) {
			_cleanup_text_ struct text labels = TEXT_NULL;

			if (!counts[i * SEVERITIES + s] || n++ >= METRICS_RULES_MAX || !m)
				continue;
			metrics_label(&labels, "rule", r->rules->rules[i].id);
			metrics_label(&labels, "severity", severity_name(s));
			metrics_sample(m, &row->metric, text_get(&labels), counts[i * SEVERITIES + s]);
		}
	return n > METRICS_RULES_MAX ? n - METRICS_RULES_MAX : 0;
}

static void emit_rules(struct metrics *m, const struct row *row, const struct report *r)
{
	each_rule(r, m, row);
}

static void emit_left_out(struct metrics *m, const struct row *row, const struct report *r)
{
	emit_one(m, row, "kind", "rule", (double)each_rule(r, NULL, row));
	for (enum of of = OF_HOST; of < OFS; of++) {
		_cleanup_choice_ struct choice c = {0};

		choose(&c, &of_defs[of], r);
		emit_one(m, row, "kind", of_defs[of].left_out, (double)(c.all - c.count));
	}
}

/* clang-format off */
static const struct row rows[] = {
	ROW(OF_REPORT, "build_info", NULL, "The program that judged; always 1.", .emit = emit_build, .most = 1),
	ROW(OF_REPORT, "profile_info", NULL, "The profiles that it judged by; always 1.", .emit = emit_profile, .most = 1),
	ROW(OF_REPORT, "audit_timestamp_seconds", "seconds", "When it judged, in seconds since the epoch.", .emit = emit_clock, .most = 1),
	ROW(OF_REPORT, "audit_window_seconds", "seconds", "Time between the two samples; 0 where there was one.", .emit = emit_window, .most = 1),
	ROW(OF_REPORT, "audit_namespaces", NULL, "Network namespaces that were judged.", .emit = emit_namespaces, .most = 1),
	ROW(OF_REPORT, "findings", NULL, "Findings of a rule, over all subjects and namespaces.", .emit = emit_rules, .most = METRICS_RULES_MAX),
	ROW(OF_REPORT, "severity_findings", NULL, "Findings of a severity, of all rules.", .emit = emit_severities, .most = SEVERITIES),
	ROW(OF_REPORT, "rules", NULL, "Rules by the gravest verdict among their subjects.", .emit = emit_statuses, .most = STATUSES),
	ROW(OF_REPORT, "left_out", NULL, "Things that the other metrics do not tell of, to bound their number.", .emit = emit_left_out, .most = OFS),

	ROW(OF_HOST, "sockets", NULL, "TCP sockets by state.", .label = "state",
	    FROM({"established", SOCKETS_ESTABLISHED}, {"syn-sent", SOCKETS_SYN_SENT}, {"syn-recv", SOCKETS_SYN_RECV},
		 {"fin-wait-1", SOCKETS_FIN_WAIT1}, {"fin-wait-2", SOCKETS_FIN_WAIT2}, {"time-wait", SOCKETS_TIME_WAIT},
		 {"close-wait", SOCKETS_CLOSE_WAIT}, {"last-ack", SOCKETS_LAST_ACK}, {"closing", SOCKETS_CLOSING},
		 {"listen", SOCKETS_LISTEN})),
	ROW(OF_HOST, "sockets_held_bytes", "bytes", "Memory that the TCP sockets of the namespace hold.", FROM({NULL, SOCKETS_HELD})),
	ROW(OF_HOST, "orphan_sockets", NULL, "Sockets that the application closed and that still send, of the whole host.", .once = true, FROM({NULL, SOCKETS_ORPHAN})),
	ROW(OF_HOST, "tcp_memory_bytes", "bytes", "Memory in TCP buffers of the whole host.", .once = true, FROM({NULL, SOCKETS_MEMORY})),
	ROW(OF_HOST, "tcp_memory_pressure_bytes", "bytes", "Memory at which TCP comes under pressure.", .once = true, FROM({NULL, HOST_TCP_MEMORY})),
	ROW(OF_HOST, "tcp_memory_limit_bytes", "bytes", "Memory that TCP may take at most.", .once = true, FROM({NULL, HOST_TCP_MEMORY_MAX})),
	ROW(OF_HOST, "tcp_memory_headroom_ratio", "ratio", "Share of that limit that is free.", .once = true, FROM({NULL, 0, memory_headroom})),
	ROW(OF_HOST, "window_limit_bytes", "bytes", "What one flow may have under way: the largest window that tcp_rmem lets it offer, the largest send buffer of tcp_wmem.",
	    .label = "direction", FROM({"receive", 0, receive_window}, {"send", 0, send_buffer})),
	ROW(OF_HOST, "ports", NULL, "Ports for outgoing connections.", FROM({NULL, HOST_PORTS})),
	ROW(OF_HOST, "ports_worst_ratio", "ratio", "Share of those that is used towards the busiest destination.", FROM({NULL, HOST_PORTS_WORST})),
	ROW(OF_HOST, "sysctls_off", NULL, "Sysctls that are not what boot would set, or not what the profile asks for.",
	    .label = "from", FROM({"boot", 0, keys_off_boot}, {"profile", 0, keys_off_profile})),

	ROW(OF_SYSCTL, "sysctl_off", NULL, "A sysctl that is not what boot would set, or not what the profile asks for; always 1.",
	    .label = "from", FROM({"boot", 0, key_off_boot}, {"profile", 0, key_off_profile})),

	ROW(OF_PATH, "path_flows", NULL, "Open connections of the path.", FROM({NULL, PATH_FLOWS})),
	ROW(OF_PATH, "path_min_rtt_seconds", "seconds", "Least round trip, percentile of the flows.", .label = "percentile",
	    FROM({"50", PATH_MIN_RTT_P50}, {"95", PATH_MIN_RTT_P95})),
	ROW(OF_PATH, "path_srtt_seconds", "seconds", "Smoothed round trip, percentile of the flows.", .label = "percentile",
	    FROM({"50", PATH_SRTT_P50}, {"95", PATH_SRTT_P95})),
	ROW(OF_PATH, "path_queue_seconds", "seconds", "Standing queue: smoothed less least round trip, median of the bulk flows.", FROM({NULL, PATH_QUEUE_P50})),
	ROW(OF_PATH, "path_speed_bytes_per_second", "bytes_per_second", "Speed of the link that the path leaves by, or the declared target for one flow.", FROM({NULL, PATH_SPEED})),
	ROW(OF_PATH, "path_bdp_bytes", "bytes", "Bandwidth-delay product: median least round trip times speed.", FROM({NULL, PATH_BDP})),
	ROW(OF_PATH, "path_delivery_rate_bytes_per_second", "bytes_per_second", "Highest delivery rate that the kernel measured for a flow.", FROM({NULL, PATH_DELIVERY_RATE})),
	ROW(OF_PATH, "path_retransmit_ratio", "ratio", "Bytes sent again of bytes sent.", FROM({NULL, PATH_RETRANSMIT_SHARE})),
	ROW(OF_PATH, "path_loss_ratio", "ratio", "Share of segments that were lost over the window.", FROM({NULL, PATH_LOSS})),
	ROW(OF_PATH, "path_limited_ratio", "ratio", "Share of the busy time that flows waited for the window of the peer, or their send buffer.", .label = "by",
	    FROM({"peer-window", PATH_RWND_SHARE}, {"send-buffer", PATH_SNDBUF_SHARE})),
	ROW(OF_PATH, "path_limited_flows", NULL, "Flows that a limit holds: their receive or send buffer at its maximum, a send buffer that was set, the window of the peer, no window scaling.", .label = "by",
	    FROM({"receive-buffer", PATH_RECEIVE_LIMITED}, {"send-buffer", PATH_SEND_LIMITED}, {"fixed-send-buffer", PATH_SEND_PINNED},
		 {"peer-window", PATH_RWND_LIMITED}, {"no-scaling", PATH_UNSCALED_LIMITED})),

	ROW(OF_LISTENER, "listener_queue", NULL, "Connections that wait for accept().", FROM({NULL, LISTENER_QUEUE})),
	ROW(OF_LISTENER, "listener_queue_limit", NULL, "How many may wait.", FROM({NULL, LISTENER_LIMIT})),
	ROW(OF_LISTENER, "listener_queue_headroom_ratio", "ratio", "Share of the queue that is free.", FROM({NULL, 0, queue_headroom})),
	ROW(OF_LISTENER, "listener_half_open", NULL, "Half-open connections that came in by it.", FROM({NULL, LISTENER_SYN_RECV})),
	ROW(OF_LISTENER, "listener_drops", NULL, "Connection attempts that this very socket dropped.", .metric.counter = true, FROM({NULL, LISTENER_DROPS})),

	ROW(OF_DESTINATION, "destination_connections", NULL, "Connections to it, by what they are at; all of them, or only some states.", .label = "state",
	    FROM({"any", DESTINATION_CONNECTIONS}, {"established", DESTINATION_ESTABLISHED}, {"time-wait", DESTINATION_TIME_WAIT})),
	ROW(OF_DESTINATION, "destination_ports_used", NULL, "Ports of the local range in use towards it.", FROM({NULL, DESTINATION_USED})),
	ROW(OF_DESTINATION, "destination_ports", NULL, "Ports that may serve connections to it.", FROM({NULL, DESTINATION_PORTS})),
	ROW(OF_DESTINATION, "destination_port_headroom_ratio", "ratio", "Share of the ports of the range that is free towards it.", FROM({NULL, 0, port_headroom})),
	ROW(OF_DESTINATION, "destination_opens_per_second", NULL, "Connections opened to it by the second.", FROM({NULL, DESTINATION_OPENS})),
	ROW(OF_DESTINATION, "destination_exhausted_in_seconds", "seconds", "When the ports towards it are taken, at the rate of the last ten seconds.", FROM({NULL, DESTINATION_EXHAUSTED_IN})),
};
/* clang-format on */

static void emit_sources(struct metrics *m, const struct row *row, const struct chosen *c)
{
	for (size_t i = 0; i < row->count; i++) {
		_cleanup_text_ struct text labels = TEXT_NULL;
		const struct source *from = &row->sources[i];
		double v;

		if (from->compute ? !from->compute(c->part, c->subject, &v) : !known(&c->subject->values[from->fact], &v))
			continue;
		text_add(&labels, c->labels);
		if (row->label)
			metrics_label(&labels, row->label, from->label);
		metrics_sample(m, &row->metric, text_get(&labels), v);
	}
}

void metrics_report(struct metrics *m, const struct report *r)
{
	for (size_t i = 0, next; i < ARRAY_SIZE(rows); i = next) {
		_cleanup_choice_ struct choice c = {0};

		/* Rows about the same things stand together: what is told of is chosen once for all of them. */
		if (rows[i].of != OF_REPORT)
			choose(&c, &of_defs[rows[i].of], r);
		for (next = i; next < ARRAY_SIZE(rows) && rows[next].of == rows[i].of; next++) {
			const struct row *row = &rows[next];

			if (row->emit)
				row->emit(m, row, r);
			for (size_t k = 0; k < (row->once ? min_of(c.count, (size_t)1) : c.count); k++)
				emit_sources(m, row, &c.list[k]);
		}
	}
}

size_t metrics_report_most(void)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		n += rows[i].emit ? rows[i].most : rows[i].count * (rows[i].once ? 1 : of_defs[rows[i].of].most);
	return n;
}

static void render(const struct report *r, enum metrics_dialect dialect, struct text *ret)
{
	struct metrics m = {.dialect = dialect, .t = ret};

	metrics_report(&m, r);
	metrics_end(&m);
}

void render_report_metrics(const struct report *r, const struct render_options *o, struct text *ret)
{
	(void)o;
	render(r, METRICS_OPENMETRICS, ret);
}

void render_report_prometheus(const struct report *r, const struct render_options *o, struct text *ret)
{
	(void)o;
	render(r, METRICS_PROMETHEUS, ret);
}
