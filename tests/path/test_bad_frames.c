// SPDX-License-Identifier: BSD-3-Clause
// Every header cut at every length and spoilt in every way that has a name: each such frame is counted
// under that one drop, of the worker and where there is one of the stream's side, and under nothing else.
#include "tests/unit/dataplane/rig.h"

#include "include/tidegate/csum.h"
#include "include/tidegate/wire.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define ETHER 14
#define UDP4 (ETHER + 20)
#define UDP6 (ETHER + 40)
#define RTP4 (UDP4 + 8)
#define SENT -1 // in the place of a drop: it is relayed
#define NONE -1 // in the place of a side's drop: it was no stream's yet
#define MALFORMED TG_DROP_MEDIA_MALFORMED
#define PHONE6 "[2001:db8:a::5]:4000"
#define ACCESS6 "[2001:db8:a::1]:10000"

enum base {
	IP4, // RTP with 160 bytes of payload
	IP6, // the same
	IP4_RTCP,
	IP4_MUX, // RTCP on the port of RTP
};

static struct rig *rig;

static void setup(void)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_OFF);

	rig = rig_new(3, 1);
	rig_add(rig, &spec);
	spec.side[0].local = rig_addr(ACCESS6);
	spec.side[0].remote[TG_RTP] = rig_addr(PHONE6);
	spec.side[0].local_rtcp_port = 0;
	spec.side[1].local = rig_addr("198.51.100.1:12002");
	spec.side[1].local_rtcp_port = 0;
	rig_add(rig, &spec);
	spec.side[0].local = rig_addr("192.0.2.1:10002");
	spec.side[0].remote[TG_RTP] = rig_addr(RIG_PHONE);
	spec.side[1].local = rig_addr("198.51.100.1:12004");
	rig_add(rig, &spec);
}

static void teardown(void)
{
	rig_free(rig);
}

TestSuite(bad, .init = setup, .fini = teardown);

static uint8_t *data_of(struct rte_mbuf *m)
{
	return (uint8_t *)m->buf_addr + m->data_off;
}

static void set_len(struct rte_mbuf *m, uint32_t len)
{
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
}

static void fix_ip4(struct rte_mbuf *m)
{
	uint8_t *ip = data_of(m) + ETHER;
	uint16_t csum;

	memset(ip + 10, 0, 2);
	csum = tg_csum(ip, (ip[0] & 15u) * 4);
	memcpy(ip + 10, &csum, 2);
}

// Puts bytes in front of what lies at an offset.
static void insert(struct rte_mbuf *m, uint32_t at, const void *bytes, uint32_t len)
{
	uint8_t *data = data_of(m);

	memmove(data + at + len, data + at, m->data_len - at);
	memcpy(data + at, bytes, len);
	set_len(m, m->data_len + len);
}

static struct rte_mbuf *with_payload(enum base base, const void *payload, uint16_t len)
{
	static const struct {
		const char *src;
		const char *dst;
	} ends[] = {
		[IP4] = {RIG_PHONE, RIG_ACCESS},
		[IP6] = {PHONE6, ACCESS6},
		[IP4_RTCP] = {"203.0.113.5:4001", "192.0.2.1:10001"},
		[IP4_MUX] = {RIG_PHONE, "192.0.2.1:10002"},
	};

	return rig_udp(rig, ends[base].src, ends[base].dst, payload, len);
}

static struct rte_mbuf *good(enum base base)
{
	static const uint8_t rtp[172] = {0x80, 0, 0, 7, [11] = 9};
	static const uint8_t rtcp[28] = {0x80, 200, 0, 6, [7] = 9};

	if (base == IP4 || base == IP6)
		return with_payload(base, rtp, sizeof(rtp));
	return with_payload(base, rtcp, sizeof(rtcp));
}

static uint32_t stream_of(enum base base)
{
	return base == IP6 ? 1 : base == IP4_MUX ? 2 : 0;
}

// Sends a frame and compares every counter there is. drop: enum tg_drop or SENT; side_drop: enum
// tg_side_drop of side 0 of the base's stream, or NONE.
static void expect(
	struct rte_mbuf *m, enum base base, int drop, int side_drop, const char *name, uint32_t n)
{
	struct tg_worker_stats want = rig->stats;
	struct tg_stream_stats streams[3];
	uint32_t relayed = 0;

