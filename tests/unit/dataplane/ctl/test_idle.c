// SPDX-License-Identifier: BSD-3-Clause
// The timers are played here, in place of those of DPDK: a tick is a millisecond.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <rte_cycles.h>
#include <rte_timer.h>

#include "dataplane/ctl/idle.h"
#include "dataplane/log.h"

#define STREAMS 2
#define OPEN (TG_SIDE_RECEIVE | TG_SIDE_SEND)
#define ONE_WAY_MS 5000
#define LOOP_MS 100 // how often the main lcore looks

static struct segment *seg;
static struct tg_stream_stats *stats; // of the stream under test
static struct flow_table *flows;
static struct events events;
static struct idle *idle;
static struct pinhole_queue pinholes;
static struct tg_ring receiver;
static struct tg_stream_spec spec;
static struct tg_stream_ref ref;
static uint64_t now_ms;

static struct timer {
	struct rte_timer *rte;
	rte_timer_cb_t call;
	void *arg;
	uint64_t due_ms; // 0: stopped
} timers[STREAMS];
static unsigned int expiries;

static struct timer *timer_of(struct rte_timer *rte)
{
	for (unsigned int i = 0; i < STREAMS; i++) {
		if (timers[i].rte == rte || timers[i].rte == NULL) {
			timers[i].rte = rte;
			return &timers[i];
		}
	}
	cr_fatal("more timers than streams");
}

uint64_t rte_get_tsc_hz(void)
{
	return 1000;
}

int rte_timer_subsystem_init(void)
{
	return 0;
}

void rte_timer_reset_sync(struct rte_timer *rte, uint64_t ticks, enum rte_timer_type type,
	unsigned int /*lcore*/, rte_timer_cb_t call, void *arg)
{
	cr_assert(eq(int, type, SINGLE));
	*timer_of(rte) = (struct timer){rte, call, arg, now_ms + ticks};
}

int rte_timer_stop(struct rte_timer *rte)
{
	timer_of(rte)->due_ms = 0;
	return 0;
}

void rte_timer_stop_sync(struct rte_timer *rte)
{
	rte_timer_stop(rte);
}

int rte_timer_manage(void)
{
	for (unsigned int i = 0; i < STREAMS; i++) {
		if (timers[i].due_ms == 0 || timers[i].due_ms > now_ms)
			continue;
		timers[i].due_ms = 0;
		expiries++;
		timers[i].call(timers[i].rte, timers[i].arg);
	}
	return 0;
}

static void set_flags(uint8_t a, uint8_t b)
{
	spec.side[0].flags = a;
	spec.side[1].flags = b;
}

static void add(void)
{
	cr_assert(eq(int, flow_table_add(&ref, flows, &spec, 1, now_ms), 0));
	stats = &segment_stream_stats(seg)[ref.index];
	idle_start(idle, ref, now_ms);
}

static void update(uint32_t owner)
{
	cr_assert(eq(int, flow_table_update(flows, ref, &spec, owner), 0));
	idle_start(idle, ref, now_ms);
}

static void setup(void)
{
	struct tg_pool pool = {.port_first = 10000, .port_last = 10100};

	memset(timers, 0, sizeof(timers));
	memset(&pinholes, 0, sizeof(pinholes));
	now_ms = 1000000;
	cr_assert(eq(int, segment_new(&seg, &(struct segment_shape){1, 1, STREAMS}), 0));
	cr_assert(eq(int, flow_table_new(&flows, STREAMS, segment_stream_stats(seg)), 0));
	tg_ip_parse(&pool.local, "192.0.2.1");
	cr_assert(eq(int, flow_table_pool_put(flows, &pool), 0));
	events.wake_fd = -1;
	event_attach(&events, seg, 1);
	receiver = segment_consumer(seg, TG_SECTION_EVENT_RING, 0, 0);
	cr_assert(eq(int, idle_new(&idle, STREAMS, flows, &events, &pinholes), 0));
	idle_set_epoch(idle, 1);
	spec = (struct tg_stream_spec){.cookie = 77, .one_way_ms = ONE_WAY_MS};
	tg_addr_parse(&spec.side[0].local, "192.0.2.1:10000");
	tg_addr_parse(&spec.side[1].local, "192.0.2.1:10002");
	set_flags(OPEN, OPEN);
	log_set_level(LOG_ERROR);
}

static void teardown(void)
{
	idle_free(idle);
	flow_table_free(flows);
	segment_free(seg);
}

TestSuite(idle, .init = setup, .fini = teardown);

