/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What interfaces have for themselves: how the kernel reports it, what of it is in force, and the lines that change it. */
#include "unit-judge.h"

#include <linux/ip.h>
#include <linux/ipv6.h>

#include "catalogue/conf.h"

/* What is in force */

static const struct {
	enum sysctl_combine combine;
	double all, own;
	bool forwards;
	double result;
} combinations[] = {
	{COMBINE_INTERFACE, 1, 0, false, 0},
	{COMBINE_INTERFACE, 0, 3, false, 3},
	{COMBINE_ALL, 1, 0, false, 1},
	{COMBINE_MAX, 1, 2, false, 2},
	{COMBINE_MAX, 1, -1, false, 1},
	{COMBINE_MAX, 0, 7, false, 7},
	{COMBINE_MIN, 0, -1, false, -1},
	{COMBINE_MIN, 1, 0, false, 0},
	{COMBINE_OR, 0, 5, false, 1},
	{COMBINE_OR, 0, 0, false, 0},
	{COMBINE_AND, 5, 7, false, 1},
	{COMBINE_AND, 0, 1, false, 0},
	{COMBINE_REDIRECTS, 0, 1, false, 1},
	{COMBINE_REDIRECTS, 0, 1, true, 0},
	{COMBINE_REDIRECTS, 1, 1, true, 1},
	{COMBINE_HOST, 0, 1, false, 1},
	{COMBINE_HOST, 1, 1, true, 0},
	{COMBINE_ADVERTISEMENTS, 0, 1, false, 1},
	{COMBINE_ADVERTISEMENTS, 0, 1, true, 0},
	{COMBINE_ADVERTISEMENTS, 0, 2, true, 2},
	{COMBINE_ADVERTISEMENTS, 1, 0, false, 0},
};

static void the_kernel_combines_all_and_the_interfaces_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(combinations); i++) {
		double v = combine_values(combinations[i].combine, combinations[i].all, combinations[i].own,
					  combinations[i].forwards);

		if (v != combinations[i].result)
			fail_msg("row %zu: %g", i, v);
	}
}

/* Lines to write */

struct lines {
	const char *combine;
	int all, own, later;
	bool forwards;
	const char *wish;
	const char *writes; /* "all=1 eth0=1 default=1" */
	const char *role;
};

static const struct lines lines[] = {
	{"max", 0, 0, 0, false, "= 1", "all=1", "host"},
	{"max", 1, 2, 0, false, "= 1", "eth0=1", "host"},
	{"max", 2, 2, 2, false, "= 1", "all=1 eth0=1 default=1", "host"},
	{"max", 0, 7, 0, false, "= 1", "eth0=1 default=1", "host"},
	{"max", 1, 0, 0, false, "= 1", "", "host"},
	{"max", 0, 0, 0, false, "= 2", "eth0=2", "container host"},
	{"max", 3, 0, 0, false, "<= 2", "all=2", "host"},
	{"or", 1, 1, 1, false, "= 0", "all=0 eth0=0 default=0", "host"},
	{"or", 0, 1, 0, false, "= 0", "eth0=0", "host"},
	{"or", 0, 0, 0, false, "= 1", "all=1", "host"},
	{"or", 0, 0, 0, false, ">= 1", "all=1", "host"},
	{"and", 1, 1, 1, false, "= 0", "all=0", "host"},
	{"and", 1, 1, 1, false, "= 0", "eth0=0", "container host"},
	{"redirects", 0, 1, 1, false, "= 0", "eth0=0 default=0", "host"},
	{"redirects", 1, 0, 0, false, "= 0", "all=0", "host"},
	{"redirects", 1, 1, 1, true, "= 0", "all=0", "host"},
	{"redirects", 0, 1, 1, true, "= 0", "", "host"},
	{"interface", 0, 1, 1, false, "= 0", "eth0=0 default=0", "host"},
	{"interface", 0, 1, 0, false, "= 0", "eth0=0", "host"},
	{"interface", 1, 0, 1, false, "= 0", "", "host"},
	{"host", 0, 1, 0, true, "= 0", "", "host"},
	{"advertisements", 0, 2, 0, true, "= 0", "eth0=0", "host"},
	{"min", 1, 1, 0, false, "= 0", "all=0", "host"},
	{"all", 1, 0, 0, false, "= 0", "all=0", "host"},
};

