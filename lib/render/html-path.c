/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each path in three pictures: how long a round trip takes, whether the windows are large enough for it, what held it back. */
#include <math.h>
#include <string.h>
#include "render/html.h"

enum { PATHS_SHOWN = 12 };

static const char how_to_read[] =
	"An egress interface and a peer network, the heaviest first. A dot is the median of the flows, its bar ends at the 95th "
	"percentile, and each notch is ten times the last. The BDP is what must be under way to fill the link: a window that ends "
	"left of its line cannot.";

/* Decades of round trips, the same for all paths of a part so that they can be compared by eye. */
struct decades {
	double from, to;
};

static const struct value *fact(const struct subject *s, enum path_fact f)
{
	return &s->values[f];
}

static bool is_positive(const struct value *v)
{
	return v->state == VALUE_KNOWN && isfinite(v->num) && v->num > 0;
}

static struct decades decades_of(const struct facts *f)
{
	struct decades d = {INFINITY, -INFINITY};

	for (const struct subject *s = f->first[SUBJECT_PATH]; s; s = s->next) {
		const enum path_fact shown[] = {PATH_MIN_RTT_MIN, PATH_MIN_RTT_P50, PATH_MIN_RTT_P95, PATH_SRTT_P50, PATH_SRTT_P95};

		for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
			if (is_positive(fact(s, shown[i]))) {
				d.from = min_of(d.from, log10(fact(s, shown[i])->num));
				d.to = max_of(d.to, log10(fact(s, shown[i])->num));
			}
	}
	if (d.from > d.to)
		d = (struct decades){-3, -1};
	d.from = max_of(floor(d.from), -7.0);
	d.to = min_of(ceil(d.to), 4.0);
	d.to = max_of(d.to, d.from + 2);
	return d;
}

static double along(struct decades d, double seconds)
{
	return seconds > 0 ? (log10(seconds) - d.from) / (d.to - d.from) : 0;
}

/* "40 ms", or where both differ as people read them "40 ms to 52 ms". */
static void say_range(struct lane *l, double from, double to)
{
	char a[QUANTITY_MAX], b[QUANTITY_MAX];

	quantity_format(a, sizeof(a), DIM_SECONDS, from);
	quantity_format(b, sizeof(b), DIM_SECONDS, to);
	if (strcmp(a, b))
		snprintf(l->value, sizeof(l->value), "%s to %s", a, b);
	else
		snprintf(l->value, sizeof(l->value), "%s", a);
}

static void lane_of_times(struct picture *p, const char *label, struct decades d, const struct value *from,
			  const struct value *median, const struct value *to)
{
	struct lane *l = picture_lane(p, label);

	if (!is_positive(from) || !is_positive(median) || !is_positive(to))
		return;
	l->known = l->range = true;
	l->from = along(d, from->num);
	l->spot = along(d, median->num);
	l->to = along(d, to->num);
	say_range(l, from->num, to->num);
}

static void lane_of_queue(struct picture *p, const struct subject *s, struct decades d)
{
	const struct value *queue = fact(s, PATH_QUEUE_P50), *least = fact(s, PATH_MIN_RTT_P50);
	struct lane *l;

	if (!is_positive(queue) || !is_positive(least))
		return;
	l = picture_lane(p, "Standing queue on top");
	l->known = l->range = l->tight = true;
	l->from = along(d, least->num);
	l->to = along(d, least->num + queue->num);
	quantity_format(l->value, sizeof(l->value), DIM_SECONDS, queue->num);
}

static void picture_of_round_trips(struct html *h, const struct subject *s, struct decades d)
{
	struct picture p = {.title = "Round trip"};
	char label[QUANTITY_MAX];

	lane_of_times(&p, "Least round trip", d, fact(s, PATH_MIN_RTT_MIN), fact(s, PATH_MIN_RTT_P50),
		      fact(s, PATH_MIN_RTT_P95));
	lane_of_times(&p, "Smoothed round trip", d, fact(s, PATH_SRTT_P50), fact(s, PATH_SRTT_P50), fact(s, PATH_SRTT_P95));
	lane_of_queue(&p, s, d);
	for (double e = d.from; e <= d.to; e++)
		picture_tick(&p, (e - d.from) / (d.to - d.from), false,
			     quantity_format(label, sizeof(label), DIM_SECONDS, pow(10, e)));
	html_picture(h, &p);
}

