// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "include/tidegate/csum.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct rig *rig_with_stream(const char *core, const char *carrier)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_PORT);

	spec.side[1].local = rig_addr(core);
	spec.side[1].remote[TG_RTP] = rig_addr(carrier);
	rig_add(rig, &spec);
	return rig;
}

// The rig checks every checksum of what is sent; the sequence number takes each through all values.
Test(rewrite, udp_checksum_holds_for_any_payload)
{
	static const char *const far_side[][2] = {
		{RIG_CORE, RIG_CARRIER}, {"[2001:db8:c::1]:12000", "[2001:db8:c::7]:30000"}};

	for (size_t f = 0; f < 2; f++) {
		struct rig *rig = rig_with_stream(far_side[f][0], far_side[f][1]);

		for (uint32_t n = 0; n < 65536; n++) {
			uint8_t payload[12] = {0x80, 0, (uint8_t)(n >> 8), (uint8_t)n};
			struct rig_out out = rig_receive(
				rig, 0, rig_udp(rig, RIG_PHONE, RIG_ACCESS, payload, 12));

			cr_assert(eq(int, out.port, 1));
			cr_assert(not(out.csum_zero), "n %u", n);
		}
		rig_free(rig);
	}
}

Test(rewrite, a_wrong_checksum_stays_wrong)
{
	struct rig *rig = rig_with_stream(RIG_CORE, RIG_CARRIER);
	struct rig_rtp rtp = {.pt = 0};
	struct rte_mbuf *m = rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp);
	uint8_t *data = (uint8_t *)m->buf_addr + m->data_off;
	uint16_t before;
	uint16_t after;

	memcpy(&before, data + 40, 2);
	data[40] ^= 0x55;
	path_receive(&rig->path, 0, &m, 1);
	cr_assert(eq(u32, rig->path.tx[1].count, 1));
	memcpy(&after, (uint8_t *)m->buf_addr + m->data_off + 40, 2);
	rig->path.tx[1].count = 0;
	m = rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp);
	path_receive(&rig->path, 0, &m, 1);
	memcpy(&before, (uint8_t *)m->buf_addr + m->data_off + 40, 2);
	cr_assert(ne(u16, before, after), "the receiver must still see the damage");
	rig_free(rig);
}

Test(rewrite, options_and_padding_are_gone)
{
	struct rig *rig = rig_with_stream(RIG_CORE, RIG_CARRIER);
	uint8_t payload[12] = {0x80};
	struct rte_mbuf *m = rig_udp(rig, RIG_PHONE, RIG_ACCESS, payload, 12);
	uint8_t *data = (uint8_t *)m->buf_addr + m->data_off;
	uint16_t csum;

	memmove(data + 38, data + 34, 20);
	memset(data + 34, 1, 4);
	data[14] = 0x46;
	data[17] += 4;
	memset(data + 24, 0, 2);
	csum = tg_csum(data + 14, 24);
	memcpy(data + 24, &csum, 2);
	m->data_len = m->pkt_len = m->data_len + 4u + 30;
	cr_assert(eq(int, rig_receive(rig, 0, m).port, 1));
	cr_assert(eq(u16, m->data_len, 14 + 20 + 8 + 12));
	rig_free(rig);
}

Test(rewrite, mtu_and_headroom)
{
	struct rig *rig = rig_with_stream("[2001:db8:c::1]:12000", "[2001:db8:c::7]:30000");
	uint8_t payload[1472] = {0x80};
	struct rte_mbuf *m;

	cr_assert(eq(int,
		rig_receive(rig, 0, rig_udp(rig, RIG_PHONE, RIG_ACCESS, payload, 1452)).port, 1));
	cr_assert(eq(int,
		rig_receive(rig, 0, rig_udp(rig, RIG_PHONE, RIG_ACCESS, payload, 1453)).drop,
		TG_DROP_MEDIA_OVERSIZE));
	for (uint16_t headroom = 19; headroom <= 20; headroom++) {
		m = rig_udp(rig, RIG_PHONE, RIG_ACCESS, payload, 100);
		memmove((uint8_t *)m->buf_addr + headroom, (uint8_t *)m->buf_addr + RIG_HEADROOM,
			m->data_len);
		m->data_off = headroom;
		cr_assert(
			eq(int, rig_receive(rig, 0, m).drop, headroom < 20 ? TG_DROP_NO_MBUF : -1));
	}
	rig_free(rig);
}