static void write_rule(const struct tree *t, const struct lines *l, char *rule, size_t size)
{
	char key[512];

	snprintf(key, sizeof(key), "format = 1\n[net.ipv4.conf.*.k]\n" HOST_KEY_TEXTS
				   "min = -9\nmax = 9\ndevconf = 1\ncombine = %s\n", l->combine);
	tree_write(t, "r/etc/tcpadvisor/rules/sysctl/conf.sysctl", key);
	snprintf(rule, size, "format = 1\n[a.b]\nfor = interface\ntitle = t\nbecause = b\nrefs = r\n"
			     "message = {conf.ipv4.k} of {conf.ipv4.k.own} and {conf.ipv4.k.all}, later {conf.ipv4.k.default}\n"
			     "when = conf.ipv4.k > -99\nrecommend = net.ipv4.conf.*.k %s\n", l->wish);
}

static struct subject *conf_facts(struct court *c, const struct lines *l)
{
	size_t row = (size_t)(catalogue_find(&c->rules.catalogue, "net.ipv4.conf.x.k") - c->rules.catalogue.defs);
	struct arena *a = &c->facts->arena;
	struct value *all = arena_array(a, struct value, c->rules.catalogue.count);
	struct value *later = arena_array(a, struct value, c->rules.catalogue.count);
	struct interface_conf *conf = arena_new(a, struct interface_conf);
	int32_t *rows = arena_array(a, int32_t, 2);
	struct subject *s = facts_add(c->facts, SUBJECT_INTERFACE, "eth0");

	all[row] = value_number(l->all);
	later[row] = value_number(l->later);
	c->facts->conf_all = all;
	c->facts->conf_default = later;
	c->facts->host->values[HOST_ROLE] = value_text(l->role);
	rows[1] = l->own;
	conf->family[CONF_IPV4] = (struct conf_rows){.rows = rows, .count = 2, .forwards = l->forwards};
	s->conf = conf;
	return s;
}

static void the_fewest_lines_are_advised(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_court_ struct court c = {0};
		_cleanup_text_ struct text writes = TEXT_NULL;
		const struct finding *f;
		char rule[1024];

		write_rule(*state, &lines[i], rule, sizeof(rule));
		court_load(&c, *state, &(struct texts){.rules = rule});
		court_facts(&c);
		conf_facts(&c, &lines[i]);
		f = only_finding(court_judge(&c));
		for (unsigned k = 0; k < f->recommend_count; k++) {
			const struct recommendation *r = &f->recommend[k];
			size_t tree = strlen("net.ipv4.conf.");

			assert_non_null(r->wanted);
			assert_memory_equal(r->key, "net.ipv4.conf.", tree);
			text_addf(&writes, "%s%.*s=%s", k ? " " : "", (int)strcspn(r->key + tree, "."), r->key + tree, r->wanted);
		}
		if (strcmp(text_get(&writes), lines[i].writes))
			fail_msg("row %zu: %s (%s)", i, text_get(&writes), f->message);
	}
	tree_write(*state, "r/etc/tcpadvisor/rules/sysctl/conf.sysctl", "");
}

static void parts_are_told_and_a_family_that_is_off_is_absent(void **state)
{
	const struct lines l = {"max", 1, 2, 3, false, "= 1", "", "host"};
	_cleanup_court_ struct court c = {0};
	const struct judgement *j;
	struct subject *s;
	char rule[1024];

	write_rule(*state, &l, rule, sizeof(rule));
	court_load(&c, *state, &(struct texts){.rules = rule});
	court_facts(&c);
	s = conf_facts(&c, &l);
	assert_string_equal(only_finding(court_judge(&c))->message, "2 of 2 and 1, later 3");
	((struct interface_conf *)s->conf)->family[CONF_IPV4].off = "it is off";
	j = court_judge(&c);
	assert_int_equal(only_unjudged(j)->status, STATUS_NOT_APPLICABLE);
	assert_string_equal(j->unjudged[0].reason, "conf.ipv4.k: it is off");
	s->conf = NULL;
	j = court_judge(&c);
	assert_int_equal(only_unjudged(j)->status, STATUS_UNKNOWN);
	tree_write(*state, "r/etc/tcpadvisor/rules/sysctl/conf.sysctl", "");
}

