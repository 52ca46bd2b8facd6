// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ctl/pinhole.h"

#include "dataplane/table/flow_latch.h"
#include "include/tidegate/time.h"

#define LOOKS 4 // in a keepalive's time

void pinhole_start(struct pinhole *pinhole, uint64_t now_ms)
{
	*pinhole = (struct pinhole){.quiet_ms = now_ms};
}

// What the other side's receivers relayed to its RTP address.
static uint64_t sent_to(
	const struct tg_stream_spec *spec, const struct tg_stream_stats *stats, unsigned int side)
{
	const struct tg_side_stats *from = &stats->side[!side];
	uint64_t rtp = tg_stat_load(&from->relayed_packets);

	if (spec->side[side].local_rtcp_port != 0)
		return rtp;
	return rtp + __atomic_load_n(&from->rtcp_relayed_packets, __ATOMIC_RELAXED);
}

static bool is_wanted(const struct tg_stream_spec *spec, unsigned int side)
{
	const struct tg_side_spec *s = &spec->side[side];

	// T.38 has no packet that means nothing
	return spec->keepalive_s[side] != 0 && s->latch != TG_LATCH_OFF
		&& (s->flags & TG_SIDE_OPAQUE) == 0;
}

static bool is_learned(const struct tg_side_stats *stats)
{
	struct tg_addr learned;

	return (flow_latch_read(&learned, stats, TG_RTP) & 1) == 0 && learned.port != 0;
}

uint64_t pinhole_look(struct pinhole *pinhole, struct pinhole_queue *queue,
	const struct flow_table *flows, struct tg_stream_ref ref, unsigned int side,
	uint64_t now_ms)
{
	const struct tg_stream_spec *spec = flow_table_spec(flows, ref);
	const struct tg_stream_stats *stats = flow_table_stats(flows, ref);
	uint64_t step_ms = spec->keepalive_s[side] * TG_MS_PER_S / LOOKS;
	uint64_t sent;

	if (!is_wanted(spec, side))
		return UINT64_MAX;
	sent = sent_to(spec, stats, side);
	if (sent != pinhole->sent) {
		pinhole->sent = sent;
		pinhole->quiet_ms = now_ms;
	}
	if (now_ms - pinhole->quiet_ms >= (LOOKS - 1) * step_ms && is_learned(&stats->side[side])
		&& pinhole_put(queue, ref.index | (side != 0 ? FLOW_PORT_SIDE : 0)))
		pinhole->quiet_ms = now_ms;
	return now_ms + step_ms;
}