	memcpy(streams, rig->stream_stats, sizeof(streams));
	want.counter[TG_COUNT_RX_PACKETS]++;
	want.counter[TG_COUNT_RX_BYTES] += m->pkt_len;
	if (drop == SENT)
		want.counter[TG_COUNT_MEDIA_RELAYED]++;
	else
		want.drop[drop]++;
	if (side_drop != NONE)
		streams[stream_of(base)].side[0].drop[side_drop]++;
	path_receive(&rig->path, 0, &m, 1);
	for (uint32_t port = 0; port < TG_PORTS_MAX; port++) {
		relayed += rig->path.tx[port].count;
		rig->path.tx[port].count = 0;
	}
	cr_expect(eq(u32, relayed, drop == SENT), "%s %u: sent", name, n);
	cr_expect(eq(u32, rig->path.freed.count, drop != SENT), "%s %u: freed", name, n);
	for (int i = 0; i < TG_COUNT_COUNT; i++)
		cr_expect(eq(u64, rig->stats.counter[i], want.counter[i]), "%s %u: counter %d",
			name, n, i);
	for (int i = 0; i < TG_DROP_COUNT; i++)
		cr_expect(eq(u64, rig->stats.drop[i], want.drop[i]), "%s %u: drop %d", name, n, i);
	if (drop != SENT)
		cr_expect(eq(int, memcmp(streams, rig->stream_stats, sizeof(streams)), 0),
			"%s %u: the streams' numbers", name, n);
	rig->path.freed.count = 0;
}

static void tag(struct rte_mbuf *m, uint16_t type)
{
	const uint8_t vlan[4] = {(uint8_t)(type >> 8), (uint8_t)type, 0, 7};

	insert(m, 12, vlan, sizeof(vlan));
}

static void add_options(struct rte_mbuf *m)
{
	static const uint8_t options[12] = {1, 1, 0x94, 4, 0, 0, 1, 1, 1, 1, 1, 0};
	uint8_t *ip = data_of(m) + ETHER;

	insert(m, UDP4, options, sizeof(options));
	ip[0] = 0x48;
	tg_store_be16(ip + 2, (uint16_t)(tg_load_be16(ip + 2) + sizeof(options)));
	fix_ip4(m);
}

// The lengths inside say what was sent, the frame ends before.
Test(bad, frame_cut_at_every_length)
{
	static const struct {
		const char *name;
		enum base base;
		uint16_t tags[2];
		bool options;
		uint32_t ether_bytes; // below this it is Ethernet's fault
	} cases[] = {
		{"IPv4", IP4, {0}, false, 14},
		{"IPv4 with options", IP4, {0}, true, 14},
		{"IPv4 in a VLAN", IP4, {0x8100}, false, 18},
		{"IPv4 in a provider's VLAN", IP4, {0x88a8}, false, 18},
		{"IPv6", IP6, {0}, false, 14},
		{"IPv6 in a VLAN", IP6, {0x8100}, false, 18},
		{"RTCP", IP4_RTCP, {0}, false, 14},
		{"muxed RTCP", IP4_MUX, {0}, false, 14},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint32_t len = 0, whole = 1; len <= whole; len++) {
			struct rte_mbuf *m = good(cases[i].base);

			if (cases[i].options)
				add_options(m);
			if (cases[i].tags[0] != 0)
				tag(m, cases[i].tags[0]);
			whole = m->data_len;
			set_len(m, len);
			expect(m, cases[i].base,
				len < cases[i].ether_bytes ? TG_DROP_ETHER
					: len < whole	   ? TG_DROP_IP_HEADER
							   : SENT,
				NONE, cases[i].name, len);
		}
	}
}

