// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "dataplane/path/path_int.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define STRANGER "203.0.113.66:4000"
#define PHONE_NAT "203.0.113.5:61234"

static struct rig_rtp rtp(uint16_t seq)
{
	return (struct rig_rtp){.pt = 8, .seq = seq, .timestamp = seq * 160u, .ssrc = 0xabcd};
}

static struct rig_out from(struct rig *rig, const char *src, uint16_t seq)
{
	return rig_receive(rig, 0, rig_rtp(rig, src, RIG_ACCESS, rtp(seq)));
}

// Where a packet of the carrier ends up.
static struct rig_out from_carrier(struct rig *rig, uint16_t seq)
{
	return rig_receive(rig, 1, rig_rtp(rig, RIG_CARRIER, RIG_CORE, rtp(seq)));
}

static void expect_sent_to(struct rig_out out, const char *to)
{
	struct tg_addr want = rig_addr(to);

	cr_assert(ge(int, out.port, 0));
	cr_assert(tg_addr_equal(&out.dst, &want));
}

static struct tg_stream_spec nat_spec(enum tg_latch latch)
{
	struct tg_stream_spec spec = rig_spec(latch);

	spec.side[0].remote[TG_RTP] = rig_addr("10.11.12.13:4000");
	spec.side[0].remote[TG_RTCP] = rig_addr("10.11.12.13:4001");
	return spec;
}

Test(path, E7_E27_private_sdp_address_is_replaced_by_first_source)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = nat_spec(TG_LATCH_SIGNALLING);
	struct tg_event event;

	rig_add(rig, &spec);
	cr_assert(eq(int, from_carrier(rig, 1).drop, TG_DROP_MEDIA_NO_REMOTE));
	expect_sent_to(from(rig, PHONE_NAT, 1), RIG_CARRIER);
	cr_assert(rig_event(&event, rig, 0));
	cr_assert(eq(int, (int)event.type, TG_EVENT_LATCHED));
	cr_assert(eq(int, event.source.reason, TG_LATCHED_FIRST));
	cr_assert(eq(u64, event.cookie, 77));
	struct tg_addr nat = rig_addr(PHONE_NAT);
	cr_assert(tg_addr_equal(&event.source.addr, &nat));
	cr_assert(tg_addr_equal(&event.source.previous, &spec.side[0].remote[TG_RTP]));
	expect_sent_to(from_carrier(rig, 2), PHONE_NAT);
	cr_assert(tg_addr_equal(&rig->stream_stats[0].side[0].learned[TG_RTP], &nat));
	cr_assert(eq(u32, rig->stream_stats[0].side[0].latches, 1));
	cr_assert(eq(u32, rig->stream_stats[0].side[0].latch_seq % 2, 0));
	rig_free(rig);
}

