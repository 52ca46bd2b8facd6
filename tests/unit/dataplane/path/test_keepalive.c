// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(keepalive, I16_the_answer_is_smaller_than_the_question_and_limited)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_listener listener = {
		.local = rig_addr(RIG_SIP), .id = 1, .stranger = {.per_s = 1, .burst = 3}};
	uint32_t answered = 0;

	listener_table_put(rig->tables->listeners, &listener);
	for (int i = 0; i < 10; i++) {
		struct rte_mbuf *m = rig_udp(rig, RIG_PHONE, RIG_SIP, "\r\n\r\n", 4);
		uint16_t asked = m->data_len;

		if (rig_receive(rig, 0, m).port == 0) {
			answered++;
			cr_assert(lt(u16, m->data_len, asked));
		}
	}
	cr_assert(eq(u32, answered, 3));
	rig_free(rig);
}

Test(keepalive, answer_to_a_tagged_frame_with_options_is_plain)
{
	struct rig *rig = rig_new(1, 1);
	struct rte_mbuf *m = rig_udp(rig, RIG_PHONE, RIG_SIP, "\r\n\r\n", 4);
	uint8_t *data = (uint8_t *)m->buf_addr + m->data_off;

	memmove(data + 16, data + 12, m->data_len - 12u);
	memcpy(data + 12, (uint8_t[]){0x81, 0, 0, 7}, 4);
	m->data_len += 4;
	m->pkt_len += 4;
	cr_assert(eq(int, rig_receive(rig, 0, m).port, 0));
	cr_assert(eq(u16, m->data_len, 14 + 20 + 8 + 2));
	rig_free(rig);
}

Test(keepalive, I16_stun_on_a_listener_is_not_answered)
{
	static const uint8_t binding[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3};
	struct rig *rig = rig_new(1, 1);
	struct rig_out out = rig_receive(
		rig, 0, rig_udp(rig, RIG_PHONE, RIG_SIP, binding, sizeof(binding)));

	cr_assert(eq(int, out.port, -1));
	cr_assert(eq(int, out.drop, TG_DROP_SIP_NOT_SIP));
	rig_free(rig);
}
