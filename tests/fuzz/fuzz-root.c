/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole recorded host: collected, judged by the packaged rules and rendered, as `audit --root` does. */
#include "record.h"

#include <jansson.h>

#include "collect/collect.h"
#include "../unit/unit-html.h"
#include "../unit/unit-metrics.h"

static const char *const paths[] = {
	"record.conf",
	"netlink/links.rtnl",
	"netlink/addresses.rtnl",
	"netlink/qdiscs.rtnl",
	"netlink/ethtool-family.genl",
	"netlink/ethtool-linkmodes.genl",
	"netlink/routes.rtnl",
	"netlink/tcp-listen.diag",
	"netlink/tcp.diag",
	"sample-2/netlink/tcp-listen.diag",
	"sample-2/netlink/tcp.diag",
	"sample-2/netlink/tcp-congestion.diag",
	"sample-2/netlink/routes.rtnl",
	"proc/net/snmp",
	"proc/net/netstat",
	"proc/net/sockstat",
	"proc/net/softnet_stat",
	"sample-2/proc/net/snmp",
	"sample-2/proc/net/netstat",
	"sample-2/proc/net/sockstat",
	"sample-2/proc/net/softnet_stat",
	"proc/meminfo",
	"proc/sys/fs/file-nr",
	"proc/sys/net/core/somaxconn",
	"proc/sys/net/ipv4/ip_local_port_range",
	"proc/sys/net/ipv4/ip_local_reserved_ports",
	"proc/sys/net/ipv4/tcp_adv_win_scale",
	"proc/sys/net/ipv4/tcp_congestion_control",
	"proc/sys/net/ipv4/tcp_keepalive_time",
	"proc/sys/net/ipv4/tcp_mem",
	"proc/sys/net/ipv4/tcp_notsent_lowat",
	"proc/sys/net/ipv4/tcp_rmem",
	"proc/sys/net/ipv4/tcp_syn_linear_timeouts",
	"proc/sys/net/ipv4/tcp_syn_retries",
	"proc/sys/net/ipv4/tcp_syncookies",
	"proc/sys/net/ipv4/tcp_wmem",
	"etc/sysctl.conf",
	"etc/sysctl.d/50-seed.conf",
	"etc/tcpadvisor/tcpadvisor.conf",
	"names/cgroups",
	"names/holders",
	"sys/class/net/eth0/speed",
	"names/processes",
	"names/sockopts",
	"sample-2/netlink/tcp-look-1.diag",
};

static const char plain[] = "format = 1\n[host]\nkernel = 6.18.1\nwindow = 1\nprivileged = yes\n";
static struct ruleset rules;

/* Beside this very file: the packaged rules, unless the environment names others. */
static void load_rules(void)
{
	const char *top = getenv("TCPADVISOR_DATADIR");
	char path[4096] = __FILE__;
	struct diag d = {0};
	struct root *r;

	for (int i = 0; i < 3; i++)
		*strrchr(path, '/') = 0;
	record_file(0, plain, sizeof(plain) - 1);
	r = record_open();
	check(r != NULL);
	if (config_load_rules(r, top && *top ? top : path, "throughput", &rules, &d) < 0) {
		fprintf(stderr, "%s:%u: %s\n", d.file, d.line, d.message);
		abort();
	}
	root_free(r);
}

/* Nothing but line breaks moves a terminal. */
static void check_plain(const struct text *t)
{
	check(text_get(t)[t->len] == 0 && strlen(text_get(t)) == t->len);
	for (size_t i = 0, n; i < t->len; i += n) {
		const unsigned char *u = (const unsigned char *)t->s + i;

		n = utf8_length(t->s + i, t->len - i);
		check(n > 0 && (*u >= 0x20 || *u == '\n') && *u != 0x7f && !(*u == 0xc2 && u[1] < 0xa0));
	}
}

