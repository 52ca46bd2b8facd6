// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/udp.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"
#include "include/tidegate/punt.h"

struct udp {
	struct udp_params params;
	struct udp_counters counters;
	struct attach_client client;
	struct transport transport;
	struct attach *attach; // NULL: apart
	unsigned int workers;
	unsigned int turn; // whose strangers come first
	struct tg_ring punt[TG_WORKERS_MAX][TG_PUNT_CLASSES];
	struct tg_ring tx[TG_WORKERS_MAX];
	struct kernel_udp *kernel;
	struct kernel_udp_listener *listener;
	unsigned int listener_count;
	// The datagram at hand, out of the dataplane's reach.
	_Alignas(struct tg_packet) uint8_t copy[TG_PUNT_SLOT_BYTES];
};

static_assert(TG_TRUST_STRANGER == 0 && TG_PUNT_STRANGER == 0);

static int find_ring(struct tg_ring *out, const struct attach_segment *segment,
	struct tg_section want, bool produce)
{
	struct tg_ring_shared *shared;
	struct tg_section section;
	int rc;

	want.entry_bytes = TG_PUNT_SLOT_BYTES;
	rc = attach_find(&section, segment, want);
	if (rc < 0)
		return rc;
	shared = tg_segment_at(segment->shared, &section);
	*out = (produce ? tg_ring_producer : tg_ring_consumer)(
		shared, section.entries, section.entry_bytes);
	return 0;
}

static int find_rings(struct udp *udp, const struct attach_segment *segment, uint16_t worker)
{
	uint16_t thread = (uint16_t)udp->params.sig_thread;
	int rc = find_ring(&udp->tx[worker], segment,
		(struct tg_section){.kind = TG_SECTION_TX_RING, .from = thread, .to = worker},
		true);

	for (uint16_t class = 0; rc == 0 && class < TG_PUNT_CLASSES; class ++)
		rc = find_ring(&udp->punt[worker][class], segment,
			(struct tg_section){.kind = TG_SECTION_PUNT_RING,
				.from = worker,
				.to = thread,
				.class = class},
			false);
	return rc;
}

static int on_attach(void *arg, const struct attach_segment *segment)
{
	struct udp *udp = arg;
	int rc = 0;

	for (uint16_t worker = 0; rc == 0 && worker < segment->workers; worker++)
		rc = find_rings(udp, segment, worker);
	if (rc < 0)
		return rc;
	udp->workers = segment->workers;
	udp->turn = 0;
	udp->attach = segment->attach;
	kernel_udp_close(udp->kernel);
	return 0;
}

static void on_detach(void *arg)
{
	struct udp *udp = arg;

	udp->attach = NULL;
	udp->workers = 0;
	kernel_udp_open(udp->kernel, udp->listener, udp->listener_count);
}

// Copies first, then checks the copy: the dataplane may still write to the slot.
// Returns NULL for what makes no sense.
static const struct tg_packet *take(struct udp *udp, const struct tg_packet *slot)
{
	struct tg_packet *copy = (struct tg_packet *)udp->copy;

	memcpy(copy, slot, sizeof(*copy));
	if (copy->bytes > TG_PUNT_BYTES_MAX || copy->trust > TG_TRUST_TRUNK)
		return NULL;
	memcpy(copy->payload, slot->payload, copy->bytes);
	return copy;
}

static void deliver(struct udp *udp, const struct tg_packet *packet)
{
	struct net_flow flow = {
		.local = packet->local,
		.remote = packet->remote,
		.realm = packet->realm,
		.protocol = TRANSPORT_UDP,
		.trusted = packet->trust,
	};

	flow.local.zero = flow.remote.zero = 0;
	counter_add(&udp->counters.received[flow.trusted], 1);
	udp->params.receive(udp->params.arg, &flow, str_of(packet->payload, packet->bytes));
}

static int drain_ring(struct udp *udp, struct tg_ring *ring, unsigned int max)
{
	int n = 0;

	for (; (unsigned int)n < max; n++) {
		const struct tg_packet *packet = tg_ring_peek(ring);

		if (packet == NULL)
			break;
		packet = take(udp, packet);
		tg_ring_pop(ring);
		if (packet != NULL)
			deliver(udp, packet);
		else
			counter_add(&udp->counters.bad, 1);
	}
	return ring->dead ? -EPROTO : n;
}

// Returns how many; *is_full when a ring has more.
static int drain_trusted(struct udp *udp, unsigned int max, bool *is_full)
{
	int sum = 0;

	for (unsigned int w = 0; w < udp->workers; w++) {
		int n = drain_ring(udp, &udp->punt[w][TG_PUNT_TRUSTED], max);

		if (n < 0)
			return n;
		*is_full |= (unsigned int)n == max;
		sum += n;
	}
	return sum;
}

// At most max of all rings together, so that more workers do not mean more of them; each time
// another worker's are the first.
static int drain_strangers(struct udp *udp, unsigned int max)
{
	unsigned int share = max / udp->workers != 0 ? max / udp->workers : 1;
	unsigned int left = max;

	for (unsigned int i = 0; i < udp->workers && left != 0; i++) {
		unsigned int w = (udp->turn + i) % udp->workers;
		int n = drain_ring(
			udp, &udp->punt[w][TG_PUNT_STRANGER], share < left ? share : left);

		if (n < 0)
			return n;
		left -= (unsigned int)n;
	}
	udp->turn = (udp->turn + 1) % udp->workers;
	return (int)(max - left);
}

