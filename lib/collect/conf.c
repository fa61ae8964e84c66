/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each interface has for itself, and what the host is: the links' own values came with the dump of links, conf.all
 * and conf.default are read for those keys alone that a rule in force uses.
 */
#include <errno.h>
#include <linux/ipv6.h>
#include <linux/ip.h>
#include <string.h>
#include "catalogue/conf.h"
#include "collect/collect-private.h"

enum { CONF_FILE_MAX = 4096, CONF_FILES_MAX = 64 };

static bool *needed_templates(const struct collecting *c)
{
	const struct ruleset *rules = c->options->rules;
	const struct sysctl_def *forwarding = catalogue_find(&rules->catalogue, "net.ipv6.conf.*.forwarding");
	bool *needed = calloc(rules->catalogue.count + 1, sizeof(*needed));

	if (!needed)
		abort();
	for (size_t i = 0; i < rules->count; i++)
		for (unsigned k = 0; k < rules->rules[i].templates.count && !rules->rules[i].off; k++)
			needed[rules->rules[i].templates.rows[k]] = true;
	for (size_t i = 0; i < rules->catalogue.count && c->options->everything; i++)
		needed[i] = sysctl_is_template(&rules->catalogue.defs[i]);
	/* The role of the host hangs on it. */
	if (forwarding)
		needed[forwarding - rules->catalogue.defs] = true;
	return needed;
}

struct value read_conf(struct collecting *c, const struct sysctl_def *def, const char *interface)
{
	_cleanup_text_ struct text t = TEXT_NULL, path = TEXT_NULL;
	const char *star = strchr(def->path, '*'), *end;
	double v;
	int r;

	text_addf(&path, "%.*s%s%s", (int)(star - def->path), def->path, interface, star + 1);
	r = root_read(c->root, text_get(&path), CONF_FILE_MAX, &t);
	if (r == -ENOENT || r == -ENOTDIR)
		return value_missing(VALUE_ABSENT, conf_family_of(def) == CONF_IPV6 ? "this kernel has no such key, or IPv6 is off"
										    : "this kernel has no such key");
	if (r < 0)
		return value_missing(value_state_of(r), r == -EACCES || r == -EPERM
								? "reading it was denied"
								: arena_printf(&c->facts->arena, "it cannot be read: %s",
									       strerror(-r)));
	if (decimal_scan(t.s, &end, &v) < 0 || (*end && *end != '\n'))
		return value_missing(VALUE_GARBLED, NULL);
	return value_number(v / def->scale);
}

/* Row of a kernel's forwarding and disable_ipv6 among those of a link. */
static bool row_is_set(const struct link *l, enum conf_family family, unsigned row)
{
	return l->conf_count[family] > row && l->conf[family][row];
}

static const struct interface_conf *link_conf(struct collecting *c, const struct link *l)
{
	struct interface_conf *conf = arena_new(&c->facts->arena, struct interface_conf);

	conf->state = l->has_conf ? VALUE_ABSENT : VALUE_UNREAD;
	for (enum conf_family f = CONF_IPV4; f < CONF_FAMILIES; f++) {
		struct conf_rows *rows = &conf->family[f];
		int32_t *copy = arena_array(&c->facts->arena, int32_t, l->conf_count[f] + 1);

		memcpy(copy, l->conf[f], l->conf_count[f] * sizeof(*copy));
		rows->rows = copy;
		rows->count = l->conf_count[f];
		rows->forwards = row_is_set(l, f, f == CONF_IPV4 ? IPV4_DEVCONF_FORWARDING - 1 : DEVCONF_FORWARDING);
		if (!rows->count)
			rows->off = !l->has_conf    ? "the configuration of the link was not reported"
				    : f == CONF_IPV4 ? "the link has no IPv4"
						     : "the link has no IPv6";
	}
	if (row_is_set(l, CONF_IPV6, DEVCONF_DISABLE_IPV6))
		conf->family[CONF_IPV6].off = "IPv6 is off on the link (disable_ipv6)";
	return conf;
}

/* A port's packets are its master's; only a VRF leaves them to the port. */
static bool is_port(const struct collecting *c, const struct link *l)
{
	static const char *const kinds[] = {"bridge", "bond", "team", "openvswitch"};
	const struct link *master = l->master ? links_find(&c->links, l->master) : NULL;

	for (size_t i = 0; master && i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(master->kind, kinds[i]))
			return true;
	return false;
}

