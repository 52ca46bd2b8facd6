// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "dataplane/path/path_int.h"
#include "include/tidegate/csum.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static void parse(struct rig *rig, struct rte_mbuf *m)
{
	rig->path.burst.count = 1;
	rig->path.burst.packet[0] = (struct packet){.m = m};
	parse_burst(&rig->path);
}

static int drop_of(const struct rig *rig)
{
	const struct packet *pkt = &rig->path.burst.packet[0];

	return pkt->verdict == VERDICT_NONE ? -1 : pkt->drop;
}

static uint8_t *data_of(struct rte_mbuf *m)
{
	return (uint8_t *)m->buf_addr + m->data_off;
}

static void fix_ip4(struct rte_mbuf *m)
{
	uint8_t *ip = data_of(m) + 14;
	uint16_t csum;

	memset(ip + 10, 0, 2);
	csum = tg_csum(ip, (ip[0] & 15u) * 4);
	memcpy(ip + 10, &csum, 2);
}

Test(parse, fields_of_both_families)
{
	static const struct {
		const char *src;
		const char *dst;
		uint16_t l4_offset;
	} cases[] = {
		{RIG_PHONE, RIG_ACCESS, 34},
		{"[2001:db8:a::5]:4000", "[2001:db8:a::1]:10000", 54},
	};

	for (size_t i = 0; i < 2; i++) {
		struct rig *rig = rig_new(1, 1);
		const struct packet *pkt = &rig->path.burst.packet[0];
		struct tg_addr src = rig_addr(cases[i].src);
		struct tg_addr dst = rig_addr(cases[i].dst);

		parse(rig, rig_udp(rig, cases[i].src, cases[i].dst, "abc", 3));
		cr_assert(eq(int, drop_of(rig), -1));
		cr_assert(tg_addr_equal(&pkt->src, &src));
		cr_assert(tg_addr_equal(&pkt->dst, &dst));
		cr_assert(eq(u16, pkt->l3_offset, 14));
		cr_assert(eq(u16, pkt->l4_offset, cases[i].l4_offset));
		cr_assert(eq(u16, pkt->payload_bytes, 3));
		cr_assert(eq(u8, pkt->is_v6, i == 1));
		cr_assert(eq(int, memcmp(packet_payload(pkt), "abc", 3), 0));
		rig_free(rig);
	}
}

// What a header cut at each length is called.
static int want_truncated(uint32_t len, bool v6)
{
	if (len < 14)
		return TG_DROP_ETHER;
	if (len < (v6 ? 54 : 34) + 8u + 20u)
		return TG_DROP_IP_HEADER;
	return -1;
}

Test(parse, truncated_at_every_length)
{
	struct rig *rig = rig_new(1, 1);
	uint8_t payload[20] = {0};

	for (int v6 = 0; v6 < 2; v6++) {
		const char *src = v6 ? "[2001:db8:a::5]:1" : RIG_PHONE;
		const char *dst = v6 ? "[2001:db8:a::1]:2" : RIG_ACCESS;

		for (uint16_t len = 0; len <= (v6 ? 82 : 62); len++) {
			struct rte_mbuf *m = rig_udp(rig, src, dst, payload, 20);

			m->data_len = len;
			parse(rig, m);
			cr_expect(eq(int, drop_of(rig), want_truncated(len, v6)), "v6 %d length %u",
				v6, len);
		}
	}
	rig_free(rig);
}

// The IP length says less than what lies there: UDP is judged by what IP gives it.
Test(parse, udp_header_cut_by_ip_at_every_length)
{
	struct rig *rig = rig_new(1, 1);

	for (uint16_t left = 0; left <= 12; left++) {
		struct rte_mbuf *m = rig_udp(rig, RIG_PHONE, RIG_ACCESS, "abcd", 4);

		data_of(m)[17] = (uint8_t)(20 + left);
		fix_ip4(m);
		parse(rig, m);
		cr_expect(eq(int, drop_of(rig), left < 12 ? TG_DROP_UDP_HEADER : -1), "left %u",
			left);
		m = rig_udp(rig, "[2001:db8:a::5]:1", "[2001:db8:a::1]:2", "abcd", 4);
		data_of(m)[19] = (uint8_t)left;
		parse(rig, m);
		cr_expect(eq(int, drop_of(rig), left < 12 ? TG_DROP_UDP_HEADER : -1), "left %u",
			left);
	}
	rig_free(rig);
}

