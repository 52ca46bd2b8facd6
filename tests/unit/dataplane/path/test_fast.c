// SPDX-License-Identifier: BSD-3-Clause
// The fast stage and the stages whose verdict it keeps must not differ, but in cycles.
#include "tests/unit/dataplane/rig.h"

#include "dataplane/path/path_int.h"
#include "include/tidegate/wire.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const char *const v4[] = {RIG_PHONE, RIG_ACCESS, RIG_CARRIER, RIG_CORE};
static const char *const v6[] = {"[2001:db8:a::5]:4000", "[2001:db8:a::1]:10000",
	"[2001:db8:c::7]:30000", "[2001:db8:c::1]:12000"};

struct scene {
	struct rig *rig;
	struct tg_stream_spec spec;
	struct tg_stream_ref ref;
	uint16_t seq;
	uint8_t pt;
	const char *phone;
	const char *access;
};

static struct scene scene_new(enum tg_latch latch, bool near_v6, bool far_v6)
{
	struct scene scene = {.rig = rig_new(4, 1), .spec = rig_spec(latch)};
	const char *const *near = near_v6 ? v6 : v4;
	const char *const *far = far_v6 ? v6 : v4;

	scene.phone = near[0];
	scene.access = near[1];
	scene.spec.side[0].remote[TG_RTP] = rig_addr(near[0]);
	scene.spec.side[0].local = rig_addr(near[1]);
	scene.spec.side[0].signalling = rig_addr(near[0]).ip;
	scene.spec.side[1].remote[TG_RTP] = rig_addr(far[2]);
	scene.spec.side[1].local = rig_addr(far[3]);
	scene.ref = rig_add(scene.rig, &scene.spec);
	return scene;
}

// Runs one packet through the stages. Returns whether the fast one took it.
static bool is_fast(struct scene *scene, struct rte_mbuf *m)
{
	struct path *path = &scene->rig->path;
	bool fast;

	fill_burst(path, 0, &m, 1);
	parse_burst(path);
	classify_burst(path);
	lookup_burst(path);
	fast_burst(path);
	fast = path->burst.packet[0].verdict == VERDICT_SEND;
	judge_burst(path);
	settle_burst(path);
	path->tx[0].count = path->tx[1].count = path->freed.count = 0;
	return fast;
}

static struct rte_mbuf *next(struct scene *scene)
{
	struct rig_rtp rtp = {
		.pt = scene->pt, .seq = ++scene->seq, .timestamp = scene->seq * 160u, .ssrc = 9};

	return rig_rtp(scene->rig, scene->phone, scene->access, rtp);
}

Test(fast, takes_all_but_the_first_packet)
{
	struct scene scene = scene_new(TG_LATCH_SIGNALLING, false, false);

	cr_assert(not(is_fast(&scene, next(&scene))));
	for (int i = 0; i < 100; i++)
		cr_assert(is_fast(&scene, next(&scene)));
	cr_assert(eq(u64, scene.rig->stream_stats[0].side[0].relayed_packets, 101));
	rig_free(scene.rig);
}

static const uint8_t *data_of(const struct rte_mbuf *m)
{
	return (const uint8_t *)m->buf_addr + m->data_off;
}

Test(fast, writes_what_the_other_stages_write)
{
	for (int families = 0; families < 4; families++) {
		struct scene scene = scene_new(TG_LATCH_SIGNALLING, families & 1, families & 2);
		uint32_t fast = 0;

		is_fast(&scene, next(&scene));
		for (int i = 0; i < 1000; i++) {
			struct rte_mbuf *quick = next(&scene);
			struct rte_mbuf *slow;

			scene.seq--;
			slow = next(&scene);
			fast += is_fast(&scene, quick);
			tables_touch(scene.rig->tables);
			cr_assert(not(is_fast(&scene, slow)));
			cr_assert(eq(u16, quick->data_len, slow->data_len));
			cr_assert(eq(u32, quick->pkt_len, slow->pkt_len));
			cr_assert(eq(u16, quick->data_off, slow->data_off));
			cr_assert(
				eq(int, memcmp(data_of(quick), data_of(slow), quick->data_len), 0),
				"families %d, packet %d", families, i);
		}
		cr_assert(eq(u32, fast, 1000));
		rig_free(scene.rig);
	}
}

Test(fast, D11_J5_takes_a_type_that_is_mapped_and_writes_the_same)
{
	struct scene scene = scene_new(TG_LATCH_SIGNALLING, false, false);

	scene.pt = 111;
	scene.spec.side[0].payload_types[1] |= 1ull << (111 - 64);
	scene.spec.side[0].type[0] = (struct tg_type_map){111, 96};
	cr_assert(
		eq(int, flow_table_update(scene.rig->tables->flows, scene.ref, &scene.spec, 1), 0));
	is_fast(&scene, next(&scene));
	for (int i = 0; i < 1000; i++) {
		struct rte_mbuf *quick = next(&scene);
		struct rte_mbuf *slow;

		scene.seq--;
		slow = next(&scene);
		cr_assert(is_fast(&scene, quick));
		tables_touch(scene.rig->tables);
		cr_assert(not(is_fast(&scene, slow)));
		cr_assert(eq(u8, data_of(quick)[43], 96));
		cr_assert(eq(int, memcmp(data_of(quick), data_of(slow), quick->data_len), 0));
	}
	rig_free(scene.rig);
}