/* Without a carrier its configuration waits for the cable. */
static bool is_routed(const struct collecting *c, const struct link *l)
{
	return l->enabled && !l->loopback && !is_port(c, l);
}

static bool is_of_kind(const struct link *l, const char *const *kinds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(l->kind, kinds[i]))
			return true;
	return false;
}

static const char *const guest_kinds[] = {"veth", "netkit", "tun"};
static const char *const overlay_kinds[] = {"veth", "netkit", "vxlan", "geneve", "ipip", "sit", "gre", "wireguard"};

/* Links that container engines and network plugins make, by the names that they give them. */
static bool has_container_name(const struct link *l)
{
	static const char *const names[] = {"docker0", "cni0", "cni-", "cbr0", "podman", "flannel", "cilium_", "lxc", "cali",
					    "vxlan.calico", "kube-", "weave", "antrea-", "ovn-k8s-", "lxdbr", "incusbr",
					    "nodelocaldns", "virbr"};

	for (size_t i = 0; *l->kind && i < ARRAY_SIZE(names); i++)
		if (!strncmp(l->name, names[i], strlen(names[i])))
			return true;
	return false;
}

static unsigned guest_ports(const struct collecting *c, const struct link *bridge)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->links.count; i++)
		n += c->links.links[i].master == bridge->index &&
		     is_of_kind(&c->links.links[i], guest_kinds, ARRAY_SIZE(guest_kinds));
	return n;
}

/* Why this host carries containers or virtual machines, or NULL. The end inside a container shows nothing of it. */
static const char *carries_containers(const struct collecting *c)
{
	for (size_t i = 0; i < c->links.count; i++) {
		const struct link *l = &c->links.links[i];
		unsigned ports = !strcmp(l->kind, "bridge") && l->addresses ? guest_ports(c, l) : 0;

		if (ports)
			return arena_printf(&c->facts->arena,
					    "it carries containers or virtual machines: the bridge %s has an address and %u %s of theirs",
					    l->name, ports, ports == 1 ? "link" : "links");
		if (has_container_name(l))
			return arena_printf(&c->facts->arena, "it carries containers or virtual machines: there is %s", l->name);
	}
	return NULL;
}

/* Keys that no row of the link holds, from a file for each link: for a bounded number of links. */
static void read_files(struct collecting *c, const bool *needed)
{
	const struct catalogue *cat = &c->options->rules->catalogue;
	unsigned asked = 0;

	for (size_t row = 0; row < cat->count; row++)
		for (size_t i = 0; needed[row] && !cat->defs[row].devconf && i < c->links.count; i++) {
			struct link *l = &c->links.links[i];
			struct interface_conf *conf = (struct interface_conf *)l->subject->conf;

			if (!is_routed(c, l) || asked++ >= CONF_FILES_MAX)
				continue;
			if (!conf->files)
				conf->files = arena_array(&c->facts->arena, struct value, cat->count + 1);
			((struct value *)conf->files)[row] = read_conf(c, &cat->defs[row], l->name);
		}
}

static void read_all_and_default(struct collecting *c, const bool *needed)
{
	const struct catalogue *cat = &c->options->rules->catalogue;
	struct value *all = arena_array(&c->facts->arena, struct value, cat->count + 1);
	struct value *standard = arena_array(&c->facts->arena, struct value, cat->count + 1);

	for (size_t i = 0; i < cat->count; i++) {
		if (!needed[i])
			continue;
		all[i] = read_conf(c, &cat->defs[i], "all");
		standard[i] = read_conf(c, &cat->defs[i], "default");
	}
	c->facts->conf_all = all;
	c->facts->conf_default = standard;
}

