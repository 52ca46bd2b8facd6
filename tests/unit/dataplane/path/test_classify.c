// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "dataplane/path/path_int.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define DROPPED(why) (-1 - TG_DROP_##why)

// The kind, or DROPPED.
static int classify(struct rig *rig, struct rte_mbuf *m)
{
	const struct packet *pkt = &rig->path.burst.packet[0];

	memset(&rig->path.burst, 0, sizeof(rig->path.burst));
	rig->path.burst.count = 1;
	rig->path.burst.packet[0].m = m;
	parse_burst(&rig->path);
	classify_burst(&rig->path);
	cr_assert(eq(int,
		rig->path.burst.sip_count + rig->path.burst.media_count
			+ (pkt->verdict == VERDICT_DROP),
		1));
	return pkt->verdict == VERDICT_DROP ? -1 - pkt->drop : pkt->kind;
}

Test(classify, destination_decides)
{
	static const struct {
		const char *src;
		const char *dst;
		int want;
	} cases[] = {
		{RIG_PHONE, RIG_SIP, PACKET_KEEPALIVE},
		{RIG_PHONE, RIG_ACCESS, PACKET_MEDIA},
		{RIG_PHONE, "192.0.2.1:20000", PACKET_MEDIA},
		{RIG_PHONE, "192.0.2.1:9999", DROPPED(NOT_OURS)},
		{RIG_PHONE, "192.0.2.1:20001", DROPPED(NOT_OURS)},
		{RIG_PHONE, "192.0.2.2:5060", DROPPED(NOT_OURS)},
		{RIG_PHONE, "198.51.100.1:5060", DROPPED(NOT_OURS)},
		{"[2001:db8:a::5]:1", "[2001:db8:a::1]:5060", PACKET_KEEPALIVE},
		{"[2001:db8:a::5]:1", "[2001:db8:a::1]:10000", PACKET_MEDIA},
		{"203.0.113.5:0", RIG_SIP, DROPPED(UDP_HEADER)},
		{"0.0.0.0:5060", RIG_SIP, DROPPED(IP_HEADER)},
		{"224.0.0.1:5060", RIG_SIP, DROPPED(IP_HEADER)},
		{"255.255.255.255:5060", RIG_SIP, DROPPED(IP_HEADER)},
		{"[ff02::1]:5060", "[2001:db8:a::1]:5060", DROPPED(IP_HEADER)},
		{"[::]:5060", "[2001:db8:a::1]:5060", DROPPED(IP_HEADER)},
	};
	struct rig *rig = rig_new(1, 1);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect(eq(int, classify(rig, rig_udp(rig, cases[i].src, cases[i].dst, "a", 1)),
				  cases[i].want),
			"%s to %s", cases[i].src, cases[i].dst);
	rig_free(rig);
}

Test(classify, A39_A36_what_a_listener_takes_for_sip)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{"INVITE sip:a@b SIP/2.0\r\n", PACKET_SIP},
		{"SIP/2.0 200 OK\r\n", PACKET_SIP},
		{"sip/2.0 200 OK\r\n", PACKET_SIP},
		{"\r\n\r\n\r\nACK sip:a@b SIP/2.0\r\n", PACKET_SIP},
		{"REGISTER tel:+1555 SIP/2.0\r\n", PACKET_SIP},
		// RFC 4475 3.1.1.2, 3.1.2.7, 3.1.2.9: strange, but worth an answer
		{"!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI", PACKET_SIP},
		{"INVITE <sip:user@example.com> SIP/2.0\r\n", PACKET_SIP},
		{"INVITE  sip:user@example.com  SIP/2.0\r\n", PACKET_SIP},
		{"RE%47IST%45R sip:registrar.example.com SIP/2.0\r\n", PACKET_SIP},
		{"GET / HTTP/1.1\r\n", DROPPED(SIP_NOT_SIP)},
		{"HTTP/1.1 200 OK\r\n", DROPPED(SIP_NOT_SIP)},
		{"INVITE\r\n\r\n", DROPPED(SIP_NOT_SIP)},
		{"INVITE 1234567", DROPPED(SIP_NOT_SIP)},
		{" INVITE sip:a@b", DROPPED(SIP_NOT_SIP)},
		{"\x80"
		 "abcdefghijk sip:a",
			DROPPED(SIP_NOT_SIP)},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa sip:a",
			DROPPED(SIP_NOT_SIP)},
		{"INVITE   ", DROPPED(SIP_NOT_SIP)},
		{"SIP/2.0", PACKET_KEEPALIVE},
		{"\r\n\r\n", PACKET_PING},
		{"\r\n\r\n\r\n\r\n\r\n\r\n", PACKET_KEEPALIVE},
		{"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
			DROPPED(SIP_NOT_SIP)},
	};
	struct rig *rig = rig_new(1, 1);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rte_mbuf *m = rig_udp(
			rig, RIG_PHONE, RIG_SIP, cases[i].text, (uint16_t)strlen(cases[i].text));

		cr_expect(eq(int, classify(rig, m), cases[i].want), "%s", cases[i].text);
	}
	rig_free(rig);
}