Test(path, E8_who_may_be_learned_is_policy)
{
	static const struct {
		enum tg_latch latch;
		const char *src;
		bool accepted;
	} cases[] = {
		{TG_LATCH_OFF, RIG_PHONE, true},
		{TG_LATCH_OFF, PHONE_NAT, false},
		{TG_LATCH_OFF, STRANGER, false},
		{TG_LATCH_PORT, RIG_PHONE, true},
		{TG_LATCH_PORT, PHONE_NAT, true},
		{TG_LATCH_PORT, STRANGER, false},
		{TG_LATCH_SIGNALLING, "192.0.2.50:9", true},
		{TG_LATCH_SIGNALLING, PHONE_NAT, false},
		{TG_LATCH_SIGNALLING, RIG_PHONE, false},
		{TG_LATCH_ANY, STRANGER, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(4, 1);
		struct tg_stream_spec spec = rig_spec(cases[i].latch);
		struct rig_out out;

		spec.side[0].signalling = rig_ip("192.0.2.50");
		rig_add(rig, &spec);
		out = from(rig, cases[i].src, 1);
		cr_expect(eq(int, out.drop, cases[i].accepted ? -1 : TG_DROP_MEDIA_SOURCE),
			"case %zu", i);
		cr_expect(eq(u32, rig->stream_stats[0].side[0].latches,
				  cases[i].accepted && cases[i].latch != TG_LATCH_OFF),
			"case %zu", i);
		rig_free(rig);
	}
}

Test(path, E8_sdp_that_names_a_third_party_sends_it_nothing)
{
	static const struct {
		enum tg_latch latch;
		const char *signalling;
		int drop; // -1: sent to where SDP said
	} cases[] = {
		{TG_LATCH_SIGNALLING, "192.0.2.50", TG_DROP_MEDIA_NO_REMOTE},
		{TG_LATCH_SIGNALLING, "203.0.113.5", -1}, // the phone's own, as it is without NAT
		{TG_LATCH_OFF, "192.0.2.50", -1},
		{TG_LATCH_PORT, "192.0.2.50", -1},
		{TG_LATCH_ANY, "192.0.2.50", -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(4, 1);
		struct tg_stream_spec spec = rig_spec(cases[i].latch);
		struct rig_out out;

		spec.side[0].signalling = rig_ip(cases[i].signalling);
		rig_add(rig, &spec);
		for (uint16_t seq = 1; seq < 4; seq++) {
			out = from_carrier(rig, seq);
			cr_expect(eq(int, out.drop, cases[i].drop), "case %zu", i);
		}
		rig_free(rig);
	}
}

Test(path, E8_invalid_packet_does_not_latch)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = nat_spec(TG_LATCH_SIGNALLING);
	struct rig_rtp wrong_pt = {.pt = 18, .seq = 1, .ssrc = 1};
	uint8_t noise[40] = {0x16, 0xfe, 0xfd};

	rig_add(rig, &spec);
	cr_assert(eq(int, rig_receive(rig, 0, rig_rtp(rig, PHONE_NAT, RIG_ACCESS, wrong_pt)).drop,
		TG_DROP_MEDIA_PAYLOAD_TYPE));
	cr_assert(eq(int, rig_receive(rig, 0, rig_udp(rig, PHONE_NAT, RIG_ACCESS, noise, 40)).drop,
		TG_DROP_MEDIA_MALFORMED));
	cr_assert(eq(int, rig_receive(rig, 0, rig_udp(rig, PHONE_NAT, RIG_ACCESS, "\x80", 1)).drop,
		TG_DROP_MEDIA_MALFORMED));
	cr_assert(eq(u32, rig->stream_stats[0].side[0].latches, 0));
	cr_assert(eq(u64, rig->stream_stats[0].side[0].drop[TG_SIDE_DROP_PAYLOAD_TYPE], 1));
	cr_assert(eq(u64, rig->stream_stats[0].side[0].drop[TG_SIDE_DROP_MALFORMED], 2));
	rig_free(rig);
}

Test(path, E8_first_packet_must_have_what_sdp_promised)
{
	static const struct {
		const char *name;
		struct rig_rtp rtp;
		uint16_t bytes_max;
		struct tg_rate packets;
		struct tg_rate bytes;
		int drop;
	} cases[] = {
		{"all of it", {.pt = 8, .ssrc = 5}, 172, {50, 1}, {8600, 172}, -1},
		{"other SSRC", {.pt = 8, .ssrc = 6}, 172, {50, 1}, {8600, 172}, TG_DROP_MEDIA_SSRC},
		{"other type", {.pt = 9, .ssrc = 5}, 172, {50, 1}, {8600, 172},
			TG_DROP_MEDIA_PAYLOAD_TYPE},
		{"too large", {.pt = 8, .ssrc = 5}, 171, {50, 1}, {8600, 172},
			TG_DROP_MEDIA_OVERSIZE},
		{"too much at once", {.pt = 8, .ssrc = 5}, 172, {50, 1}, {8600, 171},
			TG_DROP_MEDIA_RATE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(4, 1);
		struct tg_stream_spec spec = nat_spec(TG_LATCH_SIGNALLING);
		struct tg_side_stats *stats = rig->stream_stats[0].side;
		struct tg_event event;
		struct rig_out out;

		spec.side[0].ssrc = 5;
		spec.side[0].packet_bytes_max = cases[i].bytes_max;
		spec.side[0].packets = cases[i].packets;
		spec.side[0].bytes = cases[i].bytes;
		rig_add(rig, &spec);
		out = rig_receive(rig, 0, rig_rtp(rig, PHONE_NAT, RIG_ACCESS, cases[i].rtp));
		cr_expect(eq(int, out.drop, cases[i].drop), "%s", cases[i].name);
		cr_expect(eq(u32, stats->latches, cases[i].drop < 0), "%s", cases[i].name);
		cr_expect(eq(u64, stats->packets, cases[i].drop < 0), "%s", cases[i].name);
		cr_expect(eq(u32, stats->learned[TG_RTP].port, cases[i].drop < 0 ? 61234 : 0));
		cr_expect(eq(int, rig_event_of(&event, rig, TG_EVENT_LATCHED), cases[i].drop < 0),
			"%s", cases[i].name);
		rig_free(rig);
	}
}

Test(path, E8_rtcp_of_another_sender_does_not_latch)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = nat_spec(TG_LATCH_SIGNALLING);

	spec.side[0].ssrc = 5;
	rig_add(rig, &spec);
	cr_assert(eq(int,
		rig_receive(rig, 0, rig_rtcp(rig, "203.0.113.5:61999", "192.0.2.1:10001", 6)).drop,
		TG_DROP_MEDIA_SSRC));
	cr_assert(eq(int,
		rig_receive(rig, 0, rig_rtcp(rig, "203.0.113.5:61999", "192.0.2.1:10001", 5)).drop,
		-1));
	rig_free(rig);
}

Test(path, E8_a_port_scan_of_headers_does_not_latch)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = nat_spec(TG_LATCH_SIGNALLING);
	uint8_t packet[12] = {0x80, 8};

	rig_add(rig, &spec);
	for (unsigned int first = 0; first < 256; first++) {
		int drop;

		packet[0] = (uint8_t)first;
		drop = rig_receive(rig, 0, rig_udp(rig, STRANGER, RIG_ACCESS, packet, 12)).drop;
		cr_assert(eq(int, drop, TG_DROP_MEDIA_SOURCE), "policy first, %x", first);
	}
	for (unsigned int first = 0; first < 256; first++) {
		struct rig_out out;

		packet[0] = (uint8_t)first;
		if (first >> 6 == 2 && (first & 0x1f) == 0)
			continue; // sound
		out = rig_receive(rig, 0, rig_udp(rig, PHONE_NAT, RIG_ACCESS, packet, 12));
		cr_assert(eq(int, out.drop, TG_DROP_MEDIA_MALFORMED), "%x", first);
	}
	cr_assert(eq(u32, rig->stream_stats[0].side[0].latches, 0));
	rig_free(rig);
}

