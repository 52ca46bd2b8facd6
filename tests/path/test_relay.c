// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "include/tidegate/wire.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct rig_rtp rtp(uint16_t seq)
{
	return (struct rig_rtp){.pt = 0, .seq = seq, .timestamp = seq * 160u, .ssrc = 0xabcd};
}

static void expect_hop(
	const struct rig_out *out, const char *src, const char *dst, uint8_t mac_last)
{
	struct tg_addr from = rig_addr(src);
	struct tg_addr to = rig_addr(dst);
	uint8_t mac_to[6] = {2, 0, 0, 0, (uint8_t)out->port, mac_last};
	uint8_t mac_from[6] = {2, 1, 1, 1, 1, (uint8_t)out->port};

	cr_assert(tg_addr_equal(&out->src, &from));
	cr_assert(tg_addr_equal(&out->dst, &to));
	cr_assert(eq(int, memcmp(out->mac_to, mac_to, 6), 0));
	cr_assert(eq(int, memcmp(out->mac_from, mac_from, 6), 0));
	cr_assert(eq(u8, out->ttl, 64));
	cr_assert(eq(u8, out->dscp, 46));
}

Test(path, J1_v4_both_ways)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_side_stats *stats = rig->stream_stats[0].side;

	rig_add(rig, &spec);
	for (uint16_t seq = 1; seq <= 50; seq++) {
		struct rte_mbuf *m = rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(seq));
		uint8_t before[172];
		struct rig_out out;

		memcpy(before, (uint8_t *)m->buf_addr + m->data_off + 42, sizeof(before));
		out = rig_receive(rig, 0, m);
		cr_assert(eq(int, out.port, 1));
		expect_hop(&out, RIG_CORE, RIG_CARRIER, 7);
		cr_assert(eq(u16, out.payload_bytes, 172));
		cr_assert(eq(int, memcmp(out.payload, before, sizeof(before)), 0));
		out = rig_receive(rig, 1, rig_rtp(rig, RIG_CARRIER, RIG_CORE, rtp(seq)));
		cr_assert(eq(int, out.port, 0));
		expect_hop(&out, RIG_ACCESS, RIG_PHONE, 0xfe);
		rig_wait_ms(rig, 20);
	}
	for (int s = 0; s < 2; s++) {
		cr_assert(eq(u64, stats[s].packets, 50));
		cr_assert(eq(u64, stats[s].bytes, 50 * 172));
		cr_assert(eq(u64, stats[s].relayed_packets, 50));
		cr_assert(eq(u64, stats[s].relayed_bytes, 50 * 172));
		cr_assert(eq(u32, stats[s].seq_max_ext - stats[s].seq_first_ext, 49));
		cr_assert(eq(u32, stats[s].jitter_q4, 0));
	}
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_MEDIA_RELAYED], 100));
	cr_assert(eq(u64, rig_drops(rig), 0));
	rig_free(rig);
}

// side 0 and side 1 of each family.
static void relay_families(
	const char *phone, const char *access, const char *carrier, const char *core)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_addr want;
	struct rig_out out;

	for (int s = 0; s < 2; s++) {
		struct tg_side_spec *side = &spec.side[s];

		side->local = rig_addr(s == 0 ? access : core);
		side->local_rtcp_port = (uint16_t)(side->local.port + 1);
		side->remote[TG_RTP] = rig_addr(s == 0 ? phone : carrier);
		side->signalling = side->remote[TG_RTP].ip;
	}
	rig_add(rig, &spec);
	out = rig_receive(rig, 0, rig_rtp(rig, phone, access, rtp(1)));
	want = rig_addr(carrier);
	cr_assert(eq(int, out.port, 1), "%s to %s", phone, carrier);
	cr_assert(tg_addr_equal(&out.dst, &want));
	cr_assert(eq(u16, out.payload_bytes, 172));
	cr_assert(eq(u8, out.dscp, 46));
	cr_assert(eq(u8, out.payload[171], (uint8_t)(171 * 7 + 1)));
	out = rig_receive(rig, 1, rig_rtp(rig, carrier, core, rtp(1)));
	want = rig_addr(phone);
	cr_assert(eq(int, out.port, 0));
	cr_assert(tg_addr_equal(&out.dst, &want));
	want = rig_addr(access);
	cr_assert(tg_addr_equal(&out.src, &want));
	rig_free(rig);
}

Test(path, J1_v6_and_mixed_families)
{
	static const char phone6[] = "[2001:db8:a::5]:4000";
	static const char access6[] = "[2001:db8:a::1]:10000";
	static const char carrier6[] = "[2001:db8:c::7]:30000";
	static const char core6[] = "[2001:db8:c::1]:12000";

	relay_families(phone6, access6, carrier6, core6);
	relay_families(phone6, access6, RIG_CARRIER, RIG_CORE);
	relay_families(RIG_PHONE, RIG_ACCESS, carrier6, core6);
}

