// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "include/tidegate/wire.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define PHONE_SSRC 0x11111111u
#define CARRIER_SSRC 0x22222222u
#define LSR 0xabcd1234u
#define DLSR_PER_S 65536u

// One compound being written.
struct compound {
	uint8_t bytes[1400];
	uint16_t len;
};

struct block {
	uint32_t ssrc;
	uint32_t fraction_and_lost;
	uint32_t jitter;
	uint32_t lsr;
	uint32_t dlsr;
};

static struct rig *rig;
static struct tg_side_stats *phone;
static struct tg_side_stats *carrier;

static void setup_with(bool muxed)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct rig_rtp rtp = {.pt = 0, .seq = 1, .ssrc = PHONE_SSRC};

	if (muxed)
		spec.side[0].local_rtcp_port = spec.side[1].local_rtcp_port = 0;
	rig = rig_new(1, 1);
	phone = &rig->stream_stats[0].side[0];
	carrier = &rig->stream_stats[0].side[1];
	rig_add(rig, &spec);
	cr_assert(eq(int, rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp)).port, 1));
	rtp.ssrc = CARRIER_SSRC;
	cr_assert(eq(int, rig_receive(rig, 1, rig_rtp(rig, RIG_CARRIER, RIG_CORE, rtp)).port, 0));
}

static void setup(void)
{
	setup_with(false);
}

static void teardown(void)
{
	rig_free(rig);
}

TestSuite(rtcp, .init = setup, .fini = teardown);

static void put32(struct compound *c, uint32_t word)
{
	tg_store_be32(c->bytes + c->len, word);
	c->len += 4;
}

static void put_header(struct compound *c, uint8_t count, uint8_t type, uint16_t words)
{
	put32(c, (uint32_t)(0x80u | count) << 24 | (uint32_t)type << 16 | words);
}

static void put_block(struct compound *c, const struct block *block)
{
	put32(c, block->ssrc);
	put32(c, block->fraction_and_lost);
	put32(c, 77);
	put32(c, block->jitter);
	put32(c, block->lsr);
	put32(c, block->dlsr);
}

// A sender report, with a report block where there is one.
static void put_sr(struct compound *c, uint32_t ssrc, uint32_t lsr, const struct block *block)
{
	put_header(c, block != NULL, 200, block != NULL ? 12 : 6);
	put32(c, ssrc);
	put32(c, 0xe0000000u | lsr >> 16);
	put32(c, lsr << 16 | 0x7777);
	put32(c, 160);
	put32(c, 1);
	put32(c, 160);
	if (block != NULL)
		put_block(c, block);
}

static void put_rr(struct compound *c, uint32_t ssrc, const struct block *block)
{
	put_header(c, 1, 201, 7);
	put32(c, ssrc);
	put_block(c, block);
}

static struct rig_out from_phone(const struct compound *c)
{
	return rig_receive(
		rig, 0, rig_udp(rig, "203.0.113.5:4001", "192.0.2.1:10001", c->bytes, c->len));
}

static struct rig_out from_carrier(const struct compound *c)
{
	return rig_receive(
		rig, 1, rig_udp(rig, "198.51.100.7:30001", "198.51.100.1:12001", c->bytes, c->len));
}

static void carrier_reports_to_phone(uint32_t lsr)
{
	struct compound c = {0};

	put_sr(&c, CARRIER_SSRC, lsr, NULL);
	cr_assert(eq(int, from_carrier(&c).port, 0));
}

static void phone_answers(const struct block *block)
{
	struct compound c = {0};

	put_rr(&c, PHONE_SSRC, block);
	cr_assert(eq(int, from_phone(&c).port, 1));
}

