// SPDX-License-Identifier: BSD-3-Clause
// Cycles a packet through the path, on crafted bursts in plain memory: no NIC, no driver. The streams
// carry G.711 in order; each burst holds packets of as many streams as there are, up to its size.
//
//	bench_path [bursts]
#include "tests/unit/dataplane/rig.h"

#include "dataplane/path/path_int.h"
#include "include/tidegate/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#define BURST 32
#define FLOWS_MAX 100000
#define MBUFS 2048
#define PORTS_PER_ADDRESS 50000
#define STRIDE 7919	    // prime, so that neighbours in a burst are strangers in memory
#define FRAME_BYTES_MAX 234 // G.711, 20 ms, over IPv6
#define WARM_BURSTS (2 * FLOWS_MAX / BURST) // the first packets of a stream are not the common ones

struct stage {
	const char *name;
	void (*run)(struct path *);
};

// As path_receive runs them.
static const struct stage stages[] = {
	{"parse", parse_burst},
	{"classify", classify_burst},
	{"sip", sip_burst},
	{"lookup", lookup_burst},
	{"fast", fast_burst},
	{"judge", judge_burst},
	{"settle", settle_burst},
};

#define STAGES (sizeof(stages) / sizeof(stages[0]))

struct bench {
	struct path path;
	struct tables *tables;
	struct tg_worker_stats stats;
	struct tg_stream_stats *stream_stats;
	struct rig *rig; // makes the frames
	bool v6;
	uint32_t flows;
	uint32_t next_flow;
	uint16_t frame_bytes;
	uint16_t *seq;			   // by flow: of the next packet
	uint8_t (*frame)[FRAME_BYTES_MAX]; // by flow
	struct rig_mbuf mbuf[MBUFS];
	struct rte_mbuf *burst[BURST];
};

static void local_of(char text[static 64], bool v6, uint32_t side, uint32_t flow)
{
	uint32_t address = 1 + flow / PORTS_PER_ADDRESS;
	uint32_t port = 10000 + flow % PORTS_PER_ADDRESS;

	if (v6)
		snprintf(text, 64, "[2001:db8:%c::%x]:%u", side == 0 ? 'a' : 'c', address, port);
	else
		snprintf(text, 64, "%s.%u:%u", side == 0 ? "192.0.2" : "198.51.100", address, port);
}

static void remote_of(char text[static 64], bool v6, uint32_t flow)
{
	const char *net = v6 ? "[2001:db8:a::" : "203.0.113.";

	snprintf(text, 64, "%s%u%s:%u", net, 1 + flow % 200, v6 ? "]" : "", 20000 + flow / 200);
}

static void put_pools(struct bench *bench)
{
	for (uint16_t id = 0; id < 4; id++) {
		char text[64];
		struct tg_pool pool = {.id = id, .port_first = 10000, .port_last = 59999};

		local_of(text, bench->v6, id % 2, id / 2 * PORTS_PER_ADDRESS);
		pool.local = rig_addr(text).ip;
		if (flow_table_pool_put(bench->tables->flows, &pool) < 0)
			abort();
	}
}

static void add_flow(struct bench *bench, uint32_t flow)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_stream_ref ref;
	char text[64];

	for (uint32_t s = 0; s < 2; s++) {
		local_of(text, bench->v6, s, flow);
		spec.side[s].local = rig_addr(text);
		spec.side[s].local_rtcp_port = 0;
		spec.side[s].packets = (struct tg_rate){.per_s = 10000000, .burst = 1000};
		spec.side[s].bytes = (struct tg_rate){.per_s = 2000000000, .burst = 200000};
	}
	remote_of(text, bench->v6, flow);
	spec.side[0].remote[TG_RTP] = rig_addr(text);
	spec.side[0].signalling = spec.side[0].remote[TG_RTP].ip;
	if (bench->v6)
		spec.side[1].remote[TG_RTP] = rig_addr("[2001:db8:c::7]:30000");
	if (flow_table_add(&ref, bench->tables->flows, &spec, 1, 0) < 0)
		abort();
}

static void make_frame(struct bench *bench, uint32_t flow)
{
	struct rig_rtp rtp = {.pt = 0, .ssrc = flow};
	struct rte_mbuf *m;
	char src[64];
	char dst[64];

	remote_of(src, bench->v6, flow);
	local_of(dst, bench->v6, 0, flow);
	m = rig_rtp(bench->rig, src, dst, rtp);
	bench->frame_bytes = m->data_len;
	memcpy(bench->frame[flow], (uint8_t *)m->buf_addr + m->data_off, m->data_len);
}

// One packet of the next stream: the one that follows its last.
static struct rte_mbuf *next_packet(struct bench *bench, struct rig_mbuf *slot)
{
	uint32_t flow = bench->next_flow;
	uint8_t *data = slot->buf + RIG_HEADROOM;
	uint8_t *rtp = data + bench->frame_bytes - 172;
	uint16_t seq = bench->seq[flow]++;

	slot->m.buf_addr = slot->buf;
	slot->m.buf_len = RIG_BUF_BYTES;
	slot->m.data_off = RIG_HEADROOM;
	slot->m.data_len = bench->frame_bytes;
	slot->m.pkt_len = bench->frame_bytes;
	memcpy(data, bench->frame[flow], bench->frame_bytes);
	tg_store_be16(rtp + 2, seq);
	tg_store_be32(rtp + 4, seq * 160u);
	bench->next_flow = (flow + STRIDE) % bench->flows;
	return &slot->m;
}

