// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "include/tidegate/csum.h"
#include "include/tidegate/time.h"
#include "include/tidegate/wire.h"

#include <stdio.h>
#include <stdlib.h>

#define START_NS (1000 * TG_NS_PER_S)

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "rig: %s\n", what);
	abort();
}

struct tg_addr rig_addr(const char *text)
{
	struct tg_addr addr;

	check(tg_addr_parse(&addr, text) == 0, text);
	return addr;
}

struct tg_ip rig_ip(const char *text)
{
	struct tg_ip ip;

	check(tg_ip_parse(&ip, text) == 0, text);
	return ip;
}

static void add_route(
	struct rig *rig, const char *net, unsigned int bits, const char *gateway, uint16_t port)
{
	struct tg_ip ip = rig_ip(net);
	struct route route = {.port = port};

	if (gateway != NULL)
		route.gateway = rig_ip(gateway);
	check(route_table_put(rig->tables->routes, &ip, bits, &route) == 0, net);
}

static void add_neigh(struct rig *rig, const char *text, uint16_t port, uint8_t last)
{
	struct tg_ip ip = rig_ip(text);
	uint8_t mac[6] = {0x02, 0, 0, 0, (uint8_t)port, last};

	check(neigh_table_put(rig->tables->neighs, &ip, port, mac) == 0, text);
}

static void set_network(struct rig *rig)
{
	static const char *const pools[] = {
		"192.0.2.1", "198.51.100.1", "2001:db8:a::1", "2001:db8:c::1"};
	struct tg_listener listener = {.local = rig_addr(RIG_SIP), .id = 1, .realm = 3};

	check(listener_table_put(rig->tables->listeners, &listener) == 0, "listener");
	listener.local = rig_addr("[2001:db8:a::1]:5060");
	listener.id = 2;
	check(listener_table_put(rig->tables->listeners, &listener) == 0, "listener");
	for (uint16_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		struct tg_pool pool = {.local = rig_ip(pools[i]),
			.id = i,
			.port_first = 10000,
			.port_last = 20000};

		check(flow_table_pool_put(rig->tables->flows, &pool) == 0, pools[i]);
	}
	for (uint16_t port = 0; port < 2; port++)
		rig->tables->ports.port[port] = (struct port_entry){
			.mac = {0x02, 1, 1, 1, 1, (uint8_t)port}, .mtu = 1500, .present = true};
	add_route(rig, "203.0.113.0", 120, "192.0.2.254", 0);
	add_route(rig, "192.0.2.0", 120, NULL, 0);
	add_route(rig, "198.51.100.0", 120, NULL, 1);
	add_route(rig, "2001:db8:a::", 48, NULL, 0);
	add_route(rig, "2001:db8:c::", 48, NULL, 1);
	add_neigh(rig, "192.0.2.254", 0, 0xfe);
	add_neigh(rig, "192.0.2.50", 0, 50);
	add_neigh(rig, "198.51.100.7", 1, 7);
	add_neigh(rig, "2001:db8:a::5", 0, 5);
	add_neigh(rig, "2001:db8:c::7", 1, 7);
	tables_touch(rig->tables);
}

static void make_ring(struct tg_ring *producer, struct tg_ring *consumer, uint32_t slot_bytes)
{
	size_t bytes = tg_ring_bytes(RIG_RING_SLOTS, slot_bytes);
	struct tg_ring_shared *shared = aligned_alloc(TG_CACHE_LINE, (bytes + 63) & ~(size_t)63);

	check(shared != NULL, "memory");
	memset(shared, 0, sizeof(*shared));
	*producer = tg_ring_producer(shared, RIG_RING_SLOTS, slot_bytes);
	*consumer = tg_ring_consumer(shared, RIG_RING_SLOTS, slot_bytes);
}

static void make_sources(struct rig *rig)
{
	static const uint64_t seed[2] = {0x123456789abcdef1, 0xfedcba9876543211};
	size_t bytes = sizeof(struct tg_source) * TG_SOURCE_SETS * TG_SOURCE_WAYS;

	rig->sources = aligned_alloc(TG_CACHE_LINE, bytes);
	check(rig->sources != NULL, "memory");
	memset(rig->sources, 0, bytes);
	check(source_table_new(&rig->path.sources, rig->sources, TG_SOURCE_SETS, seed) == 0,
		"sources");
	rig->path.workers = 1;
}

struct rig *rig_new(uint32_t streams_max, uint32_t sig_threads)
{
	struct rig *rig = aligned_alloc(TG_CACHE_LINE, (sizeof(*rig) + 63) & ~(size_t)63);
	size_t bytes = streams_max * sizeof(struct tg_stream_stats);
	struct tables_shape shape = {.streams = streams_max, .registered = 1024, .bans = 1024};

