// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

// Early media: the caller's audio is held back before the answer, but his address is learned, so that
// ringing can reach him through his NAT.
Test(gate, J19_closed_direction_still_learns_and_the_other_flows)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_PORT);
	struct rig_rtp rtp = {.pt = 0, .seq = 1};
	struct tg_addr nat = rig_addr("203.0.113.5:50000");
	struct rig_out out;

	spec.side[0].flags = TG_SIDE_SEND;
	rig_add(rig, &spec);
	out = rig_receive(rig, 0, rig_rtp(rig, "203.0.113.5:50000", RIG_ACCESS, rtp));
	cr_assert(eq(int, out.drop, TG_DROP_MEDIA_CLOSED));
	cr_assert(eq(u64, rig->stream_stats[0].side[0].drop[TG_SIDE_DROP_CLOSED], 1));
	cr_assert(eq(u64, rig->stream_stats[0].side[0].packets, 0));
	cr_assert(eq(u64, rig->stream_stats[0].side[0].last_rx_ms, 0));
	out = rig_receive(rig, 1, rig_rtp(rig, RIG_CARRIER, RIG_CORE, rtp));
	cr_assert(eq(int, out.port, 0));
	cr_assert(tg_addr_equal(&out.dst, &nat));
	rig_free(rig);
}