Test(path, E9_refusals_are_told_with_their_number)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);
	struct tg_addr stranger = rig_addr(STRANGER);
	struct tg_event event;
	uint32_t told = 0;

	rig_add(rig, &spec);
	from(rig, RIG_PHONE, 1);
	for (uint16_t seq = 2; seq < 303; seq++) {
		from(rig, RIG_PHONE, seq);
		from(rig, STRANGER, seq);
		rig_wait_ms(rig, 10);
		while (rig_event_of(&event, rig, TG_EVENT_SOURCE_REFUSED)) {
			told += event.source.count;
			cr_assert(tg_addr_equal(&event.source.addr, &stranger));
			cr_assert(eq(u64, event.cookie, 77));
		}
	}
	cr_assert(ge(u32, told, 200));
	cr_assert(le(u32, told, rig->stream_stats[0].side[0].drop[TG_SIDE_DROP_SOURCE]));
	cr_assert(eq(u32, rig->stream_stats[0].side[0].drop[TG_SIDE_DROP_SOURCE], 301));
	rig_free(rig);
}

// Silence is measured from the last packet, however it was relayed.
Test(path, E9_a_source_that_sends_is_never_followed_elsewhere)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);
	uint16_t seq = 0;

	rig_add(rig, &spec);
	for (int round = 0; round < 100; round++) {
		expect_sent_to(from(rig, RIG_PHONE, ++seq), RIG_CARRIER);
		rig_wait_ms(rig, LATCH_SILENCE_MS - 2);
		cr_assert(eq(
			int, from(rig, STRANGER, (uint16_t)(seq + 1)).drop, TG_DROP_MEDIA_SOURCE));
	}
	cr_assert(eq(u32, rig->stream_stats[0].side[0].latches, 1));
	rig_free(rig);
}

