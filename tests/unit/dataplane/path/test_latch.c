// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "dataplane/path/path_int.h"
#include "dataplane/table/flow_latch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

struct scene {
	struct flow flow;
	struct flow_spec spec;
	struct path path;
	struct packet pkt;
	struct tg_stream_stats stats;
};

// Side 0 learned RIG_PHONE 1000 ms ago; the packet comes from src.
static void scene_set(struct scene *scene, enum tg_latch latch, const char *src)
{
	struct flow_side *side = scene->flow.side;
	struct tg_side_stats *stats = scene->stats.side;

	*scene = (struct scene){.spec.spec = rig_spec(latch)};
	scene->path.stream_stats = &scene->stats;
	stats->learned[TG_RTP] = rig_addr(RIG_PHONE);
	stats->learned[TG_RTCP] = rig_addr("203.0.113.5:4001");
	scene->flow.way[0].heard = 1;
	stats->ssrc = 9;
	stats->seq_max_ext = 0x1fff0;
	side->last_rx_ms[TG_RTP] = side->last_rx_ms[TG_RTCP] = 5000;
	scene->path.now_ms = 0x100000000ull + 6000;
	scene->pkt.flow = &scene->flow;
	scene->pkt.spec = &scene->spec;
	scene->pkt.src = rig_addr(src);
}

Test(latch, judge)
{
	static const struct {
		const char *name;
		enum tg_latch latch;
		const char *src;
		uint32_t last_ms;
		bool learned;
		bool busy;
		enum latch_verdict want;
	} cases[] = {
		{"locked", TG_LATCH_PORT, RIG_PHONE, 6000, true, false, LATCH_LOCKED},
		{"other, heard now", TG_LATCH_ANY, "203.0.113.5:9", 6000, true, false,
			LATCH_REFUSED},
		{"other, silence", TG_LATCH_ANY, "203.0.113.5:9", 5500, true, false,
			LATCH_CONTINUED},
		{"not long enough", TG_LATCH_ANY, "203.0.113.5:9", 5501, true, false,
			LATCH_REFUSED},
		{"first", TG_LATCH_ANY, "203.0.113.5:9", 6000, false, false, LATCH_FIRST},
		{"being written", TG_LATCH_ANY, "203.0.113.5:9", 6000, false, true, LATCH_REFUSED},
		{"port 0", TG_LATCH_ANY, "203.0.113.5:0", 6000, false, false, LATCH_REFUSED},
		{"multicast", TG_LATCH_ANY, "224.0.0.5:9", 6000, false, false, LATCH_REFUSED},
		{"unset", TG_LATCH_ANY, "0.0.0.0:9", 6000, false, false, LATCH_REFUSED},
		{"nobody, where nobody is learned", TG_LATCH_PORT, "[::]:0", 6000, false, false,
			LATCH_REFUSED},
		{"heard by a worker whose clock leads", TG_LATCH_ANY, "203.0.113.5:9", 6002, true,
			false, LATCH_REFUSED},
		{"off ignores learned", TG_LATCH_OFF, "203.0.113.5:9", 0, true, false,
			LATCH_REFUSED},
		{"off, promised", TG_LATCH_OFF, RIG_PHONE, 0, false, true, LATCH_LOCKED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene;
		struct flow_side *side = scene.flow.side;

		scene_set(&scene, cases[i].latch, cases[i].src);
		side->last_rx_ms[TG_RTP] = cases[i].last_ms;
		if (!cases[i].learned)
			scene.stats.side[0].learned[TG_RTP] = (struct tg_addr){0};
		if (cases[i].busy)
			flow_latch_begin(scene.stats.side, TG_RTP, 0);
		cr_expect(eq(int, (int)latch_judge(&scene.path, &scene.pkt), (int)cases[i].want),
			"%s", cases[i].name);
	}
}

// Where nothing was promised yet, nobody is awaited: not him either who says that he is nobody.
Test(latch, E8_nobody_is_not_the_one_who_was_not_promised)
{
	struct scene scene;

	scene_set(&scene, TG_LATCH_OFF, "[::]:0");
	scene.spec.spec.side[0].remote[TG_RTP] = (struct tg_addr){0};
	cr_assert(eq(int, (int)latch_judge(&scene.path, &scene.pkt), LATCH_REFUSED));
}

// The common packet leaves its time to the statistics alone, and another worker's clock may lead.
Test(latch, E10_silence_is_of_the_last_packet_by_any_worker)
{
	static const struct {
		uint32_t last_ms; // now is 6000
		enum latch_verdict want;
	} cases[] = {
		{5503, LATCH_REFUSED},
		{5999, LATCH_REFUSED},
		{6001, LATCH_REFUSED},
		{6003, LATCH_REFUSED},
		{5499, LATCH_CONTINUED},
		{0, LATCH_CONTINUED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene;

		scene_set(&scene, TG_LATCH_ANY, "203.0.113.5:9");
		scene.stats.side[0].last_rx_ms = cases[i].last_ms;
		cr_expect(eq(int, (int)latch_judge(&scene.path, &scene.pkt), (int)cases[i].want),
			"case %zu", i);
	}
}

Test(latch, muxed_rtcp_is_judged_by_the_rtp_latch)
{
	struct scene scene;

	scene_set(&scene, TG_LATCH_PORT, RIG_PHONE);
	scene.pkt.component = TG_RTCP;
	cr_assert(eq(int, (int)latch_judge(&scene.path, &scene.pkt), LATCH_CONTINUED));
	scene.spec.spec.side[0].local_rtcp_port = 0;
	cr_assert(eq(int, (int)latch_judge(&scene.path, &scene.pkt), LATCH_LOCKED));
}

Test(latch, continues)
{
	static const struct {
		const char *name;
		const char *src;
		uint8_t component;
		bool muxed;
		bool heard;
		uint32_t ssrc;
		uint16_t seq;
		bool want;
	} cases[] = {
		{"next", "203.0.113.9:9", TG_RTP, false, true, 9, 0xfff1, true},
		{"over the wrap", "203.0.113.9:9", TG_RTP, false, true, 9, 5, true},
		{"same", "203.0.113.9:9", TG_RTP, false, true, 9, 0xfff0, false},
		{"behind", "203.0.113.9:9", TG_RTP, false, true, 9, 0xffef, false},
		{"other SSRC", "203.0.113.9:9", TG_RTP, false, true, 8, 0xfff1, false},
		{"nothing heard yet", "203.0.113.9:9", TG_RTP, false, false, 9, 0xfff1, false},
		{"RTCP beside RTP", "203.0.113.5:9", TG_RTCP, false, true, 9, 0, true},
		{"RTCP elsewhere", "203.0.113.9:9", TG_RTCP, false, true, 9, 0, false},
		{"RTCP of another", "203.0.113.5:9", TG_RTCP, false, true, 8, 0, false},
		{"muxed RTCP", "203.0.113.5:9", TG_RTCP, true, true, 9, 0, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene;

		scene_set(&scene, TG_LATCH_ANY, cases[i].src);
		scene.flow.way[0].heard = cases[i].heard;
		scene.pkt.component = cases[i].component;
		scene.pkt.ssrc = cases[i].ssrc;
		scene.pkt.seq = cases[i].seq;
		if (cases[i].muxed)
			scene.spec.spec.side[0].local_rtcp_port = 0;
		cr_expect(eq(int, latch_continues(&scene.path, &scene.pkt), cases[i].want), "%s",
			cases[i].name);
	}
}
