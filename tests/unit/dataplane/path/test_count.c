// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct rig *rig;
static struct tg_side_stats *stats;

static void send_one(uint16_t seq, uint32_t timestamp, uint32_t ssrc)
{
	struct rig_rtp rtp = {.pt = 0, .seq = seq, .timestamp = timestamp, .ssrc = ssrc};

	cr_assert(eq(int, rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp)).port, 1));
}

static uint32_t expected(void)
{
	return stats->expected_prior_ssrcs + stats->seq_max_ext - stats->seq_first_ext + 1;
}

static void setup(void)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);

	rig = rig_new(1, 1);
	stats = &rig->stream_stats[0].side[0];
	rig_add(rig, &spec);
}

static void teardown(void)
{
	rig_free(rig);
}

TestSuite(count, .init = setup, .fini = teardown);

Test(count, J13_loss_reorder_and_duplicates)
{
	static const struct {
		const char *name;
		uint16_t seq[8];
		uint32_t packets;
		uint32_t expected;
		uint32_t reordered;
		uint32_t duplicates;
	} cases[] = {
		{"in order", {1, 2, 3, 4}, 4, 4, 0, 0},
		{"one lost", {1, 2, 4, 5}, 4, 5, 0, 0},
		{"swapped", {1, 3, 2, 4}, 4, 4, 1, 0},
		{"same twice", {1, 2, 2, 3}, 4, 3, 0, 1},
		{"late twice", {1, 3, 2, 2, 4}, 5, 4, 1, 1},
		{"wrap", {65534, 65535, 0xffff, 1}, 4, 4, 0, 1},
		{"wrap and late", {65534, 1, 65535}, 3, 4, 1, 0},
		{"dropout", {1, 2999, 3000}, 3, 3000, 0, 0},
		{"jump is on probation", {1, 2, 30000, 3}, 4, 3, 0, 0},
		{"restart after two", {1, 2, 30000, 30001, 30002}, 5, 4, 0, 0},
		{"late beyond the window", {100, 200, 110}, 3, 101, 1, 0},
		{"long silence, then the window is new", {1, 100, 99, 99}, 4, 100, 1, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		teardown();
		setup();
		for (uint32_t n = 0; n < cases[i].packets; n++)
			send_one(cases[i].seq[n], 0, 7);
		cr_expect(eq(u64, stats->packets, cases[i].packets), "%s", cases[i].name);
		cr_expect(eq(u32, expected(), cases[i].expected), "%s", cases[i].name);
		cr_expect(eq(u32, stats->reordered, cases[i].reordered), "%s", cases[i].name);
		cr_expect(eq(u32, stats->duplicates, cases[i].duplicates), "%s", cases[i].name);
	}
}

Test(count, extended_sequence_over_many_wraps)
{
	uint16_t seq = 0;

	for (int i = 0; i < 200; i++) {
		send_one(seq, 0, 7);
		seq = (uint16_t)(seq + 2000);
	}
	cr_assert(eq(u32, stats->seq_max_ext, 199 * 2000));
	cr_assert(eq(u32, stats->seq_first_ext, 0));
}

Test(count, J13_jitter_is_that_of_rfc3550)
{
	// Packets of 20 ms that arrive alternately on time and 10 ms late: each transit differs
	// from the one before by 80 units of 8 kHz, so jitter tends to 80.
	double want = 0;

	for (uint16_t i = 0; i < 100; i++) {
		send_one(i, i * 160u, 7);
		rig_wait_ms(rig, i % 2 == 0 ? 30 : 10);
		if (i > 0)
			want += (80 - want) / 16;
	}
	cr_assert(le(u32, stats->jitter_q4 / 16, (uint32_t)want + 1));
	cr_assert(ge(u32, stats->jitter_q4 / 16, (uint32_t)want - 1));
	cr_assert(ge(u32, stats->jitter_q4 / 16, 76));
}

Test(count, ssrc_change_starts_a_new_count_and_is_an_event)
{
	struct tg_event event;

	for (uint16_t seq = 10; seq < 20; seq++)
		send_one(seq, 0, 7);
	cr_assert(not(rig_event_of(&event, rig, TG_EVENT_SSRC_CHANGED)));
	for (uint16_t seq = 500; seq < 505; seq++)
		send_one(seq, 0, 8);
	cr_assert(eq(u32, stats->ssrc, 8));
	cr_assert(eq(u32, stats->expected_prior_ssrcs, 10));
	cr_assert(eq(u32, expected(), 15));
	cr_assert(rig_event_of(&event, rig, TG_EVENT_SSRC_CHANGED));
	cr_assert(eq(u32, event.source.ssrc, 8));
	cr_assert(eq(u8, event.source.side, 0));
	send_one(505, 0, 7);
	cr_assert(not(rig_event_of(&event, rig, TG_EVENT_SSRC_CHANGED)), "one a second");
}

Test(count, hold_is_not_loss)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_stream_ref ref = {
		.index = 0, .generation = rig->stream_stats[0].side[0].generation};

	for (uint16_t seq = 1; seq <= 10; seq++)
		send_one(seq, 0, 7);
	spec.side[0].flags = TG_SIDE_SEND;
	flow_table_update(rig->tables->flows, ref, &spec, 1);
	for (uint16_t seq = 11; seq <= 510; seq++) {
		struct rig_rtp rtp = {.seq = seq, .ssrc = 7};

		cr_assert(
			eq(int, rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp)).drop,
				TG_DROP_MEDIA_CLOSED));
	}
	cr_assert(eq(u32, expected(), 10));
	spec.side[0].flags = TG_SIDE_SEND | TG_SIDE_RECEIVE;
	flow_table_update(rig->tables->flows, ref, &spec, 1);
	for (uint16_t seq = 511; seq <= 520; seq++)
		send_one(seq, 0, 7);
	cr_assert(eq(u32, expected(), 20));
	cr_assert(eq(u64, stats->packets, 20));
}