	check(rig != NULL, "memory");
	memset(rig, 0, sizeof(*rig));
	rig->stream_stats = aligned_alloc(TG_CACHE_LINE, bytes);
	check(rig->stream_stats != NULL, "memory");
	memset(rig->stream_stats, 0, bytes);
	check(tables_new(&rig->tables, &shape, rig->stream_stats) == 0, "tables");
	make_sources(rig);
	rig->path.tables = rig->tables;
	rig->path.stats = &rig->stats;
	rig->path.stream_stats = rig->stream_stats;
	rig->path.wanted = &rig->wanted;
	rig->path.sig_threads = sig_threads;
	rig->path.attached = true;
	for (uint32_t i = 0; i < sig_threads; i++) {
		make_ring(&rig->path.event[i], &rig->event[i], sizeof(struct tg_event));
		make_ring(&rig->path.punt[i][0], &rig->punt[i][0], TG_PUNT_SLOT_BYTES);
		make_ring(&rig->path.punt[i][1], &rig->punt[i][1], TG_PUNT_SLOT_BYTES);
	}
	path_clock(&rig->path, START_NS);
	set_network(rig);
	return rig;
}

void rig_free(struct rig *rig)
{
	for (uint32_t i = 0; i < rig->path.sig_threads; i++) {
		free(rig->event[i].shared);
		free(rig->punt[i][0].shared);
		free(rig->punt[i][1].shared);
	}
	tables_free(rig->tables);
	source_table_free(rig->path.sources);
	free(rig->sources);
	free(rig->stream_stats);
	free(rig);
}

struct tg_stream_spec rig_spec(enum tg_latch latch)
{
	struct tg_stream_spec spec = {.cookie = 77, .idle_ms = 60000};

	for (int s = 0; s < 2; s++) {
		struct tg_side_spec *side = &spec.side[s];

		side->local = rig_addr(s == 0 ? RIG_ACCESS : RIG_CORE);
		side->remote[TG_RTP] = rig_addr(s == 0 ? RIG_PHONE : RIG_CARRIER);
		side->remote[TG_RTCP] = side->remote[TG_RTP];
		side->remote[TG_RTCP].port++;
		side->signalling = side->remote[TG_RTP].ip;
		side->local_rtcp_port = (uint16_t)(side->local.port + 1);
		side->payload_types[0] = 1u << 0 | 1u << 8;
		side->payload_types[1] = 1ull << (101 - 64);
		side->flags = TG_SIDE_RECEIVE | TG_SIDE_SEND;
		side->dscp = 46;
	}
	spec.side[0].latch = (uint8_t)latch;
	spec.side[1].latch = TG_LATCH_OFF;
	return spec;
}

struct tg_stream_ref rig_add(struct rig *rig, const struct tg_stream_spec *spec)
{
	struct tg_stream_ref ref;

	check(flow_table_add(&ref, rig->tables->flows, spec, 1, rig->path.now_ms) == 0, "stream");
	return ref;
}

static struct rte_mbuf *mbuf_next(struct rig *rig)
{
	struct rig_mbuf *slot = &rig->mbuf[rig->next_mbuf++ % RIG_MBUFS];

	memset(&slot->m, 0, sizeof(slot->m));
	slot->m.buf_addr = slot->buf;
	slot->m.buf_len = RIG_BUF_BYTES;
	slot->m.data_off = RIG_HEADROOM;
	slot->m.nb_segs = 1;
	return &slot->m;
}

struct rte_mbuf *rig_raw(struct rig *rig, const void *bytes, uint16_t len)
{
	struct rte_mbuf *m = mbuf_next(rig);

	memcpy((uint8_t *)m->buf_addr + m->data_off, bytes, len);
	m->data_len = len;
	m->pkt_len = len;
	return m;
}

static uint16_t udp_csum(const uint8_t *src, const uint8_t *dst, uint32_t ip_bytes,
	const uint8_t *udp, uint16_t udp_bytes)
{
	uint8_t tail[4] = {[1] = 17};
	uint64_t sum;

	tg_store_be16(tail + 2, udp_bytes);
	sum = tg_csum_add(0, src, ip_bytes);
	sum = tg_csum_add(sum, dst, ip_bytes);
	sum = tg_csum_add(sum, tail, 4);
	return (uint16_t)~tg_csum_fold(tg_csum_add(sum, udp, udp_bytes));
}