// The frame is whole, IP says that it carries less.
Test(bad, udp_cut_by_ip_at_every_length)
{
	static const enum base bases[] = {IP4, IP6, IP4_RTCP};

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		uint32_t whole = good(bases[i])->data_len - (bases[i] == IP6 ? UDP6 : UDP4);

		for (uint32_t left = 0; left <= whole; left++) {
			struct rte_mbuf *m = good(bases[i]);
			uint8_t *ip = data_of(m) + ETHER;

			if (bases[i] == IP6)
				tg_store_be16(ip + 4, (uint16_t)left);
			else
				tg_store_be16(ip + 2, (uint16_t)(20 + left));
			if (bases[i] != IP6)
				fix_ip4(m);
			expect(m, bases[i], left < whole ? TG_DROP_UDP_HEADER : SENT, NONE,
				"UDP beyond IP", left);
		}
	}
}

Test(bad, udp_length_of_every_value)
{
	for (uint32_t base = IP4; base <= IP6; base++) {
		uint32_t at = base == IP6 ? UDP6 : UDP4;
		uint32_t whole = good(base)->data_len - at;

		for (uint32_t len = 0; len <= whole + 20; len++) {
			struct rte_mbuf *m = good(base);
			bool sound = len >= 8 && len <= whole;

			tg_store_be16(data_of(m) + at + 4, (uint16_t)len);
			// 12 bytes of RTP header are left, or not.
			expect(m, base,
				!sound		   ? TG_DROP_UDP_HEADER
					: len < 20 ? MALFORMED
						   : SENT,
				sound && len < 20 ? TG_SIDE_DROP_MALFORMED : NONE, "UDP length",
				len);
		}
	}
}

struct change {
	const char *name;
	enum base base;
	uint8_t at;
	uint8_t bytes[4];
	uint8_t count; // of bytes; 0 is 1
	bool keep;     // the IPv4 checksum as it was
	int drop;
	int side_drop;
};

#define ETHER_CHANGE(name, ...)                                            \
	{                                                                  \
		name, IP4, 12, {__VA_ARGS__}, 2, true, TG_DROP_ETHER, NONE \
	}
#define IP4_CHANGE(name, at, value, drop)                            \
	{                                                            \
		name, IP4, ETHER + at, {value}, 1, false, drop, NONE \
	}
#define IP6_CHANGE(name, at, value, drop)                           \
	{                                                           \
		name, IP6, ETHER + at, {value}, 1, true, drop, NONE \
	}

