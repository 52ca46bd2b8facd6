// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "include/tidegate/time.h"
#include "include/tidegate/wire.h"

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

// After a re-negotiation its packets may come to another worker, whose clock is behind.
Test(count, J13_a_clock_that_lags_is_no_gap)
{
	send_one(1, 0, 7);
	rig_wait_ms(rig, 20);
	send_one(2, 160, 7);
	path_clock(&rig->path, rig->path.now_ns - 3 * TG_NS_PER_US);
	send_one(3, 320, 7);
	rig_wait_ms(rig, 30);
	send_one(4, 480, 7);
	cr_assert(eq(u32, stats->gap_max_us, 30000));
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

// A capture of one sender, and what an independent reader finds in it: by the numbers the sender gave
// its packets, in floating point, over all that was captured.
#define CAPTURE_PACKETS 3000
#define CAPTURE_SEQ_FIRST 64000

struct captured {
	uint32_t seq_ext;
	uint64_t at_ns;
};

struct found {
	uint32_t highest;
	uint32_t duplicates;
	uint32_t reordered;
	uint32_t loss_runs;
	uint32_t loss_run_max;
	uint32_t gap_max_us;
	double jitter;
	double jitter_max;
};

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

// 20 ms apart, give or take 8; one in 50 is lost, one in 60 comes twice, one in 70 after the next one.
static uint32_t make_capture(struct captured *out)
{
	uint32_t state = 42;
	uint32_t count = 0;
	uint64_t at_ns = rig->path.now_ns;

	for (uint32_t n = 0; n < CAPTURE_PACKETS; n++) {
		uint32_t seq_ext = CAPTURE_SEQ_FIRST + n;

		at_ns += (12000 + random_next(&state) % 16000) * TG_NS_PER_US;
		if (n > 0 && random_next(&state) % 50 == 0)
			continue;
		out[count++] = (struct captured){seq_ext, at_ns};
		if (random_next(&state) % 60 == 0) {
			out[count] = out[count - 1];
			out[count++].at_ns += TG_NS_PER_MS;
		}
		if (count > 2 && random_next(&state) % 70 == 0) {
			out[count - 1].seq_ext = out[count - 2].seq_ext;
			out[count - 2].seq_ext = seq_ext;
		}
	}
	return count;
}

static bool was_captured(const struct captured *capture, uint32_t count, uint32_t seq_ext)
{
	for (uint32_t i = 0; i < count; i++)
		if (capture[i].seq_ext == seq_ext)
			return true;
	return false;
}

static double arrival_of(const struct captured *packet, double hz)
{
	return (double)packet->at_ns / 1e9 * hz;
}

static struct found read_capture(
	const struct captured *capture, uint32_t count, double hz, uint32_t step)
{
	struct found found = {.highest = capture[0].seq_ext};

	for (uint32_t i = 1; i < count; i++) {
		const struct captured *now = &capture[i];
		double change = arrival_of(now, hz) - arrival_of(now - 1, hz)
			- ((double)now->seq_ext - (double)(now - 1)->seq_ext) * step;
		uint32_t gap_us = (uint32_t)((now->at_ns - (now - 1)->at_ns) / 1000);

		found.jitter += ((change < 0 ? -change : change) - found.jitter) / 16;
		if (found.jitter > found.jitter_max)
			found.jitter_max = found.jitter;
		if (gap_us > found.gap_max_us)
			found.gap_max_us = gap_us;
		if (was_captured(capture, i, now->seq_ext)) {
			found.duplicates++;
		} else if (now->seq_ext < found.highest) {
			found.reordered++;
		} else {
			uint32_t missing = now->seq_ext - found.highest - 1;

			found.loss_runs += missing != 0;
			if (missing > found.loss_run_max)
				found.loss_run_max = missing;
			found.highest = now->seq_ext;
		}
	}
	return found;
}

static bool is_near(uint32_t got_q4, double want)
{
	double off = got_q4 / 16.0 - want;

	return off < 1.0 && off > -1.0;
}

Test(count, J13_every_number_is_that_of_the_capture)
{
	static const struct {
		const char *name;
		uint8_t pt;
		uint8_t clock;
		uint32_t hz;
	} cases[] = {
		{"G.711", 0, TG_CLOCK_8000, 8000},
		{"G.722, which says 8000", 9, TG_CLOCK_8000, 8000},
		{"DVI4 at 16 kHz", 6, TG_CLOCK_16000, 16000},
		{"Opus", 96, TG_CLOCK_48000, 48000},
		{"AMR-WB", 97, TG_CLOCK_16000, 16000},
		{"video", 127, TG_CLOCK_90000, 90000},
		{"of no known clock", 40, TG_CLOCK_8000, 8000},
	};
	static struct captured capture[2 * CAPTURE_PACKETS];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
		struct tg_stream_ref ref = {.generation = stats->generation};
		uint32_t step = cases[i].hz / 50;
		struct found found;
		uint32_t count;

		teardown();
		setup();
		ref.generation = stats->generation;
		memset(spec.side[0].payload_types, 0, sizeof(spec.side[0].payload_types));
		if (cases[i].pt >= 96)
			tg_side_clock_set(
				&spec.side[0], cases[i].pt, (enum tg_clock)cases[i].clock);
		cr_assert(eq(int, flow_table_update(rig->tables->flows, ref, &spec, 1), 0));
		count = make_capture(capture);
		for (uint32_t n = 0; n < count; n++) {
			struct rig_rtp rtp = {.pt = cases[i].pt,
				.seq = (uint16_t)capture[n].seq_ext,
				.timestamp = capture[n].seq_ext * step,
				.ssrc = 7};

			path_clock(&rig->path, capture[n].at_ns);
			rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp));
		}
		found = read_capture(capture, count, cases[i].hz, step);
		cr_expect(eq(u64, stats->packets, count), "%s", cases[i].name);
		cr_expect(eq(u64, stats->bytes, count * 172), "%s", cases[i].name);
		cr_expect(eq(u64, stats->relayed_packets, count), "%s", cases[i].name);
		cr_expect(eq(u64, stats->relayed_bytes, count * 172), "%s", cases[i].name);
		cr_expect(eq(u32, expected(), found.highest - CAPTURE_SEQ_FIRST + 1), "%s",
			cases[i].name);
		cr_expect(eq(u32, stats->duplicates, found.duplicates), "%s", cases[i].name);
		cr_expect(eq(u32, stats->reordered, found.reordered), "%s", cases[i].name);
		cr_expect(eq(u32, stats->loss_runs, found.loss_runs), "%s", cases[i].name);
		cr_expect(eq(u32, stats->loss_run_max, found.loss_run_max), "%s", cases[i].name);
		cr_expect(eq(u32, stats->gap_max_us, found.gap_max_us), "%s", cases[i].name);
		cr_expect(is_near(stats->jitter_q4, found.jitter), "%s: %u/16, not %f",
			cases[i].name, stats->jitter_q4, found.jitter);
		cr_expect(is_near(stats->jitter_max_q4, found.jitter_max), "%s: %u/16, not %f",
			cases[i].name, stats->jitter_max_q4, found.jitter_max);
		cr_expect(eq(u8, stats->payload_type, cases[i].pt), "%s", cases[i].name);
		cr_expect(eq(u8, stats->clock, cases[i].clock), "%s", cases[i].name);
		cr_expect(eq(u32, stats->last_rx_ms, (uint32_t)rig->path.now_ms | 1), "%s",
			cases[i].name);
		cr_expect(ge(u32, found.duplicates, 10));
		cr_expect(ge(u32, found.reordered, 10));
		cr_expect(ge(u32, found.loss_runs, 10));
	}
}