/* The last number of a buffer's sysctl: what it may grow to. */
static double buffer_max(const struct facts *f, const char *key)
{
	for (size_t i = 0; i < f->sysctl_count; i++) {
		const struct sysctl_state *s = &f->sysctls[i];

		if (s->state == VALUE_KNOWN && s->def->elements == 3 && !strcmp(s->def->key, key) && is_positive(&s->elements[2]))
			return s->elements[2].num;
	}
	return 0;
}

/* Half of the width is one BDP; who has two goes on past the edge. */
static void lane_of_window(struct picture *p, const char *label, double bytes, double bdp, bool tight)
{
	struct lane *l = picture_lane(p, label);

	if (!(bytes > 0))
		return;
	l->known = true;
	l->tight = tight;
	l->to = bytes / bdp / 2;
	l->beyond = l->to > 1;
	quantity_format(l->value, sizeof(l->value), DIM_BYTES, bytes);
}

static void lanes_of_full_windows(struct picture *p, const struct subject *s, double bdp)
{
	static const struct {
		enum path_fact flows, bytes;
		const char *label;
	} full[] = {
		{PATH_SEND_LIMITED, PATH_SEND_BUFFER, "Send buffer that a flow fills"},
		{PATH_SEND_PINNED, PATH_SEND_PINNED_BUFFER, "Fixed send buffer that a flow fills"},
		{PATH_RECEIVE_LIMITED, PATH_RECEIVE_WINDOW, "Receive window that a flow fills"},
		{PATH_RWND_LIMITED, PATH_RWND_WINDOW, "Peer's window that a flow fills"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(full); i++)
		if (is_positive(fact(s, full[i].flows)) && is_positive(fact(s, full[i].bytes)))
			lane_of_window(p, full[i].label, fact(s, full[i].bytes)->num, bdp, true);
}

/* Of a link whose speed is hearsay, or no more than what was seen, neither BDP nor shares mean anything. */
static bool speed_is_sure(const struct subject *s)
{
	return is_positive(fact(s, PATH_SPEED)) && is_positive(fact(s, PATH_SPEED_SURE));
}

static void say_without_bdp(struct html *h, const struct subject *s, const char *title)
{
	const struct value *bdp = fact(s, PATH_BDP), *source = fact(s, PATH_SPEED_SOURCE);

	text_addf(h->t, "<figure>\n<figcaption>%s</figcaption>\n<p class=\"empty\">The BDP is not known: ", title);
	if (bdp->state != VALUE_KNOWN) {
		html_text(h->t, value_reason(bdp));
	} else if (speed_is_sure(s)) {
		text_add(h->t, "no round trip was measured");
	} else {
		text_add(h->t, "the speed of the link is not sure");
		if (source->state == VALUE_KNOWN && source->text) {
			text_add(h->t, " (");
			html_text(h->t, source->text);
			text_add(h->t, ")");
		}
	}
	text_add(h->t, ".</p>\n</figure>\n");
}

static void picture_of_windows(struct html *h, const struct subject *s)
{
	struct picture p = {.title = "Window against BDP"};
	const struct value *bdp = fact(s, PATH_BDP), *ratio = &h->part->facts->host->values[HOST_WINDOW_RATIO];
	char size[QUANTITY_MAX], label[QUANTITY_MAX + 8];

	if (!is_positive(bdp) || !speed_is_sure(s)) {
		say_without_bdp(h, s, p.title);
		return;
	}
	lane_of_window(&p, "Send buffer, at most", buffer_max(h->part->facts, "net.ipv4.tcp_wmem"), bdp->num, false);
	lane_of_window(&p, "Receive window, at most",
		       is_positive(ratio) ? buffer_max(h->part->facts, "net.ipv4.tcp_rmem") * ratio->num : 0, bdp->num, false);
	lanes_of_full_windows(&p, s, bdp->num);
	picture_tick(&p, 0, false, "0");
	snprintf(label, sizeof(label), "BDP %s", quantity_format(size, sizeof(size), DIM_BYTES, bdp->num));
	picture_tick(&p, 0.5, true, label);
	picture_tick(&p, 1, false, "2 ×");
	html_picture(h, &p);
}

static void lane_of_share(struct picture *p, const char *label, const struct value *v)
{
	struct lane *l = picture_lane(p, label);

	if (v->state != VALUE_KNOWN)
		return;
	l->known = true;
	l->to = v->num;
	quantity_format(l->value, sizeof(l->value), DIM_RATIO, v->num);
}

static void lane_of_rate(struct picture *p, const struct subject *s)
{
	struct lane *l = picture_lane(p, "Fastest flow");
	const struct value *rate = fact(s, PATH_DELIVERY_RATE), *speed = fact(s, PATH_SPEED);
	char a[QUANTITY_MAX], b[QUANTITY_MAX];

	if (rate->state != VALUE_KNOWN)
		return;
	quantity_format(a, sizeof(a), DIM_RATE, rate->num);
	if (!speed_is_sure(s)) {
		snprintf(l->value, sizeof(l->value), "%s", a);
		return;
	}
	l->known = true;
	l->to = rate->num / speed->num;
	snprintf(l->value, sizeof(l->value), "%s of %s", a, quantity_format(b, sizeof(b), DIM_RATE, speed->num));
}

static void picture_of_limits(struct html *h, const struct subject *s)
{
	struct picture p = {.title = "What held it back"};

	lane_of_share(&p, "Waited for the peer's window", fact(s, PATH_RWND_SHARE));
	lane_of_share(&p, "Waited for the send buffer", fact(s, PATH_SNDBUF_SHARE));
	lane_of_share(&p, "Sent again", fact(s, PATH_RETRANSMIT_SHARE));
	lane_of_rate(&p, s);
	picture_tick(&p, 0, false, "0 %");
	picture_tick(&p, 0.5, false, "50 %");
	picture_tick(&p, 1, false, "100 %");
	html_picture(h, &p);
}

static void add_item(struct html *h, const struct subject *s, enum path_fact f, const char *name)
{
	const struct value *v = fact(s, f);

	if (v->state != VALUE_KNOWN || (v->text && !*v->text))
		return;
	text_addf(h->t, "<div><dt>%s</dt><dd>", name);
	html_value(h->t, v, subject_defs[SUBJECT_PATH].facts[f].dim);
	text_add(h->t, "</dd></div>\n");
}

/* Numbers that no picture shows. */
static void add_items(struct html *h, const struct subject *s)
{
	text_add(h->t, "<dl class=\"items\">\n");
	add_item(h, s, PATH_FLOWS, "Connections");
	add_item(h, s, PATH_SPEED, "Link");
	add_item(h, s, PATH_SPEED_SOURCE, "by");
	add_item(h, s, PATH_RATE_OUT, "Out");
	add_item(h, s, PATH_RATE_IN, "In");
	add_item(h, s, PATH_LOSS, "Loss");
	add_item(h, s, PATH_CONGESTION, "Congestion control");
	add_item(h, s, PATH_MSS, "Segment");
	text_add(h->t, "</dl>\n");
}

static void add_path(struct html *h, const struct subject *s, struct decades d)
{
	const struct finding *f = html_finding_about(&h->part->judgement, s);

	text_addf(h->t, "<article class=\"path%s%s\">\n<div class=\"head\">\n<h%u>", f ? " " : "", f ? severity_name(f->severity) : "",
		  h->level + 1);
	html_text(h->t, s->name);
	text_addf(h->t, "</h%u>\n<p>", h->level + 1);
	html_flag(h, s);
	text_add(h->t, "</p>\n</div>\n");
	add_items(h, s);
	text_add(h->t, "<div class=\"pictures\">\n");
	picture_of_round_trips(h, s, d);
	picture_of_windows(h, s);
	picture_of_limits(h, s);
	text_add(h->t, "</div>\n</article>\n");
}

void html_paths(struct html *h)
{
	const char *untold = h->part->facts->untold[SUBJECT_PATH];
	struct decades d = decades_of(h->part->facts);
	size_t n = 0;

	html_section(h, "paths", "Paths");
	html_element(h->t, "p", "lead", h->part->facts->first[SUBJECT_PATH] ? how_to_read : NULL);
	for (const struct subject *s = h->part->facts->first[SUBJECT_PATH]; s; s = s->next)
		if (++n <= PATHS_SHOWN)
			add_path(h, s, d);
	if (!n)
		html_element(h->t, "p", "empty", untold ? untold : "No open connection leaves this host.");
	if (n > PATHS_SHOWN)
		text_addf(h->t, "<p class=\"more\">and %zu more, which <code>tcpadvisor paths</code> shows</p>\n", n - PATHS_SHOWN);
	text_add(h->t, "</section>\n");
}