Test(parse, one_changed_byte_has_its_name)
{
	static const struct {
		const char *name;
		bool v6;
		bool fix;
		uint16_t at;
		uint8_t value;
		int drop;
	} cases[] = {
		{"other type", false, false, 12, 0x88, TG_DROP_ETHER},
		{"length field", false, false, 12, 0x00, TG_DROP_ETHER},
		{"v6 type, v4 header", false, false, 12, 0x86, TG_DROP_ETHER},
		{"version 5", false, true, 14, 0x55, TG_DROP_IP_HEADER},
		{"header of 16 bytes", false, false, 14, 0x44, TG_DROP_IP_HEADER},
		{"header longer than all", false, false, 14, 0x4f, TG_DROP_IP_HEADER},
		{"total below header", false, true, 17, 19, TG_DROP_IP_HEADER},
		{"total above frame", false, true, 16, 1, TG_DROP_IP_HEADER},
		{"checksum", false, false, 24, 0, TG_DROP_IP_HEADER},
		{"more fragments", false, true, 20, 0x20, TG_DROP_IP_FRAGMENT},
		{"fragment offset", false, true, 21, 1, TG_DROP_IP_FRAGMENT},
		{"don't fragment", false, true, 20, 0x40, -1},
		{"TTL 0", false, true, 22, 0, TG_DROP_IP_TTL},
		{"TTL 1", false, true, 22, 1, -1},
		{"TCP", false, true, 23, 6, TG_DROP_NOT_UDP},
		{"ICMP", false, true, 23, 1, TG_DROP_NOT_UDP},
		{"UDP length 7", false, false, 39, 7, TG_DROP_UDP_HEADER},
		{"UDP length beyond IP", false, false, 39, 13, TG_DROP_UDP_HEADER},
		{"UDP length short", false, false, 39, 11, -1},
		{"v6 version 4", true, false, 14, 0x40, TG_DROP_IP_HEADER},
		{"v6 payload beyond frame", true, false, 19, 13, TG_DROP_IP_HEADER},
		{"v6 hop limit 0", true, false, 21, 0, TG_DROP_IP_TTL},
		{"v6 fragment", true, false, 20, 44, TG_DROP_IP_FRAGMENT},
		{"v6 ICMP", true, false, 20, 58, TG_DROP_NOT_UDP},
		{"v6 hop-by-hop", true, false, 20, 0, TG_DROP_NOT_UDP},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(1, 1);
		struct rte_mbuf *m = cases[i].v6
			? rig_udp(rig, "[2001:db8:a::5]:1", "[2001:db8:a::1]:2", "abcd", 4)
			: rig_udp(rig, RIG_PHONE, RIG_ACCESS, "abcd", 4);

		data_of(m)[cases[i].at] = cases[i].value;
		if (cases[i].fix)
			fix_ip4(m);
		parse(rig, m);
		cr_expect(eq(int, drop_of(rig), cases[i].drop), "%s", cases[i].name);
		rig_free(rig);
	}
}

Test(parse, mapped_address_in_a_v6_packet_is_refused)
{
	struct rig *rig = rig_new(1, 1);
	struct rte_mbuf *m = rig_udp(rig, "[2001:db8:a::5]:1", "[2001:db8:a::1]:2", "abcd", 4);
	struct tg_ip mapped = rig_ip("10.0.0.1");

	memcpy(data_of(m) + 22, mapped.byte, 16);
	parse(rig, m);
	cr_assert(eq(int, drop_of(rig), TG_DROP_IP_HEADER));
	rig_free(rig);
}

Test(parse, options_and_a_vlan_tag_are_stepped_over)
{
	struct rig *rig = rig_new(1, 1);
	const struct packet *pkt = &rig->path.burst.packet[0];
	struct rte_mbuf *m = rig_udp(rig, RIG_PHONE, RIG_ACCESS, "abcd", 4);
	uint8_t *data = data_of(m);

	memmove(data + 38, data + 34, 12);
	memset(data + 34, 1, 4);
	data[14] = 0x46;
	data[17] += 4;
	m->data_len += 4;
	fix_ip4(m);
	memmove(data + 16, data + 12, m->data_len - 12u);
	memcpy(data + 12, (uint8_t[]){0x81, 0, 0, 7}, 4);
	m->data_len += 4;
	parse(rig, m);
	cr_assert(eq(int, drop_of(rig), -1));
	cr_assert(eq(u16, pkt->l3_offset, 18));
	cr_assert(eq(u16, pkt->l4_offset, 42));
	cr_assert(eq(int, memcmp(packet_payload(pkt), "abcd", 4), 0));
	m->data_len = 17;
	parse(rig, m);
	cr_assert(eq(int, drop_of(rig), TG_DROP_ETHER));
	rig_free(rig);
}