static void send_event(uint16_t seq, uint8_t pt, uint32_t timestamp)
{
	uint8_t packet[16] = {0x80, pt, [12] = 5};

	tg_store_be16(packet + 2, seq);
	tg_store_be32(packet + 4, timestamp);
	packet[11] = 7;
	cr_assert(eq(
		int, rig_receive(rig, 0, rig_udp(rig, RIG_PHONE, RIG_ACCESS, packet, 16)).port, 1));
}

// RFC 4733: all packets of an event bear the time of its start.
Test(count, J13_an_event_is_no_codec_and_no_jitter)
{
	for (uint16_t seq = 0; seq < 10; seq++) {
		send_one(seq, seq * 160u, 7);
		rig_wait_ms(rig, 20);
	}
	for (uint16_t seq = 10; seq < 20; seq++) {
		send_event(seq, 101, 10 * 160);
		rig_wait_ms(rig, 20);
	}
	for (uint16_t seq = 20; seq < 30; seq++) {
		send_one(seq, seq * 160u, 7);
		rig_wait_ms(rig, 20);
	}
	cr_assert(eq(u32, stats->jitter_max_q4, 0));
	cr_assert(eq(u8, stats->payload_type, 0));
	cr_assert(eq(u64, stats->packets, 30));
	cr_assert(eq(u32, expected(), 30));
	cr_assert(eq(u32, stats->loss_runs, 0));
}

Test(count, J13_another_clock_scales_what_was_measured)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_stream_ref ref = {.generation = stats->generation};
	struct rig_rtp rtp = {.pt = 110, .seq = 1000, .ssrc = 7};

	spec.side[0].payload_types[1] |= 1ull << (110 - 64);
	tg_side_clock_set(&spec.side[0], 110, TG_CLOCK_48000);
	cr_assert(eq(int, flow_table_update(rig->tables->flows, ref, &spec, 1), 0));
	for (uint16_t seq = 900; seq < 1000; seq++) {
		send_one(seq, seq * 160u, 7);
		rig_wait_ms(rig, seq % 2 == 0 ? 30 : 10);
	}
	uint32_t before_q4 = stats->jitter_q4;
	uint32_t max_q4 = stats->jitter_max_q4;

	rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp));
	cr_assert(eq(u32, stats->jitter_q4, before_q4 * 6));
	cr_assert(eq(u32, stats->jitter_max_q4, max_q4 * 6));
	cr_assert(eq(u8, stats->clock, TG_CLOCK_48000));
	cr_assert(eq(u8, stats->payload_type, 110));
	for (rtp.seq = 1001; rtp.seq < 1200; rtp.seq++) {
		rtp.timestamp += 960;
		rig_wait_ms(rig, 20);
		rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp));
	}
	cr_assert(le(u32, stats->jitter_q4, 16 * 8), "settles, in the new clock");
}

Test(count, J20_opaque_media_is_counted_without_a_sequence)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_stream_ref ref = {.generation = stats->generation};
	static const uint8_t udptl[9] = {0, 1, 5, 0xc0};

	send_one(1, 0, 7);
	spec.side[0].flags |= TG_SIDE_OPAQUE;
	cr_assert(eq(int, flow_table_update(rig->tables->flows, ref, &spec, 1), 0));
	for (int i = 0; i < 20; i++)
		cr_assert(eq(int,
			rig_receive(rig, 0, rig_udp(rig, RIG_PHONE, RIG_ACCESS, udptl, 9)).port,
			1));
	cr_assert(eq(u64, stats->packets, 21));
	cr_assert(eq(u64, stats->relayed_packets, 21));
	cr_assert(eq(u64, stats->bytes, 172 + 20 * 9));
	cr_assert(eq(u32, expected(), 1));
	cr_assert(eq(u32, stats->duplicates + stats->reordered + stats->loss_runs, 0));
}
