// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "include/tidegate/shard.h"
#include "include/tidegate/wire.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define OPTIONS "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1234\r\n\r\n"

static struct rig_out sip_from(struct rig *rig, const char *src, const void *bytes, size_t len)
{
	return rig_receive(rig, 0, rig_udp(rig, src, RIG_SIP, bytes, (uint16_t)len));
}

static struct rig_out options_from(struct rig *rig, const char *src)
{
	return sip_from(rig, src, OPTIONS, sizeof(OPTIONS) - 1);
}

static void set_stranger_rate(struct rig *rig, uint32_t per_s, uint32_t burst)
{
	struct tg_listener listener = {.local = rig_addr(RIG_SIP),
		.id = 1,
		.realm = 3,
		.stranger = {.per_s = per_s, .burst = burst}};

	cr_assert(eq(int, listener_table_put(rig->tables->listeners, &listener), 0));
}

Test(path, sip_is_punted_with_where_and_when)
{
	struct rig *rig = rig_new(4, 1);
	const struct tg_packet *packet;
	struct tg_addr want;

	options_from(rig, RIG_PHONE);
	packet = rig_punted(rig, 0, TG_PUNT_STRANGER);
	cr_assert(packet != NULL);
	cr_assert(eq(u64, packet->arrival_ns, rig->path.now_ns));
	want = rig_addr(RIG_SIP);
	cr_assert(tg_addr_equal(&packet->local, &want));
	want = rig_addr(RIG_PHONE);
	cr_assert(tg_addr_equal(&packet->remote, &want));
	cr_assert(eq(u16, packet->listener, 1));
	cr_assert(eq(u8, packet->realm, 3));
	cr_assert(eq(u8, packet->trust, TG_TRUST_STRANGER));
	cr_assert(eq(u32, packet->bytes, sizeof(OPTIONS) - 1));
	cr_assert(eq(int, memcmp(packet->payload, OPTIONS, sizeof(OPTIONS) - 1), 0));
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_SIP_PUNTED], 1));
	cr_assert(rig_punted(rig, 0, TG_PUNT_STRANGER) == NULL);
	rig_free(rig);
}

