// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/flow_table.h"

#include "dataplane/table/flow_latch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdlib.h>

#define STREAMS 4

static struct tg_stream_stats stats[STREAMS];

static struct tg_addr addr(const char *text)
{
	struct tg_addr out;

	cr_assert(eq(int, tg_addr_parse(&out, text), 0));
	return out;
}

static void put_pool(
	struct flow_table *table, uint16_t id, const char *ip, uint16_t first, uint16_t last)
{
	struct tg_pool pool = {
		.local = addr(ip).ip, .id = id, .port_first = first, .port_last = last};

	cr_assert(eq(int, flow_table_pool_put(table, &pool), 0));
}

static struct flow_table *table_new(void)
{
	struct flow_table *table;

	cr_assert(eq(int, flow_table_new(&table, STREAMS, stats), 0));
	put_pool(table, 0, "192.0.2.1", 10000, 10099);
	put_pool(table, 1, "198.51.100.1", 10000, 10099);
	return table;
}

static struct tg_stream_spec spec_at(uint16_t port)
{
	struct tg_stream_spec spec = {.cookie = port};

	spec.side[0].local = addr("192.0.2.1");
	spec.side[1].local = addr("198.51.100.1");
	for (int s = 0; s < 2; s++) {
		spec.side[s].local.port = port;
		spec.side[s].local_rtcp_port = (uint16_t)(port + 1);
	}
	return spec;
}

static int add(struct tg_stream_ref *ref, struct flow_table *table, uint16_t port)
{
	struct tg_stream_spec spec = spec_at(port);

	return flow_table_add(ref, table, &spec, 1, 5000);
}

static uint32_t live(const struct flow_table *table)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < STREAMS; i++)
		count += flow_table_at(table, i)->spec != NULL;
	return count;
}

static uint32_t word_at(const struct flow_table *table, const char *text)
{
	struct tg_addr at = addr(text);
	const struct flow_address *address = flow_table_address(table, &at.ip);

	return address != NULL ? address->port[at.port] : FLOW_PORT_NONE;
}

Test(flow_table, new_refuses_bad_sizes)
{
	struct flow_table *table;

	cr_assert(eq(int, flow_table_new(&table, 0, stats), -EINVAL));
	cr_assert(eq(int, flow_table_new(&table, TG_STREAMS_MAX + 1, stats), -EINVAL));
	cr_assert(eq(int, flow_table_new(&table, 1, NULL), -EINVAL));
	flow_table_free(NULL);
}

Test(flow_table, add_makes_all_four_ports_lead_to_the_stream)
{
	struct flow_table *table = table_new();
	struct tg_stream_ref first;
	struct tg_stream_ref second;

	cr_assert(eq(int, add(&first, table, 10000), 0));
	cr_assert(eq(int, add(&second, table, 10002), 0));
	cr_assert(eq(u32, word_at(table, "192.0.2.1:10000"), first.index));
	cr_assert(eq(u32, word_at(table, "192.0.2.1:10001"), first.index | FLOW_PORT_RTCP));
	cr_assert(eq(u32, word_at(table, "198.51.100.1:10002"), second.index | FLOW_PORT_SIDE));
	cr_assert(eq(u32, word_at(table, "198.51.100.1:10003"),
		second.index | FLOW_PORT_SIDE | FLOW_PORT_RTCP));
	cr_assert(eq(u32, word_at(table, "192.0.2.1:10004"), FLOW_PORT_FREE));
	cr_assert(eq(u32, word_at(table, "192.0.2.1:10100"), FLOW_PORT_NONE));
	cr_assert(eq(u32, word_at(table, "192.0.2.9:10000"), FLOW_PORT_NONE));
	cr_assert(eq(u32, live(table), 2));
	cr_assert(eq(u64, flow_table_spec(table, second)->cookie, 10002));
	cr_assert(ne(u32, first.generation, 0));
	cr_assert(eq(u32, stats[first.index].side[0].generation, first.generation));
	flow_table_free(table);
}

static void no_change(struct tg_stream_spec *)
{
}

static void local_unset(struct tg_stream_spec *spec)
{
	spec->side[1].local.ip = (struct tg_ip){0};
}

static void port_zero(struct tg_stream_spec *spec)
{
	spec->side[0].local.port = 0;
}

static void rtcp_same(struct tg_stream_spec *spec)
{
	spec->side[0].local_rtcp_port = spec->side[0].local.port;
}

