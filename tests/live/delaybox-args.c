/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of delaybox: values with units, one for both directions or one for each. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delaybox.h"

#define CHUNK_NS 1000000ULL

struct unit {
	const char *name;
	double factor;
};

static const struct unit time_units[] = {
	{"us", 1e3},
	{"ms", 1e6},
	{"s", 1e9},
	{NULL, 0},
};
static const struct unit rate_units[] = {
	{"bit/s", 1}, {"kbit/s", 1e3}, {"Mbit/s", 1e6}, {"Gbit/s", 1e9}, {NULL, 0},
};
static const struct unit byte_units[] = {
	{"B", 1}, {"KB", 1e3}, {"MB", 1e6}, {"KiB", 1024}, {"MiB", 1048576}, {NULL, 0},
};
static const struct unit ratio_units[] = {
	{"", 1},
	{"%", 0.01},
	{NULL, 0},
};

enum {
	OPT_A = 256,
	OPT_B,
	OPT_DELAY,
	OPT_RATE,
	OPT_QUEUE,
	OPT_LOSS,
	OPT_MTU,
	OPT_CHUNK,
	OPT_SEED,
	OPT_RR,
	OPT_STATS,
	OPT_HELP,
};

static const struct option options[] = {
	{"a", required_argument, NULL, OPT_A},	       {"b", required_argument, NULL, OPT_B},
	{"delay", required_argument, NULL, OPT_DELAY}, {"rate", required_argument, NULL, OPT_RATE},
	{"queue", required_argument, NULL, OPT_QUEUE}, {"loss", required_argument, NULL, OPT_LOSS},
	{"chunk", required_argument, NULL, OPT_CHUNK}, {"seed", required_argument, NULL, OPT_SEED},
	{"rr", required_argument, NULL, OPT_RR},       {"stats", no_argument, NULL, OPT_STATS},
	{"help", no_argument, NULL, OPT_HELP},	       {"mtu", required_argument, NULL, OPT_MTU},
	{NULL, 0, NULL, 0},
};

const char *box_usage(void)
{
	return "usage: delaybox --a=NETNS,IF --b=NETNS,IF [options]\n"
	       "NETNS is a pid, a name under /run/netns or a path. T,T gives A to B and B to A.\n"
	       "  --delay=T[,T]  one way, 40ms          --rate=R[,R]   1Gbit/s; without: no limit\n"
	       "  --queue=N[,N]  1MB, drop-tail;        --loss=P[,P]   0.1% of the segments\n"
	       "                 default one BDP        --mtu=N[,N]    1400B: larger packets vanish\n"
	       "  --chunk=N      most segments per packet\n"
	       "  --seed=N       of the losses          --rr=PRIORITY  SCHED_RR\n"
	       "  --stats        at the end (SIGUSR1: now)\n";
}

static int parse_number(const char *text, size_t len, const struct unit *units, double *ret)
{
	char copy[64], *end;
	double value;

	if (len == 0 || len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	value = strtod(copy, &end);
	if (end == copy || !isfinite(value) || value < 0)
		return -EINVAL;
	for (; units->name; units++) {
		if (strcmp(end, units->name) == 0) {
			*ret = value * units->factor;
			return 0;
		}
	}
	return -EINVAL;
}

/* "X" sets both, "X,Y" each. */
static int parse_pair(const char *text, const struct unit *units, double ret[static 2])
{
	const char *comma = strchr(text, ',');
	double value[2];
	int r;

	r = parse_number(text, comma ? (size_t)(comma - text) : strlen(text), units, &value[0]);
	if (r < 0)
		return r;
	value[1] = value[0];
	if (comma)
		r = parse_number(comma + 1, strlen(comma + 1), units, &value[1]);
	if (r < 0)
		return r;
	memcpy(ret, value, sizeof(value));
	return 0;
}

static int parse_count(const char *text, unsigned long max, unsigned long *ret)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value > max)
		return -EINVAL;
	*ret = value;
	return 0;
}