static const struct change changes[] = {
	ETHER_CHANGE("length field, as of 802.3", 0, 46),
	ETHER_CHANGE("ARP", 0x08, 0x06),
	ETHER_CHANGE("MPLS", 0x88, 0x47),
	ETHER_CHANGE("PPPoE", 0x88, 0x64),
	ETHER_CHANGE("type of the other VLAN", 0x91, 0x00),
	{"IPv4 in a frame of IPv6", IP4, 12, {0x86, 0xdd}, 2, true, TG_DROP_IP_HEADER, NONE},
	{"IPv6 in a frame of IPv4", IP6, 12, {0x08, 0x00}, 2, true, TG_DROP_IP_HEADER, NONE},
	IP4_CHANGE("version 0", 0, 0x05, TG_DROP_IP_HEADER),
	IP4_CHANGE("version 5", 0, 0x55, TG_DROP_IP_HEADER),
	IP4_CHANGE("version 6", 0, 0x65, TG_DROP_IP_HEADER),
	IP4_CHANGE("version 15", 0, 0xf5, TG_DROP_IP_HEADER),
	{"IHL 0", IP4, ETHER, {0x40}, 1, true, TG_DROP_IP_HEADER, NONE},
	{"IHL 4", IP4, ETHER, {0x44}, 1, true, TG_DROP_IP_HEADER, NONE},
	{"IHL 6, which takes UDP's ports for an option", IP4, ETHER, {0x46}, 1, true,
		TG_DROP_IP_HEADER, NONE},
	IP4_CHANGE("type of service is not read", 1, 0xff, SENT),
	{"total length 0", IP4, ETHER + 2, {0, 0}, 2, false, TG_DROP_IP_HEADER, NONE},
	{"total length below the header's", IP4, ETHER + 2, {0, 19}, 2, false, TG_DROP_IP_HEADER,
		NONE},
	{"total length of the header", IP4, ETHER + 2, {0, 20}, 2, false, TG_DROP_UDP_HEADER, NONE},
	{"total length one beyond the frame", IP4, ETHER + 2, {0, 201}, 2, false, TG_DROP_IP_HEADER,
		NONE},
	{"total length 65535", IP4, ETHER + 2, {0xff, 0xff}, 2, false, TG_DROP_IP_HEADER, NONE},
	IP4_CHANGE("identification is not read", 4, 0xff, SENT),
	IP4_CHANGE("do not fragment", 6, 0x40, SENT),
	IP4_CHANGE("reserved flag is not read", 6, 0x80, SENT),
	IP4_CHANGE("first fragment", 6, 0x20, TG_DROP_IP_FRAGMENT),
	{"middle fragment", IP4, ETHER + 6, {0x20, 0x10}, 2, false, TG_DROP_IP_FRAGMENT, NONE},
	{"last fragment", IP4, ETHER + 6, {0x00, 0x10}, 2, false, TG_DROP_IP_FRAGMENT, NONE},
	{"last possible offset", IP4, ETHER + 6, {0x1f, 0xff}, 2, false, TG_DROP_IP_FRAGMENT, NONE},
	IP4_CHANGE("TTL 0", 8, 0, TG_DROP_IP_TTL),
	IP4_CHANGE("TTL 1", 8, 1, SENT),
	IP4_CHANGE("ICMP", 9, 1, TG_DROP_NOT_UDP),
	IP4_CHANGE("TCP", 9, 6, TG_DROP_NOT_UDP),
	IP4_CHANGE("UDP-Lite", 9, 136, TG_DROP_NOT_UDP),
	{"checksum", IP4, ETHER + 10, {0xde, 0xad}, 2, true, TG_DROP_IP_HEADER, NONE},
	{"checksum 0", IP4, ETHER + 10, {0, 0}, 2, true, TG_DROP_IP_HEADER, NONE},
	{"a source that the checksum does not cover", IP4, ETHER + 15, {9}, 1, true,
		TG_DROP_IP_HEADER, NONE},
	{"another source", IP4, ETHER + 15, {9}, 1, false, TG_DROP_MEDIA_SOURCE,
		TG_SIDE_DROP_SOURCE},
	IP4_CHANGE("another destination", 19, 9, TG_DROP_NOT_OURS),

	IP6_CHANGE("version 0", 0, 0x00, TG_DROP_IP_HEADER),
	IP6_CHANGE("version 4", 0, 0x40, TG_DROP_IP_HEADER),
	IP6_CHANGE("version 7", 0, 0x70, TG_DROP_IP_HEADER),
	IP6_CHANGE("traffic class and flow label are not read", 1, 0xff, SENT),
	{"payload length 0", IP6, ETHER + 4, {0, 0}, 2, true, TG_DROP_UDP_HEADER, NONE},
	{"payload length of a UDP header less one", IP6, ETHER + 4, {0, 7}, 2, true,
		TG_DROP_UDP_HEADER, NONE},
	{"payload length one beyond the frame", IP6, ETHER + 4, {0, 181}, 2, true,
		TG_DROP_IP_HEADER, NONE},
	{"payload length 65535", IP6, ETHER + 4, {0xff, 0xff}, 2, true, TG_DROP_IP_HEADER, NONE},
	IP6_CHANGE("hop-by-hop", 6, 0, TG_DROP_NOT_UDP),
	IP6_CHANGE("TCP", 6, 6, TG_DROP_NOT_UDP),
	IP6_CHANGE("routing", 6, 43, TG_DROP_NOT_UDP),
	IP6_CHANGE("fragment", 6, 44, TG_DROP_IP_FRAGMENT),
	IP6_CHANGE("ESP", 6, 50, TG_DROP_NOT_UDP),
	IP6_CHANGE("ICMPv6", 6, 58, TG_DROP_NOT_UDP),
	IP6_CHANGE("nothing follows", 6, 59, TG_DROP_NOT_UDP),
	IP6_CHANGE("destination options", 6, 60, TG_DROP_NOT_UDP),
	IP6_CHANGE("hop limit 0", 7, 0, TG_DROP_IP_TTL),
	IP6_CHANGE("hop limit 1", 7, 1, SENT),
	{"another source", IP6, ETHER + 23, {9}, 1, true, TG_DROP_MEDIA_SOURCE,
		TG_SIDE_DROP_SOURCE},
	IP6_CHANGE("another destination", 39, 9, TG_DROP_NOT_OURS),

	{"UDP source port 0", IP4, UDP4, {0, 0}, 2, false, TG_DROP_MEDIA_SOURCE,
		TG_SIDE_DROP_SOURCE},
	{"UDP destination port 0", IP4, UDP4 + 2, {0, 0}, 2, false, TG_DROP_NOT_OURS, NONE},
	{"a port of the pool that no stream holds", IP4, UDP4 + 2, {0x27, 0x1a}, 2, false,
		TG_DROP_MEDIA_NO_STREAM, NONE},
	{"UDP checksum 0 over IPv4", IP4, UDP4 + 6, {0, 0}, 2, false, SENT, NONE},
	// It stays wrong on its way, for the receiver to see: RFC 1624 replaces what we replace.
	{"UDP checksum wrong", IP4, UDP4 + 6, {0xde, 0xad}, 2, false, SENT, NONE},
	{"UDP checksum 0 over IPv6", IP6, UDP6 + 6, {0, 0}, 2, true, TG_DROP_UDP_CHECKSUM, NONE},

	{"RTP version 0", IP4, RTP4, {0x00}, 1, false, MALFORMED, TG_SIDE_DROP_MALFORMED},
	{"RTP version 1", IP4, RTP4, {0x40}, 1, false, MALFORMED, TG_SIDE_DROP_MALFORMED},
	{"RTP version 3", IP4, RTP4, {0xc0}, 1, false, MALFORMED, TG_SIDE_DROP_MALFORMED},
	{"15 CSRCs, which fit", IP4, RTP4, {0x8f}, 1, false, SENT, NONE},
	{"payload type 13 that was not negotiated", IP4, RTP4 + 1, {13}, 1, false,
		TG_DROP_MEDIA_PAYLOAD_TYPE, TG_SIDE_DROP_PAYLOAD_TYPE},
	{"RTCP on RTP's own port", IP4, RTP4 + 1, {200}, 1, false, TG_DROP_MEDIA_PAYLOAD_TYPE,
		TG_SIDE_DROP_PAYLOAD_TYPE},

	{"RTCP version 0", IP4_RTCP, RTP4, {0x00}, 1, false, MALFORMED, TG_SIDE_DROP_MALFORMED},
	{"RTCP version 1", IP4_RTCP, RTP4, {0x40}, 1, false, MALFORMED, TG_SIDE_DROP_MALFORMED},
	{"RTCP version 3", IP4_RTCP, RTP4, {0xc0}, 1, false, MALFORMED, TG_SIDE_DROP_MALFORMED},
	{"RTCP type below", IP4_RTCP, RTP4 + 1, {191}, 1, false, MALFORMED, TG_SIDE_DROP_MALFORMED},
	{"RTCP type above", IP4_RTCP, RTP4 + 1, {224}, 1, false, MALFORMED, TG_SIDE_DROP_MALFORMED},
	{"RTCP of no SSRC", IP4_RTCP, RTP4 + 2, {0, 0}, 2, false, MALFORMED,
		TG_SIDE_DROP_MALFORMED},
	{"RTCP of its SSRC alone", IP4_RTCP, RTP4 + 2, {0, 1}, 2, false, SENT, NONE},
	{"RTCP one word beyond", IP4_RTCP, RTP4 + 2, {0, 7}, 2, false, MALFORMED,
		TG_SIDE_DROP_MALFORMED},
	{"RTCP of 65535 words", IP4_RTCP, RTP4 + 2, {0xff, 0xff}, 2, false, MALFORMED,
		TG_SIDE_DROP_MALFORMED},
	{"more reports than bytes are not read", IP4_RTCP, RTP4, {0x9f}, 1, false, SENT, NONE},
	{"muxed RTCP one word beyond", IP4_MUX, RTP4 + 2, {0, 7}, 2, false, MALFORMED,
		TG_SIDE_DROP_MALFORMED},
	{"muxed RTCP version 1", IP4_MUX, RTP4, {0x40}, 1, false, MALFORMED,
		TG_SIDE_DROP_MALFORMED},
	{"muxed, a type of RTP", IP4_MUX, RTP4 + 1, {191}, 1, false, TG_DROP_MEDIA_PAYLOAD_TYPE,
		TG_SIDE_DROP_PAYLOAD_TYPE},
};