static void a_dot_in_a_name_is_written_as_a_slash(void **state)
{
	struct sysctl_def def = {.key = "net.ipv4.conf.*.rp_filter"};
	struct arena a = ARENA_NULL;

	(void)state;
	assert_string_equal(conf_key(&a, &def, "eth0.100"), "net.ipv4.conf.eth0/100.rp_filter");
	assert_string_equal(conf_key(&a, &def, "all"), "net.ipv4.conf.all.rp_filter");
	arena_clear(&a);
}

/* As the kernel reports it with a link */

static const char templates[] = "format = 1\n"
				"[net.ipv4.conf.*.rp_filter]\n" HOST_KEY_TEXTS "min = 0\ncombine = max\ndevconf = 7\n"
				"[net.ipv6.conf.*.accept_ra]\n" HOST_KEY_TEXTS "min = 0\ncombine = advertisements\ndevconf = 3\n"
				"[net.ipv6.conf.*.forwarding]\n" HOST_KEY_TEXTS "min = 0\ncombine = all\ndevconf = 0\n"
				"[net.ipv6.conf.*.force_forwarding]\n" HOST_KEY_TEXTS "min = 0\ncombine = interface\ndevconf = 59\n";

struct reported {
	unsigned rows4, rows6; /* 0: none of that family */
	size_t cut;	       /* bytes that the last row lacks */
};

static void put_family(struct text *spec, int family, int type, const int32_t *rows, size_t bytes)
{
	struct text inner = TEXT_NULL;

	put(&inner, type, rows, bytes);
	put(spec, family | (family == AF_INET6 ? NLA_F_NESTED : 0), inner.s, inner.len);
	text_clear(&inner);
}

static void put_link(struct host *h, uint32_t index, const char *name, const char *kind, uint32_t master,
		     const struct reported *r, const int32_t *four, const int32_t *six)
{
	struct ifinfomsg m = {.ifi_index = (int)index, .ifi_flags = IFF_UP};
	size_t at = message_begin(&h->links, RTM_NEWLINK, &m, sizeof(m));
	struct text spec = TEXT_NULL, info = TEXT_NULL;

	put_string(&h->links, IFLA_IFNAME, name);
	put_u32(&h->links, IFLA_MTU, 1500);
	if (master)
		put_u32(&h->links, IFLA_MASTER, master);
	if (kind) {
		put_string(&info, IFLA_INFO_KIND, kind);
		put(&h->links, IFLA_LINKINFO, info.s, info.len);
	}
	if (r) {
		text_addn(&spec, "", 0);
		if (r->rows4)
			put_family(&spec, AF_INET, IFLA_INET_CONF, four, r->rows4 * sizeof(int32_t) - r->cut);
		if (r->rows6)
			put_family(&spec, AF_INET6, IFLA_INET6_CONF, six, r->rows6 * sizeof(int32_t) - r->cut);
		put(&h->links, IFLA_AF_SPEC, spec.s ? spec.s : "", spec.len);
	}
	message_end(&h->links, at);
	text_clear(&spec);
	text_clear(&info);
}

/* Kept in the facts' arena, for the assertions take its address. */
static const struct value *of_link(struct host *h, const char *link, const char *key, enum conf_part part)
{
	const struct sysctl_def *def = catalogue_find(&h->rules.catalogue, key);
	struct value *v = arena_new(&h->facts->arena, struct value);

	*v = conf_value(h->facts, find_subject(h->facts, SUBJECT_INTERFACE, link), def,
			(size_t)(def - h->rules.catalogue.defs), part);
	return v;
}

static void rows_are_those_of_the_kernels_headers(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = templates};
	int32_t four[80] = {[IPV4_DEVCONF_RP_FILTER - 1] = 2}, six[80] = {[DEVCONF_ACCEPT_RA] = 1};
	const struct reported whole = {IPV4_DEVCONF_MAX, DEVCONF_MAX, 0}, longer = {80, 80, 0};

	put_link(&h, 1, "eth0", NULL, 0, &whole, four, six);
	put_link(&h, 2, "eth1", NULL, 0, &longer, four, six);
	host_collect(&h);
	for (unsigned i = 0; i < 2; i++) {
		const char *name = i ? "eth1" : "eth0";

		assert_number(*of_link(&h, name, "net.ipv4.conf.*.rp_filter", CONF_OWN), 2);
		assert_number(*of_link(&h, name, "net.ipv6.conf.*.accept_ra", CONF_OWN), 1);
		assert_number(find_subject(h.facts, SUBJECT_INTERFACE, name)->values[INTERFACE_ROUTED], 1);
	}
}