static int parse_endpoint(char *text, struct endpoint_spec *end)
{
	char *comma = strrchr(text, ',');

	if (!comma || comma == text || !comma[1])
		return -EINVAL;
	*comma = '\0';
	*end = (struct endpoint_spec){.netns = text, .ifname = comma + 1};
	return 0;
}

static int parse_direction(struct box_spec *spec, int option, const char *text)
{
	const struct unit *units = option == OPT_DELAY	 ? time_units
				   : option == OPT_RATE	 ? rate_units
				   : option == OPT_QUEUE ? byte_units
				   : option == OPT_MTU	 ? byte_units
							 : ratio_units;
	double pair[2];
	int r = parse_pair(text, units, pair);

	if (r < 0)
		return r;
	for (int i = 0; i < 2; i++) {
		struct direction_spec *d = &spec->direction[i];

		if (option == OPT_DELAY)
			d->delay_ns = (uint64_t)pair[i];
		else if (option == OPT_RATE)
			d->rate_bps = (uint64_t)pair[i];
		else if (option == OPT_QUEUE)
			d->queue_bytes = (uint64_t)pair[i];
		else if (option == OPT_MTU)
			d->mtu = (uint64_t)pair[i];
		else if (pair[i] > 1)
			return -EINVAL;
		else
			d->loss = pair[i];
	}
	return 0;
}

static int parse_option(struct box_spec *spec, int option, char *text)
{
	unsigned long value = 0;
	int r = 0;

	switch (option) {
	case OPT_A:
	case OPT_B:
		return parse_endpoint(text, &spec->end[option - OPT_A]);
	case OPT_DELAY:
	case OPT_RATE:
	case OPT_QUEUE:
	case OPT_LOSS:
	case OPT_MTU:
		return parse_direction(spec, option, text);
	case OPT_CHUNK:
		r = parse_count(text, 64, &value);
		for (int i = 0; i < 2; i++)
			spec->direction[i].chunk_segments = (unsigned int)value;
		return r == 0 && value == 0 ? -EINVAL : r;
	case OPT_SEED:
		r = parse_count(text, UINT32_MAX, &value);
		spec->seed = value;
		return r;
	case OPT_RR:
		r = parse_count(text, 99, &value);
		spec->rr_priority = (int)value;
		return r;
	case OPT_STATS:
		spec->stats = true;
		return 0;
	case OPT_HELP:
		spec->help = true;
		return 0;
	default:
		return -EINVAL;
	}
}

/* A queue of one BDP; chunks no longer than 1 ms on the wire, or slow links would arrive in lumps.
 */
static void fill_defaults(struct box_spec *spec)
{
	double rtt_ns = (double)spec->direction[0].delay_ns + (double)spec->direction[1].delay_ns;

	for (int i = 0; i < 2; i++) {
		struct direction_spec *d = &spec->direction[i];
		uint64_t wire = 1500 + WIRE_OVERHEAD, fit;

		if (d->queue_bytes == UINT64_MAX)
			d->queue_bytes = (uint64_t)((double)d->rate_bps / 8e9 * rtt_ns);
		if (d->chunk_segments > 0)
			continue;
		fit = d->rate_bps / 8 * CHUNK_NS / NSEC_PER_SEC / wire;
		d->chunk_segments =
			d->rate_bps == 0 || fit > 64 ? 64 : (unsigned int)(fit ? fit : 1);
	}
}

int box_spec_parse(struct box_spec *spec, int argc, char **argv)
{
	int option, r;

	*spec = (struct box_spec){
		.seed = 1, .direction = {{.queue_bytes = UINT64_MAX}, {.queue_bytes = UINT64_MAX}}};
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		r = parse_option(spec, option, optarg);
		if (r < 0) {
			fprintf(stderr, "delaybox: bad argument near '%s'\n",
				option == '?' ? argv[optind - 1] : optarg);
			return r;
		}
	}
	if (spec->help)
		return 0;
	if (optind < argc || !spec->end[0].netns || !spec->end[1].netns)
		return -EINVAL;
	fill_defaults(spec);
	return 0;
}
