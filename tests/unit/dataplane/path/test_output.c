// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "dataplane/path/path_int.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct rig_out from_phone(struct rig *rig)
{
	struct rig_rtp rtp = {.pt = 0, .ssrc = 1};

	return rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp));
}

Test(output, hop_by_route_gateway_and_neighbour)
{
	static const struct {
		const char *dst;
		int ret;
		uint16_t port;
		uint8_t mac_last;
		const char *wanted;
	} cases[] = {
		{"203.0.113.99", 0, 0, 0xfe, NULL},
		{"192.0.2.50", 0, 0, 50, NULL},
		{"198.51.100.7", 0, 1, 7, NULL},
		{"2001:db8:c::7", 0, 1, 7, NULL},
		{"198.51.100.8", -TG_DROP_NO_NEIGHBOUR, 1, 0, "198.51.100.8"},
		{"8.8.8.8", -TG_DROP_NO_ROUTE, 0, 0, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(1, 1);
		struct tg_ip dst = rig_ip(cases[i].dst);
		struct neigh_want want;
		uint16_t port = 99;
		uint8_t mac[6] = {0};

		cr_expect(eq(int, output_hop(&port, mac, &rig->path, &dst), cases[i].ret), "%s",
			cases[i].dst);
		if (cases[i].ret == 0) {
			cr_expect(eq(u16, port, cases[i].port), "%s", cases[i].dst);
			cr_expect(eq(u8, mac[5], cases[i].mac_last), "%s", cases[i].dst);
		}
		cr_expect(eq(int, neigh_wanted_take(&want, &rig->wanted), cases[i].wanted != NULL));
		rig->tables->ports.port[0].present = rig->tables->ports.port[1].present = false;
		cr_expect(eq(int, output_hop(&port, mac, &rig->path, &dst), -TG_DROP_NO_ROUTE));
		rig_free(rig);
	}
}

Test(output, hop_is_looked_up_once_until_something_changes)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_PORT);
	struct tg_stream_ref ref = rig_add(rig, &spec);
	struct tg_ip carrier = rig_ip("198.51.100.7");

	cr_assert(eq(int, from_phone(rig).port, 1));
	neigh_table_remove(rig->tables->neighs, &carrier, 1);
	cr_assert(eq(int, from_phone(rig).port, 1), "from the cache");
	cr_assert(eq(int, flow_table_update(rig->tables->flows, ref, &spec, 1), 0));
	cr_assert(eq(int, from_phone(rig).drop, TG_DROP_NO_NEIGHBOUR), "a new spec, a new look");
	rig_free(rig);
}

Test(output, learning_the_far_side_changes_the_hop)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_PORT);
	struct rig_rtp rtp = {.pt = 0};
	struct rig_out out;

	spec.side[1].latch = TG_LATCH_ANY;
	rig_add(rig, &spec);
	cr_assert(eq(u8, from_phone(rig).mac_to[5], 7));
	rig_receive(rig, 1, rig_rtp(rig, "192.0.2.50:30000", RIG_CORE, rtp));
	out = from_phone(rig);
	cr_assert(eq(int, out.port, 0));
	cr_assert(eq(u8, out.mac_to[5], 50));
	rig_free(rig);
}

Test(output, what_was_learned_is_ignored_once_latching_is_off)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_PORT);
	struct rig_rtp rtp = {.pt = 0};
	struct tg_addr carrier = rig_addr(RIG_CARRIER);
	struct tg_stream_ref ref;
	struct rig_out out;

	spec.side[1].latch = TG_LATCH_ANY;
	ref = rig_add(rig, &spec);
	rig_receive(rig, 1, rig_rtp(rig, "192.0.2.50:30000", RIG_CORE, rtp));
	cr_assert(eq(int, from_phone(rig).port, 0));
	spec.side[1].latch = TG_LATCH_OFF;
	flow_table_update(rig->tables->flows, ref, &spec, 1);
	out = from_phone(rig);
	cr_assert(tg_addr_equal(&out.dst, &carrier));
	rig_free(rig);
}

Test(output, families_of_local_and_destination_must_agree)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_PORT);

	spec.side[1].remote[TG_RTP] = rig_addr("[2001:db8:c::7]:30000");
	rig_add(rig, &spec);
	cr_assert(eq(int, from_phone(rig).drop, TG_DROP_NO_ROUTE));
	rig_free(rig);
}
