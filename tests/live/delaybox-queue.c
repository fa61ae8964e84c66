/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of one segment: too large, lost by chance, no room in the queue, or on the wire. */
#include "delaybox.h"

static double random_unit(struct direction *d)
{
	d->random ^= d->random << 13;
	d->random ^= d->random >> 7;
	d->random ^= d->random << 17;
	return (double)(d->random >> 11) / (double)(1ULL << 53);
}

static uint64_t backlog_bytes(const struct direction *d, uint64_t now)
{
	if (d->busy_until <= now)
		return 0;
	return (uint64_t)((double)(d->busy_until - now) * (double)d->spec.rate_bps / 8e9);
}

/* Puts one segment on the wire, unless its size, chance or the queue drops it. */
enum fate segment_admit(struct direction *d, uint64_t now, size_t ip_len)
{
	uint64_t wire = ip_len + WIRE_OVERHEAD, backlog;

	d->stats.segments++;
	d->stats.bytes += wire;
	if (d->spec.mtu > 0 && ip_len > d->spec.mtu) {
		d->stats.dropped_mtu++;
		return FATE_TOO_LARGE;
	}
	if (d->spec.loss > 0 && random_unit(d) < d->spec.loss) {
		d->stats.dropped_loss++;
		return FATE_LOST;
	}
	if (d->spec.rate_bps == 0) {
		d->busy_until = now;
		return FATE_ADMITTED;
	}
	backlog = backlog_bytes(d, now);
	if (backlog > d->spec.queue_bytes) {
		d->stats.dropped_queue++;
		return FATE_NO_ROOM;
	}
	if (backlog + wire > d->stats.queue_peak_bytes)
		d->stats.queue_peak_bytes = backlog + wire;
	if (d->busy_until < now)
		d->busy_until = now;
	d->busy_until += wire * 8 * NSEC_PER_SEC / d->spec.rate_bps;
	return FATE_ADMITTED;
}