Test(path, E9_J20_silent_fax_is_followed_to_another_port_only)
{
	static const struct {
		const char *src;
		uint64_t silence_ms;
		int drop;
	} cases[] = {
		{PHONE_NAT, LATCH_SILENCE_MS, -1},
		{PHONE_NAT, LATCH_SILENCE_MS - 1, TG_DROP_MEDIA_SOURCE},
		{STRANGER, LATCH_SILENCE_MS, TG_DROP_MEDIA_SSRC},
	};
	static const uint8_t udptl[9] = {0, 1, 5, 0xc0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(4, 1);
		struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);
		struct rig_out out;

		spec.side[0].flags |= TG_SIDE_OPAQUE;
		rig_add(rig, &spec);
		out = rig_receive(rig, 0, rig_udp(rig, RIG_PHONE, RIG_ACCESS, udptl, 9));
		cr_expect(eq(int, out.port, 1));
		rig_wait_ms(rig, cases[i].silence_ms);
		out = rig_receive(rig, 0, rig_udp(rig, cases[i].src, RIG_ACCESS, udptl, 9));
		cr_expect(eq(int, out.drop, cases[i].drop), "case %zu", i);
		rig_free(rig);
	}
}

// Both sides of the stream are at one public address, and neither promised it.
Test(path, E11_two_phones_behind_one_nat_hear_each_other)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = nat_spec(TG_LATCH_SIGNALLING);
	const char *other_local = "192.0.2.1:14000";
	const char *other = "203.0.113.5:62222";

	spec.side[1] = spec.side[0];
	spec.side[1].local = rig_addr(other_local);
	spec.side[1].local_rtcp_port = 14001;
	rig_add(rig, &spec);
	cr_assert(eq(int, from(rig, PHONE_NAT, 1).drop, TG_DROP_MEDIA_NO_REMOTE));
	for (uint16_t seq = 2; seq < 20; seq++) {
		expect_sent_to(
			rig_receive(rig, 0, rig_rtp(rig, other, other_local, rtp(seq))), PHONE_NAT);
		expect_sent_to(from(rig, PHONE_NAT, seq), other);
	}
	rig_free(rig);
}

Test(path, E9_locked_stream_refuses_another_source)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);
	struct tg_event event;
	uint32_t reports = 0;

	rig_add(rig, &spec);
	expect_sent_to(from(rig, RIG_PHONE, 1), RIG_CARRIER);
	for (uint16_t seq = 2; seq < 150; seq++) {
		expect_sent_to(from(rig, RIG_PHONE, seq), RIG_CARRIER);
		cr_assert(eq(int, from(rig, STRANGER, seq).drop, TG_DROP_MEDIA_SOURCE));
		rig_wait_ms(rig, 10);
	}
	while (rig_event_of(&event, rig, TG_EVENT_SOURCE_REFUSED))
		reports++;
	cr_assert(eq(u32, reports, 2), "one a second in 1.48 s");
	cr_assert(eq(u64, rig->stream_stats[0].side[0].drop[TG_SIDE_DROP_SOURCE], 148));
	cr_assert(eq(u64, rig->stream_stats[0].side[0].packets, 149));
	expect_sent_to(from_carrier(rig, 1), RIG_PHONE);
	rig_free(rig);
}

Test(path, E9_relatch_after_renegotiation_once)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);
	struct tg_stream_ref ref = rig_add(rig, &spec);
	struct tg_event event;

	from(rig, RIG_PHONE, 1);
	rig_event(&event, rig, 0);
	cr_assert(eq(int, from(rig, STRANGER, 9).drop, TG_DROP_MEDIA_SOURCE));
	cr_assert(eq(int, flow_table_update(rig->tables->flows, ref, &spec, 1), 0));
	cr_assert(eq(int, from(rig, STRANGER, 9).drop, TG_DROP_MEDIA_SOURCE));
	spec.side[0].flags |= TG_SIDE_RELATCH;
	cr_assert(eq(int, flow_table_update(rig->tables->flows, ref, &spec, 1), 0));
	cr_assert(tg_ip_is_unset(&rig->stream_stats[0].side[0].learned[TG_RTP].ip));
	expect_sent_to(from_carrier(rig, 1), RIG_PHONE);
	expect_sent_to(from(rig, STRANGER, 9), RIG_CARRIER);
	cr_assert(rig_event_of(&event, rig, TG_EVENT_LATCHED));
	cr_assert(eq(int, event.source.reason, TG_LATCHED_RENEGOTIATED));
	cr_assert(eq(int, from(rig, RIG_PHONE, 2).drop, TG_DROP_MEDIA_SOURCE));
	expect_sent_to(from_carrier(rig, 2), STRANGER);
	rig_free(rig);
}