static void nothing(struct scene *)
{
}

static void change_spec(struct scene *scene)
{
	scene->spec.side[0].dscp = 7;
	cr_assert(eq(
		int, flow_table_update(scene->rig->tables->flows, scene->ref, &scene->spec, 1), 0));
}

static void change_hops(struct scene *scene)
{
	tables_touch(scene->rig->tables);
}

static void learn_the_other_side(struct scene *scene)
{
	scene->spec.side[1].latch = TG_LATCH_ANY;
	change_spec(scene);
	is_fast(scene, next(scene));
	rig_receive(scene->rig, 1,
		rig_rtp(scene->rig, "198.51.100.7:999", RIG_CORE, (struct rig_rtp){.seq = 1}));
}

Test(fast, judges_anew_what_may_have_changed)
{
	static const struct {
		const char *name;
		void (*change)(struct scene *);
		bool fast;
	} cases[] = {
		{"nothing", nothing, true},
		{"the spec", change_spec, false},
		{"routes, neighbours or ports", change_hops, false},
		{"where the other side is", learn_the_other_side, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene = scene_new(TG_LATCH_SIGNALLING, false, false);

		is_fast(&scene, next(&scene));
		cases[i].change(&scene);
		cr_expect(
			eq(int, is_fast(&scene, next(&scene)), cases[i].fast), "%s", cases[i].name);
		cr_expect(is_fast(&scene, next(&scene)), "%s, and then", cases[i].name);
		rig_free(scene.rig);
	}
}

Test(fast, follows_the_other_side_at_once)
{
	struct scene scene = scene_new(TG_LATCH_SIGNALLING, false, false);
	struct tg_addr want = rig_addr("198.51.100.7:999");
	struct rig_out out;

	is_fast(&scene, next(&scene));
	learn_the_other_side(&scene);
	out = rig_receive(scene.rig, 0, next(&scene));
	cr_assert(tg_addr_equal(&out.dst, &want));
	rig_free(scene.rig);
}

Test(fast, a_removed_stream_is_gone_and_its_slot_is_new)
{
	struct scene scene = scene_new(TG_LATCH_SIGNALLING, false, false);
	struct rig *rig = scene.rig;

	for (int i = 0; i < 3; i++)
		is_fast(&scene, next(&scene));
	cr_assert(eq(int, flow_table_remove(rig->tables->flows, scene.ref), 0));
	cr_assert(eq(int, rig_receive(rig, 0, next(&scene)).drop, TG_DROP_MEDIA_NO_STREAM));
	rcu_barrier();
	for (int i = 0; i < 4; i++) {
		scene.ref = rig_add(rig, &scene.spec);
		cr_assert(not(is_fast(&scene, next(&scene))), "slot %u", scene.ref.index);
		cr_assert(is_fast(&scene, next(&scene)), "slot %u", scene.ref.index);
		cr_assert(eq(int, flow_table_remove(rig->tables->flows, scene.ref), 0));
		rcu_barrier();
	}
	rig_free(rig);
}

Test(fast, leaves_what_is_not_common)
{
	static const struct {
		const char *name;
		const char *src;
		uint16_t bytes;
		uint8_t first;
		uint8_t second;
		uint32_t ssrc;
		int drop;
	} cases[] = {
		{"other port", "203.0.113.5:4002", 172, 0x80, 0, 9, TG_DROP_MEDIA_SOURCE},
		{"other address", "203.0.113.6:4000", 172, 0x80, 0, 9, TG_DROP_MEDIA_SOURCE},
		{"too large", RIG_PHONE, 201, 0x80, 0, 9, TG_DROP_MEDIA_OVERSIZE},
		{"largest", RIG_PHONE, 200, 0x80, 0, 9, -1},
		{"version", RIG_PHONE, 172, 0x40, 0, 9, TG_DROP_MEDIA_MALFORMED},
		{"cut", RIG_PHONE, 11, 0x80, 0, 9, TG_DROP_MEDIA_MALFORMED},
		{"sources beyond the end", RIG_PHONE, 40, 0x8f, 0, 9, TG_DROP_MEDIA_MALFORMED},
		{"payload type", RIG_PHONE, 172, 0x80, 18, 9, TG_DROP_MEDIA_PAYLOAD_TYPE},
		{"other payload type", RIG_PHONE, 172, 0x80, 8, 9, -1},
		{"muxed RTCP", RIG_PHONE, 172, 0x80, 200, 9, -1},
		{"other sender", RIG_PHONE, 172, 0x80, 0, 10, -1},
		{"marker", RIG_PHONE, 172, 0x80, 0x80, 9, -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene = scene_new(TG_LATCH_SIGNALLING, false, false);
		uint8_t packet[201] = {cases[i].first, cases[i].second};

		scene.spec.side[0].packet_bytes_max = 200;
		scene.spec.side[0].local_rtcp_port = 0;
		change_spec(&scene);
		is_fast(&scene, next(&scene));
		cr_expect(is_fast(&scene, next(&scene)));
		tg_store_be16(packet + 2, ++scene.seq);
		tg_store_be32(packet + 8, cases[i].ssrc);
		cr_expect(eq(int,
				  rig_receive(scene.rig, 0,
					  rig_udp(scene.rig, cases[i].src, RIG_ACCESS, packet,
						  cases[i].bytes))
					  .drop,
				  cases[i].drop),
			"%s", cases[i].name);
		rig_free(scene.rig);
	}
}

// A digit: an event of 160 ms whose last packet is sent three times (RFC 4733 section 2.5.1.4), amid
// speech. Nothing of it may change.
Test(fast, J5_digits_pass_unharmed)
{
	struct scene scene = scene_new(TG_LATCH_SIGNALLING, false, false);
	uint32_t sent = 0;

	for (uint16_t n = 0; n < 40; n++) {
		bool event = n >= 10 && n < 21;
		uint8_t packet[172] = {0x80, event ? 101 : 0};
		uint16_t bytes = event ? 16 : 172;
		struct rig_out out;

		packet[1] |= n == 10 ? 0x80 : 0;
		tg_store_be16(packet + 2, n);
		tg_store_be32(packet + 4, (event ? 10 : n) * 160u);
		if (event) {
			packet[12] = 5;
			packet[13] = n >= 18 ? 0x8a : 0x0a;
			tg_store_be16(packet + 14, (uint16_t)((n >= 18 ? 8 : n - 9) * 160));
		}
		out = rig_receive(
			scene.rig, 0, rig_udp(scene.rig, RIG_PHONE, RIG_ACCESS, packet, bytes));
		cr_assert(eq(int, out.port, 1), "packet %u", n);
		cr_assert(eq(u16, out.payload_bytes, bytes));
		cr_assert(eq(int, memcmp(out.payload, packet, bytes), 0), "packet %u", n);
		sent++;
		rig_wait_ms(scene.rig, 20);
	}
	cr_assert(eq(u64, scene.rig->stream_stats[0].side[0].relayed_packets, sent));
	rig_free(scene.rig);
}

// Comfort noise, redundant audio (RFC 2198), video with an extension and sources, T.38.
Test(fast, J20_all_kinds_of_media_pass_unharmed)
{
	static const struct {
		const char *name;
		uint8_t flags;
		uint16_t bytes;
		uint8_t head[20];
	} cases[] = {
		{"comfort noise", 0, 13, {0x80, 13}},
		{"redundant audio", 0, 400, {0x80, 0x80 | 98, [12] = 0x80, [15] = 0xa0}},
		{"video", 0, 1400, {0x92, 0x80 | 96, [12] = 1, [16] = 2, [20 - 1] = 3}},
		{"T.38", TG_SIDE_OPAQUE, 41, {0, 7, 35, 0xc0, 1, 0x80}},
		{"T.38 that looks like RTCP", TG_SIDE_OPAQUE, 9, {0x80, 200, 0xff, 0xff}},
		{"an empty datagram of T.38", TG_SIDE_OPAQUE, 0, {0}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene = scene_new(TG_LATCH_SIGNALLING, false, false);
		uint8_t packet[1400];

		for (uint32_t b = 0; b < sizeof(packet); b++)
			packet[b] = (uint8_t)(b * 11);
		memcpy(packet, cases[i].head, sizeof(cases[i].head));
		memset(packet + 20, 0, 4);
		memset(scene.spec.side[0].payload_types, 0, 16);
		scene.spec.side[0].local_rtcp_port = 0;
		scene.spec.side[0].flags |= cases[i].flags;
		change_spec(&scene);
		for (uint16_t seq = 1; seq < 20; seq++) {
			struct rig_out out;

			if (cases[i].flags == 0)
				tg_store_be16(packet + 2, seq);
			out = rig_receive(scene.rig, 0,
				rig_udp(scene.rig, RIG_PHONE, RIG_ACCESS, packet, cases[i].bytes));
			cr_assert(eq(int, out.port, 1), "%s, packet %u", cases[i].name, seq);
			cr_assert(eq(u16, out.payload_bytes, cases[i].bytes));
			cr_assert(eq(int, memcmp(out.payload, packet, cases[i].bytes), 0), "%s",
				cases[i].name);
		}
		cr_expect(eq(u64, scene.rig->stream_stats[0].side[0].relayed_packets, 19), "%s",
			cases[i].name);
		rig_free(scene.rig);
	}
}
