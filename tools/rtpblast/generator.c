// SPDX-License-Identifier: BSD-3-Clause
#include "tools/rtpblast/generator.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD 4 // flows whose state is fetched early

// Turns in an order that no prefetcher guesses, the same in each run.
static void shuffle(uint32_t *order, uint32_t count)
{
	uint64_t state = 88172645463325252ull;

	for (uint32_t i = count; i > 1; i--) {
		uint32_t j;
		uint32_t swap;

		state = state * 6364136223846793005ull + 1442695040888963407ull;
		j = (uint32_t)((state >> 33) % i);
		swap = order[i - 1];
		order[i - 1] = order[j];
		order[j] = swap;
	}
}

static bool lane_has(const struct generator_lane *lane, const struct frame_tx *tx, uint32_t flow,
	uint32_t queues)
{
	return tx[flow].port == lane->port && flow % queues == lane->queue;
}

static int lane_open(
	struct generator_lane *lane, const struct frame_tx *tx, uint32_t flows, uint32_t queues)
{
	lane->order = calloc(flows, sizeof(*lane->order));
	if (lane->order == NULL)
		return -ENOMEM;
	for (uint32_t n = 0; n < flows; n++) {
		if (lane_has(lane, tx, n, queues))
			lane->order[lane->flows++] = n;
	}
	shuffle(lane->order, lane->flows);
	return 0;
}

int generator_open(struct generator *g, const struct port *port, struct frame_tx *tx,
	uint32_t flows, const struct args *args)
{
	*g = (struct generator){.port = port,
		.tx = tx,
		.burst = args->burst,
		.garbage = args->garbage,
		.noise = 0x2545f4914f6cdd1dull};
	for (unsigned int i = 0; i < args->ports * args->queues; i++) {
		struct generator_lane *lane = &g->lane[g->lanes];

		*lane = (struct generator_lane){
			.port = (uint8_t)(i / args->queues), .queue = (uint16_t)(i % args->queues)};
		if (lane_open(lane, tx, flows, args->queues) < 0) {
			generator_close(g);
			return -ENOMEM;
		}
		if (lane->flows > 0)
			g->lanes++;
		else
			free(lane->order);
	}
	return 0;
}

void generator_close(struct generator *g)
{
	for (unsigned int i = 0; i < g->lanes; i++) {
		struct generator_lane *lane = &g->lane[i];

		rte_pktmbuf_free_bulk(lane->waiting + lane->first, lane->end - lane->first);
		free(lane->order);
	}
	g->lanes = 0;
}

void generator_start(struct generator *g, const struct generator_phase *phase)
{
	g->phase = *phase;
	g->sent = g->built = g->refused = 0;
	for (unsigned int i = 0; i < g->lanes; i++)
		g->lane[i].sent = 0;
	g->stopping = false;
	g->began = rte_rdtsc();
	__atomic_store_n(&g->running, true, __ATOMIC_RELEASE);
}

bool generator_running(const struct generator *g)
{
	return __atomic_load_n(&g->running, __ATOMIC_ACQUIRE);
}

void generator_stop(struct generator *g)
{
	__atomic_store_n(&g->stopping, true, __ATOMIC_RELEASE);
}

static void lane_build(
	struct generator *g, struct generator_lane *lane, unsigned int count, uint64_t now)
{
	const struct port *port = &g->port[lane->port];

	if (rte_pktmbuf_alloc_bulk(port->pool, lane->waiting, count) != 0)
		return;
	for (unsigned int i = 0; i < count; i++) {
		struct frame_tx *tx = &g->tx[lane->order[lane->turn]];
		struct rte_mbuf *m = lane->waiting[i];
		uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
		uint32_t ahead = lane->turn + AHEAD;

		rte_prefetch0(&g->tx[lane->order[ahead < lane->flows ? ahead : 0]]);
		frame_build(frame, tx, port->mac, g->phase.number, now);
		if (g->garbage)
			frame_garble(frame, tx, &g->noise);
		m->data_len = frame_bytes(tx);
		m->pkt_len = m->data_len;
		lane->turn = lane->turn + 1 < lane->flows ? lane->turn + 1 : 0;
	}
	lane->first = 0;
	lane->end = count;
	lane->sent += count;
	g->built += count;
}

static void lane_flush(struct generator *g, struct generator_lane *lane)
{
	uint16_t took = rte_eth_tx_burst(g->port[lane->port].id, lane->queue,
		lane->waiting + lane->first, (uint16_t)(lane->end - lane->first));

	lane->first += took;
	g->sent += took;
	g->refused += lane->first < lane->end;
}

static bool lane_waits(const struct generator_lane *lane)
{
	return lane->first < lane->end;
}

// Of the lanes whose device takes more the one furthest behind its share; NULL: none does.
static struct generator_lane *lane_due(struct generator *g)
{
	struct generator_lane *due = NULL;

	for (unsigned int i = 0; i < g->lanes; i++) {
		struct generator_lane *lane = &g->lane[i];

		if (!lane_waits(lane)
			&& (due == NULL || lane->sent * due->flows < due->sent * lane->flows))
			due = lane;
	}
	return due;
}

static uint64_t packets_due(const struct generator *g, uint64_t now)
{
	uint64_t elapsed = now - g->began;
	uint64_t due = UINT64_MAX;

	if (g->phase.rate > 0)
		due = (uint64_t)((double)elapsed * (double)g->phase.rate / (double)rte_get_tsc_hz())
			+ 1;
	if (g->phase.packets > 0 && due > g->phase.packets)
		due = g->phase.packets;
	return due;
}

static bool is_over(const struct generator *g, uint64_t now)
{
	return now - g->began >= g->phase.cycles
		|| (g->phase.packets > 0 && g->built >= g->phase.packets)
		|| __atomic_load_n(&g->stopping, __ATOMIC_ACQUIRE);
}

// A peer that takes nothing more must not keep us for ever.
static void finish(struct generator *g, uint64_t now)
{
	bool patient = now - g->began < g->phase.cycles + rte_get_tsc_hz() / 2;

	for (unsigned int i = 0; i < g->lanes; i++) {
		struct generator_lane *lane = &g->lane[i];

		if (lane_waits(lane) && patient)
			return;
		rte_pktmbuf_free_bulk(lane->waiting + lane->first, lane->end - lane->first);
		lane->first = lane->end;
	}
	g->ended = now;
	__atomic_store_n(&g->running, false, __ATOMIC_RELEASE);
}

void generator_poll(struct generator *g)
{
	uint64_t now = rte_rdtsc();
	struct generator_lane *lane;
	uint64_t due;

	if (!generator_running(g))
		return;
	for (unsigned int i = 0; i < g->lanes; i++) {
		if (lane_waits(&g->lane[i]))
			lane_flush(g, &g->lane[i]);
	}
	if (is_over(g, now)) {
		finish(g, now);
		return;
	}
	due = packets_due(g, now);
	lane = lane_due(g);
	if (due <= g->built || lane == NULL)
		return;
	due -= g->built;
	lane_build(g, lane, due < g->burst ? (unsigned int)due : g->burst, now);
	if (lane_waits(lane))
		lane_flush(g, lane);
}

double generator_rate(const struct generator *g)
{
	double seconds = (double)(g->ended - g->began) / (double)rte_get_tsc_hz();

	return seconds > 0 ? (double)g->sent / seconds : 0;
}