Test(rtcp, J4_round_trip_is_now_less_sent_less_delay)
{
	static const struct {
		const char *name;
		uint32_t after_ms;
		uint32_t dlsr;
		uint32_t want_us;
	} cases[] = {
		{"at once", 40, 0, 40000},
		{"held for half a second", 540, DLSR_PER_S / 2, 40000},
		{"held for 5.5 s", 5600, 5 * DLSR_PER_S + DLSR_PER_S / 2, 100000},
		{"held for a unit", 20, 1, 20000 - 15},
		{"a clock that is too fast", 10, DLSR_PER_S, 0},
		{"as late as is believed", 60000, 0, 60000000},
	};
	struct block block = {.ssrc = CARRIER_SSRC, .lsr = LSR};
	uint64_t sum_us = 0;
	uint32_t max_us = 0;

	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		block.lsr = LSR + i;
		block.dlsr = cases[i].dlsr;
		carrier_reports_to_phone(block.lsr);
		rig_wait_ms(rig, cases[i].after_ms);
		phone_answers(&block);
		sum_us += cases[i].want_us;
		max_us = cases[i].want_us > max_us ? cases[i].want_us : max_us;
		cr_expect(eq(u32, phone->rtt_last_us, cases[i].want_us), "%s: last", cases[i].name);
		cr_expect(eq(u32, phone->rtt_max_us, max_us), "%s: max", cases[i].name);
		cr_expect(eq(u32, phone->rtt_count, i + 1), "%s: count", cases[i].name);
		cr_expect(eq(u64, phone->rtt_sum_us, sum_us), "%s: sum", cases[i].name);
	}
	cr_assert(eq(u32, carrier->rtt_count, 0));
}

Test(rtcp, J4_both_sides_by_the_block_of_a_sender_report)
{
	struct block block = {.ssrc = PHONE_SSRC,
		.fraction_and_lost = 64u << 24 | 12,
		.jitter = 99,
		.lsr = LSR,
		.dlsr = DLSR_PER_S};
	struct compound c = {0};

	put_sr(&c, PHONE_SSRC, LSR, NULL);
	cr_assert(eq(int, from_phone(&c).port, 1));
	rig_wait_ms(rig, 1030);
	c.len = 0;
	put_sr(&c, CARRIER_SSRC, LSR + 9, &block);
	cr_assert(eq(int, from_carrier(&c).port, 0));
	cr_assert(eq(u32, carrier->rtt_last_us, 30000));
	cr_assert(eq(u32, carrier->remote_lost, 12));
	cr_assert(eq(u32, carrier->remote_fraction_lost, 64));
	cr_assert(eq(u32, carrier->remote_jitter, 99));
	rig_wait_ms(rig, 17);
	phone_answers(&(struct block){.ssrc = CARRIER_SSRC, .lsr = LSR + 9});
	cr_assert(eq(u32, phone->rtt_last_us, 17000));
	cr_assert(eq(u32, phone->rtcp_packets, 2));
	cr_assert(eq(u32, phone->rtcp_relayed_packets, 2));
	cr_assert(eq(u32, carrier->rtcp_packets, 1));
	cr_assert(eq(u32, carrier->rtcp_relayed_packets, 1));
}

Test(rtcp, J4_the_last_two_sender_reports_are_known)
{
	struct block block = {.ssrc = CARRIER_SSRC, .lsr = LSR};

	carrier_reports_to_phone(LSR);
	rig_wait_ms(rig, 5);
	carrier_reports_to_phone(LSR + 1);
	rig_wait_ms(rig, 5);
	carrier_reports_to_phone(LSR + 1); // the same one twice moves nothing
	rig_wait_ms(rig, 5);
	phone_answers(&block);
	cr_assert(eq(u32, phone->rtt_last_us, 15000));
	block.lsr = LSR + 1;
	phone_answers(&block);
	cr_assert(eq(u32, phone->rtt_last_us, 10000));
	carrier_reports_to_phone(LSR + 2);
	block.lsr = LSR;
	phone_answers(&block);
	cr_assert(eq(u32, phone->rtt_count, 2), "older than the last two");
}

