// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "dataplane/path/path_int.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define LISTENER PACKET_UNKNOWN
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
		{RIG_PHONE, RIG_SIP, LISTENER},
		{RIG_PHONE, RIG_ACCESS, PACKET_MEDIA},
		{RIG_PHONE, "192.0.2.1:20000", PACKET_MEDIA},
		{RIG_PHONE, "192.0.2.1:9999", DROPPED(NOT_OURS)},
		{RIG_PHONE, "192.0.2.1:20001", DROPPED(NOT_OURS)},
		{RIG_PHONE, "192.0.2.2:5060", DROPPED(NOT_OURS)},
		{RIG_PHONE, "198.51.100.1:5060", DROPPED(NOT_OURS)},
		{"[2001:db8:a::5]:1", "[2001:db8:a::1]:5060", LISTENER},
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
