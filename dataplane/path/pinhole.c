// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#include "dataplane/path/frame.h"
#include "dataplane/path/rtp.h"
#include "dataplane/table/flow_latch.h"
#include "include/tidegate/time.h"
#include "include/tidegate/wire.h"

#define NOTHING_TO_SEND 1
#define TYPE_FIRST 20 // RFC 3551 section 6: unassigned, and for ever
#define TYPE_LAST 24

struct keepalive {
	const struct tg_side_spec *side;
	struct tg_addr to;
	uint8_t type;
	uint32_t ssrc;
};

// One that neither side may send: 0 when somebody negotiated all of them.
static uint8_t free_type(const struct tg_stream_spec *spec)
{
	uint64_t taken = spec->side[0].payload_types[0] | spec->side[1].payload_types[0];

	for (uint8_t type = TYPE_FIRST; type <= TYPE_LAST; type++) {
		if ((taken >> type & 1) == 0)
			return type;
	}
	return 0;
}

// Of a source of its own, the same each time: the media's sequence numbers go on when it does.
static uint32_t ssrc_of(const struct tg_side_stats *from, uint32_t word)
{
	uint32_t ssrc = (word + 1) * 0x9e3779b1u;

	return ssrc != __atomic_load_n(&from->ssrc, __ATOMIC_RELAXED) ? ssrc : ~ssrc;
}

static bool plan(struct keepalive *out, const struct path *path, uint32_t word)
{
	uint32_t index = word & FLOW_PORT_INDEX;
	unsigned int s = (word & FLOW_PORT_SIDE) != 0;
	const struct flow *flow = flow_table_at(path->tables->flows, index);
	const struct flow_spec *spec = rcu_dereference(flow->spec);
	const struct tg_side_stats *stats = path->stream_stats[index].side;

	if (spec == NULL)
		return false;
	out->side = &spec->spec.side[s];
	out->type = free_type(&spec->spec);
	out->ssrc = ssrc_of(&stats[!s], word);
	flow_latch_read(&out->to, &stats[s], TG_RTP);
	return out->type != 0 && out->to.port != 0 && out->side->latch != TG_LATCH_OFF
		&& (out->side->flags & TG_SIDE_OPAQUE) == 0
		&& tg_ip_is_v4(&out->to.ip) == tg_ip_is_v4(&out->side->local.ip);
}

// A UDP datagram of an RTP header alone. Number and timestamp follow the clock: they only have to grow.
static void write_udp(uint8_t *udp, const struct keepalive *k, uint64_t now_ms)
{
	uint8_t *rtp = udp + FRAME_UDP_BYTES;
	uint16_t bytes = FRAME_UDP_BYTES + RTP_BYTES, csum;

	tg_store_be16(udp, k->side->local.port);
	tg_store_be16(udp + 2, k->to.port);
	tg_store_be16(udp + 4, bytes);
	tg_store_be16(udp + 6, 0);
	rtp[0] = 0x80;
	rtp[1] = k->type;
	tg_store_be16(rtp + 2, (uint16_t)(now_ms / TG_MS_PER_S));
	tg_store_be32(rtp + 4, (uint32_t)(now_ms * 8));
	tg_store_be32(rtp + 8, k->ssrc);
	csum = frame_udp_csum(&k->side->local.ip, &k->to.ip, udp, bytes);
	memcpy(udp + 6, &csum, 2);
}

// Returns 0; NOTHING_TO_SEND; or the drop reason, negated.
static int send_keepalive(struct path *path, uint32_t word, struct rte_mbuf *m)
{
	struct keepalive k;
	uint16_t port, header_bytes;
	uint8_t mac[6], *start = (uint8_t *)m->buf_addr + m->data_off;
	struct frame frame = {.mac_to = mac, .ip_payload_bytes = FRAME_UDP_BYTES + RTP_BYTES};
	int rc;

	if (!plan(&k, path, word))
		return NOTHING_TO_SEND;
	rc = output_hop(&port, mac, path, &k.to.ip);
	if (rc < 0)
		return rc;
	if (path->tx[port].count == PATH_LIST_MAX)
		return -TG_DROP_TX_FULL;
	frame.mac_from = path->tables->ports.port[port].mac;
	frame.from = &k.side->local.ip;
	frame.to = &k.to.ip;
	frame.dscp = k.side->dscp;
	header_bytes = frame_header_bytes(&frame, 0);
	frame_write(start, &frame, 0);
	write_udp(start + header_bytes, &k, path->now_ms);
	frame_span(m, m->data_off, (uint16_t)(header_bytes + frame.ip_payload_bytes));
	path->tx[port].m[path->tx[port].count++] = m;
	return 0;
}

void path_keep_pinhole(struct path *path, uint32_t word, struct rte_mbuf *m)
{
	int rc = send_keepalive(path, word, m);

	if (rc == 0) {
		path_count(path, TG_COUNT_MEDIA_KEEPALIVES, 1);
		return;
	}
	if (rc < 0)
		tg_stat_add(&path->stats->drop[-rc], 1);
	assert(path->freed.count < PATH_LIST_MAX);
	path->freed.m[path->freed.count++] = m;
}