Test(path, J1_zero_udp_checksum_stays_zero_over_v4_and_is_made_over_v6)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct rte_mbuf *m = rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(1));
	struct tg_stream_ref ref = rig_add(rig, &spec);
	struct rig_out out;

	memset((uint8_t *)m->buf_addr + m->data_off + 40, 0, 2);
	out = rig_receive(rig, 0, m);
	cr_assert(eq(int, out.port, 1));
	cr_assert(out.csum_zero);
	flow_table_remove(rig->tables->flows, ref);
	spec.side[1].local = rig_addr("[2001:db8:c::1]:12000");
	spec.side[1].remote[TG_RTP] = rig_addr("[2001:db8:c::7]:30000");
	rig_add(rig, &spec);
	m = rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(2));
	memset((uint8_t *)m->buf_addr + m->data_off + 40, 0, 2);
	out = rig_receive(rig, 0, m);
	cr_assert(eq(int, out.port, 1));
	cr_assert(not(out.csum_zero), "the rig has checked it");
	rig_free(rig);
}

Test(path, D13_rtcp_goes_to_the_port_sdp_promised)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_addr want = rig_addr("198.51.100.7:50025");
	struct rig_out out;

	spec.side[1].remote[TG_RTCP] = want;
	rig_add(rig, &spec);
	out = rig_receive(rig, 0, rig_rtcp(rig, "203.0.113.5:4001", "192.0.2.1:10001", 1));
	cr_assert(eq(int, out.port, 1));
	cr_assert(tg_addr_equal(&out.dst, &want));
	cr_assert(eq(u16, out.src.port, 12001));
	cr_assert(eq(u64, rig->stream_stats[0].side[0].rtcp_packets, 1));
	cr_assert(eq(u64, rig->stream_stats[0].side[0].packets, 0));
	rig_free(rig);
}

Test(path, D13_D14_rtcp_between_a_muxed_and_an_unmuxed_leg)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_addr rtcp = rig_addr("198.51.100.7:30001");
	struct tg_addr phone = rig_addr(RIG_PHONE);
	struct rig_out out;

	spec.side[0].local_rtcp_port = 0;
	rig_add(rig, &spec);
	out = rig_receive(rig, 0, rig_rtcp(rig, RIG_PHONE, RIG_ACCESS, 1));
	cr_assert(eq(int, out.port, 1));
	cr_assert(tg_addr_equal(&out.dst, &rtcp));
	cr_assert(eq(u16, out.src.port, 12001));
	out = rig_receive(rig, 1, rig_rtcp(rig, "198.51.100.7:30001", "198.51.100.1:12001", 2));
	cr_assert(eq(int, out.port, 0));
	cr_assert(tg_addr_equal(&out.dst, &phone));
	cr_assert(eq(u16, out.src.port, 10000));
	cr_assert(eq(u64, rig->stream_stats[0].side[1].rtcp_packets, 1));
	rig_free(rig);
}

Test(path, J17_dscp_is_set_per_side_not_copied)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct rte_mbuf *m = rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(1));
	uint8_t *ip = (uint8_t *)m->buf_addr + m->data_off + 14;

	spec.side[1].dscp = 34;
	rig_add(rig, &spec);
	// The same sum: the bits taken from the identification are given to the traffic class.
	ip[1] = 0x28;
	ip[11] = (uint8_t)(ip[11] - 0x28);
	if (ip[11] > 0xff - 0x28)
		ip[10]--;
	cr_assert(eq(u8, rig_receive(rig, 0, m).dscp, 34));
	rig_free(rig);
}

Test(path, closed_directions_drop_rtp_and_pass_rtcp)
{
	static const struct {
		uint8_t near_flags;
		uint8_t far_flags;
		int drop;
	} cases[] = {
		{TG_SIDE_RECEIVE, TG_SIDE_SEND, -1},
		{TG_SIDE_SEND, TG_SIDE_SEND, TG_DROP_MEDIA_CLOSED},
		{TG_SIDE_RECEIVE, TG_SIDE_RECEIVE, TG_DROP_MEDIA_CLOSED},
		{0, 0, TG_DROP_MEDIA_CLOSED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(4, 1);
		struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
		struct rig_out out;

		spec.side[0].flags = cases[i].near_flags;
		spec.side[1].flags = cases[i].far_flags;
		rig_add(rig, &spec);
		out = rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(1)));
		cr_expect(eq(int, out.drop, cases[i].drop), "case %zu", i);
		cr_expect(eq(u32, rig->stream_stats[0].side[0].latches, 1), "case %zu", i);
		out = rig_receive(rig, 0, rig_rtcp(rig, "203.0.113.5:4001", "192.0.2.1:10001", 1));
		cr_expect(eq(int, out.port, 1), "case %zu", i);
		rig_free(rig);
	}
}