static void check_json(const struct text *t, const struct judgement *j)
{
	json_t *root = json_loadb(t->s, t->len, JSON_REJECT_DUPLICATES, NULL), *findings, *f;
	size_t i;

	check(root != NULL);
	findings = json_object_get(root, "findings");
	check(json_array_size(findings) == j->count);
	check(json_array_size(json_object_get(root, "not_judged")) == j->unjudged_count);
	json_array_foreach (findings, i, f) {
		check(json_array_size(json_object_get(f, "evidence")) == j->findings[i].evidence_count);
		check(json_array_size(json_object_get(f, "recommend")) ==
		      j->findings[i].recommend_count + (j->findings[i].advise != NULL));
	}
	json_array_foreach (json_object_get(root, "paths"), i, f)
		check(json_object_size(f) == PATH_FACT_COUNT + 2);
	json_decref(root);
}

static void check_counts(const struct judgement *j)
{
	size_t judged = 0, on = 0;

	for (size_t s = 0; s < STATUSES; s++)
		judged += j->by_status[s];
	for (size_t i = 0; i < rules.count; i++)
		on += !rules.rules[i].off;
	check(judged == on);
}

static void check_metrics(const struct report *report, const struct render_options *o)
{
	for (enum metrics_dialect dialect = METRICS_OPENMETRICS; dialect <= METRICS_PROMETHEUS; dialect++) {
		struct text t = TEXT_NULL;
		struct metrics_read r;

		report_format_find(dialect == METRICS_PROMETHEUS ? "prometheus" : "metrics")->render(report, o, &t);
		check_plain(&t);
		metrics_read(&r, text_get(&t), dialect);
		check(!*r.wrong && r.samples <= metrics_report_most());
		text_clear(&t);
	}
}

static void check_page(const struct report *report, const struct render_options *o)
{
	struct text t = TEXT_NULL;
	struct html_read r;

	render_report_html(report, o, &t);
	check_plain(&t);
	html_read(&r, text_get(&t));
	check(!*r.wrong);
	text_clear(&t);
}

static void show(const struct report *report, unsigned width)
{
	static const char *const others[] = {"junit", "markdown", "ansible"};
	const struct render_options o = {.width = width, .verbose = width % 2, .fail_on = width % SEVERITIES};
	struct text json = TEXT_NULL, text = TEXT_NULL;

	render_report_json(report, &o, &json);
	check_json(&json, &report->parts[0].judgement);
	render_report_text(report, &o, &text);
	check_plain(&text);
	check_metrics(report, &o);
	check_page(report, &o);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		text.len = 0;
		report_format_find(others[i])->render(report, &o, &text);
		check_plain(&text);
	}
	text_clear(&json);
	text_clear(&text);
}

static void audit(struct root *r, const struct config *config, unsigned width)
{
	struct collect_options o = {.rules = &rules, .config = config, .owners = true, .borrow = true};
	struct report_part part = {.host = *root_host(r)};
	struct report report = {.version = "0", .recorded = true, .rules = &rules, .parts = &part, .count = 1};

	check(collect(r, &o, &part.facts) == 0);
	judge(&rules, part.facts, part.host.clock, &part.judgement);
	check_counts(&part.judgement);
	show(&report, width);
	judgement_clear(&part.judgement);
	facts_free(part.facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config = CONFIG_DEFAULT;
	struct diag d = {0};
	struct root *r;

	if (record_fd < 0) {
		record_init(paths, ARRAY_SIZE(paths));
		load_rules();
	}
	record_unpack(data, size);
	if (faccessat(record_fd, paths[0], F_OK, 0) < 0)
		record_file(0, plain, sizeof(plain) - 1);
	r = record_open();
	if (!r)
		return 0;
	if (config_load(&config, r, &d) < 0)
		check_diag(&d);
	else
		audit(r, &config, size ? 20 + data[size - 1] % 120 : 80);
	config_clear(&config);
	root_free(r);
	return 0;
}