/* IPv4 forwards by each interface's own value, IPv6 by conf.all or force_forwarding (ip_forward(), ip6_forward()). */
static void set_forwarding(struct collecting *c)
{
	const struct catalogue *cat = &c->options->rules->catalogue;
	const struct sysctl_def *def = catalogue_find(cat, "net.ipv6.conf.*.forwarding");
	const struct sysctl_def *force = catalogue_find(cat, "net.ipv6.conf.*.force_forwarding");
	struct value all = def ? c->facts->conf_all[def - cat->defs] : value_missing(VALUE_ABSENT, NULL);
	struct value *v = c->facts->host->values;
	_cleanup_text_ struct text names = TEXT_NULL;
	unsigned count[CONF_FAMILIES] = {0};

	for (size_t i = 0; i < c->links.count; i++) {
		const struct link *l = &c->links.links[i];
		bool four = is_routed(c, l) && l->subject->conf->family[CONF_IPV4].forwards;
		bool six = is_routed(c, l) && l->conf_count[CONF_IPV6] && !l->subject->conf->family[CONF_IPV6].off &&
			   ((all.state == VALUE_KNOWN && all.num != 0) || (force && row_is_set(l, CONF_IPV6, force->devconf - 1)));

		count[CONF_IPV4] += four;
		count[CONF_IPV6] += six;
		if (four || six)
			text_addf(&names, "%s%s", names.len ? " " : "", l->name);
	}
	v[HOST_FORWARDING_IPV4] = value_number(count[CONF_IPV4]);
	v[HOST_FORWARDING_IPV6] = all.state == VALUE_KNOWN || all.state == VALUE_ABSENT ? value_number(count[CONF_IPV6]) : all;
	v[HOST_FORWARDING] = names.len ? value_text(arena_strdup(&c->facts->arena, text_get(&names)))
				       : value_missing(VALUE_ABSENT, "nothing is forwarded");
}

void collect_conf(struct collecting *c)
{
	_cleanup_free_ bool *needed = needed_templates(c);

	read_all_and_default(c, needed);
	if (c->facts->untold[SUBJECT_INTERFACE])
		return;
	c->containers = carries_containers(c);
	for (size_t i = 0; i < c->links.count; i++) {
		struct link *l = &c->links.links[i];

		l->subject->conf = link_conf(c, l);
		l->subject->values[INTERFACE_ROUTED] = value_number(is_routed(c, l));
		l->subject->values[INTERFACE_CONTAINER] = value_number(
			c->containers && !l->networks && is_of_kind(l, overlay_kinds, ARRAY_SIZE(overlay_kinds)));
	}
	read_files(c, needed);
	set_forwarding(c);
}

static struct value forwarded_ipv6(struct collecting *c)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	unsigned long long n;
	const char *p;
	int r = root_read(c->root, "proc/net/snmp6", 64 * 1024, &t);

	if (r < 0)
		return value_missing(value_state_of(r), "/proc/net/snmp6 could not be read");
	p = strstr(t.s, "Ip6OutForwDatagrams");
	if (!p || sscanf(p, "Ip6OutForwDatagrams %19llu", &n) != 1)
		return value_missing(VALUE_GARBLED, "/proc/net/snmp6: not understood");
	return value_number((double)n);
}

static const char *no_router(unsigned links, bool forwards)
{
	if (!forwards)
		return "it forwards nothing";
	return links < 2 ? "it has no second link to forward to" : "no packet was ever forwarded";
}

/* Containers first: their bridges make a host look like a router. */
void derive_role(struct collecting *c)
{
	struct value *v = c->facts->host->values, packets = v[IP_FORWARDED], six;
	bool forwards = v[HOST_FORWARDING_IPV4].num > 0 || v[HOST_FORWARDING_IPV6].num > 0;
	unsigned links = 0;

	if (c->facts->untold[SUBJECT_INTERFACE]) {
		v[HOST_ROLE] = v[HOST_ROLE_BECAUSE] = v[HOST_FORWARDING_IPV4] = v[HOST_FORWARDING_IPV6] = v[HOST_FORWARDING] =
			value_missing(VALUE_UNREAD, c->facts->untold[SUBJECT_INTERFACE]);
		return;
	}
	for (size_t i = 0; i < c->links.count; i++)
		links += is_routed(c, &c->links.links[i]) && c->links.links[i].addresses;
	v[HOST_ROLE] = value_text("host");
	if (c->containers) {
		v[HOST_ROLE] = value_text("container host");
		v[HOST_ROLE_BECAUSE] = value_text(c->containers);
		return;
	}
	if (v[HOST_FORWARDING_IPV6].num > 0 && packets.state == VALUE_KNOWN && packets.num == 0) {
		six = forwarded_ipv6(c);
		packets = six.state == VALUE_ABSENT ? packets : six;
	}
	if (forwards && links >= 2 && packets.state != VALUE_KNOWN) {
		v[HOST_ROLE] = v[HOST_ROLE_BECAUSE] = packets;
	} else if (forwards && links >= 2 && packets.num > 0) {
		v[HOST_ROLE] = value_text("router");
		v[HOST_ROLE_BECAUSE] = value_text(arena_printf(
			&c->facts->arena, "it is a router: %.0f packets were forwarded between its %u links since boot", packets.num, links));
	} else {
		v[HOST_ROLE_BECAUSE] = value_text(no_router(links, forwards));
	}
}