static void latch_unknown(struct tg_stream_spec *spec)
{
	spec->side[0].latch = TG_LATCH_ANY + 1;
}

static void dscp_large(struct tg_stream_spec *spec)
{
	spec->side[1].dscp = 64;
}

static void thread_large(struct tg_stream_spec *spec)
{
	spec->sig_thread = TG_SIG_THREADS_MAX;
}

static void no_pool(struct tg_stream_spec *spec)
{
	spec->side[1].local = addr("203.0.113.1:10000");
}

static void port_outside(struct tg_stream_spec *spec)
{
	spec->side[0].local_rtcp_port = 10100;
}

static void port_taken(struct tg_stream_spec *spec)
{
	spec->side[0].local_rtcp_port = 10050;
}

static void sides_equal(struct tg_stream_spec *spec)
{
	spec->side[1].local = spec->side[0].local;
}

Test(flow_table, add_refuses_by_name_and_changes_nothing)
{
	static const struct {
		const char *name;
		void (*change)(struct tg_stream_spec *);
		int ret;
	} cases[] = {
		{"sound", no_change, 0},
		{"local unset", local_unset, -EINVAL},
		{"port zero", port_zero, -EINVAL},
		{"rtcp same", rtcp_same, -EINVAL},
		{"latch unknown", latch_unknown, -EINVAL},
		{"dscp large", dscp_large, -EINVAL},
		{"thread large", thread_large, -EINVAL},
		{"no pool", no_pool, -EADDRNOTAVAIL},
		{"port outside", port_outside, -EADDRNOTAVAIL},
		{"port taken", port_taken, -EADDRINUSE},
		{"sides equal", sides_equal, -EADDRINUSE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow_table *table = table_new();
		struct tg_stream_spec spec = spec_at(10000);
		struct tg_stream_ref ref = {.index = 99};
		struct tg_stream_ref other;

		cr_assert(eq(int, add(&other, table, 10050), 0));
		cases[i].change(&spec);
		cr_expect(eq(int, flow_table_add(&ref, table, &spec, 1, 0), cases[i].ret), "%s",
			cases[i].name);
		if (cases[i].ret < 0) {
			cr_expect(eq(u32, ref.index, 99), "%s", cases[i].name);
			cr_expect(eq(u32, word_at(table, "192.0.2.1:10000"), FLOW_PORT_FREE));
			cr_expect(eq(u32, live(table), 1));
		}
		flow_table_free(table);
	}
}

Test(flow_table, full_table_refuses_until_a_grace_period_after_a_removal)
{
	struct flow_table *table = table_new();
	struct tg_stream_ref refs[STREAMS];
	struct tg_stream_ref ref;

	for (uint16_t i = 0; i < STREAMS; i++)
		cr_assert(eq(int, add(&refs[i], table, (uint16_t)(10000 + 2 * i)), 0));
	cr_assert(eq(int, add(&ref, table, 10020), -ENOSPC));
	cr_assert(eq(u32, word_at(table, "192.0.2.1:10020"), FLOW_PORT_FREE));
	cr_assert(eq(int, flow_table_remove(table, refs[1]), 0));
	rcu_barrier();
	cr_assert(eq(int, add(&ref, table, 10020), 0));
	cr_assert(eq(u32, ref.index, refs[1].index));
	cr_assert(ne(u32, ref.generation, refs[1].generation));
	cr_assert(eq(int, flow_table_remove(table, refs[1]), -ESTALE));
	flow_table_free(table);
}

Test(flow_table, slot_is_not_reused_while_a_reader_may_hold_it)
{
	struct flow_table *table = table_new();
	struct tg_stream_ref refs[STREAMS];
	struct tg_stream_ref ref;

	rcu_register_thread();
	for (uint16_t i = 0; i < STREAMS; i++)
		cr_assert(eq(int, add(&refs[i], table, (uint16_t)(10000 + 2 * i)), 0));
	cr_assert(eq(int, flow_table_remove(table, refs[0]), 0));
	cr_assert(eq(int, add(&ref, table, 10020), -ENOSPC));
	rcu_quiescent_state();
	rcu_unregister_thread();
	rcu_barrier();
	cr_assert(eq(int, add(&ref, table, 10020), 0));
	flow_table_free(table);
}

Test(flow_table, update_replaces_the_spec_and_the_owner)
{
	struct flow_table *table = table_new();
	struct tg_stream_spec spec = spec_at(10000);
	struct tg_stream_ref ref;
	uint32_t revision;

	add(&ref, table, 10000);
	revision = flow_table_at(table, ref.index)->way[1].revision;
	spec.cookie = 5;
	cr_assert(eq(int, flow_table_update(table, ref, &spec, 9), 0));
	cr_assert(eq(u64, flow_table_spec(table, ref)->cookie, 5));
	cr_assert(eq(u32, flow_table_owner(table, ref), 9));
	cr_assert(ne(u32, flow_table_at(table, ref.index)->way[1].revision, revision));
	spec.side[0].local.port = 10002;
	cr_assert(eq(int, flow_table_update(table, ref, &spec, 9), -EINVAL));
	ref.generation++;
	cr_assert(eq(int, flow_table_update(table, ref, &spec, 9), -ESTALE));
	cr_assert(flow_table_spec(table, ref) == NULL);
	flow_table_free(table);
}

Test(flow_table, update_may_move_or_drop_the_rtcp_port)
{
	struct flow_table *table = table_new();
	struct tg_stream_spec spec = spec_at(10000);
	struct tg_stream_ref ref;
	struct tg_stream_ref other;

	add(&ref, table, 10000);
	add(&other, table, 10010);
	spec.side[0].local_rtcp_port = 10010;
	cr_assert(eq(int, flow_table_update(table, ref, &spec, 1), -EADDRINUSE));
	spec.side[0].local_rtcp_port = 0;
	cr_assert(eq(int, flow_table_update(table, ref, &spec, 1), 0));
	cr_assert(eq(u32, word_at(table, "192.0.2.1:10001"), FLOW_PORT_FREE));
	cr_assert(eq(u32, word_at(table, "198.51.100.1:10001"),
		ref.index | FLOW_PORT_SIDE | FLOW_PORT_RTCP));
	spec.side[0].local_rtcp_port = 10020;
	cr_assert(eq(int, flow_table_update(table, ref, &spec, 1), 0));
	cr_assert(eq(u32, word_at(table, "192.0.2.1:10020"), ref.index | FLOW_PORT_RTCP));
	cr_assert(eq(int, flow_table_remove(table, ref), 0));
	cr_assert(eq(u32, word_at(table, "192.0.2.1:10020"), FLOW_PORT_FREE));
	cr_assert(eq(u32, word_at(table, "198.51.100.1:10001"), FLOW_PORT_FREE));
	flow_table_free(table);
}

Test(flow_table, relatch_forgets_what_a_side_learned)
{
	struct flow_table *table = table_new();
	struct tg_stream_spec spec = spec_at(10000);
	struct tg_stream_ref ref;
	struct flow_side *side;
	struct tg_side_stats *learned;
	struct tg_addr out;

	add(&ref, table, 10000);
	side = flow_table_at(table, ref.index)->side;
	learned = stats[ref.index].side;
	for (int s = 0; s < 2; s++) {
		cr_assert(flow_latch_begin(&learned[s], TG_RTP, 0));
		cr_assert(not(flow_latch_begin(&learned[s], TG_RTP, 0)));
		cr_assert(eq(u32, flow_latch_read(&out, &learned[s], TG_RTP) & 1, 1));
		learned[s].learned[TG_RTP] = addr("203.0.113.5:4000");
		flow_latch_end(&learned[s], TG_RTP);
		cr_assert(eq(u32, flow_latch_read(&out, &learned[s], TG_RTP), 2));
		cr_assert(eq(u16, out.port, 4000));
	}
	spec.side[1].flags = TG_SIDE_RELATCH;
	cr_assert(eq(int, flow_table_update(table, ref, &spec, 1), 0));
	cr_assert(eq(u16, learned[0].learned[TG_RTP].port, 4000));
	cr_assert(eq(u16, learned[1].learned[TG_RTP].port, 0));
	cr_assert(eq(u8, side[0].relearn[TG_RTP], 0));
	cr_assert(eq(u8, side[1].relearn[TG_RTP], 1));
	cr_assert(eq(u8, side[1].relearn[TG_RTCP], 1));
	cr_assert(eq(u32, flow_latch_read(&out, &learned[1], TG_RTP), 4));
	cr_assert(eq(u32, learned[1].latch_seq & 1, 0));
	flow_table_free(table);
}

Test(flow_table, rtp_and_rtcp_are_learned_by_two_at_once)
{
	struct tg_side_stats side = {0};
	struct tg_addr out;
	uint32_t rtp_seq = flow_latch_read(&out, &side, TG_RTP);
	uint32_t rtcp_seq = flow_latch_read(&out, &side, TG_RTCP);

	cr_assert(flow_latch_begin(&side, TG_RTCP, rtcp_seq));
	cr_assert(eq(u32, side.latch_seq & 1, 1));
	cr_assert(eq(u32, flow_latch_read(&out, &side, TG_RTP), rtp_seq), "RTP is not disturbed");
	cr_assert(ne(u32, flow_latch_read(&out, &side, TG_RTCP), rtcp_seq));
	cr_assert(not(flow_latch_begin(&side, TG_RTP, rtp_seq)), "one writer at a time");
	flow_latch_end(&side, TG_RTCP);
	cr_assert(eq(u32, side.latch_seq & 1, 0));
	cr_assert(not(flow_latch_begin(&side, TG_RTCP, rtcp_seq)), "it was written since");
	for (uint32_t n = 0; n < 70000; n++) {
		uint32_t before = side.latch_seq;
		unsigned int component = n % 2;

		cr_assert(flow_latch_begin(
			&side, component, flow_latch_read(&out, &side, component)));
		flow_latch_end(&side, component);
		cr_assert(ne(u32, side.latch_seq, before));
		cr_assert(eq(u32, side.latch_seq & 3, 0));
	}
}

Test(flow_table, a_latch_that_stays_odd_does_not_hold_up_main)
{
	struct flow_table *table = table_new();
	struct tg_stream_spec spec = spec_at(10000);
	struct tg_stream_ref ref;

	add(&ref, table, 10000);
	spec.side[0].flags = TG_SIDE_RELATCH;
	stats[ref.index].side[0].latch_seq = 1;
	cr_assert(eq(int, flow_table_update(table, ref, &spec, 1), 0));
	cr_assert(eq(u32, stats[ref.index].side[0].latch_seq & 1, 0));
	flow_table_free(table);
}

Test(flow_table, update_leaves_the_running_statistics_alone)
{
	struct flow_table *table = table_new();
	struct tg_stream_spec spec = spec_at(10000);
	struct tg_stream_ref ref;
	struct tg_stream_stats before;
	struct flow_way way;

	add(&ref, table, 10000);
	memset(stats[ref.index].side[0].drop, 7, sizeof(stats[0].side[0].drop));
	stats[ref.index].side[0].packets = 99;
	flow_table_at(table, ref.index)->way[0].seen = 0xabc;
	before = stats[ref.index];
	way = flow_table_at(table, ref.index)->way[0];
	spec.side[0].packets = (struct tg_rate){.per_s = 50, .burst = 10};
	spec.side[0].bytes = (struct tg_rate){.per_s = 8000, .burst = 4000};
	cr_assert(eq(int, flow_table_update(table, ref, &spec, 1), 0));
	cr_assert(eq(int, memcmp(&stats[ref.index], &before, sizeof(before)), 0));
	cr_assert(eq(u64, flow_table_at(table, ref.index)->way[0].seen, way.seen));
	way = flow_table_at(table, ref.index)->way[0];
	cr_assert(eq(u32, way.police.cost[FLOW_PACKETS], 20000000));
	cr_assert(eq(u32, way.police.depth_us[FLOW_PACKETS], 200000));
	cr_assert(eq(u32, way.police.cost[FLOW_BYTES], 125000 << 6));
	cr_assert(eq(u32, way.police.depth_us[FLOW_BYTES], 500000));
	cr_assert(eq(u32, flow_table_at(table, ref.index)->way[1].police.cost[FLOW_PACKETS], 0));
	flow_table_free(table);
}

Test(flow_table, idle_is_the_time_since_the_last_packet_of_either_side)
{
	struct flow_table *table = table_new();
	struct tg_stream_ref ref;

	add(&ref, table, 10000);
	cr_assert(eq(u32, flow_table_idle(table, ref, 5000), 0));
	cr_assert(eq(u32, flow_table_idle(table, ref, 65000), 60000));
	flow_table_at(table, ref.index)->side[1].last_rx_ms[TG_RTCP] = 64900;
	cr_assert(eq(u32, flow_table_idle(table, ref, 65000), 100));
	cr_assert(eq(u32, flow_table_idle(table, ref, 64800), 0), "a worker's clock may lead");
	cr_assert(eq(u32, flow_table_idle(table, ref, 64900 + 2600000000), 2600000000),
		"a month of silence");
	ref.index = STREAMS;
	cr_assert(eq(u32, flow_table_idle(table, ref, 65000), UINT32_MAX));
	flow_table_free(table);
}