Test(rtcp, J4_what_is_not_believed)
{
	static const struct {
		const char *name;
		struct block block;
		uint32_t counted; // blocks about loss
		uint32_t lost;
	} cases[] = {
		{"about nobody here", {.ssrc = 5, .fraction_and_lost = 9, .lsr = LSR}, 0, 0},
		{"about itself", {.ssrc = PHONE_SSRC, .fraction_and_lost = 9, .lsr = LSR}, 0, 0},
		{"no report heard", {.ssrc = CARRIER_SSRC, .fraction_and_lost = 9}, 1, 9},
		{"unknown report", {.ssrc = CARRIER_SSRC, .fraction_and_lost = 9, .lsr = 8}, 1, 9},
		{"negative loss", {.ssrc = CARRIER_SSRC, .fraction_and_lost = 0xffffff}, 1, 0},
		{"largest loss", {.ssrc = CARRIER_SSRC, .fraction_and_lost = 0x7fffff}, 1,
			0x7fffff},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		teardown();
		setup();
		carrier_reports_to_phone(LSR);
		rig_wait_ms(rig, 30);
		phone->remote_lost = 1000;
		phone_answers(&cases[i].block);
		cr_expect(eq(u32, phone->remote_lost, cases[i].counted ? cases[i].lost : 1000),
			"%s", cases[i].name);
		cr_expect(eq(u32, phone->rtt_count, 0), "%s", cases[i].name);
	}
}

Test(rtcp, J4_later_than_a_minute_is_no_round_trip)
{
	carrier_reports_to_phone(LSR);
	rig_wait_ms(rig, 60001);
	phone_answers(&(struct block){.ssrc = CARRIER_SSRC, .lsr = LSR});
	cr_assert(eq(u32, phone->rtt_count, 0));
}

Test(rtcp, J4_sender_report_of_another_ssrc_or_without_a_clock_is_not_kept)
{
	struct compound c = {0};

	put_sr(&c, 5, LSR, NULL);
	cr_assert(eq(int, from_carrier(&c).port, 0));
	carrier_reports_to_phone(0);
	rig_wait_ms(rig, 30);
	phone_answers(&(struct block){.ssrc = CARRIER_SSRC, .lsr = LSR});
	phone_answers(&(struct block){.ssrc = CARRIER_SSRC, .lsr = 0});
	cr_assert(eq(u32, phone->rtt_count, 0));
}

// Which blocks of a compound are read when it is cut, and none beyond its end.
Test(rtcp, J4_cut_at_every_length)
{
	struct block block = {.ssrc = CARRIER_SSRC, .fraction_and_lost = 3};
	struct compound whole = {0};

	put_sr(&whole, PHONE_SSRC, LSR, NULL);
	put_rr(&whole, PHONE_SSRC, &block);
	for (uint16_t len = 0; len <= whole.len; len++) {
		struct compound cut = {.len = len};

		teardown();
		setup();
		memcpy(cut.bytes, whole.bytes, len);
		cr_expect(eq(int, from_phone(&cut).drop, len < 28 ? TG_DROP_MEDIA_MALFORMED : -1),
			"length %u", len);
		cr_expect(eq(u32, phone->remote_lost, len < whole.len ? 0 : 3), "length %u", len);
	}
}

Test(rtcp, J4_report_count_beyond_the_packet)
{
	struct block block = {.ssrc = CARRIER_SSRC, .fraction_and_lost = 3};
	struct compound c = {0};

	put_header(&c, 31, 201, 7);
	put32(&c, PHONE_SSRC);
	put_block(&c, &block);
	block.fraction_and_lost = 4;
	put_block(&c, &block); // beyond its length: no header, so nothing is read of it
	cr_assert(eq(int, from_phone(&c).port, 1));
	cr_assert(eq(u32, phone->remote_lost, 3));
}

Test(rtcp, J4_block_of_a_forgotten_sender_is_not_believed)
{
	struct rig_rtp rtp = {.pt = 0, .seq = 500, .ssrc = 0x33333333};

	carrier_reports_to_phone(LSR);
	rig_receive(rig, 1, rig_rtp(rig, RIG_CARRIER, RIG_CORE, rtp));
	phone_answers(&(struct block){.ssrc = CARRIER_SSRC, .fraction_and_lost = 3, .lsr = LSR});
	cr_assert(eq(u32, phone->rtt_count, 0));
	cr_assert(eq(u32, phone->remote_lost, 0));
}