// A worker counts a packet of each side whose bit is set.
static void hear(unsigned int sides)
{
	for (unsigned int side = 0; side < 2; side++) {
		if ((sides >> side & 1) == 0)
			continue;
		stats->side[side].last_rx_ms = (uint32_t)now_ms | 1;
		flow_table_at(flows, ref.index)->side[side].last_rx_ms[TG_RTP] = (uint32_t)now_ms;
	}
}

static bool next_event(struct tg_event *out)
{
	const struct tg_event *slot;

	event_publish(&events);
	slot = tg_ring_peek(&receiver);
	if (slot == NULL)
		return false;
	*out = *slot;
	tg_ring_pop(&receiver);
	cr_assert(eq(u64, out->cookie, 77));
	cr_assert(eq(u32, out->ref.index, ref.index));
	return true;
}

// Media of these sides for so long, as the main lcore sees it; stops at an event. Returns its type,
// or -1; *out is the event where that is wanted.
static int play(struct tg_event *out, unsigned int sides, uint64_t ms)
{
	struct tg_event event;

	for (uint64_t end_ms = now_ms + ms; now_ms < end_ms;) {
		now_ms += LOOP_MS;
		hear(sides);
		idle_manage(idle, now_ms);
		if (!next_event(&event))
			continue;
		if (out != NULL)
			*out = event;
		return (int)event.type;
	}
	return -1;
}

Test(idle, J16_one_way_is_told_within_half_a_second_of_its_time)
{
	for (uint8_t heard = 0; heard < 2; heard++) {
		struct tg_event event;
		uint64_t begin_ms;

		teardown();
		setup();
		add();
		cr_assert(eq(int, play(NULL, 3, 20000), -1));
		begin_ms = now_ms;
		stats->side[!heard].drop[TG_SIDE_DROP_SOURCE] = 9;
		cr_assert(eq(int, play(&event, 1u << heard, 20000), TG_EVENT_ONE_WAY));
		cr_expect(ge(u64, now_ms - begin_ms, ONE_WAY_MS - 1));
		cr_expect(le(u64, now_ms - begin_ms, ONE_WAY_MS + 500));
		cr_expect(eq(u8, event.silence.side, !heard));
		cr_expect(eq(u8, event.silence.heard, 1));
		cr_expect(eq(u64, event.silence.refused, 9));
		cr_expect(ge(u32, event.silence.silent_ms, ONE_WAY_MS - 1));
		cr_expect(le(u32, event.silence.silent_ms, ONE_WAY_MS + 500));
		cr_expect(eq(int, play(NULL, 1u << heard, 60000), -1), "told once");
		cr_assert(eq(int, play(&event, 3, 20000), TG_EVENT_TWO_WAY));
		cr_expect(eq(u8, event.silence.side, !heard));
		cr_expect(ge(u32, event.silence.silent_ms, 60000));
		cr_expect(eq(int, play(NULL, 3, 60000), -1), "told once");
		cr_expect(eq(int, play(NULL, 2u >> heard, 20000), TG_EVENT_ONE_WAY), "again");
	}
}

Test(idle, J16_a_side_that_was_never_heard)
{
	struct tg_event event;

	add();
	cr_assert(eq(int, play(&event, 2, 20000), TG_EVENT_ONE_WAY));
	cr_assert(eq(u8, event.silence.side, 0));
	cr_assert(eq(u8, event.silence.heard, 0));
	cr_assert(le(u32, event.silence.silent_ms, ONE_WAY_MS + 500));
}

Test(idle, J16_silence_before_the_answer_does_not_count)
{
	uint64_t answer_ms;

	set_flags(OPEN, TG_SIDE_SEND);
	add();
	cr_assert(eq(int, play(NULL, 2, 30000), -1));
	set_flags(OPEN, OPEN);
	update(1);
	answer_ms = now_ms;
	cr_assert(eq(int, play(NULL, 2, ONE_WAY_MS - 200), -1));
	cr_assert(eq(int, play(NULL, 2, 20000), TG_EVENT_ONE_WAY));
	cr_assert(le(u64, now_ms - answer_ms, ONE_WAY_MS + 500));
}