struct rte_mbuf *rig_udp(
	struct rig *rig, const char *src, const char *dst, const void *payload, uint16_t bytes)
{
	struct tg_addr from = rig_addr(src);
	struct tg_addr to = rig_addr(dst);
	bool v4 = tg_ip_is_v4(&to.ip);
	uint32_t ip_bytes = v4 ? 4 : 16;
	uint8_t frame[RIG_BUF_BYTES] = {[12] = v4 ? 0x08 : 0x86, [13] = v4 ? 0x00 : 0xdd};
	uint8_t *ip = frame + 14;
	uint8_t *udp = ip + (v4 ? 20 : 40);
	uint16_t udp_bytes = (uint16_t)(bytes + 8);
	uint16_t csum;

	memcpy(frame, (uint8_t[]){2, 1, 1, 1, 1, 0, 2, 9, 9, 9, 9, 9}, 12);
	tg_store_be16(udp, from.port);
	tg_store_be16(udp + 2, to.port);
	tg_store_be16(udp + 4, udp_bytes);
	memcpy(udp + 8, payload, bytes);
	csum = udp_csum(
		from.ip.byte + 16 - ip_bytes, to.ip.byte + 16 - ip_bytes, ip_bytes, udp, udp_bytes);
	if (csum == 0)
		csum = 0xffff;
	memcpy(udp + 6, &csum, 2);
	if (v4) {
		ip[0] = 0x45;
		tg_store_be16(ip + 2, (uint16_t)(20 + udp_bytes));
		ip[8] = 57;
		ip[9] = 17;
	} else {
		ip[0] = 0x60;
		tg_store_be16(ip + 4, udp_bytes);
		ip[6] = 17;
		ip[7] = 57;
	}
	memcpy(ip + (v4 ? 12 : 8), from.ip.byte + 16 - ip_bytes, ip_bytes);
	memcpy(ip + (v4 ? 16 : 24), to.ip.byte + 16 - ip_bytes, ip_bytes);
	if (v4) {
		csum = tg_csum(ip, 20);
		memcpy(ip + 10, &csum, 2);
	}
	return rig_raw(rig, frame, (uint16_t)(14 + (v4 ? 20 : 40) + udp_bytes));
}

struct rte_mbuf *rig_rtp(struct rig *rig, const char *src, const char *dst, struct rig_rtp rtp)
{
	uint8_t packet[172] = {0x80, rtp.pt};

	tg_store_be16(packet + 2, rtp.seq);
	tg_store_be32(packet + 4, rtp.timestamp);
	tg_store_be32(packet + 8, rtp.ssrc);
	for (uint32_t i = 12; i < sizeof(packet); i++)
		packet[i] = (uint8_t)(i * 7 + rtp.seq);
	return rig_udp(rig, src, dst, packet, sizeof(packet));
}

struct rte_mbuf *rig_rtcp(struct rig *rig, const char *src, const char *dst, uint32_t ssrc)
{
	uint8_t packet[8] = {0x80, 201, 0, 1};

	tg_store_be32(packet + 4, ssrc);
	return rig_udp(rig, src, dst, packet, sizeof(packet));
}

static void read_udp(struct rig_out *out, const uint8_t *udp, uint32_t bytes, uint32_t ip_bytes)
{
	const uint8_t *src = out->src.ip.byte + 16 - ip_bytes;
	const uint8_t *dst = out->dst.ip.byte + 16 - ip_bytes;

	check(bytes >= 8 && tg_load_be16(udp + 4) == bytes, "UDP length");
	out->csum_zero = udp[6] == 0 && udp[7] == 0;
	if (!out->csum_zero)
		check(udp_csum(src, dst, ip_bytes, udp, (uint16_t)bytes) == 0, "UDP checksum");
	else
		check(ip_bytes == 4, "no UDP checksum over IPv6");
	out->src.port = tg_load_be16(udp);
	out->dst.port = tg_load_be16(udp + 2);
	out->payload = udp + 8;
	out->payload_bytes = (uint16_t)(bytes - 8);
}

