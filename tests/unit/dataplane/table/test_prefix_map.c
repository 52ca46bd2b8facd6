// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/prefix_map.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct tg_ip ip(const char *text)
{
	struct tg_ip out;

	cr_assert(eq(int, tg_ip_parse(&out, text), 0));
	return out;
}

Test(prefix_map, mask_clears_the_host_bits)
{
	static const struct {
		const char *net;
		unsigned int bits;
		const char *want;
	} cases[] = {
		{"192.0.2.255", 128, "192.0.2.255"},
		{"192.0.2.255", 120, "192.0.2.0"},
		{"192.0.2.255", 121, "192.0.2.128"},
		{"192.0.2.255", 96, "0.0.0.0"},
		{"2001:db8:ffff::1", 33, "2001:db8:8000::"},
		{"2001:db8::1", 0, "::"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_ip net = ip(cases[i].net);
		struct tg_ip want = ip(cases[i].want);
		struct tg_ip masked = prefix_mask(&net, cases[i].bits);

		cr_expect(tg_ip_equal(&masked, &want), "%s/%u", cases[i].net, cases[i].bits);
	}
}

// A plain scan over all prefixes is the truth that the map is held against.
Test(prefix_map, longest_prefix_wins_as_in_a_linear_scan)
{
	enum { NODES = 400 };
	static struct prefix_node nodes[NODES];
	static bool in[NODES];
	struct prefix_map *map;
	uint32_t random = 1;

	cr_assert(eq(int, prefix_map_new(&map, 64), 0));
	for (int round = 0; round < 20000; round++) {
		struct prefix_node *found;
		const struct prefix_node *best = NULL;
		struct tg_ip key;
		uint32_t at;

		random = random * 1664525 + 1013904223;
		at = (random >> 8) % NODES;
		key = tg_ip_v4(htonl(0x0a000000 | (random >> 4 & 0x0303ff)));
		if (in[at]) {
			prefix_map_remove(map, &nodes[at]);
			in[at] = false;
		} else {
			struct prefix_node *old = prefix_map_put(
				map, &nodes[at], &key, 96 + random % 33);

			in[at] = true;
			if (old != NULL)
				in[old - nodes] = false;
		}
		key = tg_ip_v4(htonl(0x0a000000 | (random >> 6 & 0x0303ff)));
		for (int i = 0; i < NODES; i++)
			if (in[i] && tg_ip_in(&key, &nodes[i].net, nodes[i].bits)
				&& (best == NULL || nodes[i].bits > best->bits))
				best = &nodes[i];
		found = prefix_map_find(map, &key);
		cr_assert(found == best, "round %d", round);
	}
	for (int i = 0; i < NODES; i++)
		if (in[i])
			prefix_map_remove(map, &nodes[i]);
	cr_assert(prefix_map_first(map) == NULL);
	prefix_map_free(map);
	prefix_map_free(NULL);
}

Test(prefix_map, get_wants_the_exact_prefix)
{
	struct prefix_map *map;
	struct prefix_node node;
	struct tg_ip net = ip("10.1.2.3");

	cr_assert(eq(int, prefix_map_new(&map, 64), 0));
	cr_assert(prefix_map_put(map, &node, &net, 112) == NULL);
	cr_assert(prefix_map_get(map, &net, 112) == &node);
	cr_assert(prefix_map_get(map, &net, 111) == NULL);
	cr_assert(prefix_map_first(map) == &node);
	prefix_map_remove(map, &node);
	prefix_map_free(map);
}
