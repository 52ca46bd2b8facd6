// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define PACKETS 200000

static uint64_t state = 0x1234567;

static uint32_t random_below(uint32_t bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % bound;
}

static struct rte_mbuf *pick(struct rig *rig)
{
	static const char *const sources[] = {RIG_PHONE, "203.0.113.5:4001", "203.0.113.66:999",
		RIG_CARRIER, "198.51.100.7:30001"};
	static const char *const targets[] = {
		RIG_ACCESS, "192.0.2.1:10001", RIG_CORE, "198.51.100.1:12001", RIG_SIP};
	static const char *const sip[] = {"INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n",
		"REGISTER sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n"};
	uint32_t place = random_below(5);
	const char *src = sources[place];
	const char *dst = targets[random_below(2) != 0 ? place : random_below(5)];
	const char *text = sip[random_below(2)];
	struct rig_rtp rtp = {.pt = (uint8_t)random_below(10),
		.seq = (uint16_t)random_below(65536),
		.timestamp = random_below(UINT32_MAX),
		.ssrc = random_below(3)};

	switch (random_below(6)) {
	case 0:
		return rig_rtcp(rig, src, dst, rtp.ssrc);
	case 1:
		return rig_udp(rig, src, RIG_SIP, text, (uint16_t)strlen(text));
	case 2:
		return rig_udp(rig, src, RIG_SIP, "\r\n\r\n", (uint16_t)(2 + random_below(3)));
	case 3:
		return rig_rtp(rig, "[2001:db8:a::5]:4000", "[2001:db8:a::1]:10000", rtp);
	default:
		return rig_rtp(rig, src, dst, rtp);
	}
}

static void mutate(struct rte_mbuf *m)
{
	uint8_t *data = (uint8_t *)m->buf_addr + m->data_off;

	if (random_below(3) == 0) {
		m->data_len = (uint16_t)random_below(m->data_len + 1u);
		m->pkt_len = m->data_len;
	}
	for (uint32_t flips = random_below(4); flips > 0 && m->data_len > 0; flips--)
		data[random_below(m->data_len)] = (uint8_t)random_below(256);
	for (uint32_t flips = random_below(3); flips > 0 && m->data_len > 60; flips--)
		data[random_below(60)] ^= (uint8_t)(1u << random_below(8));
}

static struct tg_rate random_rate(void)
{
	return (struct tg_rate){random_below(2) * random_below(50), random_below(20)};
}

static void change_admission(struct rig *rig)
{
	struct tg_listener listener = {.local = rig_addr(RIG_SIP), .id = 1, .realm = 3};
	struct tg_peer ban = {.addr.ip = rig_ip("203.0.113.66"), .level = TG_TRUST_BANNED};
	struct tg_pattern pattern = {.bytes = 7, .text = "sip:a@b"};

	ban.ttl_ms = 1 + random_below(3000);
	listener.stranger = random_rate();
	listener.stranger_method[TG_METHOD_INVITE] = random_rate();
	listener.strangers = random_rate();
	cr_assert(eq(int, listener_table_put(rig->tables->listeners, &listener), 0));
	cr_assert(eq(int, peer_table_put(rig->tables->peers, &ban, 1, rig->path.now_ms), 0));
	peer_table_sweep(rig->tables->peers, rig->path.now_ms);
	pattern_table_config_begin(rig->tables->patterns);
	if (random_below(4) == 0)
		cr_assert(eq(int, pattern_table_put(rig->tables->patterns, &pattern), 0));
	cr_assert(eq(int, pattern_table_sweep(rig->tables->patterns), 0));
}

static bool is_out_of_reach(int why)
{
	return why == TG_DROP_IP_TTL || why == TG_DROP_SIP_OVERSIZE
		|| why == TG_DROP_MEDIA_NO_REMOTE;
}

static void change_world(struct rig *rig, struct tg_stream_ref *ref, struct tg_stream_spec *spec)
{
	struct tg_side_spec *side = &spec->side[random_below(2)];

	side->latch = (uint8_t)random_below(4);
	side->flags = (uint8_t)(random_below(4) == 0 ? random_below(8)
						     : TG_SIDE_RECEIVE | TG_SIDE_SEND);
	if (random_below(8) == 0)
		side->flags |= TG_SIDE_OPAQUE;
	side->ssrc = random_below(4) == 0 ? random_below(3) : 0;
	side->packets = (struct tg_rate){random_below(2) * 200, random_below(40)};
	side->bytes = (struct tg_rate){random_below(2) * 40000, random_below(8000)};
	side->packet_bytes_max = (uint16_t[]){0, 172, 100}[random_below(3)];
	side->local_rtcp_port = (uint16_t)(random_below(3) == 0 ? 0 : side->local.port + 1);
	if (random_below(4) == 0) {
		struct tg_stream_ref fresh;

		cr_assert(eq(int, flow_table_remove(rig->tables->flows, *ref), 0));
		rcu_barrier();
		cr_assert(eq(int,
			flow_table_add(&fresh, rig->tables->flows, spec, 1, rig->path.now_ms), 0));
		*ref = fresh;
	} else {
		cr_assert(eq(int, flow_table_update(rig->tables->flows, *ref, spec, 1), 0));
	}
	rig->path.attached = random_below(8) != 0;
	change_admission(rig);
	tables_touch(rig->tables);
}

static void drain(struct rig *rig)
{
	struct tg_event event;

	for (uint16_t port = 0; port < TG_PORTS_MAX; port++)
		rig->path.tx[port].count = 0;
	rig->path.freed.count = 0;
	rig->path.kernel.count = 0;
	while (random_below(4) != 0 && rig_event(&event, rig, 0))
		;
	while (random_below(4) == 0 && rig_punted(rig, 0, TG_PUNT_STRANGER) != NULL)
		;
}

Test(path, random_packets_have_exactly_one_end, .timeout = 120)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);
	struct tg_stream_ref ref = rig_add(rig, &spec);
	struct rte_mbuf *burst[BURST_PACKETS_MAX];
	uint64_t sent = 0;

	while (sent < PACKETS) {
		uint16_t n = (uint16_t)(1 + random_below(32));

		rig->tables->ports.port[0].kernel_by_tap = random_below(2) != 0;
		for (uint16_t i = 0; i < n; i++) {
			burst[i] = pick(rig);
			if (random_below(2) != 0)
				mutate(burst[i]);
		}
		path_receive(&rig->path, (uint16_t)random_below(2), burst, n);
		sent += n;
		cr_assert(eq(u64, rig->stats.counter[TG_COUNT_RX_PACKETS], sent));
		cr_assert(eq(u64, rig_ends(rig), sent));
		drain(rig);
		rig_wait_ms(rig, random_below(40));
		if (random_below(50) == 0)
			change_world(rig, &ref, &spec);
	}
	for (int why = TG_DROP_ETHER; why <= TG_DROP_MEDIA_NO_REMOTE; why++)
		if (!is_out_of_reach(why))
			cr_expect(ge(u64, rig->stats.drop[why], 1), "drop %d was never seen", why);
	cr_assert(ge(u64, rig->stats.counter[TG_COUNT_MEDIA_RELAYED], PACKETS / 50));
	rig_free(rig);
}