Test(bad, each_change_has_its_name)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *change = &changes[i];
		struct rte_mbuf *m = good(change->base);

		memcpy(data_of(m) + change->at, change->bytes, change->count);
		if (!change->keep)
			fix_ip4(m);
		expect(m, change->base, change->drop, change->side_drop, change->name, (uint32_t)i);
	}
}

Test(bad, every_bit_of_an_ip4_header_is_under_its_checksum)
{
	for (uint32_t bit = 0; bit < 160; bit++) {
		struct rte_mbuf *m = good(IP4);

		data_of(m)[ETHER + bit / 8] ^= (uint8_t)(1u << bit % 8);
		expect(m, IP4, TG_DROP_IP_HEADER, NONE, "bit", bit);
	}
}

Test(bad, two_tags_are_of_no_known_type)
{
	static const uint16_t outer[] = {0x8100, 0x88a8};

	for (size_t i = 0; i < 2; i++) {
		for (uint32_t len = 0, whole = 1; len <= whole; len++) {
			struct rte_mbuf *m = good(IP4);

			tag(m, 0x8100);
			tag(m, outer[i]);
			whole = m->data_len;
			set_len(m, len);
			expect(m, IP4, TG_DROP_ETHER, NONE, "two tags", len);
		}
	}
}

Test(bad, options_that_are_sound_and_their_corruption)
{
	for (uint32_t byte = UDP4; byte < UDP4 + 12; byte++) {
		struct rte_mbuf *m = good(IP4);

		add_options(m);
		data_of(m)[byte] ^= 0x10;
		expect(m, IP4, TG_DROP_IP_HEADER, NONE, "option", byte);
		m = good(IP4);
		add_options(m);
		data_of(m)[byte] ^= 0x10;
		fix_ip4(m);
		expect(m, IP4, SENT, NONE, "option with its checksum", byte);
	}
}

