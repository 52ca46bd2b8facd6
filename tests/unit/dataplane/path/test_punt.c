// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "include/tidegate/shard.h"
#include "include/tidegate/wire.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define THREADS 16

static uint32_t thread_that_got_it(struct rig *rig)
{
	for (uint32_t thread = 0; thread < THREADS; thread++)
		if (rig_punted(rig, thread, TG_PUNT_STRANGER) != NULL)
			return thread;
	return THREADS;
}

Test(punt, thread_by_call_id_else_by_source)
{
	static const struct {
		const char *text;
		const char *id; // NULL: none is found
	} cases[] = {
		{"ACK sip:a SIP/2.0\r\nCall-ID: x1@h\r\n\r\n", "x1@h"},
		{"ACK sip:a SIP/2.0\nCall-ID: x2@h\n\n", "x2@h"},
		{"ACK sip:a SIP/2.0\r\nI: x3@h\r\n\r\n", "x3@h"},
		{"ACK sip:a SIP/2.0\r\ncall-id\t :x4@h  \r\n\r\n", "x4@h"},
		{"ACK sip:a SIP/2.0\r\nCall-ID:\r\n\tx5@h\r\n\r\n", "x5@h"},
		{"ACK sip:a SIP/2.0\r\nCall-ID: x6@h", "x6@h"},
		{"ACK sip:a SIP/2.0\r\nCall-IDs: x\r\nCall-ID: x7@h\r\n", "x7@h"},
		{"ACK sip:a SIP/2.0\r\nInfo: x\r\nCall-ID: x8@h\r\n", "x8@h"},
		{"ACK sip:a;Call-ID: SIP/2.0\r\nCall-ID: x9@h\r\n", "x9@h"},
		{"ACK sip:a SIP/2.0\r\nTo: b\r\n\r\n", NULL},
		{"ACK sip:a SIP/2.0\r\nCall-I", NULL},
		{"ACK sip:a SIP/2.0\r\nCall-ID", NULL},
		{"ACK sip:a SIP/2.0\r\ni", NULL},
		{"ACK sip:a SIP/2.0", NULL},
	};
	struct tg_ip phone = rig_ip("203.0.113.5");
	struct rig *rig = rig_new(1, THREADS);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t want = cases[i].id != NULL
			? tg_shard_thread(cases[i].id, strlen(cases[i].id), THREADS)
			: tg_shard_thread(phone.byte, sizeof(phone.byte), THREADS);

		rig_receive(rig, 0,
			rig_udp(rig, RIG_PHONE, RIG_SIP, cases[i].text,
				(uint16_t)strlen(cases[i].text)));
		cr_expect(eq(u32, thread_that_got_it(rig), want), "%s", cases[i].text);
	}
	rig_free(rig);
}

// A jumbo frame in a buffer of its own.
static int drop_of_size(struct rig *rig, uint16_t bytes)
{
	static uint8_t buf[RIG_HEADROOM + 42 + 20000];
	static char text[20000] = "ACK sip:a SIP/2.0\r\n";
	struct rte_mbuf *small = rig_udp(rig, RIG_PHONE, RIG_SIP, text, 100);
	struct rte_mbuf m = *small;
	uint8_t *data = buf + RIG_HEADROOM;

	memcpy(data, (uint8_t *)small->buf_addr + RIG_HEADROOM, 42);
	memcpy(data + 42, text, bytes);
	m.buf_addr = buf;
	m.data_len = (uint16_t)(42 + bytes);
	tg_store_be16(data + 16, (uint16_t)(28 + bytes));
	tg_store_be16(data + 38, (uint16_t)(8 + bytes));
	memset(data + 40, 0, 2);
	// The header checksum, corrected for the length alone.
	uint32_t sum = (uint16_t)~tg_load_be16(data + 24) + 0xffffu - 128 + 28 + bytes;

	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	tg_store_be16(data + 24, (uint16_t)~sum);
	return rig_receive(rig, 0, &m).drop;
}

Test(punt, largest_datagram_and_one_more)
{
	struct rig *rig = rig_new(1, 1);

	cr_assert(eq(int, drop_of_size(rig, TG_PUNT_BYTES_MAX), -1));
	cr_assert(eq(u32, rig_punted(rig, 0, TG_PUNT_STRANGER)->bytes, TG_PUNT_BYTES_MAX));
	cr_assert(eq(int, drop_of_size(rig, TG_PUNT_BYTES_MAX + 1), TG_DROP_SIP_OVERSIZE));
	rig_free(rig);
}

Test(punt, v6_without_checksum_is_refused)
{
	struct rig *rig = rig_new(1, 1);
	static const char text[] = "ACK sip:a SIP/2.0\r\n\r\n";
	struct rte_mbuf *m = rig_udp(
		rig, "[2001:db8:a::5]:5060", "[2001:db8:a::1]:5060", text, sizeof(text) - 1);

	memset((uint8_t *)m->buf_addr + m->data_off + 60, 0, 2);
	cr_assert(eq(int, rig_receive(rig, 0, m).drop, TG_DROP_UDP_CHECKSUM));
	rig_free(rig);
}