static void fill(struct bench *bench, uint32_t n)
{
	for (uint32_t i = 0; i < BURST; i++)
		bench->burst[i] = next_packet(bench, &bench->mbuf[(n * BURST + i) % MBUFS]);
	path_clock(&bench->path, bench->path.now_ns + 20000);
	// What was written here is not to be waited for there.
	_mm_mfence();
}

static void empty(struct bench *bench)
{
	for (uint32_t port = 0; port < TG_PORTS_MAX; port++)
		bench->path.tx[port].count = 0;
	bench->path.freed.count = 0;
}

static void *zeroed(size_t bytes)
{
	void *at = aligned_alloc(64, (bytes + 63) & ~(size_t)63);

	if (at == NULL)
		abort();
	return memset(at, 0, bytes);
}

static struct bench *bench_new(uint32_t flows, bool v6)
{
	struct bench *bench = zeroed(sizeof(*bench));

	bench->v6 = v6;
	bench->flows = flows;
	bench->rig = rig_new(1, 1);
	bench->stream_stats = zeroed(flows * sizeof(*bench->stream_stats));
	bench->seq = zeroed(flows * sizeof(*bench->seq));
	bench->frame = zeroed(flows * sizeof(*bench->frame));
	// Routes, neighbours and ports are the rig's; the streams are ours.
	bench->tables = bench->rig->tables;
	flow_table_free(bench->tables->flows);
	if (flow_table_new(&bench->tables->flows, flows, bench->stream_stats) < 0)
		abort();
	put_pools(bench);
	for (uint32_t flow = 0; flow < flows; flow++) {
		add_flow(bench, flow);
		make_frame(bench, flow);
	}
	bench->path = bench->rig->path;
	bench->path.stats = &bench->stats;
	bench->path.stream_stats = bench->stream_stats;
	return bench;
}

static void bench_free(struct bench *bench)
{
	rig_free(bench->rig);
	free(bench->stream_stats);
	free(bench->seq);
	free(bench->frame);
	free(bench);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static double quantile(uint64_t *cycles, uint32_t count, uint32_t percent)
{
	qsort(cycles, count, sizeof(*cycles), compare);
	return (double)cycles[(uint64_t)count * percent / 100] / BURST;
}

static void measure_whole(struct bench *bench, uint64_t *cycles, uint32_t bursts)
{
	uint64_t relayed;

	for (uint32_t n = 0; n < WARM_BURSTS; n++) {
		fill(bench, n);
		path_receive(&bench->path, 0, bench->burst, BURST);
		empty(bench);
	}
	relayed = bench->stats.counter[TG_COUNT_MEDIA_RELAYED];
	for (uint32_t n = 0; n < bursts; n++) {
		uint64_t start;

		fill(bench, n);
		start = __rdtsc();
		path_receive(&bench->path, 0, bench->burst, BURST);
		cycles[n] = __rdtsc() - start;
		empty(bench);
	}
	relayed = bench->stats.counter[TG_COUNT_MEDIA_RELAYED] - relayed;
	printf("flows %6u%s cycles/packet: median %6.1f  p10 %6.1f  p99 %6.1f  relayed %.1f%%\n",
		bench->flows, bench->v6 ? " v6" : "   ", quantile(cycles, bursts, 50),
		quantile(cycles, bursts, 10), quantile(cycles, bursts, 99),
		100.0 * (double)relayed / bursts / BURST);
}

// By stage: what is waited for in one may have been asked for in the one before it.
static void measure_stages(struct bench *bench, uint64_t *cycles, uint32_t bursts)
{
	double sum = 0;

	for (uint32_t n = 0; n < bursts; n++) {
		uint64_t last;

		fill(bench, n);
		last = __rdtsc();
		fill_burst(&bench->path, 0, bench->burst, BURST);
		for (uint32_t s = 0; s <= STAGES; s++) {
			uint64_t now = __rdtsc();

			cycles[s * bursts + n] = now - last;
			last = now;
			if (s < STAGES)
				stages[s].run(&bench->path);
		}
		empty(bench);
	}
	for (uint32_t s = 0; s <= STAGES; s++) {
		double median = quantile(cycles + s * bursts, bursts, 50);

		printf("%s %s %.1f", s == 0 ? "   by stage:" : ",",
			s == 0 ? "fill" : stages[s - 1].name, median);
		sum += median;
	}
	printf("; sum %.1f\n", sum);
}

static void run(uint32_t flows, bool v6, uint32_t bursts)
{
	struct bench *bench = bench_new(flows, v6);
	uint64_t *cycles = calloc((STAGES + 1) * bursts, sizeof(*cycles));

	measure_whole(bench, cycles, bursts);
	measure_stages(bench, cycles, bursts);
	free(cycles);
	bench_free(bench);
}

int main(int argc, char **argv)
{
	static const uint32_t flows[] = {1, 1000, 10000, FLOWS_MAX};
	uint32_t bursts = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 50000;

	printf("struct flow %zu, flow_spec %zu, stream stats %zu bytes a stream: %zu\n",
		sizeof(struct flow), sizeof(struct flow_spec), sizeof(struct tg_stream_stats),
		sizeof(struct flow) + sizeof(struct flow_spec) + sizeof(struct tg_stream_stats));
	for (uint32_t v6 = 0; v6 < 2; v6++)
		for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
			run(flows[i], v6 != 0, bursts);
	return 0;
}