// A header between IPv6 and UDP, whole and sound: what stands behind is not looked for (RFC 7045).
Test(bad, extension_headers_of_ip6)
{
	static const struct {
		const char *name;
		uint8_t type;
		uint8_t header[8];
		int drop;
	} cases[] = {
		{"hop-by-hop", 0, {17, 0, 1, 4}, TG_DROP_NOT_UDP},
		{"routing", 43, {17, 0, 4, 0}, TG_DROP_NOT_UDP},
		{"destination options", 60, {17, 0, 1, 4}, TG_DROP_NOT_UDP},
		{"first fragment", 44, {17, 0, 0, 1, 0, 0, 0, 9}, TG_DROP_IP_FRAGMENT},
		{"middle fragment", 44, {17, 0, 1, 1, 0, 0, 0, 9}, TG_DROP_IP_FRAGMENT},
		{"last fragment", 44, {17, 0, 1, 0, 0, 0, 0, 9}, TG_DROP_IP_FRAGMENT},
		{"atomic fragment", 44, {17, 0, 0, 0, 0, 0, 0, 9}, TG_DROP_IP_FRAGMENT},
		{"fragment of what is not UDP", 44, {6, 0, 0, 1, 0, 0, 0, 9}, TG_DROP_IP_FRAGMENT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint32_t len = UDP6, whole = UDP6; len <= whole; len++) {
			struct rte_mbuf *m = good(IP6);
			uint8_t *ip = data_of(m) + ETHER;

			insert(m, UDP6, cases[i].header, 8);
			ip[6] = cases[i].type;
			tg_store_be16(ip + 4, (uint16_t)(tg_load_be16(ip + 4) + 8));
			whole = m->data_len;
			set_len(m, len);
			expect(m, IP6, len < whole ? TG_DROP_IP_HEADER : cases[i].drop, NONE,
				cases[i].name, len);
		}
	}
}

