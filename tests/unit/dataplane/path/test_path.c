// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(path, largest_burst_is_sorted_onto_the_lists)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_PORT);
	struct rte_mbuf *burst[BURST_PACKETS_MAX];
	uint64_t bytes = 0;

	rig_add(rig, &spec);
	for (uint16_t i = 0; i < BURST_PACKETS_MAX; i++) {
		struct rig_rtp rtp = {.pt = 0, .seq = i};

		burst[i] = i % 2 == 0 ? rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp)
				      : rig_udp(rig, RIG_PHONE, RIG_SIP, "\r\n\r\n", 4);
		bytes += burst[i]->pkt_len;
	}
	burst[7]->data_len = 3;
	path_receive(&rig->path, 0, burst, BURST_PACKETS_MAX);
	cr_assert(eq(u32, rig->path.tx[1].count, 32));
	cr_assert(eq(u32, rig->path.tx[0].count, 31));
	cr_assert(eq(u32, rig->path.freed.count, 1));
	cr_assert(rig->path.freed.m[0] == burst[7]);
	for (uint32_t i = 0; i < 32; i++)
		cr_assert(rig->path.tx[1].m[i] == burst[2 * i], "order is kept");
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_RX_PACKETS], BURST_PACKETS_MAX));
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_RX_BYTES], bytes));
	cr_assert(eq(u64, rig_ends(rig), BURST_PACKETS_MAX));
	rig_free(rig);
}

Test(path, publish_wakes_a_sleeping_control_plane_once)
{
	struct rig *rig = rig_new(1, 2);

	cr_assert(not(path_publish(&rig->path)));
	rig_receive(rig, 0, rig_udp(rig, RIG_PHONE, RIG_SIP, "ACK sip:a SIP/2.0\r\n", 19));
	cr_assert(not(path_publish(&rig->path)), "nobody sleeps");
	for (uint32_t thread = 0; thread < 2; thread++) {
		while (rig_punted(rig, thread, TG_PUNT_STRANGER) != NULL)
			;
		cr_assert(tg_ring_wait_begin(&rig->punt[thread][TG_PUNT_STRANGER]));
	}
	rig_receive(rig, 0, rig_udp(rig, RIG_PHONE, RIG_SIP, "ACK sip:a SIP/2.0\r\n", 19));
	cr_assert(path_publish(&rig->path));
	cr_assert(not(path_publish(&rig->path)));
	rig->path.attached = false;
	cr_assert(not(path_publish(&rig->path)));
	rig_free(rig);
}