Test(path, E9_relatch_after_silence_only_when_it_continues)
{
	static const struct {
		const char *name;
		const char *src;
		uint64_t silence_ms;
		uint16_t seq;
		uint32_t ssrc;
		int drop;
	} cases[] = {
		{"continues", PHONE_NAT, LATCH_SILENCE_MS, 101, 0xabcd, -1},
		{"too early", PHONE_NAT, LATCH_SILENCE_MS - 1, 101, 0xabcd, TG_DROP_MEDIA_SOURCE},
		{"other SSRC", PHONE_NAT, LATCH_SILENCE_MS, 101, 0xabce, TG_DROP_MEDIA_SSRC},
		{"same packet", PHONE_NAT, LATCH_SILENCE_MS, 100, 0xabcd, TG_DROP_MEDIA_SSRC},
		{"behind", PHONE_NAT, LATCH_SILENCE_MS, 99, 0xabcd, TG_DROP_MEDIA_SSRC},
		{"as far as it may be", PHONE_NAT, 1000, 100 + 1000 / 5 + 20, 0xabcd, -1},
		{"too far ahead", PHONE_NAT, 1000, 101 + 1000 / 5 + 20, 0xabcd, TG_DROP_MEDIA_SSRC},
		{"behind for long", PHONE_NAT, LATCH_RETURN_MS - 1, 99, 0xabcd, TG_DROP_MEDIA_SSRC},
		{"back at last", PHONE_NAT, LATCH_RETURN_MS, 99, 0xabcd, -1},
		{"other SSRC for ever", PHONE_NAT, 60000, 101, 0xabce, TG_DROP_MEDIA_SSRC},
		{"outside policy", STRANGER, LATCH_SILENCE_MS, 101, 0xabcd, TG_DROP_MEDIA_SOURCE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(4, 1);
		struct tg_stream_spec spec = rig_spec(TG_LATCH_PORT);
		struct rig_rtp next = {.pt = 8, .seq = cases[i].seq, .ssrc = cases[i].ssrc};
		struct tg_event event;
		struct rig_out out;

		rig_add(rig, &spec);
		from(rig, RIG_PHONE, 100);
		rig_event(&event, rig, 0);
		rig_wait_ms(rig, cases[i].silence_ms);
		out = rig_receive(rig, 0, rig_rtp(rig, cases[i].src, RIG_ACCESS, next));
		cr_expect(eq(int, out.drop, cases[i].drop), "%s", cases[i].name);
		if (cases[i].drop < 0) {
			cr_expect(rig_event(&event, rig, 0), "%s", cases[i].name);
			cr_expect(eq(int, event.source.reason, TG_LATCHED_CONTINUED));
			expect_sent_to(from_carrier(rig, 1), cases[i].src);
		} else {
			cr_expect(rig_event_of(&event, rig, TG_EVENT_SOURCE_REFUSED), "%s",
				cases[i].name);
			expect_sent_to(from_carrier(rig, 1), RIG_PHONE);
		}
		rig_free(rig);
	}
}

Test(path, E9_two_sources_in_one_burst_only_the_first_is_learned)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);
	struct rte_mbuf *burst[4];
	struct rig_out out[4];

	rig_add(rig, &spec);
	burst[0] = rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(1));
	burst[1] = rig_rtp(rig, STRANGER, RIG_ACCESS, rtp(2));
	burst[2] = rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp(2));
	burst[3] = rig_rtp(rig, STRANGER, RIG_ACCESS, rtp(3));
	path_receive(&rig->path, 0, burst, 4);
	cr_assert(eq(u32, rig_sent(out, 4, rig), 2));
	cr_assert(eq(u64, rig->stats.drop[TG_DROP_MEDIA_SOURCE], 2));
	cr_assert(eq(u32, rig->stream_stats[0].side[0].latches, 1));
	rig->path.freed.count = 0;
	expect_sent_to(from_carrier(rig, 1), RIG_PHONE);
	rig_free(rig);
}

