// SPDX-License-Identifier: BSD-3-Clause
#include "tests/mock/fake_net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "include/tidegate/limits.h"

static int keep(void *arg, const struct net_flow *flow, struct str message)
{
	struct fake_net *net = arg;
	struct fake_datagram *d;

	if (net->fail != 0)
		return net->fail;
	if (flow->protocol == TRANSPORT_UDP && message.len > TG_PUNT_BYTES_MAX)
		return -EMSGSIZE;
	d = calloc(1, sizeof(*d) + message.len + 1);
	if (d == NULL)
		abort();
	d->flow = *flow;
	d->when = timer_wheel_now(net->wheel);
	d->len = message.len;
	memcpy(d->bytes, message.at, message.len);
	*net->last = d;
	net->last = &d->next;
	net->count++;
	return 0;
}

void fake_net_init(struct fake_net *net, const struct timer_wheel *wheel)
{
	*net = (struct fake_net){.wheel = wheel};
	net->last = &net->first;
	net->transport = (struct transport){.send = keep, .arg = net};
}

void fake_net_fini(struct fake_net *net)
{
	struct fake_datagram *d;

	while ((d = fake_net_take(net, NULL)) != NULL)
		free(d);
}

// NULL: anybody's; -1: any protocol.
static bool is_to(const struct fake_datagram *d, const struct tg_addr *remote, int protocol)
{
	return (remote == NULL || tg_addr_equal(&d->flow.remote, remote))
		&& (protocol < 0 || d->flow.protocol == protocol);
}

static struct fake_datagram *take(struct fake_net *net, const struct tg_addr *remote, int protocol)
{
	struct fake_datagram **link = &net->first;
	struct fake_datagram *d;

	while (*link != NULL && !is_to(*link, remote, protocol))
		link = &(*link)->next;
	d = *link;
	if (d == NULL)
		return NULL;
	*link = d->next;
	if (net->last == &d->next)
		net->last = link;
	d->next = NULL;
	net->count--;
	return d;
}

struct fake_datagram *fake_net_take(struct fake_net *net, const struct tg_addr *remote)
{
	return take(net, remote, -1);
}

struct fake_datagram *fake_net_take_by(
	struct fake_net *net, const struct tg_addr *remote, uint8_t protocol)
{
	return take(net, remote, protocol);
}