// Trusted sources first. Strangers get a quarter of one ring's share, so that trusted ones are looked
// for again soon, and hardly anything while those have more than they may take (behaviours I2, I13).
static int drain(void *arg, unsigned int max)
{
	struct udp *udp = arg;
	bool is_full = false;
	int trusted, strangers;

	if (udp->workers == 0)
		return 0;
	trusted = drain_trusted(udp, max, &is_full);
	if (trusted < 0)
		return trusted;
	strangers = drain_strangers(udp, is_full || max < 4 ? 1 : max / 4);
	return strangers < 0 ? strangers : trusted + strangers;
}

static bool go_to_sleep(void *arg)
{
	struct udp *udp = arg;

	for (unsigned int w = 0; w < udp->workers; w++) {
		if (!tg_ring_wait_begin(&udp->punt[w][TG_PUNT_STRANGER])
			|| !tg_ring_wait_begin(&udp->punt[w][TG_PUNT_TRUSTED]))
			return false;
	}
	return true;
}

static bool publish(void *arg)
{
	struct udp *udp = arg;
	bool wake = false;

	for (unsigned int w = 0; w < udp->workers; w++)
		wake = tg_ring_publish(&udp->tx[w]) || wake;
	return wake;
}

// One peer by one worker, so that its datagrams keep their order.
static unsigned int worker_of(const struct udp *udp, const struct tg_addr *remote)
{
	const uint8_t *byte = (const uint8_t *)remote;
	uint32_t hash = 2166136261u;

	if (udp->workers == 1)
		return 0;
	for (unsigned int i = 0; i < sizeof(*remote); i++)
		hash = (hash ^ byte[i]) * 16777619u;
	return hash % udp->workers;
}

static int send_by_ring(struct udp *udp, const struct net_flow *flow, struct str message)
{
	struct tg_ring *ring = &udp->tx[worker_of(udp, &flow->remote)];
	struct tg_packet *slot;

	if (message.len > TG_PUNT_BYTES_MAX) {
		counter_add(&udp->counters.oversize, 1);
		return -EMSGSIZE;
	}
	slot = tg_ring_reserve(ring);
	if (slot == NULL) {
		counter_add(&udp->counters.full, 1);
		// What is published makes the dataplane take some away.
		attach_publish_soon(udp->attach);
		return -EAGAIN;
	}
	*slot = (struct tg_packet){
		.local = flow->local,
		.remote = flow->remote,
		.realm = flow->realm,
		.dscp = flow->dscp,
		.bytes = (uint32_t)message.len,
	};
	if (message.len != 0)
		memcpy(slot->payload, message.at, message.len);
	tg_ring_push(ring);
	counter_add(&udp->counters.sent, 1);
	attach_publish_soon(udp->attach);
	return 0;
}

static int send_message(void *arg, const struct net_flow *flow, struct str message)
{
	struct udp *udp = arg;
	int rc;

	if (flow->protocol != TRANSPORT_UDP)
		return -ENOTCONN;
	if (udp->attach != NULL)
		return send_by_ring(udp, flow, message);
	rc = kernel_udp_send(udp->kernel, flow, message);
	counter_add(&udp->counters.kernel_sent, rc == 0);
	return rc;
}

static void on_kernel_receive(void *arg, const struct net_flow *flow, struct str datagram)
{
	struct udp *udp = arg;

	counter_add(&udp->counters.kernel_received, 1);
	udp->params.receive(udp->params.arg, flow, datagram);
}

struct udp *udp_new(const struct udp_params *params)
{
	struct udp *udp = calloc(1, sizeof(*udp));

	if (udp == NULL)
		return NULL;
	udp->kernel = kernel_udp_new(params->loop, on_kernel_receive, udp);
	if (udp->kernel == NULL) {
		free(udp);
		return NULL;
	}
	udp->params = *params;
	udp->client = (struct attach_client){
		.on_attach = on_attach,
		.on_detach = on_detach,
		.drain = drain,
		.sleep = go_to_sleep,
		.publish = publish,
		.arg = udp,
	};
	udp->transport = (struct transport){.send = send_message, .arg = udp};
	return udp;
}

void udp_free(struct udp *udp)
{
	if (udp == NULL)
		return;
	kernel_udp_free(udp->kernel);
	free(udp->listener);
	free(udp);
}

const struct attach_client *udp_client(const struct udp *udp)
{
	return &udp->client;
}

const struct transport *udp_transport(const struct udp *udp)
{
	return &udp->transport;
}

int udp_set_listeners(
	struct udp *udp, const struct kernel_udp_listener *listeners, unsigned int count)
{
	struct kernel_udp_listener *copy = calloc(count + 1, sizeof(*copy));

	if (copy == NULL)
		return -ENOMEM;
	if (count != 0)
		memcpy(copy, listeners, count * sizeof(*copy));
	free(udp->listener);
	udp->listener = copy;
	udp->listener_count = count;
	if (udp->attach == NULL)
		kernel_udp_open(udp->kernel, udp->listener, udp->listener_count);
	return 0;
}

const struct udp_counters *udp_counters(const struct udp *udp)
{
	return &udp->counters;
}