static void short_and_cut_reports_lack_the_rest(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = templates};
	int32_t four[80] = {[IPV4_DEVCONF_RP_FILTER - 1] = 2}, six[80] = {[DEVCONF_DISABLE_IPV6] = 1};
	const struct reported shorter = {7, 3, 0}, cut = {8, 4, 1}, none = {0, 0, 0}, off = {8, 40, 0};

	put_link(&h, 1, "short", NULL, 0, &shorter, four, six);
	put_link(&h, 2, "cut", NULL, 0, &cut, four, six);
	put_link(&h, 3, "none", NULL, 0, &none, four, six);
	put_link(&h, 4, "untold", NULL, 0, NULL, four, six);
	put_link(&h, 5, "off", NULL, 0, &off, four, six);
	host_collect(&h);
	assert_missing(*of_link(&h, "short", "net.ipv4.conf.*.rp_filter", CONF_OWN), VALUE_ABSENT, "this kernel has no such key");
	assert_missing(*of_link(&h, "cut", "net.ipv4.conf.*.rp_filter", CONF_OWN), VALUE_ABSENT, "this kernel has no such key");
	assert_missing(*of_link(&h, "cut", "net.ipv6.conf.*.accept_ra", CONF_OWN), VALUE_ABSENT, "this kernel has no such key");
	assert_missing(*of_link(&h, "none", "net.ipv6.conf.*.accept_ra", CONF_EFFECTIVE), VALUE_ABSENT, "the link has no IPv6");
	assert_missing(*of_link(&h, "none", "net.ipv4.conf.*.rp_filter", CONF_EFFECTIVE), VALUE_ABSENT, "the link has no IPv4");
	assert_missing(*of_link(&h, "untold", "net.ipv4.conf.*.rp_filter", CONF_OWN), VALUE_UNREAD,
		       "the configuration of the link was not reported");
	assert_number(*of_link(&h, "off", "net.ipv6.conf.*.accept_ra", CONF_OWN), 0);
	assert_missing(*of_link(&h, "off", "net.ipv6.conf.*.accept_ra", CONF_EFFECTIVE), VALUE_ABSENT,
		       "IPv6 is off on the link (disable_ipv6)");
}

/* What the host is */

#define SNMP(forwarded)                                                                                               \
	"Ip: Forwarding DefaultTTL ForwDatagrams\nIp: 1 64 " forwarded "\nTcp: ActiveOpens\nTcp: 1\n"

static const struct {
	const char *kinds[3], *names[3];
	unsigned masters[3];
	bool addressed[3];
	int forwarding;
	const char *snmp, *role, *because;
} roles[] = {
	{{NULL, NULL}, {"eth0", "eth1"}, {0}, {true, true}, 0, SNMP("9"), "host", "it forwards nothing"},
	{{NULL, NULL}, {"eth0", "eth1"}, {0}, {true, true}, 1, SNMP("9"), "router",
	 "it is a router: 9 packets were forwarded between its 2 links since boot"},
	{{NULL, NULL}, {"eth0", "eth1"}, {0}, {true, true}, 1, SNMP("0"), "host", "no packet was ever forwarded"},
	{{NULL, NULL}, {"eth0", "eth1"}, {0}, {true, false}, 1, SNMP("9"), "host", "it has no second link to forward to"},
	{{"bridge", "veth", NULL}, {"br7", "v7", "eth0"}, {0, 1, 0}, {true, false, true}, 1, SNMP("9"), "container host",
	 "it carries containers or virtual machines: the bridge br7 has an address and 1 link of theirs"},
	{{"bridge", "veth", NULL}, {"br7", "v7", "eth0"}, {0, 1, 0}, {false, false, true}, 0, SNMP("0"), "host",
	 "it forwards nothing"},
	{{"bridge", NULL}, {"docker0", "eth0"}, {0}, {false, true}, 0, SNMP("0"), "container host",
	 "it carries containers or virtual machines: there is docker0"},
	{{NULL}, {"cali"}, {0}, {true}, 0, SNMP("0"), "host", "it forwards nothing"},
	{{"veth"}, {"eth0"}, {0}, {true}, 0, SNMP("0"), "host", "it forwards nothing"},
};