Test(idle, J16_what_is_no_one_way_audio)
{
	static const struct {
		const char *name;
		uint8_t flags[2];
		uint32_t one_way_ms;
		unsigned int heard;
	} cases[] = {
		{"held by one", {OPEN, TG_SIDE_RECEIVE}, ONE_WAY_MS, 2},
		{"held by the other", {TG_SIDE_SEND, OPEN}, ONE_WAY_MS, 2},
		{"T.38", {OPEN, OPEN | TG_SIDE_OPAQUE}, ONE_WAY_MS, 2},
		{"nobody speaks", {OPEN, OPEN}, ONE_WAY_MS, 0},
		{"both speak", {OPEN, OPEN}, ONE_WAY_MS, 3},
		{"nobody wants to know", {OPEN, OPEN}, 0, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		teardown();
		setup();
		set_flags(cases[i].flags[0], cases[i].flags[1]);
		spec.one_way_ms = cases[i].one_way_ms;
		add();
		cr_expect(eq(int, play(NULL, cases[i].heard, 60000), -1), "%s", cases[i].name);
	}
}

Test(idle, J16_a_gap_shorter_than_asked_for)
{
	add();
	for (unsigned int i = 0; i < 20; i++) {
		cr_assert(eq(int, play(NULL, 1, ONE_WAY_MS - LOOP_MS), -1));
		cr_assert(eq(int, play(NULL, 3, LOOP_MS), -1));
	}
	cr_assert(eq(int, play(NULL, 1, 20000), TG_EVENT_ONE_WAY));
}

Test(idle, J16_a_hold_ends_it_and_the_end_of_the_hold_counts_anew)
{
	add();
	cr_assert(eq(int, play(NULL, 1, 20000), TG_EVENT_ONE_WAY));
	set_flags(OPEN, TG_SIDE_RECEIVE);
	update(1);
	cr_assert(eq(int, play(NULL, 3, 20000), -1));
	set_flags(OPEN, OPEN);
	update(1);
	cr_assert(eq(int, play(NULL, 1, ONE_WAY_MS - 200), -1));
	cr_assert(eq(int, play(NULL, 1, 20000), TG_EVENT_ONE_WAY));
}

Test(idle, J16_an_update_that_changes_nothing_does_not_begin_anew)
{
	add();
	cr_assert(eq(int, play(NULL, 3, 20000), -1));
	cr_assert(eq(int, play(NULL, 1, ONE_WAY_MS - 1000), -1));
	update(1);
	// The timer was set anew; the silence was not.
	cr_assert(eq(int, play(NULL, 1, ONE_WAY_MS + 500), TG_EVENT_ONE_WAY));
	update(1);
	cr_assert(eq(int, play(NULL, 1, 60000), -1), "told already");
	spec.side[1].flags |= TG_SIDE_RELATCH;
	update(1);
	cr_assert(eq(int, play(NULL, 1, 60000), -1), "still the same");
	cr_assert(eq(int, play(NULL, 3, 20000), TG_EVENT_TWO_WAY));
}

Test(idle, J16_renegotiation_counts_anew)
{
	add();
	cr_assert(eq(int, play(NULL, 3, 20000), -1));
	cr_assert(eq(int, play(NULL, 1, ONE_WAY_MS - 1000), -1));
	spec.side[1].flags |= TG_SIDE_RELATCH;
	update(1);
	cr_assert(eq(int, play(NULL, 1, ONE_WAY_MS - 200), -1));
	cr_assert(eq(int, play(NULL, 1, 20000), TG_EVENT_ONE_WAY));
}

Test(idle, J16_the_next_control_plane_is_told_too)
{
	add();
	cr_assert(eq(int, play(NULL, 1, 20000), TG_EVENT_ONE_WAY));
	idle_set_epoch(idle, 0);
	cr_assert(eq(int, play(NULL, 1, 20000), -1));
	idle_set_epoch(idle, 2);
	cr_assert(eq(int, play(NULL, 1, 20000), -1), "not its stream yet");
	update(2);
	cr_assert(eq(int, play(NULL, 1, 20000), TG_EVENT_ONE_WAY));
}

Test(idle, J16_both_silent_then_one_speaks)
{
	add();
	cr_assert(eq(int, play(NULL, 3, 10000), -1));
	cr_assert(eq(int, play(NULL, 0, 60000), -1));
	cr_assert(eq(int, play(NULL, 2, 20000), TG_EVENT_ONE_WAY));
}

Test(idle, J16_one_timer_expires_about_once_in_its_time)
{
	static const unsigned int heard[] = {0, 1, 3};

	for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++) {
		teardown();
		setup();
		spec.idle_ms = 30000;
		add();
		play(NULL, heard[i], 20000);
		expiries = 0;
		for (uint64_t end_ms = now_ms + 600000; now_ms < end_ms;)
			play(NULL, heard[i], end_ms - now_ms);
		cr_expect(le(uint, expiries, 600000 / ONE_WAY_MS + 600000 / 30000 + 2),
			"sides %u: %u", heard[i], expiries);
	}
}

