// SPDX-License-Identifier: BSD-3-Clause
// Cycles a packet through the path, on crafted bursts in plain memory: no NIC, no driver.
//
//	bench_path [bursts]
#include "tests/unit/dataplane/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#define BURST 32
#define MBUFS 2048
#define FLOWS_MAX 100000
#define PORTS_PER_ADDRESS 50000
#define FRAME_BYTES 214 // G.711, 20 ms

struct bench {
	struct path path;
	struct tables *tables;
	struct tg_worker_stats stats;
	struct tg_stream_stats *stream_stats;
	struct neigh_wanted wanted;
	struct rig *rig; // makes the frames
	uint8_t frame[MBUFS][FRAME_BYTES];
	struct rig_mbuf mbuf[MBUFS];
};

static void put_pools(struct bench *bench)
{
	for (uint16_t id = 0; id < 4; id++) {
		char text[32];
		struct tg_pool pool = {.id = id, .port_first = 10000, .port_last = 59999};

		snprintf(text, sizeof(text), "%s.%u", id % 2 == 0 ? "192.0.2" : "198.51.100",
			1 + id / 2);
		pool.local = rig_ip(text);
		if (flow_table_pool_put(bench->tables->flows, &pool) < 0)
			abort();
	}
}

static void local_of(char text[static 32], uint32_t side, uint32_t flow)
{
	snprintf(text, 32, "%s.%u:%u", side == 0 ? "192.0.2" : "198.51.100",
		1 + flow / PORTS_PER_ADDRESS, 10000 + flow % PORTS_PER_ADDRESS);
}

static void remote_of(char text[static 32], uint32_t flow)
{
	snprintf(text, 32, "203.0.113.%u:%u", 1 + flow % 200, 20000 + flow / 200);
}

static void add_flow(struct bench *bench, uint32_t flow)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_stream_ref ref;
	char text[32];

	for (uint32_t s = 0; s < 2; s++) {
		local_of(text, s, flow);
		spec.side[s].local = rig_addr(text);
		spec.side[s].local_rtcp_port = 0;
	}
	remote_of(text, flow);
	spec.side[0].remote[TG_RTP] = rig_addr(text);
	spec.side[0].signalling = spec.side[0].remote[TG_RTP].ip;
	if (flow_table_add(&ref, bench->tables->flows, &spec, 1, 0) < 0)
		abort();
}

static void make_frame(struct bench *bench, uint32_t at, uint32_t flow)
{
	struct rig_rtp rtp = {.pt = 0, .seq = (uint16_t)at, .ssrc = flow};
	struct rte_mbuf *m;
	char src[32];
	char dst[32];

	remote_of(src, flow);
	local_of(dst, 0, flow);
	m = rig_rtp(bench->rig, src, dst, rtp);
	memcpy(bench->frame[at], (uint8_t *)m->buf_addr + m->data_off, FRAME_BYTES);
}

static void fill(struct bench *bench, struct rte_mbuf **burst, uint32_t at)
{
	for (uint32_t i = 0; i < BURST; i++) {
		struct rig_mbuf *slot = &bench->mbuf[at + i];

		slot->m.buf_addr = slot->buf;
		slot->m.buf_len = RIG_BUF_BYTES;
		slot->m.data_off = RIG_HEADROOM;
		slot->m.data_len = FRAME_BYTES;
		slot->m.pkt_len = FRAME_BYTES;
		memcpy(slot->buf + RIG_HEADROOM, bench->frame[at + i], FRAME_BYTES);
		burst[i] = &slot->m;
	}
}

static struct bench *bench_new(uint32_t flows)
{
	struct bench *bench = aligned_alloc(64, (sizeof(*bench) + 63) & ~(size_t)63);

	memset(bench, 0, sizeof(*bench));
	bench->rig = rig_new(1, 1);
	bench->stream_stats = aligned_alloc(64, flows * sizeof(*bench->stream_stats));
	memset(bench->stream_stats, 0, flows * sizeof(*bench->stream_stats));
	// Routes, neighbours and ports are the rig's; the streams are ours.
	bench->tables = bench->rig->tables;
	flow_table_free(bench->tables->flows);
	if (flow_table_new(&bench->tables->flows, flows, bench->stream_stats) < 0)
		abort();
	put_pools(bench);
	for (uint32_t flow = 0; flow < flows; flow++)
		add_flow(bench, flow);
	bench->path = bench->rig->path;
	bench->path.stats = &bench->stats;
	bench->path.stream_stats = bench->stream_stats;
	return bench;
}

static void bench_free(struct bench *bench)
{
	rig_free(bench->rig);
	free(bench->stream_stats);
	free(bench);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void run(uint32_t flows, uint32_t bursts)
{
	struct bench *bench = bench_new(flows);
	uint64_t *cycles = calloc(bursts, sizeof(*cycles));
	uint32_t flow = 0;

	for (uint32_t n = 0; n < bursts; n++) {
		uint32_t at = n * BURST % MBUFS;
		struct rte_mbuf *burst[BURST];
		uint64_t start;

		if (n * BURST < MBUFS || flows > MBUFS)
			for (uint32_t i = 0; i < BURST; i++) {
				make_frame(bench, at + i, flow);
				flow = (flow + 7919) % flows;
			}
		fill(bench, burst, at);
		path_clock(&bench->path, bench->path.now_ns + 20000);
		start = __rdtsc();
		path_receive(&bench->path, 0, burst, BURST);
		cycles[n] = __rdtsc() - start;
		bench->path.tx[1].count = 0;
		bench->path.freed.count = 0;
	}
	qsort(cycles, bursts, sizeof(*cycles), compare);
	printf("flows %6u  cycles/packet: median %6.1f  p10 %6.1f  p99 %6.1f  relayed %.1f%%\n",
		flows, (double)cycles[bursts / 2] / BURST, (double)cycles[bursts / 10] / BURST,
		(double)cycles[bursts / 100 * 99] / BURST,
		100.0 * (double)bench->stats.counter[TG_COUNT_MEDIA_RELAYED] / bursts / BURST);
	free(cycles);
	bench_free(bench);
}

int main(int argc, char **argv)
{
	static const uint32_t flows[] = {1, 1000, FLOWS_MAX};
	uint32_t bursts = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100000;

	printf("struct flow %zu, flow_spec %zu, stream stats %zu bytes a stream\n",
		sizeof(struct flow), sizeof(struct flow_spec), sizeof(struct tg_stream_stats));
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
		run(flows[i], bursts);
	return 0;
}