// RFC 3550 section 5.1: what the header says must lie inside.
Test(bad, rtp_header_cut_at_every_length)
{
	static const struct {
		const char *name;
		uint8_t rtp[40];
		uint16_t need;
	} cases[] = {
		{"plain", {0x80}, 12},
		{"one CSRC", {0x81}, 16},
		{"CSRCs", {0x85}, 32},
		{"extension of no words", {0x90}, 16},
		{"extension", {0x90, [15] = 3}, 28},
		{"CSRCs and an extension", {0x92, [23] = 1}, 28},
		{"extension of 65535 words", {0x90, [14] = 0xff, 0xff}, 41},
		{"15 CSRCs", {0x8f}, 41},
		// Its count may be under SRTP's cipher (RFC 3711 section 3.1), so that only its
		// byte is asked for.
		{"padding", {0xa0}, 13},
		{"padding behind a CSRC and an extension", {0xb1}, 21},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint16_t len = 0; len <= sizeof(cases[i].rtp); len++) {
			bool sound = len >= cases[i].need;

			expect(with_payload(IP4, cases[i].rtp, len), IP4, sound ? SENT : MALFORMED,
				sound ? NONE : TG_SIDE_DROP_MALFORMED, cases[i].name, len);
		}
	}
}

// RFC 3550 section 6.1: only of the first is known that it is in clear.
Test(bad, rtcp_compound_cut_and_spoilt)
{
	static const uint8_t compound[48] = {0x80, 201, 0, 1, 0, 0, 0, 9, // RR
		0x81, 202, 0, 2, 0, 0, 0, 9, 1, 1, 'x', 0,		  // SDES
		0x81, 203, 0, 1, 0, 0, 0, 9,				  // BYE
		0x80, 207, 0, 4, 0, 0, 0, 9};				  // XR
	static const enum base bases[] = {IP4_RTCP, IP4_MUX};

	for (size_t i = 0; i < 2; i++) {
		for (uint16_t len = 0; len <= sizeof(compound); len++) {
			// Without its second byte it is not known for RTCP, but no RTP either.
			bool sound = len >= 8;

			expect(with_payload(bases[i], compound, len), bases[i],
				sound ? SENT : MALFORMED, sound ? NONE : TG_SIDE_DROP_MALFORMED,
				"compound", len);
		}
		for (uint32_t byte = 8; byte < sizeof(compound); byte++) {
			struct rte_mbuf *m = with_payload(bases[i], compound, sizeof(compound));

			data_of(m)[RTP4 + byte] ^= 0xff;
			expect(m, bases[i], SENT, NONE, "behind the first", byte);
		}
	}
}

// On a port that is the dataplane's alone, what is not for it is the kernel's, and only that.
Test(bad, the_kernels_share)
{
	rig->tables->ports.port[0].kernel_by_tap = true;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *change = &changes[i];
		struct rte_mbuf *m = good(change->base);
		uint64_t before = rig_drops(rig);
		bool kernels = change->drop == TG_DROP_ETHER || change->drop == TG_DROP_NOT_UDP
			|| change->drop == TG_DROP_NOT_OURS || change->drop == TG_DROP_IP_FRAGMENT;

		memcpy(data_of(m) + change->at, change->bytes, change->count);
		if (!change->keep)
			fix_ip4(m);
		path_receive(&rig->path, 0, &m, 1);
		cr_expect(eq(u32, rig->path.kernel.count, kernels), "%s", change->name);
		cr_expect(eq(u64, rig_drops(rig) - before, !kernels && change->drop != SENT), "%s",
			change->name);
		rig->path.kernel.count = rig->path.freed.count = rig->path.tx[1].count = 0;
	}
}

// SIP is ours to read, so its checksum is ours to check.
Test(bad, udp_checksum_of_sip)
{
	static const char sip[] = "OPTIONS sip:a@b SIP/2.0\r\n\r\n";
	struct rte_mbuf *m = rig_udp(rig, RIG_PHONE, RIG_SIP, sip, sizeof(sip) - 1);

	data_of(m)[RTP4 + 9] ^= 1;
	expect(m, IP4, TG_DROP_UDP_CHECKSUM, NONE, "SIP", 0);
}