Test(path, J24_next_hop_changes_are_followed)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_ip carrier = rig_ip("198.51.100.7");
	uint8_t mac[6] = {2, 7, 7, 7, 7, 7};
	struct neigh_want want;
	struct rig_out out;

	rig_add(rig, &spec);
	rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(1)));
	neigh_table_remove(rig->tables->neighs, &carrier, 1);
	tables_touch(rig->tables);
	out = rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(2)));
	cr_assert(eq(int, out.drop, TG_DROP_NO_NEIGHBOUR));
	cr_assert(eq(u64, rig->stream_stats[0].side[0].drop[TG_SIDE_DROP_UNDELIVERED], 1));
	cr_assert(neigh_wanted_take(&want, &rig->wanted));
	cr_assert(tg_ip_equal(&want.ip, &carrier));
	cr_assert(eq(u16, want.port, 1));
	cr_assert(eq(int, neigh_table_put(rig->tables->neighs, &carrier, 1, mac), 0));
	tables_touch(rig->tables);
	out = rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(3)));
	cr_assert(eq(int, memcmp(out.mac_to, mac, 6), 0));
	route_table_remove(rig->tables->routes, &carrier, 120);
	tables_touch(rig->tables);
	out = rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(4)));
	cr_assert(eq(int, out.drop, TG_DROP_NO_ROUTE));
	rig_free(rig);
}

Test(path, J18_size_and_payload_type_are_policed)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct rig_rtp other = rtp(2);

	spec.side[0].packet_bytes_max = 172;
	rig_add(rig, &spec);
	cr_assert(
		eq(int, rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(1))).port, 1));
	other.pt = 101;
	cr_assert(eq(int, rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, other)).port, 1));
	other.pt = 102;
	cr_assert(eq(int, rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, other)).drop,
		TG_DROP_MEDIA_PAYLOAD_TYPE));
	uint8_t big[173] = {0x80, 0};
	cr_assert(eq(int, rig_receive(rig, 0, rig_udp(rig, RIG_PHONE, RIG_ACCESS, big, 173)).drop,
		TG_DROP_MEDIA_OVERSIZE));
	rig_free(rig);
}

// The size is that of the codec's packets: a compound report may be larger.
Test(path, J4_size_is_no_matter_of_rtcp)
{
	uint8_t report[200] = {0x80, 200, 0, 49};
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);

	spec.side[0].packet_bytes_max = 172;
	spec.side[0].local_rtcp_port = 0;
	rig_add(rig, &spec);
	cr_assert(eq(int,
		rig_receive(rig, 0, rig_udp(rig, RIG_PHONE, RIG_ACCESS, report, sizeof(report)))
			.drop,
		-1));
	rig_free(rig);
}

Test(path, removed_stream_is_closed_at_once)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_stream_ref ref = rig_add(rig, &spec);

	cr_assert(
		eq(int, rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(1))).port, 1));
	flow_table_remove(rig->tables->flows, ref);
	cr_assert(eq(int, rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(2))).drop,
		TG_DROP_MEDIA_NO_STREAM));
	rig_free(rig);
}

// The n-th packet: speech of 160 bytes under 97, now and then four bytes of an event under 101.
static uint16_t write_talk(uint8_t payload[static 172], uint16_t n)
{
	bool event = n % 5 == 4;
	uint16_t bytes = event ? 16 : 172;

	memset(payload, n, 172);
	payload[0] = 0x80;
	payload[1] = (uint8_t)((event ? 101 : 97) | (n % 7 == 4 ? 0x80 : 0));
	tg_store_be16(payload + 2, n);
	tg_store_be32(payload + 4, n * 160u);
	tg_store_be32(payload + 8, 0xabcd);
	return bytes;
}

