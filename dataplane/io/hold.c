// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/hold.h"

#include <string.h>

bool hold_is_needed(
	const struct tables *tables, struct neigh_wanted *wanted, const struct tg_ip *dst)
{
	const struct route *route = route_table_find(tables->routes, dst);
	const struct tg_ip *hop;

	if (route == NULL)
		return false;
	hop = tg_ip_is_unset(&route->gateway) ? dst : &route->gateway;
	if (neigh_table_find(tables->neighs, hop, route->port) != NULL)
		return false;
	neigh_wanted_add(wanted, hop, route->port);
	return true;
}

bool hold_put(struct hold *hold, const struct tg_packet *packet, uint64_t now_ms)
{
	for (unsigned int i = 0; i < HOLD_SLOTS && hold->count < HOLD_SLOTS; i++) {
		struct hold_slot *slot = &hold->slot[i];

		if (slot->until_ms != 0)
			continue;
		memcpy(slot->datagram, packet, sizeof(*packet) + packet->bytes);
		slot->until_ms = now_ms + HOLD_MS;
		hold->count++;
		return true;
	}
	return false;
}

const struct tg_packet *hold_take(struct hold *hold, const struct tables *tables,
	struct neigh_wanted *wanted, uint64_t now_ms)
{
	for (unsigned int i = 0; i < HOLD_SLOTS && hold->count > 0; i++) {
		struct hold_slot *slot = &hold->slot[i];
		const struct tg_packet *packet = (const struct tg_packet *)slot->datagram;

		if (slot->until_ms == 0
			|| (now_ms < slot->until_ms
				&& hold_is_needed(tables, wanted, &packet->remote.ip)))
			continue;
		slot->until_ms = 0;
		hold->count--;
		return packet;
	}
	return NULL;
}
