// SPDX-License-Identifier: BSD-3-Clause
#include "tools/rtpblast/sink.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <stddef.h>
#include <string.h>

#define BURST 64
#define AHEAD 4
#define LINE_BYTES 64

void sink_start(struct sink *s, uint32_t phase)
{
	s->phase = phase;
	s->counts = (struct sink_counts){0};
	memset(&s->delay, 0, sizeof(s->delay));
}

static void take_good(struct sink *s, const struct frame_tag *tag, uint64_t now)
{
	enum frame_order order = frame_order(&s->rx[tag->flow], tag->number);

	if (tag->phase != s->phase) {
		s->counts.late++;
		return;
	}
	if (order == FRAME_DUPLICATED) {
		s->counts.duplicated++;
		return;
	}
	s->counts.received++;
	s->counts.reordered += order == FRAME_REORDERED;
	histogram_add(&s->delay, now > tag->stamp ? now - tag->stamp : 0);
}

static void take(struct sink *s, const struct rte_mbuf *m, uint64_t now)
{
	struct frame_tag tag;

	// frame_check() sees one piece of memory; no device here cuts so small a frame.
	switch (frame_check(&tag, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, s->rx,
		s->flows, s->payload_bytes, s->payload_type)) {
	case FRAME_GOOD:
		take_good(s, &tag, now);
		break;
	case FRAME_FOREIGN:
		s->counts.foreign++;
		break;
	case FRAME_CORRUPTED:
		s->counts.corrupted++;
		break;
	case FRAME_MISLED:
		s->counts.misled++;
		break;
	}
}

// The tag names the flow whose state is needed; IPv4 is assumed, a wrong guess costs nothing.
static void fetch_state(const struct sink *s, const struct rte_mbuf *m)
{
	const size_t at = FRAME_ETHER_BYTES + 20 + 8 + FRAME_RTP_BYTES
		+ offsetof(struct frame_tag, flow);
	uint32_t flow;

	memcpy(&flow, rte_pktmbuf_mtod_offset(m, const uint8_t *, at), sizeof(flow));
	rte_prefetch0(&s->rx[flow < s->flows ? flow : 0]);
}

// Another core wrote the frame: all its lines are on the way before one is read.
static void fetch_frame(const struct sink *s, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	for (unsigned int at = 0; at < FRAME_ETHER_BYTES + 28u + s->payload_bytes; at += LINE_BYTES)
		rte_prefetch0(frame + at);
}

static unsigned int poll_queue(struct sink *s, uint16_t port, uint16_t queue)
{
	struct rte_mbuf *burst[BURST];
	unsigned int count = rte_eth_rx_burst(port, queue, burst, BURST);
	uint64_t now = rte_rdtsc();

	for (unsigned int i = 0; i < count && i < 2 * AHEAD; i++)
		fetch_frame(s, burst[i]);
	for (unsigned int i = 0; i < count; i++) {
		if (i + 2 * AHEAD < count)
			fetch_frame(s, burst[i + 2 * AHEAD]);
		if (i + AHEAD < count)
			fetch_state(s, burst[i + AHEAD]);
		take(s, burst[i], now);
	}
	rte_pktmbuf_free_bulk(burst, count);
	return count;
}

unsigned int sink_poll(struct sink *s)
{
	unsigned int count = 0;

	for (unsigned int p = 0; p < s->ports; p++) {
		for (uint16_t q = 0; q < s->queues; q++)
			count += poll_queue(s, s->port[p].id, q);
	}
	return count;
}