Test(path, E12_udp_keepalives_are_answered_or_absorbed)
{
	static const struct {
		const char *bytes;
		uint16_t len;
		bool answered;
	} cases[] = {
		{"\r\n\r\n", 4, true},
		{"\r\n", 2, false},
		{"", 0, false},
		{"\0\0\0\0", 4, false},
		{"hello", 5, false},
		{"\r\n\r\n\r\n\r\n\r\n\r\n", 12, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(4, 1);
		struct tg_addr sip = rig_addr(RIG_SIP);
		struct tg_addr phone = rig_addr(RIG_PHONE);
		struct rig_out out = sip_from(rig, RIG_PHONE, cases[i].bytes, cases[i].len);

		cr_expect(eq(int, out.drop, -1), "case %zu", i);
		cr_expect(eq(int, out.port, cases[i].answered ? 0 : -1), "case %zu", i);
		cr_expect(eq(
			u64, rig->stats.counter[TG_COUNT_KEEPALIVE_ANSWERED], cases[i].answered));
		cr_expect(eq(
			u64, rig->stats.counter[TG_COUNT_KEEPALIVE_ABSORBED], !cases[i].answered));
		cr_expect(rig_punted(rig, 0, TG_PUNT_STRANGER) == NULL);
		if (cases[i].answered) {
			cr_assert(tg_addr_equal(&out.src, &sip));
			cr_assert(tg_addr_equal(&out.dst, &phone));
			cr_assert(eq(u16, out.payload_bytes, 2));
			cr_assert(eq(int, memcmp(out.payload, "\r\n", 2), 0));
			cr_assert(eq(u8, out.mac_to[1], 9), "to the MAC it came from");
		}
		rig_free(rig);
	}
}

Test(path, E12_keepalive_is_answered_over_v6)
{
	struct rig *rig = rig_new(4, 1);
	struct rte_mbuf *m = rig_udp(
		rig, "[2001:db8:a::5]:5060", "[2001:db8:a::1]:5060", "\r\n\r\n", 4);
	struct rig_out out = rig_receive(rig, 0, m);

	cr_assert(eq(int, out.port, 0));
	cr_assert(eq(u16, out.payload_bytes, 2));
	rig_free(rig);
}

Test(path, A39_noise_on_the_sip_port_gets_no_answer)
{
	static const struct {
		const char *name;
		const char *bytes;
		uint16_t len;
	} cases[] = {
		{"STUN",
			"\0\1\0\0\x21\x12\xa4\x42"
			"abcdefghijkl",
			20},
		{"DTLS", "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x10", 13},
		{"RTP", "\x80\0\0\1\0\0\0\2\0\0\0\3", 12},
		{"HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27},
		{"HTTP answer", "HTTP/1.1 200 OK\r\n\r\n", 19},
		{"SSH", "SSH-2.0-OpenSSH_9.2\r\n", 21},
		{"text", "abcdefghijklmnop", 16},
		{"NUL", "\0\0\0\0\0\0\0\0\0", 9},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(4, 1);
		struct rig_out out = sip_from(rig, RIG_PHONE, cases[i].bytes, cases[i].len);

		cr_expect(eq(int, out.drop, TG_DROP_SIP_NOT_SIP), "%s", cases[i].name);
		cr_expect(eq(int, out.port, -1), "%s", cases[i].name);
		cr_expect(rig_punted(rig, 0, TG_PUNT_STRANGER) == NULL, "%s", cases[i].name);
		rig_free(rig);
	}
}

Test(path, A11_leading_empty_lines_do_not_hide_sip)
{
	struct rig *rig = rig_new(4, 1);

	sip_from(rig, RIG_PHONE, "\r\n\r\n" OPTIONS, sizeof(OPTIONS) + 3);
	cr_assert(rig_punted(rig, 0, TG_PUNT_STRANGER) != NULL);
	rig_free(rig);
}

Test(path, I1_a_source_above_its_rate_is_dropped_and_others_are_not)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_addr phone = rig_addr(RIG_PHONE);
	struct tg_event event;

	set_stranger_rate(rig, 10, 5);
	for (int i = 0; i < 5; i++)
		cr_assert(eq(int, options_from(rig, RIG_PHONE).drop, -1));
	for (int i = 0; i < 20; i++)
		cr_assert(eq(int, options_from(rig, RIG_PHONE).drop, TG_DROP_SIP_RATE));
	cr_assert(eq(int, options_from(rig, "203.0.113.6:4000").drop, -1));
	cr_assert(rig_event(&event, rig, 0));
	cr_assert(eq(int, (int)event.type, TG_EVENT_LIMITER_TRIPPED));
	cr_assert(tg_ip_equal(&event.limiter.addr.ip, &phone.ip));
	cr_assert(eq(u16, event.limiter.listener, 1));
	cr_assert(eq(u32, event.limiter.dropped, 1));
	cr_assert(not(rig_event(&event, rig, 0)));
	rig_wait_ms(rig, 1001);
	for (int i = 0; i < 5; i++)
		cr_assert(eq(int, options_from(rig, RIG_PHONE).drop, -1));
	cr_assert(eq(int, options_from(rig, RIG_PHONE).drop, TG_DROP_SIP_RATE));
	cr_assert(rig_event(&event, rig, 0));
	cr_assert(eq(u32, event.limiter.dropped, 20));
	rig_free(rig);
}

Test(path, I2_trusted_sources_have_their_own_ring_and_rate)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_trust trust = {.net = rig_ip("203.0.113.64"),
		.bits = 96 + 26,
		.level = TG_TRUST_TRUNK,
		.rate = {.per_s = 1000, .burst = 1000}};

	trust_table_put(rig->tables->trust, &trust);
	set_stranger_rate(rig, 1000, 1000);
	for (int i = 0; i < RIG_RING_SLOTS; i++)
		cr_assert(eq(int, options_from(rig, RIG_PHONE).drop, -1));
	cr_assert(eq(int, options_from(rig, RIG_PHONE).drop, TG_DROP_SIP_RING_FULL));
	cr_assert(eq(int, options_from(rig, "203.0.113.65:5060").drop, -1));
	cr_assert(rig_punted(rig, 0, TG_PUNT_TRUSTED) != NULL);
	rig_free(rig);
}

