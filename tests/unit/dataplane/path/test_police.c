// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/police.h"

#include "tests/unit/dataplane/rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct rig_out from(struct rig *rig, const char *src, uint16_t seq)
{
	struct rig_rtp rtp = {.pt = 0, .seq = seq, .ssrc = 1};

	return rig_receive(rig, 0, rig_rtp(rig, src, RIG_ACCESS, rtp));
}

Test(police, J18_so_many_at_once_and_so_many_a_second)
{
	static const struct {
		const char *name;
		struct tg_rate packets;
		struct tg_rate bytes; // packets have 172
		uint32_t at_once;
		uint32_t in_ten_s;
		uint8_t by_bytes;
	} cases[] = {
		{"packets", {50, 10}, {0, 0}, 10, 510, 0},
		{"an odd rate of packets", {30, 7}, {0, 0}, 7, 307, 0},
		{"one packet a second", {1, 3}, {0, 0}, 3, 13, 0},
		{"bytes", {0, 0}, {8600, 1720}, 10, 510, 1},
		{"bytes, few", {0, 0}, {172, 344}, 2, 12, 1},
		{"the smaller of both", {50, 10}, {8600, 344}, 2, 502, 1},
		{"the smaller of both, packets", {50, 2}, {8600, 17200}, 2, 502, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(1, 1);
		struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
		struct tg_side_stats *stats = rig->stream_stats[0].side;
		struct tg_event event;
		uint32_t dropped = 0;

		spec.side[0].packets = cases[i].packets;
		spec.side[0].bytes = cases[i].bytes;
		rig_add(rig, &spec);
		for (uint16_t seq = 0; seq < 50; seq++)
			dropped += from(rig, RIG_PHONE, seq).drop == TG_DROP_MEDIA_RATE;
		cr_expect(eq(u32, 50 - dropped, cases[i].at_once), "%s", cases[i].name);
		cr_expect(rig_event_of(&event, rig, TG_EVENT_POLICED), "%s", cases[i].name);
		cr_expect(eq(u8, event.policed.by_bytes, cases[i].by_bytes), "%s", cases[i].name);
		cr_expect(eq(u8, event.policed.side, 0), "%s", cases[i].name);
		cr_expect(eq(u32, event.policed.dropped, 1), "%s", cases[i].name);
		for (uint16_t n = 0; n < 2000; n++) {
			rig_wait_ms(rig, 5);
			dropped += from(rig, RIG_PHONE, n).drop == TG_DROP_MEDIA_RATE;
		}
		// What came to be allowed in the last 5 ms may still wait.
		cr_expect(le(u32, 2050 - dropped, cases[i].in_ten_s), "%s: %u", cases[i].name,
			2050 - dropped);
		cr_expect(ge(u32, 2050 - dropped, cases[i].in_ten_s - 1), "%s: %u", cases[i].name,
			2050 - dropped);
		cr_expect(eq(u32, stats->drop[TG_SIDE_DROP_RATE], dropped), "%s", cases[i].name);
		cr_expect(eq(u64, stats->packets, 2050 - dropped), "%s", cases[i].name);
		rig_free(rig);
	}
}

Test(police, J18_is_told_once_a_second_with_the_number_since)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_event event;
	uint32_t events = 0;
	uint32_t told = 0;

	spec.side[0].packets = (struct tg_rate){.per_s = 1, .burst = 1};
	rig_add(rig, &spec);
	for (uint16_t seq = 0; seq < 301; seq++) {
		from(rig, RIG_PHONE, seq);
		while (rig_event_of(&event, rig, TG_EVENT_POLICED)) {
			events++;
			told += event.policed.dropped;
		}
		rig_wait_ms(rig, 10);
	}
	cr_assert(ge(u32, events, 2));
	cr_assert(le(u32, events, 4), "in 3 s");
	cr_assert(le(u32, told, rig->stream_stats[0].side[0].drop[TG_SIDE_DROP_RATE]));
	cr_assert(ge(u32, told, 196), "all but those of the last second");
	rig_free(rig);
}

// Strangers must not be able to starve the source in force.
Test(police, J18_E9_a_refused_source_spends_nothing)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);

	spec.side[0].packets = (struct tg_rate){.per_s = 50, .burst = 2};
	rig_add(rig, &spec);
	for (uint16_t seq = 0; seq < 100; seq++) {
		cr_assert(eq(int, from(rig, RIG_PHONE, seq).port, 1));
		for (int i = 0; i < 5; i++)
			cr_assert(eq(int, from(rig, "203.0.113.66:4000", seq).drop,
				TG_DROP_MEDIA_SOURCE));
		rig_wait_ms(rig, 20);
	}
	rig_free(rig);
}

Test(police, J18_rtp_and_rtcp_share_one_rate)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);

	spec.side[0].packets = (struct tg_rate){.per_s = 10, .burst = 2};
	rig_add(rig, &spec);
	cr_assert(eq(int, from(rig, RIG_PHONE, 1).port, 1));
	cr_assert(eq(int,
		rig_receive(rig, 0, rig_rtcp(rig, "203.0.113.5:4001", "192.0.2.1:10001", 1)).port,
		1));
	cr_assert(eq(int,
		rig_receive(rig, 0, rig_rtcp(rig, "203.0.113.5:4001", "192.0.2.1:10001", 1)).drop,
		TG_DROP_MEDIA_RATE));
	cr_assert(eq(int, from(rig, RIG_PHONE, 2).drop, TG_DROP_MEDIA_RATE));
	cr_assert(eq(int,
			  rig_receive(rig, 1,
				  rig_rtp(rig, RIG_CARRIER, RIG_CORE, (struct rig_rtp){.seq = 1}))
				  .port,
			  0),
		"the other side has its own");
	rig_free(rig);
}
