// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define MALFORMED TG_DROP_MEDIA_MALFORMED

static struct rig *rig;

static void setup(void)
{
	rig = rig_new(128, 1);
}

static void teardown(void)
{
	rig_free(rig);
}

TestSuite(guard, .init = setup, .fini = teardown);

// On a stream of its own.
static int drop_of(const char *dst, const uint8_t *bytes, uint16_t len, bool muxed)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);
	struct tg_stream_ref ref;
	int drop;

	if (muxed)
		spec.side[0].local_rtcp_port = 0;
	ref = rig_add(rig, &spec);
	drop = rig_receive(rig, 0, rig_udp(rig, RIG_PHONE, dst, bytes, len)).drop;
	cr_assert(eq(int, flow_table_remove(rig->tables->flows, ref), 0));
	return drop;
}

Test(guard, rtp_header_at_every_length)
{
	// Two CSRCs and an extension of one word: 12 + 8 + 4 + 4 bytes.
	static const uint8_t rtp[40] = {0x92, 8, [23] = 1};

	for (uint16_t len = 0; len <= sizeof(rtp); len++)
		cr_expect(eq(int, drop_of(RIG_ACCESS, rtp, len, false), len < 28 ? MALFORMED : -1),
			"length %u", len);
}

Test(guard, rtcp_header_at_every_length)
{
	static const uint8_t rtcp[40] = {0x81, 200, 0, 6};

	for (uint16_t len = 0; len <= sizeof(rtcp); len++) {
		cr_expect(eq(int, drop_of("192.0.2.1:10001", rtcp, len, false),
				  len < 28 ? MALFORMED : -1),
			"length %u", len);
		cr_expect(eq(int, drop_of(RIG_ACCESS, rtcp, len, true), len < 28 ? MALFORMED : -1),
			"muxed, length %u", len);
	}
}

Test(guard, first_and_second_byte)
{
	static const struct {
		const char *name;
		uint8_t first;
		uint8_t second;
		bool rtcp_port;
		bool muxed;
		int drop;
	} cases[] = {
		{"RTP", 0x80, 8, false, false, -1},
		{"marker", 0x80, 0x88, false, false, -1},
		{"version 1", 0x40, 8, false, false, MALFORMED},
		{"STUN", 0x00, 1, false, false, MALFORMED},
		{"DTLS", 0x16, 0xfe, false, false, MALFORMED},
		{"type 9", 0x80, 9, false, false, TG_DROP_MEDIA_PAYLOAD_TYPE},
		{"type 101", 0x80, 101, false, false, -1},
		{"type 65", 0x80, 65, false, false, TG_DROP_MEDIA_PAYLOAD_TYPE},
		{"RTCP on the RTP port", 0x80, 200, false, false, TG_DROP_MEDIA_PAYLOAD_TYPE},
		{"RTCP on its port", 0x80, 200, true, false, -1},
		{"RTP on the RTCP port", 0x80, 8, true, false, MALFORMED},
		{"muxed RTCP, lowest type", 0x80, 192, false, true, -1},
		{"muxed RTCP, highest type", 0x80, 223, false, true, -1},
		{"muxed RTP below", 0x80, 191, false, true, TG_DROP_MEDIA_PAYLOAD_TYPE},
		{"muxed RTP", 0x80, 8, false, true, -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t bytes[20] = {cases[i].first, cases[i].second, 0, 1};
		const char *dst = cases[i].rtcp_port ? "192.0.2.1:10001" : RIG_ACCESS;

		cr_expect(
			eq(int, drop_of(dst, bytes, sizeof(bytes), cases[i].muxed), cases[i].drop),
			"%s", cases[i].name);
	}
}

Test(guard, no_payload_types_means_any)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);

	memset(spec.side[0].payload_types, 0, sizeof(spec.side[0].payload_types));
	rig_add(rig, &spec);
	for (unsigned int pt = 0; pt < 128; pt++) {
		struct rig_rtp rtp = {.pt = (uint8_t)pt, .seq = (uint16_t)pt};

		cr_assert(eq(int,
			rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp)).port, 1));
	}
}
