// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(sip_send, mbufs_needed)
{
	static const struct {
		uint32_t bytes;
		uint16_t want;
	} cases[] = {{1, 1}, {1232, 1}, {1233, 2}, {2456, 2}, {2457, 3}, {TG_PUNT_BYTES_MAX, 13},
		{TG_PUNT_BYTES_MAX + 1, 1}, {UINT32_MAX, 1}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect(eq(u16, path_sip_mbufs(cases[i].bytes), cases[i].want), "%u",
			cases[i].bytes);
}

Test(sip_send, too_few_mbufs_and_a_full_list)
{
	static const struct {
		uint32_t bytes;
		uint16_t mbufs;
		uint32_t queued;
		int drop;
	} cases[] = {
		{1000, 1, 0, -1},
		{1000, 1, PATH_LIST_MAX - 1, -1},
		{1000, 1, PATH_LIST_MAX, TG_DROP_TX_FULL},
		{3000, 3, PATH_LIST_MAX - 2, TG_DROP_TX_FULL},
		{3000, 2, 0, TG_DROP_NO_MBUF},
		{1000, 0, 0, TG_DROP_NO_MBUF},
	};
	static _Alignas(8) uint8_t copy[TG_PUNT_SLOT_BYTES];
	struct tg_packet *packet = (struct tg_packet *)copy;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(1, 1);
		struct rte_mbuf *mbufs[4];

		*packet = (struct tg_packet){.local = rig_addr(RIG_SIP),
			.remote = rig_addr(RIG_PHONE),
			.bytes = cases[i].bytes};
		for (uint16_t n = 0; n < 4; n++)
			mbufs[n] = rig_raw(rig, "", 0);
		rig->path.tx[0].count = cases[i].queued;
		path_send_sip(&rig->path, packet, mbufs, cases[i].mbufs);
		cr_expect(eq(u64, rig->stats.counter[TG_COUNT_SIP_SENT], cases[i].drop < 0),
			"case %zu", i);
		if (cases[i].drop >= 0)
			cr_expect(eq(u64, rig->stats.drop[cases[i].drop], 1), "case %zu", i);
		cr_expect(eq(u32, rig->path.freed.count, cases[i].drop < 0 ? 0 : cases[i].mbufs),
			"case %zu", i);
		rig_free(rig);
	}
}
