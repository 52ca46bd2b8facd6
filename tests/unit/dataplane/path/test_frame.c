// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/frame.h"

#include "include/tidegate/csum.h"
#include "include/tidegate/wire.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const uint8_t mac_to[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t mac_from[6] = {2, 0, 0, 0, 0, 2};

static struct tg_ip ip(const char *text)
{
	struct tg_ip out;

	cr_assert(eq(int, tg_ip_parse(&out, text), 0));
	return out;
}

static struct frame frame_of(const struct tg_ip *from, const struct tg_ip *to)
{
	return (struct frame){.mac_to = mac_to,
		.mac_from = mac_from,
		.from = from,
		.to = to,
		.dscp = 46,
		.ip_payload_bytes = 100};
}

Test(frame, v4_headers)
{
	struct tg_ip from = ip("192.0.2.1");
	struct tg_ip to = ip("203.0.113.5");
	struct frame frame = frame_of(&from, &to);
	static const uint8_t want[34] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0xb8, 0,
		120, 0, 0, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 203, 0, 113, 5};
	uint8_t bytes[40];

	memset(bytes, 0xaa, sizeof(bytes));
	cr_assert(eq(u16, frame_header_bytes(&frame, 0), 34));
	frame_write(bytes, &frame, 0);
	cr_assert(eq(u16, tg_csum(bytes + 14, 20), 0));
	memset(bytes + 24, 0, 2);
	cr_assert(eq(int, memcmp(bytes, want, sizeof(want)), 0));
	cr_assert(eq(u8, bytes[34], 0xaa), "nothing behind the headers");
	frame.fragment = 0x2000 | 185;
	frame.fragment_id = 0x12345;
	frame_write(bytes, &frame, 1);
	cr_assert(eq(u16, tg_load_be16(bytes + 18), 0x2345));
	cr_assert(eq(u16, tg_load_be16(bytes + 20), 0x20b9));
	cr_assert(eq(u16, tg_csum(bytes + 14, 20), 0));
}

Test(frame, v6_headers)
{
	struct tg_ip from = ip("2001:db8::1");
	struct tg_ip to = ip("2001:db8::2");
	struct frame frame = frame_of(&from, &to);
	uint8_t bytes[70] = {0};

	cr_assert(eq(u16, frame_header_bytes(&frame, 0), 54));
	frame_write(bytes, &frame, 0);
	cr_assert(eq(u16, tg_load_be16(bytes + 12), 0x86dd));
	cr_assert(eq(u32, tg_load_be32(bytes + 14), 0x6b800000));
	cr_assert(eq(u16, tg_load_be16(bytes + 18), 100));
	cr_assert(eq(u8, bytes[20], 17));
	cr_assert(eq(u8, bytes[21], 64));
	cr_assert(eq(int, memcmp(bytes + 22, from.byte, 16), 0));
	cr_assert(eq(int, memcmp(bytes + 38, to.byte, 16), 0));
	frame.fragment = 0x2000 | 154;
	frame.fragment_id = 0xabcdef01;
	cr_assert(eq(u16, frame_header_bytes(&frame, 1), 62));
	frame_write(bytes, &frame, 1);
	cr_assert(eq(u8, bytes[20], 44));
	cr_assert(eq(u16, tg_load_be16(bytes + 18), 108));
	cr_assert(eq(u8, bytes[54], 17));
	cr_assert(eq(u16, tg_load_be16(bytes + 56), 154 * 8 + 1));
	cr_assert(eq(u32, tg_load_be32(bytes + 58), 0xabcdef01));
}

Test(frame, udp_checksum_is_never_zero)
{
	// A datagram of 8 header bytes whose sum is 0xffff, so that its checksum would be 0.
	struct tg_ip from = ip("0.0.0.1");
	struct tg_ip to = ip("0.0.0.2");
	uint8_t udp[8] = {0, 0, 0, 0, 0, 8, 0, 0};
	uint32_t rest = 0xffffu - (1 + 2 + 17 + 8 + 8);
	uint16_t csum;

	tg_store_be16(udp, (uint16_t)rest);
	csum = frame_udp_csum(&from, &to, udp, sizeof(udp));
	cr_assert(eq(u16, csum, 0xffff));
	udp[1]++;
	csum = frame_udp_csum(&from, &to, udp, sizeof(udp));
	memcpy(udp + 6, &csum, 2);
	cr_assert(eq(
		u16, tg_csum_fold(tg_csum_add(frame_pseudo_sum(&from, &to, 8), udp, 8)), 0xffff));
}

Test(frame, span_leaves_nothing_to_the_nic)
{
	struct rte_mbuf m = {.ol_flags = ~0ull, .tx_offload = ~0ull, .nb_segs = 3};

	frame_span(&m, 100, 60);
	cr_assert(eq(u16, m.data_off, 100));
	cr_assert(eq(u32, m.pkt_len, 60));
	cr_assert(eq(u16, m.data_len, 60));
	cr_assert(eq(u64, m.ol_flags, 0));
	cr_assert(eq(u64, m.tx_offload, 0));
	cr_assert(eq(u16, m.nb_segs, 1));
}