Test(idle, J16_no_media_and_one_way_share_the_timer)
{
	spec.idle_ms = 12000;
	add();
	cr_assert(eq(int, play(NULL, 3, 20000), -1));
	cr_assert(eq(int, play(NULL, 1, 20000), TG_EVENT_ONE_WAY));
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t begin_ms = now_ms;

		cr_assert(eq(int, play(NULL, 0, 60000), TG_EVENT_MEDIA_IDLE));
		cr_assert(ge(u64, now_ms - begin_ms, 12000 - LOOP_MS));
		cr_assert(le(u64, now_ms - begin_ms, 12000 + 500));
	}
	cr_assert(eq(int, play(NULL, 3, 20000), TG_EVENT_TWO_WAY));
}

Test(idle, J16_the_clocks_low_bits_wrap)
{
	struct tg_event event;

	now_ms = 3 * (1ull << 32) - 7000;
	add();
	cr_assert(eq(int, play(NULL, 3, 4000), -1));
	cr_assert(eq(int, play(&event, 1, 20000), TG_EVENT_ONE_WAY));
	cr_assert(le(u32, event.silence.silent_ms, ONE_WAY_MS + 500));
	cr_assert(eq(int, play(NULL, 3, 20000), TG_EVENT_TWO_WAY));
}

Test(idle, orphans_expire_and_a_reused_slot_starts_clean)
{
	struct tg_stream_ref old;

	add();
	cr_assert(eq(int, play(NULL, 1, 20000), TG_EVENT_ONE_WAY));
	old = ref;
	cr_assert(eq(int, flow_table_remove(flows, ref), 0));
	idle_stop(idle, ref);
	rcu_barrier();
	add();
	cr_assert(eq(int, flow_table_remove(flows, ref), 0));
	idle_stop(idle, ref);
	rcu_barrier();
	add();
	cr_assert(eq(u32, ref.index, old.index));
	cr_assert(eq(int, play(NULL, 1, 20000), TG_EVENT_ONE_WAY));
	idle_set_epoch(idle, 2);
	cr_assert(eq(int, play(NULL, 0, IDLE_ORPHAN_MS + 10000), TG_EVENT_STREAM_EXPIRED));
	cr_assert(eq(ptr, (void *)(uintptr_t)flow_table_spec(flows, ref), NULL));
}

// ---- keepalives

#define KEEPALIVE_S 20
#define TO_PHONE 0u
#define TO_CARRIER FLOW_PORT_SIDE

// Side 0 is a phone's, behind a NAT; what it learned.
static void add_phone(const char *learned)
{
	spec.one_way_ms = 0;
	spec.side[0].latch = TG_LATCH_SIGNALLING;
	spec.side[1].latch = TG_LATCH_OFF;
	spec.side[0].local_rtcp_port = 10001;
	spec.keepalive_s[0] = spec.keepalive_s[1] = KEEPALIVE_S;
	add();
	if (learned != NULL)
		tg_addr_parse(&stats->side[0].learned[TG_RTP], learned);
}

// Requests within that time, of that side.
static unsigned int requests(uint32_t of, uint64_t ms)
{
	unsigned int count = 0;
	uint32_t word;

	play(NULL, 0, ms);
	while (pinhole_take(&word, &pinholes)) {
		cr_assert(eq(u32, word & FLOW_PORT_INDEX, ref.index));
		count += (word & FLOW_PORT_SIDE) == of;
		cr_assert(eq(u32, word & FLOW_PORT_SIDE, of));
	}
	return count;
}

Test(idle, E26_a_quiet_pinhole_is_kept_open_within_twenty_seconds)
{
	add_phone("192.0.2.77:4000");
	cr_assert(eq(uint, requests(TO_PHONE, 14800), 0));
	cr_assert(eq(uint, requests(TO_PHONE, 5200), 1));
	// and then every 15 s
	cr_assert(eq(uint, requests(TO_PHONE, 150000), 10));
}

Test(idle, E26_what_is_sent_to_it_is_as_good)
{
	add_phone("192.0.2.77:4000");
	for (unsigned int i = 0; i < 30; i++) {
		stats->side[1].relayed_packets++;
		cr_assert(eq(uint, requests(TO_PHONE, 10000), 0));
	}
	// RTCP has a port of its own, and what the phone sends does not come to it
	stats->side[1].rtcp_relayed_packets++;
	stats->side[0].relayed_packets += 1000;
	cr_assert(eq(uint, requests(TO_PHONE, 10500), 1));
	cr_assert(eq(uint, requests(TO_PHONE, 14500), 0));
	cr_assert(eq(uint, requests(TO_PHONE, 1500), 1));
}

