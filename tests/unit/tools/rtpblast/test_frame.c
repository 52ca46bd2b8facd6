// SPDX-License-Identifier: BSD-3-Clause
#include "tools/rtpblast/frame.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include "include/tidegate/csum.h"
#include "include/tidegate/wire.h"

#define PT 8
#define FLOW 3
#define FLOWS 4
#define RTP_AT_V4 42
#define RTP_AT_V6 62

static const uint8_t mac[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

// A frame of flow 3 as it is sent; what is sent is also what is expected.
struct sample {
	struct frame_tx tx;
	struct frame_rx rx[FLOWS];
	uint8_t frame[FRAME_PAYLOAD_MAX + 96];
	uint16_t payload_bytes;
};

static struct tg_addr addr(const char *text)
{
	struct tg_addr a;

	cr_assert(eq(int, tg_addr_parse(&a, text), 0));
	return a;
}

static void sample(struct sample *s, bool v6, uint16_t payload_bytes)
{
	struct flow flow = {.from = addr(v6 ? "[2001:db8::1]:5000" : "192.0.2.1:5000"),
		.to = addr(v6 ? "[2001:db8::2]:6001" : "198.51.100.2:6001")};

	flow.expect_from = flow.from;
	flow.expect_to = flow.to;
	memset(s, 0, sizeof(*s));
	s->payload_bytes = payload_bytes;
	frame_prepare(&s->tx, &s->rx[FLOW], &flow, FLOW, payload_bytes, PT);
}

static enum frame_verdict check(const struct sample *s, struct frame_tag *tag)
{
	return frame_check(tag, s->frame, frame_bytes(&s->tx), s->rx, FLOWS, s->payload_bytes, PT);
}

// The UDP checksum by the book: over the pseudo-header and all of the datagram it must be zero.
static uint16_t udp_csum(const uint8_t *frame, bool v6, uint16_t payload_bytes)
{
	const uint8_t *ip = frame + FRAME_ETHER_BYTES;
	uint16_t word[] = {htons(17), htons((uint16_t)(payload_bytes + 8))};
	uint64_t sum = tg_csum_add(0, word, sizeof(word));

	sum = v6 ? tg_csum_add(sum, ip + 8, 32) : tg_csum_add(sum, ip + 12, 8);
	sum = tg_csum_add(sum, ip + (v6 ? 40 : 20), (size_t)payload_bytes + 8);
	return (uint16_t)~tg_csum_fold(sum);
}

Test(frame, every_size_is_built_right_and_known_again)
{
	static struct sample s;

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		for (uint16_t bytes = FRAME_PAYLOAD_MIN; bytes <= FRAME_PAYLOAD_MAX; bytes++) {
			const uint8_t *rtp = s.frame + (v6 ? RTP_AT_V6 : RTP_AT_V4);
			struct frame_tag tag;

			sample(&s, v6 != 0, bytes);
			s.tx.number = 0x12345;
			frame_build(s.frame, &s.tx, mac, 7, 0x1122334455667788ull);
			cr_assert(eq(u16, frame_bytes(&s.tx), bytes + (v6 ? 62 : 42)));
			cr_assert(eq(u16, udp_csum(s.frame, v6 != 0, bytes), 0), "%u bytes", bytes);
			if (!v6)
				cr_assert(eq(u16, tg_csum(s.frame + FRAME_ETHER_BYTES, 20), 0));
			cr_assert(eq(u16, tg_load_be16(rtp + 2), 0x2345));
			cr_assert(eq(u32, tg_load_be32(rtp + 4), 0x12345 * 160));
			cr_assert(check(&s, &tag) == FRAME_GOOD, "%u bytes, v6 %u", bytes, v6);
			cr_assert(tag.flow == FLOW && tag.number == 0x12345 && tag.phase == 7);
			cr_assert(eq(u64, tag.stamp, 0x1122334455667788ull));
			cr_assert(eq(u32, s.tx.number, 0x12346));
		}
	}
}