static void fill_with_registers(struct rig *rig, const char *src, enum tg_punt_class class)
{
	static const char text[] = "REGISTER sip:b SIP/2.0\r\nCall-ID: 1\r\n\r\n";
	int taken = 0;

	while (sip_from(rig, src, text, sizeof(text) - 1).drop == -1)
		taken++;
	cr_assert(eq(int, taken, RIG_RING_SLOTS - RIG_RING_SLOTS / 4));
	cr_assert(eq(u64, rig->stats.drop[TG_DROP_SIP_REGISTERS], 1));
	for (; taken < RIG_RING_SLOTS; taken++)
		cr_assert(eq(int, options_from(rig, src).drop, -1));
	cr_assert(eq(int, options_from(rig, src).drop, TG_DROP_SIP_RING_FULL));
	cr_assert(rig_punted(rig, 0, class) != NULL);
}

Test(path, F31_registers_leave_a_quarter_of_each_ring_to_calls)
{
	struct tg_peer phone = {.addr = rig_addr("203.0.113.6:4000"), .level = TG_TRUST_REGISTERED};
	struct rig *rig = rig_new(4, 1);

	fill_with_registers(rig, RIG_PHONE, TG_PUNT_STRANGER);
	rig_free(rig);
	rig = rig_new(4, 1);
	cr_assert(eq(int, peer_table_put(rig->tables->peers, &phone, 0, rig->path.now_ms), 0));
	fill_with_registers(rig, "203.0.113.6:4000", TG_PUNT_TRUSTED);
	rig_free(rig);
}

Test(path, L5_without_control_plane_sip_is_dropped_and_media_flows)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct rig_rtp rtp = {.seq = 1};

	rig_add(rig, &spec);
	rig->path.attached = false;
	cr_assert(eq(int, options_from(rig, RIG_PHONE).drop, TG_DROP_SIP_NO_CONTROL));
	cr_assert(eq(int, rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp)).port, 1));
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_EVENTS_LOST], 1));
	cr_assert(eq(int, sip_from(rig, RIG_PHONE, "\r\n\r\n", 4).port, 0));
	rig_free(rig);
}

Test(path, sip_with_a_wrong_checksum_is_dropped)
{
	struct rig *rig = rig_new(4, 1);
	struct rte_mbuf *m = rig_udp(rig, RIG_PHONE, RIG_SIP, OPTIONS, sizeof(OPTIONS) - 1);

	((uint8_t *)m->buf_addr)[m->data_off + 50] ^= 1;
	cr_assert(eq(int, rig_receive(rig, 0, m).drop, TG_DROP_UDP_CHECKSUM));
	m = rig_udp(rig, RIG_PHONE, RIG_SIP, OPTIONS, sizeof(OPTIONS) - 1);
	memset((uint8_t *)m->buf_addr + m->data_off + 40, 0, 2);
	cr_assert(eq(int, rig_receive(rig, 0, m).drop, -1));
	rig_free(rig);
}

Test(path, one_call_goes_to_one_signalling_thread)
{
	static const char *const forms[] = {"Call-ID: %s\r\n", "i:%s\r\n", "CALL-id : %s\r\n",
		"To: <sip:i:@x>\r\nCall-ID:\t%s \r\n", "Call-ID:\r\n %s\r\n"};
	struct rig *rig = rig_new(4, 4);
	char text[256];
	char id[32];

	for (int call = 0; call < 50; call++) {
		uint32_t thread;

		snprintf(id, sizeof(id), "a%x@host%d", call * 77777, call);
		thread = tg_shard_thread(id, strlen(id), 4);
		for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
			char header[128];
			size_t len;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(header, sizeof(header), forms[form], id);
#pragma GCC diagnostic pop
			len = (size_t)snprintf(text, sizeof(text),
				"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n%s\r\n", header);
			sip_from(rig, RIG_PHONE, text, len);
			cr_assert(rig_punted(rig, thread, TG_PUNT_STRANGER) != NULL,
				"call %d form %zu", call, form);
		}
	}
	rig_free(rig);
}