Test(idle, E26_muxed_rtcp_keeps_it_open)
{
	spec.side[0].local_rtcp_port = 0;
	add_phone("192.0.2.77:4000");
	spec.side[0].local_rtcp_port = 0;
	update(1);
	for (unsigned int i = 0; i < 30; i++) {
		stats->side[1].rtcp_relayed_packets++;
		cr_assert(eq(uint, requests(TO_PHONE, 10000), 0));
	}
	cr_assert(eq(uint, requests(TO_PHONE, 20000), 1));
}

Test(idle, E26_hold_and_renegotiation_do_not_matter)
{
	add_phone("192.0.2.77:4000");
	play(NULL, 0, 10000);
	set_flags(TG_SIDE_RECEIVE, TG_SIDE_SEND);
	update(1);
	cr_assert(eq(uint, requests(TO_PHONE, 10000), 1), "nothing was sent by that");
	set_flags(0, 0);
	update(1);
	cr_assert(eq(uint, requests(TO_PHONE, 30000), 2), "inactive is when it is needed");
}

Test(idle, E26_where_there_is_no_pinhole)
{
	static const struct {
		const char *name, *learned;
		uint16_t keepalive_s;
		uint8_t latch, flags;
	} cases[] = {
		{"nothing learned", NULL, KEEPALIVE_S, TG_LATCH_SIGNALLING, OPEN},
		{"not wanted", "192.0.2.77:4000", 0, TG_LATCH_SIGNALLING, OPEN},
		{"no latch", "192.0.2.77:4000", KEEPALIVE_S, TG_LATCH_OFF, OPEN},
		{"T.38", "192.0.2.77:4000", KEEPALIVE_S, TG_LATCH_SIGNALLING,
			OPEN | TG_SIDE_OPAQUE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		teardown();
		setup();
		add_phone(cases[i].learned);
		spec.keepalive_s[0] = cases[i].keepalive_s;
		spec.side[0].latch = cases[i].latch;
		set_flags(cases[i].flags, cases[i].flags);
		update(1);
		cr_expect(eq(uint, requests(TO_PHONE, 100000), 0), "%s", cases[i].name);
	}
}

Test(idle, E26_who_is_learned_late_gets_it_then)
{
	add_phone(NULL);
	cr_assert(eq(uint, requests(TO_PHONE, 60000), 0));
	tg_addr_parse(&stats->side[0].learned[TG_RTP], "192.0.2.77:4000");
	cr_assert(eq(uint, requests(TO_PHONE, 5200), 1));
}

Test(idle, E26_each_side_has_its_own)
{
	add_phone(NULL);
	spec.side[1].latch = TG_LATCH_ANY;
	update(1);
	tg_addr_parse(&stats->side[1].learned[TG_RTP], "192.0.2.88:4000");
	cr_assert(eq(uint, requests(TO_CARRIER, 32000), 2));
}

Test(idle, E26_a_full_queue_is_tried_again)
{
	uint32_t word;

	add_phone("192.0.2.77:4000");
	for (uint32_t i = 0; i < PINHOLE_SLOTS; i++)
		cr_assert(pinhole_put(&pinholes, i));
	cr_assert_not(pinhole_put(&pinholes, 0));
	play(NULL, 0, 20000);
	for (uint32_t i = 0; i < PINHOLE_SLOTS; i++) {
		cr_assert(pinhole_take(&word, &pinholes));
		cr_assert(eq(u32, word, i));
	}
	cr_assert(eq(uint, requests(TO_PHONE, 5200), 1));
}

Test(idle, E26_who_finds_the_queue_full_asks_again)
{
	unsigned int others = 0;
	uint32_t word;

	add_phone("192.0.2.77:4000");
	while (pinhole_put(&pinholes, FLOW_PORT_INDEX))
		others++;
	cr_assert(eq(uint, others, PINHOLE_SLOTS));
	play(NULL, 0, 21000);
	while (pinhole_take(&word, &pinholes)) {
		cr_assert(eq(u32, word, FLOW_PORT_INDEX));
		others--;
	}
	cr_assert(eq(uint, others, 0));
	cr_assert(eq(uint, requests(TO_PHONE, 5200), 1));
}
