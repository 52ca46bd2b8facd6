// SPDX-License-Identifier: BSD-3-Clause
// How long after a stream was ordered is its first packet relayed? Orders one, sends RTP to it as soon
// as the completion is there, waits for what comes out, removes it; again and again.
//
//	bench_latency SOCKET LOCAL0 LOCAL1 REMOTE0 REMOTE1 ROUNDS DEVARGS MAC CPU
//
// Addresses as for bench_install; DEVARGS is the DPDK device that leads to the dataplane, MAC its port there.
// Prints one JSON object, times in microseconds: from the command's publication until its completion was
// seen, and until the first relayed packet was.
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/dp.h"
#include "tests/bench/streams.h"
#include "tools/rtpblast/frame.h"
#include "tools/rtpblast/histogram.h"
#include "tools/rtpblast/port.h"

#define WORDS 10
#define PAYLOAD_BYTES 172
#define PAYLOAD_TYPE 8
#define GIVE_UP_S 1
#define BURST 32

struct latency {
	struct dp dp;
	struct streams streams;
	struct port port;
	struct histogram completed;
	struct histogram relayed;
	uint64_t lost;
};

static struct flow flow_of(const struct tg_stream_spec *spec)
{
	return (struct flow){.from = spec->side[0].remote[TG_RTP],
		.to = spec->side[0].local,
		.expect_from = spec->side[1].local,
		.expect_to = spec->side[1].remote[TG_RTP]};
}

static void send_one(const struct port *port, struct frame_tx *tx)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(port->pool);

	if (m == NULL)
		dp_die("no packet memory left");
	frame_build(rte_pktmbuf_mtod(m, uint8_t *), tx, port->mac, 0, 0);
	m->data_len = frame_bytes(tx);
	m->pkt_len = m->data_len;
	while (rte_eth_tx_burst(port->id, 0, &m, 1) == 0)
		;
}

static bool receive(const struct port *port, const struct frame_rx *rx)
{
	struct rte_mbuf *burst[BURST];
	uint16_t count = rte_eth_rx_burst(port->id, 0, burst, BURST);
	struct frame_tag tag;
	bool ours = false;

	for (uint16_t i = 0; i < count; i++)
		ours |= frame_check(&tag, rte_pktmbuf_mtod(burst[i], const uint8_t *),
				burst[i]->data_len, rx, 1, PAYLOAD_BYTES, PAYLOAD_TYPE)
			== FRAME_GOOD;
	rte_pktmbuf_free_bulk(burst, count);
	return ours;
}

// Sleeps, as a control plane does: the main lcore that takes the command may need our core.
static struct tg_event wait_completion(struct dp *dp, uint64_t seq)
{
	uint64_t end = rte_rdtsc() + GIVE_UP_S * rte_get_tsc_hz();
	struct tg_event event;

	while (rte_rdtsc() < end) {
		if (dp_completion(&event, dp) && event.completion.seq == seq)
			return event;
		dp_sleep(dp, -1, GIVE_UP_S * 1000);
	}
	dp_die("a stream was ordered and nothing came back");
}

static void one_round(struct latency *l, uint32_t n)
{
	struct tg_cmd cmd = {.type = TG_CMD_STREAM_ADD,
		.stream = streams_spec(&l->streams, l->streams.count + n % STREAMS_CHURN_MAX)};
	struct flow flow = flow_of(&cmd.stream);
	struct tg_event event;
	struct frame_tx tx;
	struct frame_rx rx;
	uint64_t start;
	uint64_t end;
	uint64_t seq;

	frame_prepare(&tx, &rx, &flow, 0, PAYLOAD_BYTES, PAYLOAD_TYPE);
	start = rte_rdtsc();
	seq = dp_push(&l->dp, &cmd);
	dp_publish(&l->dp);
	event = wait_completion(&l->dp, seq);
	if (event.completion.status != 0)
		dp_die("stream: %s", strerror(-event.completion.status));
	histogram_add(&l->completed, rte_rdtsc() - start);
	send_one(&l->port, &tx);
	end = start + GIVE_UP_S * rte_get_tsc_hz();
	while (!receive(&l->port, &rx) && rte_rdtsc() < end)
		;
	if (rte_rdtsc() < end)
		histogram_add(&l->relayed, rte_rdtsc() - start);
	else
		l->lost++;
	event = dp_call(&l->dp, &(struct tg_cmd){.type = TG_CMD_STREAM_REMOVE, .ref = event.ref});
}

static double us(uint64_t cycles)
{
	return (double)cycles * 1e6 / (double)rte_get_tsc_hz();
}

static void print_histogram(const char *name, const struct histogram *h)
{
	printf("\"%s_p50_us\": %.1f, \"%s_p99_us\": %.1f, \"%s_max_us\": %.1f", name,
		us(histogram_permille(h, 500)), name, us(histogram_permille(h, 990)), name,
		us(h->max));
}

static void open_port(struct latency *l, char **argv)
{
	struct args args;
	char *words[] = {argv[0], (char[]){"--port"}, argv[7], (char[]){"--mac-to"}, argv[8],
		(char[]){"--lcores"}, argv[9], (char[]){"--echo"}, (char[]){"1"}, NULL};
	char error[ARGS_ERROR_BYTES];

	if (args_parse(&args, error, 9, words) != ARGS_RUN || port_start_eal(error, &args) < 0
		|| port_open(&l->port, error, &args, 0) < 0)
		dp_die("%s", error);
	if (port_wait(&l->port, args.wait_s) < 0)
		dp_die("no link");
}

static struct tg_ip ip_arg(const char *text)
{
	struct tg_ip ip;

	if (tg_ip_parse(&ip, text) < 0)
		dp_die("%s: expected an address", text);
	return ip;
}

int main(int argc, char **argv)
{
	static struct latency l;
	uint32_t rounds;

	if (argc != WORDS)
		dp_die("usage: bench_latency SOCKET LOCAL0 LOCAL1 REMOTE0 REMOTE1 ROUNDS DEVARGS "
		       "MAC "
		       "CPU");
	l.streams = (struct streams){.local = {ip_arg(argv[2]), ip_arg(argv[3])},
		.remote = {ip_arg(argv[4]), ip_arg(argv[5])}};
	rounds = (uint32_t)strtoul(argv[6], NULL, 10);
	open_port(&l, argv);
	dp_attach(&l.dp, argv[1]);
	streams_put_pools(&l.streams, &l.dp);
	for (uint32_t n = 0; n < rounds; n++)
		one_round(&l, n);
	printf("{\"rounds\": %u, \"lost\": %" PRIu64 ", ", rounds, l.lost);
	print_histogram("completed", &l.completed);
	printf(", ");
	print_histogram("relayed", &l.relayed);
	printf("}\n");
	port_close(&l.port);
	return 0;
}