static uint32_t send_sip(struct rig_out *out, uint32_t max, struct rig *rig, uint32_t bytes,
	const char *local, const char *remote)
{
	static _Alignas(8) uint8_t copy[TG_PUNT_SLOT_BYTES];
	struct tg_packet *packet = (struct tg_packet *)copy;
	struct rte_mbuf *mbufs[PATH_SIP_MBUFS_MAX];
	uint16_t n = path_sip_mbufs(bytes);

	*packet = (struct tg_packet){
		.local = rig_addr(local), .remote = rig_addr(remote), .bytes = bytes, .dscp = 24};
	for (uint32_t i = 0; i < TG_PUNT_BYTES_MAX; i++)
		packet->payload[i] = (uint8_t)(i * 13 + i / 256);
	for (uint16_t i = 0; i < n; i++)
		mbufs[i] = rig_raw(rig, "", 0);
	path_send_sip(&rig->path, packet, mbufs, n);
	uint32_t sent = rig_sent(out, max, rig);

	cr_assert(eq(u32, sent + rig->path.freed.count, n), "each mbuf has one end");
	rig->path.freed.count = 0;
	return sent;
}

Test(path, sip_leaves_by_route_and_neighbour)
{
	struct rig *rig = rig_new(4, 1);
	struct rig_out out[PATH_SIP_MBUFS_MAX];
	struct tg_addr phone = rig_addr(RIG_PHONE);
	struct tg_addr sip = rig_addr(RIG_SIP);

	cr_assert(eq(u32, send_sip(out, 1, rig, 700, RIG_SIP, RIG_PHONE), 1));
	cr_assert(eq(int, out[0].port, 0));
	cr_assert(tg_addr_equal(&out[0].src, &sip));
	cr_assert(tg_addr_equal(&out[0].dst, &phone));
	cr_assert(eq(u8, out[0].dscp, 24));
	cr_assert(eq(u8, out[0].mac_to[5], 0xfe));
	cr_assert(eq(u16, out[0].payload_bytes, 700));
	cr_assert(eq(u8, out[0].payload[699], (uint8_t)(699 * 13 + 2)));
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_SIP_SENT], 1));
	rig_free(rig);
}

Test(path, sip_that_must_not_leave_is_dropped_by_name)
{
	static const struct {
		uint32_t bytes;
		const char *local;
		const char *remote;
		enum tg_drop drop;
	} cases[] = {
		{0, RIG_SIP, RIG_PHONE, TG_DROP_TX_BAD},
		{TG_PUNT_BYTES_MAX + 1, RIG_SIP, RIG_PHONE, TG_DROP_TX_BAD},
		{UINT32_MAX, RIG_SIP, RIG_PHONE, TG_DROP_TX_BAD},
		{100, "192.0.2.1:5061", RIG_PHONE, TG_DROP_TX_BAD},
		{100, RIG_SIP, "[2001:db8:a::5]:5060", TG_DROP_TX_BAD},
		{100, RIG_SIP, "203.0.113.5:0", TG_DROP_TX_BAD},
		{100, RIG_SIP, "0.0.0.0:5060", TG_DROP_TX_BAD},
		{100, RIG_SIP, "8.8.8.8:5060", TG_DROP_NO_ROUTE},
		{100, RIG_SIP, "192.0.2.77:5060", TG_DROP_NO_NEIGHBOUR},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(4, 1);
		struct rig_out out[1];

		cr_expect(eq(u32,
			send_sip(out, 1, rig, cases[i].bytes, cases[i].local, cases[i].remote), 0));
		cr_expect(eq(u64, rig->stats.drop[cases[i].drop], 1), "case %zu", i);
		cr_expect(eq(u64, rig_drops(rig), 1), "case %zu", i);
		rig_free(rig);
	}
}