Test(path, E10_trunk_uses_sdp_addresses_and_never_learns)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);

	rig_add(rig, &spec);
	expect_sent_to(from(rig, RIG_PHONE, 1), RIG_CARRIER);
	cr_assert(eq(int,
		rig_receive(rig, 1, rig_rtp(rig, "198.51.100.7:30002", RIG_CORE, rtp(1))).drop,
		TG_DROP_MEDIA_SOURCE));
	expect_sent_to(from_carrier(rig, 1), RIG_PHONE);
	cr_assert(eq(u32, rig->stream_stats[0].side[1].latches, 0));
	expect_sent_to(from(rig, RIG_PHONE, 2), RIG_CARRIER);
	rig_free(rig);
}

Test(path, E10_latch_off_without_promised_address_accepts_nobody)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_OFF);

	memset(spec.side[0].remote, 0, sizeof(spec.side[0].remote));
	rig_add(rig, &spec);
	cr_assert(eq(int, from(rig, RIG_PHONE, 1).drop, TG_DROP_MEDIA_SOURCE));
	cr_assert(eq(int, from_carrier(rig, 1).drop, TG_DROP_MEDIA_NO_REMOTE));
	cr_assert(eq(u64, rig->stream_stats[0].side[1].drop[TG_SIDE_DROP_NO_REMOTE], 1));
	rig_free(rig);
}

Test(path, E23_rtcp_latches_apart_from_rtp)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = nat_spec(TG_LATCH_SIGNALLING);
	struct tg_event event;
	struct rig_out out;

	rig_add(rig, &spec);
	from(rig, PHONE_NAT, 1);
	rig_event(&event, rig, 0);
	out = rig_receive(rig, 0, rig_rtcp(rig, "203.0.113.5:61999", "192.0.2.1:10001", 0xabcd));
	expect_sent_to(out, "198.51.100.7:30001");
	cr_assert(eq(u16, out.src.port, 12001));
	cr_assert(rig_event(&event, rig, 0));
	cr_assert(eq(int, (int)event.type, TG_EVENT_LATCHED));
	cr_assert(eq(int, event.source.component, TG_RTCP));
	expect_sent_to(
		rig_receive(rig, 1, rig_rtcp(rig, "198.51.100.7:30001", "198.51.100.1:12001", 1)),
		"203.0.113.5:61999");
	expect_sent_to(from_carrier(rig, 1), PHONE_NAT);
	cr_assert(eq(int,
		rig_receive(rig, 0, rig_rtcp(rig, STRANGER, "192.0.2.1:10001", 0xabcd)).drop,
		TG_DROP_MEDIA_SOURCE));
	rig_free(rig);
}

Test(path, E23_rtcp_follows_a_moved_rtp_source_only)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);

	rig_add(rig, &spec);
	from(rig, RIG_PHONE, 1);
	rig_receive(rig, 0, rig_rtcp(rig, "203.0.113.5:4001", "192.0.2.1:10001", 0xabcd));
	rig_wait_ms(rig, 5000);
	cr_assert(eq(int,
		rig_receive(rig, 0, rig_rtcp(rig, "203.0.113.66:4001", "192.0.2.1:10001", 0xabcd))
			.drop,
		TG_DROP_MEDIA_SSRC));
	cr_assert(eq(int, from(rig, STRANGER, 2).drop, -1));
	cr_assert(eq(int,
		rig_receive(rig, 0, rig_rtcp(rig, "203.0.113.66:4001", "192.0.2.1:10001", 0xabcd))
			.drop,
		-1));
	rig_free(rig);
}

Test(path, I7_spray_at_the_port_range_goes_nowhere)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	char dst[TG_ADDR_TEXT_BYTES];

	rig_add(rig, &spec);
	from(rig, RIG_PHONE, 1);
	for (unsigned int port = 9990; port <= 20010; port++) {
		struct rig_out out;

		snprintf(dst, sizeof(dst), "192.0.2.1:%u", port);
		out = rig_receive(rig, 0, rig_rtp(rig, STRANGER, dst, rtp((uint16_t)port)));
		cr_assert(eq(int, out.port, -1));
		cr_assert(not(out.kernel));
	}
	cr_assert(eq(u64, rig->stats.drop[TG_DROP_NOT_OURS], 20));
	cr_assert(eq(u64, rig->stats.drop[TG_DROP_MEDIA_SOURCE], 2));
	cr_assert(eq(u64, rig->stats.drop[TG_DROP_MEDIA_NO_STREAM], 10001 - 2));
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_MEDIA_RELAYED], 1));
	rig_free(rig);
}