static void relay_types(const char *const near[2], const char *const far[2])
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);

	spec.side[0].local = rig_addr(near[1]);
	spec.side[0].remote[TG_RTP] = rig_addr(near[0]);
	spec.side[0].signalling = rig_addr(near[0]).ip;
	spec.side[1].local = rig_addr(far[1]);
	spec.side[1].remote[TG_RTP] = rig_addr(far[0]);
	memset(spec.side[0].payload_types, 0, sizeof(spec.side[0].payload_types));
	spec.side[0].type[0] = (struct tg_type_map){101, 96};
	spec.side[0].type[1] = (struct tg_type_map){97, 111};
	rig_add(rig, &spec);
	for (uint16_t n = 0; n < 1000; n++) {
		uint8_t payload[172];
		uint16_t bytes = write_talk(payload, n);
		struct rig_out out = rig_receive(
			rig, 0, rig_udp(rig, near[0], near[1], payload, bytes));

		payload[1] = (uint8_t)((payload[1] & 0x80) | (bytes == 16 ? 96 : 111));
		cr_assert(eq(int, out.port, 1));
		cr_assert(eq(u16, out.payload_bytes, bytes));
		cr_assert(eq(int, memcmp(out.payload, payload, bytes), 0), "packet %u", n);
		if (n == 500)
			tables_touch(rig->tables);
		rig_wait_ms(rig, 20);
	}
	cr_assert(eq(u8, rig->stream_stats[0].side[0].payload_type, 97), "as it came");
	cr_assert(eq(u64, rig_drops(rig), 0));
	rig_free(rig);
}

// The rig checks the checksums.
Test(path, D11_J5_a_payload_type_becomes_the_far_sides_and_all_else_stays)
{
	static const char *const phone[2][2] = {
		{RIG_PHONE, RIG_ACCESS}, {"[2001:db8:a::5]:4000", "[2001:db8:a::1]:10000"}};
	static const char *const carrier[2][2] = {
		{RIG_CARRIER, RIG_CORE}, {"[2001:db8:c::7]:30000", "[2001:db8:c::1]:12000"}};

	for (unsigned int i = 0; i < 4; i++)
		relay_types(phone[i & 1], carrier[i >> 1]);
}

Test(path, D11_another_map_holds_from_the_next_packet_on)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_stream_ref ref = rig_add(rig, &spec);

	for (uint16_t seq = 1; seq < 40; seq++) {
		struct rig_rtp talk = {.pt = 96, .seq = seq, .timestamp = seq * 160u, .ssrc = 9};
		uint8_t to = (uint8_t)(96 + seq / 10);
		struct rig_out out;

		memset(spec.side[0].payload_types, 0, sizeof(spec.side[0].payload_types));
		spec.side[0].type[0] = (struct tg_type_map){to == 96 ? 0 : 96, to == 96 ? 0 : to};
		if (seq % 10 == 0 || seq == 1)
			cr_assert(eq(int, flow_table_update(rig->tables->flows, ref, &spec, 1), 0));
		out = rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, talk));
		cr_assert(eq(int, out.port, 1));
		cr_assert(eq(u8, out.payload[1], to), "packet %u", seq);
	}
	rig_free(rig);
}

Test(path, D14_a_leg_becomes_muxed_and_is_so_no_more)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_stream_ref ref = rig_add(rig, &spec);
	const char *const rtcp_port = "192.0.2.1:10001";

	for (unsigned int i = 0; i < 4; i++) {
		bool muxed = i % 2 == 0;
		struct rig_out out;

		spec.side[0].local_rtcp_port = muxed ? 0 : 10001;
		spec.side[0].flags |= TG_SIDE_RELATCH;
		cr_assert(eq(int, flow_table_update(rig->tables->flows, ref, &spec, 1), 0));
		out = rig_receive(rig, 0, rig_rtcp(rig, RIG_PHONE, RIG_ACCESS, 1));
		cr_assert(eq(int, out.port, muxed ? 1 : -1));
		out = rig_receive(rig, 0, rig_rtcp(rig, "203.0.113.5:4001", rtcp_port, 1));
		cr_assert(eq(int, out.port, muxed ? -1 : 1));
	}
	rig_free(rig);
}

// RFC 5761: there is one source, whichever of the two comes first from it.
Test(path, D14_a_muxed_side_learns_one_source_for_both)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_addr moved = rig_addr("203.0.113.5:40000");
	struct rig_out out;

	spec.side[0].local_rtcp_port = 0;
	rig_add(rig, &spec);
	out = rig_receive(rig, 0, rig_rtcp(rig, "203.0.113.5:40000", RIG_ACCESS, 0xabcd));
	cr_assert(eq(int, out.port, 1));
	out = rig_receive(rig, 1, rig_rtp(rig, RIG_CARRIER, RIG_CORE, rtp(1)));
	cr_assert(tg_addr_equal(&out.dst, &moved), "RTP follows what RTCP taught");
	out = rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(1)));
	cr_assert(eq(int, out.port, -1), "another port is another source");
	out = rig_receive(rig, 0, rig_rtp(rig, "203.0.113.5:40000", RIG_ACCESS, rtp(1)));
	cr_assert(eq(int, out.port, 1));
	out = rig_receive(rig, 1, rig_rtcp(rig, "198.51.100.7:30001", "198.51.100.1:12001", 2));
	cr_assert(tg_addr_equal(&out.dst, &moved));
	cr_assert(eq(u16, out.src.port, 10000));
	rig_free(rig);
}