static void read_frame(struct rig_out *out, const struct rte_mbuf *m)
{
	const uint8_t *frame = (const uint8_t *)m->buf_addr + m->data_off;
	const uint8_t *ip = frame + 14;
	uint32_t v4_be;

	check(m->pkt_len == m->data_len && m->ol_flags == 0 && m->nb_segs == 1, "mbuf");
	memcpy(out->mac_to, frame, 6);
	memcpy(out->mac_from, frame + 6, 6);
	if (tg_load_be16(frame + 12) == 0x0800) {
		check(m->data_len == 14u + tg_load_be16(ip + 2), "IPv4 length");
		check(ip[0] == 0x45 && tg_csum(ip, 20) == 0, "IPv4 checksum");
		memcpy(&v4_be, ip + 12, 4);
		out->src.ip = tg_ip_v4(v4_be);
		memcpy(&v4_be, ip + 16, 4);
		out->dst.ip = tg_ip_v4(v4_be);
		out->dscp = ip[1] >> 2;
		out->ttl = ip[8];
		if ((tg_load_be16(ip + 6) & 0x3fff) == 0)
			read_udp(out, ip + 20, m->data_len - 34u, 4);
		return;
	}
	check(tg_load_be16(frame + 12) == 0x86dd, "Ethernet type");
	check(m->data_len == 54u + tg_load_be16(ip + 4) && ip[0] >> 4 == 6, "IPv6 length");
	memcpy(out->src.ip.byte, ip + 8, 16);
	memcpy(out->dst.ip.byte, ip + 24, 16);
	out->dscp = (uint8_t)(tg_load_be16(ip) >> 6 & 63);
	out->ttl = ip[7];
	if (ip[6] == 17)
		read_udp(out, ip + 40, m->data_len - 54u, 16);
}

uint32_t rig_sent(struct rig_out *out, uint32_t max, struct rig *rig)
{
	uint32_t count = 0;

	for (uint16_t port = 0; port < TG_PORTS_MAX; port++) {
		struct path_list *list = &rig->path.tx[port];

		for (uint32_t i = 0; i < list->count && count < max; i++) {
			out[count] = (struct rig_out){.port = port, .drop = -1};
			read_frame(&out[count++], list->m[i]);
		}
		list->count = 0;
	}
	return count;
}

static int drop_since(const struct rig *rig, const struct tg_worker_stats *before)
{
	int found = -1;

	for (int why = 0; why < TG_DROP_COUNT; why++) {
		if (rig->stats.drop[why] == before->drop[why])
			continue;
		check(rig->stats.drop[why] == before->drop[why] + 1 && found < 0,
			"one drop reason");
		found = why;
	}
	return found;
}

struct rig_out rig_receive(struct rig *rig, uint16_t port, struct rte_mbuf *m)
{
	struct rig_out out = {.port = -1, .drop = -1};
	struct tg_worker_stats before = rig->stats;
	uint32_t sent;

	path_receive(&rig->path, port, &m, 1);
	sent = rig_sent(&out, 1, rig);
	if (sent == 0)
		out = (struct rig_out){.port = -1, .drop = drop_since(rig, &before)};
	out.kernel = rig->path.kernel.count != 0;
	check(sent + rig->path.freed.count + rig->path.kernel.count == 1, "one end");
	rig->path.freed.count = 0;
	rig->path.kernel.count = 0;
	return out;
}

void rig_wait_ms(struct rig *rig, uint64_t ms)
{
	path_clock(&rig->path, rig->path.now_ns + ms * TG_NS_PER_MS);
}

bool rig_event(struct tg_event *out, struct rig *rig, uint32_t thread)
{
	const struct tg_event *slot;

	path_publish(&rig->path);
	slot = tg_ring_peek(&rig->event[thread]);
	if (slot == NULL)
		return false;
	*out = *slot;
	tg_ring_pop(&rig->event[thread]);
	return true;
}

bool rig_event_of(struct tg_event *out, struct rig *rig, enum tg_event_type type)
{
	while (rig_event(out, rig, 0))
		if (out->type == type)
			return true;
	return false;
}

const struct tg_packet *rig_punted(struct rig *rig, uint32_t thread, enum tg_punt_class class)
{
	static _Alignas(8) uint8_t copy[TG_PUNT_SLOT_BYTES];
	const void *slot;

	path_publish(&rig->path);
	slot = tg_ring_peek(&rig->punt[thread][class]);
	if (slot == NULL)
		return NULL;
	memcpy(copy, slot, sizeof(copy));
	tg_ring_pop(&rig->punt[thread][class]);
	return (const struct tg_packet *)copy;
}

uint64_t rig_drops(const struct rig *rig)
{
	uint64_t sum = 0;

	for (int why = 0; why < TG_DROP_COUNT; why++)
		sum += rig->stats.drop[why];
	return sum;
}

uint64_t rig_ends(const struct rig *rig)
{
	static const enum tg_worker_counter ends[] = {TG_COUNT_MEDIA_RELAYED, TG_COUNT_SIP_PUNTED,
		TG_COUNT_KEEPALIVE_ANSWERED, TG_COUNT_KEEPALIVE_ABSORBED, TG_COUNT_TO_KERNEL};
	uint64_t sum = rig_drops(rig);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sum += rig->stats.counter[ends[i]];
	return sum;
}
