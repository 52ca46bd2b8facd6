// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/ctl/fake_io.h"

#include "dataplane/ctl/idle.h"
#include "dataplane/io/netlink.h"

#include <string.h>

struct fake_io fake_io;

static unsigned int find_listener(const struct tg_addr *local)
{
	unsigned int i = 0;

	while (i < fake_io.listeners && !tg_addr_equal(&fake_io.listener[i], local))
		i++;
	return i;
}

int steer_listener_set(struct steer * /*st*/, const struct tg_addr *local, bool ours)
{
	unsigned int i = find_listener(local);

	if (fake_io.steer_status < 0)
		return fake_io.steer_status;
	if (ours && i == fake_io.listeners)
		fake_io.listener[fake_io.listeners++] = *local;
	if (!ours && i < fake_io.listeners)
		fake_io.listener[i] = fake_io.listener[--fake_io.listeners];
	return 0;
}

int steer_pool_set(struct steer * /*st*/, const struct tg_ip *local,
	const struct steer_range *range, unsigned int count)
{
	unsigned int i = 0;

	if (fake_io.steer_status < 0)
		return fake_io.steer_status;
	while (i < fake_io.pools && !tg_ip_equal(&fake_io.pool[i].ip, local))
		i++;
	if (i == fake_io.pools)
		fake_io.pools++;
	fake_io.pool[i] = (struct fake_pool){.ip = *local, .ranges = count};
	memcpy(fake_io.pool[i].range, range, count * sizeof(*range));
	return 0;
}

const struct fake_pool *fake_pool_find(const char *text)
{
	struct tg_ip ip;

	tg_ip_parse(&ip, text);
	for (unsigned int i = 0; i < fake_io.pools; i++) {
		if (tg_ip_equal(&fake_io.pool[i].ip, &ip) && fake_io.pool[i].ranges > 0)
			return &fake_io.pool[i];
	}
	return NULL;
}

bool fake_listener_claimed(const char *text)
{
	struct tg_addr addr;

	tg_addr_parse(&addr, text);
	return find_listener(&addr) < fake_io.listeners;
}

void idle_start(struct idle * /*idle*/, struct tg_stream_ref /*ref*/, uint64_t /*now_ms*/)
{
	fake_io.watched++;
}

void idle_stop(struct idle * /*idle*/, struct tg_stream_ref /*ref*/)
{
	fake_io.watched--;
}

void netlink_prepare(struct netlink * /*nl*/, const struct tg_ip * /*dst*/, uint64_t /*now_ms*/)
{
}