static void the_role_is_told_by_what_is_there(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		_cleanup_host_ struct host h = {.tree = *state, .catalogue = templates};
		int32_t four[40] = {[IPV4_DEVCONF_FORWARDING - 1] = roles[i].forwarding}, six[60] = {0};
		const struct reported whole = {33, 60, 0};
		const struct value *v;

		host_file(&h, "proc/net/snmp", roles[i].snmp);
		for (unsigned k = 0; k < 3 && roles[i].names[k]; k++) {
			struct ifaddrmsg m = {.ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = k + 1};

			put_link(&h, k + 1, roles[i].names[k], roles[i].kinds[k], roles[i].masters[k], &whole, four, six);
			if (roles[i].addressed[k])
				message_end(&h.addresses, message_begin(&h.addresses, RTM_NEWADDR, &m, sizeof(m)));
		}
		v = host_collect(&h)->host->values;
		if (strcmp(v[HOST_ROLE].text, roles[i].role) || strcmp(v[HOST_ROLE_BECAUSE].text, roles[i].because))
			fail_msg("row %zu: %s, %s", i, v[HOST_ROLE].text, v[HOST_ROLE_BECAUSE].text);
		for (unsigned k = 0; k < 3 && roles[i].masters[k]; k++)
			assert_number(find_subject(h.facts, SUBJECT_INTERFACE, roles[i].names[k])->values[INTERFACE_ROUTED], 0);
	}
}

/* Keys of interfaces that a file names */

static void a_named_interfaces_key_is_judged_by_itself(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = templates};
	int32_t four[40] = {[IPV4_DEVCONF_RP_FILTER - 1] = 2}, six[60] = {0};
	const struct reported whole = {33, 60, 0};
	const struct value *v;

	put_link(&h, 1, "e.th", NULL, 0, &whole, four, six);
	host_file(&h, "proc/sys/net/ipv4/conf/all/rp_filter", "1\n");
	host_file(&h, "proc/sys/net/ipv4/tcp_rmem", "1\n");
	host_file(&h, "etc/sysctl.d/1.conf", "net.ipv4.conf.e/th.rp_filter = 1\nnet.ipv4.conf.all.rp_filter = 1\n"
					     "net.ipv4.conf.gone.rp_filter = 1\nnet.ipv4.conf.*.rp_filter = 2\n");
	host_collect(&h);
	v = find_subject(h.facts, SUBJECT_SYSCTL, "net.ipv4.conf.e/th.rp_filter")->values;
	assert_text(v[KEY_LIVE], "2");
	assert_text(v[KEY_BOOT], "1");
	assert_number(v[KEY_BOOT_DIFFERS], 1);
	v = find_subject(h.facts, SUBJECT_SYSCTL, "net.ipv4.conf.all.rp_filter")->values;
	assert_text(v[KEY_LIVE], "1");
	assert_number(v[KEY_BOOT_DIFFERS], 0);
	v = find_subject(h.facts, SUBJECT_SYSCTL, "net.ipv4.conf.gone.rp_filter")->values;
	assert_missing(v[KEY_LIVE], VALUE_ABSENT, "there is no interface gone");
	for (const struct subject *s = h.facts->first[SUBJECT_SYSCTL]; s; s = s->next)
		assert_null(strchr(s->name, '*'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_combines_all_and_the_interfaces_own),
		in_tree(the_fewest_lines_are_advised),
		in_tree(parts_are_told_and_a_family_that_is_off_is_absent),
		cmocka_unit_test(a_dot_in_a_name_is_written_as_a_slash),
		in_tree(rows_are_those_of_the_kernels_headers),
		in_tree(short_and_cut_reports_lack_the_rest),
		in_tree(the_role_is_told_by_what_is_there),
		in_tree(a_named_interfaces_key_is_judged_by_itself),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