Test(frame, any_changed_byte_is_found)
{
	static struct sample s;
	static const uint8_t free_v4[] = {15, 18, 19, 20, 21, 22}; // DSCP, id, fragment, TTL

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		sample(&s, v6 != 0, 173);
		frame_build(s.frame, &s.tx, mac, 1, 99);
		for (uint16_t at = 12; at < frame_bytes(&s.tx); at++) {
			struct frame_tag tag = {0};
			enum frame_verdict verdict;

			s.frame[at] ^= 0x5a;
			verdict = check(&s, &tag);
			s.frame[at] ^= 0x5a;
			if (v6 && (at == 14 || (at > 14 && at < 18) || at == 21))
				continue; // version, class, label, hop limit: not all is compared
			cr_assert(verdict != FRAME_GOOD, "byte %u, v6 %u", at, v6);
		}
	}
	// What a router may change, with the checksum set right again.
	sample(&s, false, 172);
	frame_build(s.frame, &s.tx, mac, 1, 99);
	for (size_t i = 0; i < sizeof(free_v4); i++) {
		struct frame_tag tag;
		uint16_t csum = 0;

		s.frame[free_v4[i]] ^= 0x10;
		memcpy(s.frame + 24, &csum, 2);
		csum = tg_csum(s.frame + 14, 20);
		memcpy(s.frame + 24, &csum, 2);
		cr_assert(check(&s, &tag) == FRAME_GOOD, "byte %u", free_v4[i]);
	}
}

Test(frame, verdicts_tell_what_is_wrong)
{
	static struct sample s;
	struct frame_tag tag;

	sample(&s, false, 172);
	frame_build(s.frame, &s.tx, mac, 1, 99);
	cr_assert(frame_check(&tag, s.frame, 60, s.rx, FLOWS, 172, PT) == FRAME_FOREIGN);
	cr_assert(frame_check(&tag, s.frame, 13, s.rx, FLOWS, 172, PT) == FRAME_FOREIGN);
	cr_assert(frame_check(&tag, s.frame, 214, s.rx, FLOW, 172, PT) == FRAME_FOREIGN);
	s.rx[FLOW].to_port ^= 1;
	cr_assert(check(&s, &tag) == FRAME_MISLED);
	s.rx[FLOW].to_port ^= 1;
	s.rx[FLOW].from.byte[15] ^= 1;
	cr_assert(check(&s, &tag) == FRAME_MISLED);
	s.rx[FLOW].from.byte[15] ^= 1;
	s.frame[200] ^= 1;
	cr_assert(check(&s, &tag) == FRAME_CORRUPTED);
	s.frame[200] ^= 1;
	s.frame[40] ^= 1; // the UDP checksum alone
	cr_assert(check(&s, &tag) == FRAME_CORRUPTED);
	memset(s.frame + 40, 0, 2); // IPv4 may do without
	cr_assert(check(&s, &tag) == FRAME_GOOD);
	s.rx[FLOW].from_port = 0;
	cr_assert(check(&s, &tag) == FRAME_MISLED);
}

Test(frame, noise_has_right_checksums_and_is_not_ours)
{
	static struct sample s;
	uint64_t noise = 1;
	struct frame_tag tag;

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		sample(&s, v6 != 0, 161);
		for (unsigned int n = 0; n < 100; n++) {
			frame_build(s.frame, &s.tx, mac, 1, n);
			frame_garble(s.frame, &s.tx, &noise);
			cr_assert(eq(u16, udp_csum(s.frame, v6 != 0, 161), 0));
			cr_assert(check(&s, &tag) == FRAME_FOREIGN);
		}
	}
}

Test(frame, order_is_judged_by_number)
{
	static const struct {
		uint32_t number;
		enum frame_order order;
	} cases[] = {
		{0, FRAME_IN_ORDER},
		{0, FRAME_DUPLICATED},
		{1, FRAME_IN_ORDER},
		{5, FRAME_IN_ORDER},
		{3, FRAME_REORDERED},
		{3, FRAME_DUPLICATED},
		{5, FRAME_DUPLICATED},
		{4, FRAME_REORDERED},
		{68, FRAME_IN_ORDER},
		{5, FRAME_DUPLICATED},
		{69, FRAME_IN_ORDER},
		{5, FRAME_REORDERED}, // too old to say
		{1000, FRAME_IN_ORDER},
		{999, FRAME_REORDERED},
		{0x7fffffff, FRAME_IN_ORDER},
		{0xfffffff0, FRAME_IN_ORDER},
		{2, FRAME_IN_ORDER}, // went round
		{0xffffffff, FRAME_REORDERED},
	};
	struct frame_rx rx = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert(frame_order(&rx, cases[i].number) == cases[i].order, "case %zu", i);
}
