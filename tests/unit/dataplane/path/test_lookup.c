// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "dataplane/path/path_int.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(lookup, port_leads_to_stream_side_and_component)
{
	static const struct {
		const char *dst;
		bool found;
		uint8_t side;
		uint8_t component;
	} cases[] = {
		{RIG_ACCESS, true, 0, TG_RTP},
		{"192.0.2.1:10001", true, 0, TG_RTCP},
		{RIG_CORE, true, 1, TG_RTP},
		{"198.51.100.1:12001", true, 1, TG_RTCP},
		{"192.0.2.1:10002", false, 0, 0},
		{"198.51.100.1:10000", false, 0, 0},
	};
	struct rig *rig = rig_new(3, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);
	struct tg_stream_spec other = rig_spec(TG_LATCH_ANY);
	struct burst *burst = &rig->path.burst;
	struct packet *pkt = &burst->packet[0];

	other.side[0].local.port = other.side[1].local.port = 15000;
	other.side[0].local_rtcp_port = other.side[1].local_rtcp_port = 0;
	rig_add(rig, &other);
	rig_add(rig, &spec);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		*pkt = (struct packet){.m = rig_udp(rig, RIG_PHONE, cases[i].dst, "", 0)};
		burst->count = 1;
		burst->media_count = 0;
		parse_burst(&rig->path);
		classify_burst(&rig->path);
		cr_assert(eq(u16, burst->media_count, 1));
		lookup_burst(&rig->path);
		spec_burst(&rig->path);
		if (!cases[i].found) {
			cr_expect(eq(u8, pkt->verdict, VERDICT_DROP), "%s", cases[i].dst);
			cr_expect(eq(u8, pkt->drop, TG_DROP_MEDIA_NO_STREAM), "%s", cases[i].dst);
			continue;
		}
		cr_expect(eq(u32, pkt->index, 1), "%s", cases[i].dst);
		cr_expect(eq(u8, pkt->side, cases[i].side), "%s", cases[i].dst);
		cr_expect(eq(u8, pkt->component, cases[i].component), "%s", cases[i].dst);
		cr_expect(pkt->spec == pkt->flow->spec, "%s", cases[i].dst);
	}
	rig_free(rig);
}
