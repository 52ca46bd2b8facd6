// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path.h"

#include "dataplane/path/path_int.h"

#include "include/tidegate/time.h"

static void list_add(struct path_list *list, struct rte_mbuf *m)
{
	assert(list->count < PATH_LIST_MAX);
	list->m[list->count++] = m;
}

// Field by field: two cache lines cleared as a whole are a string instruction, and cost as much as
// parsing does.
static void packet_init(struct packet *pkt, struct rte_mbuf *m)
{
	pkt->m = m;
	pkt->src.zero = 0;
	pkt->dst.zero = 0;
	pkt->is_v6 = 0;
	pkt->verdict = VERDICT_NONE;
	pkt->drop = 0;
	pkt->kind = PACKET_UNKNOWN;
	pkt->trust = 0;
	pkt->method = 0;
	pkt->side = 0;
	pkt->component = TG_RTP;
	pkt->latch = LATCH_LOCKED;
	pkt->pt = 0;
	pkt->latch_seq = 0;
	pkt->ssrc = 0;
	pkt->seq = 0;
}

void fill_burst(struct path *path, uint16_t port, struct rte_mbuf **mbufs, uint16_t n)
{
	struct burst *burst = &path->burst;
	uint64_t bytes = 0;

	burst->count = n;
	burst->port = port;
	burst->hop_epoch = __atomic_load_n(&path->tables->hop_epoch, __ATOMIC_ACQUIRE);
	burst->sip_count = 0;
	burst->media_count = 0;
	burst->now_us = (uint32_t)(path->now_ns / TG_NS_PER_US);
	burst->clock_ready = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct packet *pkt = &burst->packet[i];

		packet_init(pkt, mbufs[i]);
		__builtin_prefetch(packet_data(pkt), 1);
		bytes += mbufs[i]->pkt_len;
	}
	path_count(path, TG_COUNT_RX_PACKETS, n);
	path_count(path, TG_COUNT_RX_BYTES, bytes);
}

// What a full-bypass port hands to the kernel: all that is sound but not for us.
static bool is_kernels(const struct path *path, const struct packet *pkt)
{
	if (!path->tables->ports.port[path->burst.port].kernel_by_tap)
		return false;
	return pkt->drop == TG_DROP_ETHER || pkt->drop == TG_DROP_NOT_UDP
		|| pkt->drop == TG_DROP_NOT_OURS || pkt->drop == TG_DROP_IP_FRAGMENT;
}

static void settle_drop(struct path *path, struct packet *pkt)
{
	if (is_kernels(path, pkt)) {
		pkt->verdict = VERDICT_KERNEL;
		path_count(path, TG_COUNT_TO_KERNEL, 1);
		list_add(&path->kernel, pkt->m);
		return;
	}
	tg_stat_add(&path->stats->drop[pkt->drop], 1);
	list_add(&path->freed, pkt->m);
}

static void settle(struct path *path, struct packet *pkt)
{
	switch ((enum verdict)pkt->verdict) {
	case VERDICT_SEND:
		list_add(&path->tx[pkt->out_port], pkt->m);
		return;
	case VERDICT_DROP:
	case VERDICT_KERNEL:
		settle_drop(path, pkt);
		return;
	case VERDICT_PUNTED:
	case VERDICT_ABSORBED:
	case VERDICT_NONE:
		break;
	}
	assert(pkt->verdict != VERDICT_NONE);
	list_add(&path->freed, pkt->m);
}

void settle_burst(struct path *path)
{
	for (uint16_t i = 0; i < path->burst.count; i++)
		settle(path, &path->burst.packet[i]);
}

static void run_stages(struct path *path, void (*const *stages)(struct path *), size_t n)
{
	for (size_t i = 0; i < n; i++)
		stages[i](path);
}

void sip_burst(struct path *path)
{
	static void (*const stages[])(struct path *) = {limit_burst, keepalive_burst, punt_burst};

	if (path->burst.sip_count != 0)
		run_stages(path, stages, sizeof(stages) / sizeof(stages[0]));
}

void judge_burst(struct path *path)
{
	static void (*const stages[])(struct path *) = {spec_burst, guard_burst, latch_burst,
		gate_burst, count_burst, rtcp_burst, output_burst, rewrite_burst};

	if (path->burst.media_count != 0)
		run_stages(path, stages, sizeof(stages) / sizeof(stages[0]));
}

void path_receive(struct path *path, uint16_t port, struct rte_mbuf **mbufs, uint16_t n)
{
	assert(n <= BURST_PACKETS_MAX && port < TG_PORTS_MAX);
	fill_burst(path, port, mbufs, n);
	parse_burst(path);
	classify_burst(path);
	sip_burst(path);
	lookup_burst(path);
	fast_burst(path);
	judge_burst(path);
	settle_burst(path);
}

bool path_publish(struct path *path)
{
	bool wake = false;

	if (!path->attached)
		return false;
	for (uint32_t thread = 0; thread < path->sig_threads; thread++) {
		wake |= tg_ring_publish(&path->event[thread]);
		wake |= tg_ring_publish(&path->punt[thread][TG_PUNT_TRUSTED]);
		wake |= tg_ring_publish(&path->punt[thread][TG_PUNT_STRANGER]);
	}
	return wake;
}