// Puts the fragments together again as a receiver does, and checks the whole.
static void reassemble(struct rig *rig, uint32_t count, uint32_t bytes, bool v6)
{
	static uint8_t whole[TG_PUNT_BYTES_MAX + 8];
	uint32_t ip_bytes = v6 ? 48 : 20;
	uint32_t have = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct rte_mbuf *m = &rig->mbuf[(rig->next_mbuf - count + i) % RIG_MBUFS].m;
		const uint8_t *ip = (const uint8_t *)m->buf_addr + m->data_off + 14;
		uint16_t field = tg_load_be16(ip + (v6 ? 42 : 6));
		uint32_t offset = v6 ? field & 0xfff8u : (field & 0x1fffu) * 8;
		bool more = v6 ? (field & 1) != 0 : (field & 0x2000) != 0;
		uint32_t len = m->data_len - 14u - ip_bytes;

		cr_assert(le(u32, m->data_len, 1514));
		cr_assert(eq(int, more, i + 1 < count));
		cr_assert(eq(u32, offset + len <= sizeof(whole), 1));
		memcpy(whole + offset, ip + ip_bytes, len);
		have += len;
	}
	cr_assert(eq(u32, have, bytes + 8));
	cr_assert(eq(u32, tg_load_be16(whole + 4), bytes + 8));
	for (uint32_t i = 0; i < bytes; i++)
		cr_assert(eq(u8, whole[8 + i], (uint8_t)(i * 13 + i / 256)), "byte %u", i);
}

Test(path, sip_above_the_mtu_leaves_in_fragments)
{
	static const struct {
		uint32_t bytes;
		uint32_t v4_pieces;
		uint32_t v6_pieces;
	} cases[] = {
		{1472, 1, 2},
		{1473, 2, 2},
		{1452, 1, 1},
		{3000, 3, 3},
		{TG_PUNT_BYTES_MAX, 11, 12},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(4, 1);
		struct rig_out out[PATH_SIP_MBUFS_MAX];
		uint32_t sent = send_sip(
			out, PATH_SIP_MBUFS_MAX, rig, cases[i].bytes, RIG_SIP, RIG_PHONE);

		cr_assert(eq(u32, sent, cases[i].v4_pieces), "%u bytes", cases[i].bytes);
		rig_free(rig);
		rig = rig_new(4, 1);
		sent = send_sip(out, PATH_SIP_MBUFS_MAX, rig, cases[i].bytes,
			"[2001:db8:a::1]:5060", "[2001:db8:a::5]:5060");
		cr_assert(eq(u32, sent, cases[i].v6_pieces), "%u bytes", cases[i].bytes);
		rig_free(rig);
	}
}

Test(path, fragments_make_up_the_datagram_again)
{
	struct rig *rig = rig_new(4, 1);
	struct rig_out out[PATH_SIP_MBUFS_MAX];

	// 13 mbufs are brought along; with this MTU all of them are needed.
	rig->tables->ports.port[0].mtu = 1280;
	cr_assert(eq(u32,
		send_sip(out, PATH_SIP_MBUFS_MAX, rig, TG_PUNT_BYTES_MAX, RIG_SIP, RIG_PHONE), 13));
	reassemble(rig, 13, TG_PUNT_BYTES_MAX, false);
	cr_assert(eq(u32,
		send_sip(out, PATH_SIP_MBUFS_MAX, rig, TG_PUNT_BYTES_MAX, "[2001:db8:a::1]:5060",
			"[2001:db8:a::5]:5060"),
		13));
	reassemble(rig, 13, TG_PUNT_BYTES_MAX, true);
	rig_free(rig);
}

Test(path, full_bypass_port_hands_the_rest_to_the_kernel)
{
	struct rig *rig = rig_new(4, 1);
	uint8_t arp[42] = {[12] = 0x08, [13] = 0x06};

	cr_assert(eq(int, rig_receive(rig, 0, rig_raw(rig, arp, 42)).drop, TG_DROP_ETHER));
	rig->tables->ports.port[0].kernel_by_tap = true;
	cr_assert(rig_receive(rig, 0, rig_raw(rig, arp, 42)).kernel);
	cr_assert(rig_receive(rig, 0, rig_udp(rig, RIG_PHONE, "192.0.2.1:53", "x", 1)).kernel);
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_TO_KERNEL], 2));
	rig_free(rig);
}