static const struct relayed {
	const char *name;
	uint16_t len;
	uint8_t bytes[48];
} relayed[] = {
	{"sender report", 28, {0x80, 200, 0, 6, 0x11, 0x11, 0x11, 0x11, [27] = 9}},
	{"receiver report, empty", 8, {0x80, 201, 0, 1, 0x11, 0x11, 0x11, 0x11}},
	{"BYE with a reason", 16,
		{0x81, 203, 0, 3, 0x11, 0x11, 0x11, 0x11, 6, 'e', 'n', 'o', 'u', 'g', 'h'}},
	{"APP", 16, {0x85, 204, 0, 3, 0x11, 0x11, 0x11, 0x11, 'n', 'a', 'm', 'e', 1, 2, 3, 4}},
	{"NACK", 16, {0x81, 205, 0, 3, 0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22, 0, 7, 0, 1}},
	{"PLI", 12, {0x81, 206, 0, 2, 0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22}},
	{"XR, receiver reference time", 20,
		{0x80, 207, 0, 4, 0x11, 0x11, 0x11, 0x11, 4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8}},
	{"padded", 16, {0xa0, 201, 0, 3, 0x11, 0x11, 0x11, 0x11, [15] = 8}},
	{"reserved type 223", 8, {0x80, 223, 0, 1, 0x11, 0x11, 0x11, 0x11}},
	{"SRTCP: rest is not clear", 46,
		{0x81, 200, 0, 6, 0x11, 0x11, 0x11, 0x11, [8 ... 45] = 0xc8}},
};

static void check_relayed(const char *src, const char *dst, uint16_t to_port)
{
	for (size_t i = 0; i < sizeof(relayed) / sizeof(relayed[0]); i++) {
		const struct relayed *want = &relayed[i];
		uint32_t sent = phone->rtcp_relayed_packets;
		struct rig_out out = rig_receive(
			rig, 0, rig_udp(rig, src, dst, want->bytes, want->len));

		cr_expect(eq(int, out.port, 1), "%s", want->name);
		cr_expect(eq(u16, out.dst.port, to_port), "%s", want->name);
		cr_expect(eq(u16, out.payload_bytes, want->len), "%s", want->name);
		cr_expect(
			eq(int, memcmp(out.payload, want->bytes, want->len), 0), "%s", want->name);
		cr_expect(eq(u32, phone->rtcp_relayed_packets, sent + 1), "%s", want->name);
		cr_expect(eq(u64, phone->packets, 1), "%s", want->name);
	}
	cr_expect(eq(u32, phone->rtcp_packets, sizeof(relayed) / sizeof(relayed[0])));
	cr_expect(eq(u32, phone->rtt_count, 0));
	cr_expect(eq(u32, phone->remote_lost, 0));
}

Test(rtcp, J4_every_kind_is_relayed_as_it_is)
{
	check_relayed("203.0.113.5:4001", "192.0.2.1:10001", 30001);
}

Test(rtcp, J4_every_kind_is_relayed_as_it_is_when_muxed)
{
	teardown();
	setup_with(true);
	check_relayed(RIG_PHONE, RIG_ACCESS, 30000);
}

Test(rtcp, J4_round_trip_when_muxed)
{
	struct block block = {.ssrc = CARRIER_SSRC, .fraction_and_lost = 7, .lsr = LSR};
	struct compound c = {0};

	teardown();
	setup_with(true);
	put_sr(&c, CARRIER_SSRC, LSR, NULL);
	cr_assert(eq(int,
		rig_receive(rig, 1, rig_udp(rig, RIG_CARRIER, RIG_CORE, c.bytes, c.len)).port, 0));
	rig_wait_ms(rig, 25);
	c.len = 0;
	put_rr(&c, PHONE_SSRC, &block);
	cr_assert(eq(int,
		rig_receive(rig, 0, rig_udp(rig, RIG_PHONE, RIG_ACCESS, c.bytes, c.len)).port, 1));
	cr_assert(eq(u32, phone->rtt_last_us, 25000));
	cr_assert(eq(u32, phone->remote_lost, 7));
}

Test(rtcp, J4_a_compound_without_end_is_read_to_a_limit)
{
	struct block block = {.ssrc = CARRIER_SSRC, .fraction_and_lost = 3};
	struct compound c = {0};

	// The first names the sender, then empty ones, then a report behind the sixteenth.
	put_header(&c, 0, 201, 1);
	put32(&c, PHONE_SSRC);
	for (unsigned int i = 1; i < 16; i++)
		put_header(&c, 0, 204, 0);
	put_rr(&c, PHONE_SSRC, &block);
	cr_assert(eq(int, from_phone(&c).port, 1));
	cr_assert(eq(u32, phone->remote_lost, 0));
}
