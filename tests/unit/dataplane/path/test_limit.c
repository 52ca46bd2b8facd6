// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "dataplane/path/path_int.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

// The trust and the burst that a source is given.
Test(limit, trust_and_rate_of_a_source)
{
	static const struct {
		const char *src;
		enum tg_trust_level trust;
		uint32_t burst;
	} cases[] = {
		{"203.0.113.5:1", TG_TRUST_STRANGER, 2},
		{"203.0.113.65:1", TG_TRUST_TRUNK, 4},
		{"203.0.113.70:1", TG_TRUST_STRANGER, 1},
		{"198.51.100.7:1", TG_TRUST_TRUNK, 50},
	};
	struct tg_trust trunk = {.net = rig_ip("203.0.113.64"),
		.bits = 122,
		.id = 0,
		.level = TG_TRUST_TRUNK,
		.rate = {1, 4}};
	struct tg_trust suspect = {.net = rig_ip("203.0.113.70"),
		.bits = 128,
		.id = 1,
		.level = TG_TRUST_STRANGER,
		.rate = {1, 1}};
	struct tg_trust free_of_limit = {
		.net = rig_ip("198.51.100.0"), .bits = 120, .id = 2, .level = TG_TRUST_TRUNK};
	struct tg_listener listener = {.local = rig_addr(RIG_SIP), .id = 1, .stranger = {1, 2}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(1, 1);
		uint32_t passed = 0;

		trust_table_put(rig->tables->trust, &trunk);
		trust_table_put(rig->tables->trust, &suspect);
		trust_table_put(rig->tables->trust, &free_of_limit);
		listener_table_put(rig->tables->listeners, &listener);
		for (int n = 0; n < 50; n++) {
			struct rte_mbuf *m = rig_udp(rig, cases[i].src, RIG_SIP, "\r\n", 2);

			passed += rig_receive(rig, 0, m).drop < 0;
			cr_expect(eq(u8, rig->path.burst.packet[0].trust, cases[i].trust), "%s",
				cases[i].src);
		}
		cr_expect(eq(u32, passed, cases[i].burst), "%s", cases[i].src);
		cr_expect(eq(u64, rig->stats.drop[TG_DROP_SIP_RATE], 50 - cases[i].burst));
		rig_free(rig);
	}
}
