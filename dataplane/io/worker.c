// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include <sys/prctl.h>
#include <sys/random.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/io/clock.h"
#include "dataplane/io/delay.h"
#include "dataplane/io/hold.h"
#include "dataplane/table/rcu.h"
#include "include/tidegate/time.h"

#define RX_BURST 64
#define SIP_PER_LOOP 16
#define KERNEL_PER_LOOP 16
#define PINHOLES_PER_LOOP 16
#define TX_TRIES 4
#define IDLE_POLLS_BEFORE_SLEEP 200
#define SLEEP_FIRST_NS 5000
#define SLEEP_MAX_NS 60000
#define SLEEP_QUIET_MAX_NS 500000 // while nothing came for QUIET_MS
#define QUIET_MS 1000
#define ORDER_WAIT_MS 2000
#define ASK_MS 5 // how often main is woken while next hops are wanted

static_assert(SIP_PER_LOOP * PATH_SIP_MBUFS_MAX <= PATH_LIST_MAX);
static_assert(HOLD_SLOTS * PATH_SIP_MBUFS_MAX <= PATH_LIST_MAX);
static_assert(RX_BURST <= BURST_PACKETS_MAX);

struct worker_queue {
	uint16_t port; // DPDK port id
	uint16_t queue;
};

struct worker {
	struct path path;
	struct worker_params params;
	unsigned int queues;
	struct worker_queue queue[TG_PORTS_MAX * PORT_QUEUES_MAX];
	struct port *port_by_id[TG_PORTS_MAX]; // NULL: no such port
	struct tg_ring tx[TG_SIG_THREADS_MAX];
	struct clock clock;
	uint64_t heard_ms; // when something was to do
	uint32_t idle_polls;
	uint32_t sleep_ns;
	struct neigh_wanted wanted;
	uint64_t asked_ms; // when main was woken for them
	struct hold hold;
	_Alignas(8) uint8_t datagram[TG_PUNT_SLOT_BYTES]; // private copy of a tx slot

	struct worker_rings next;		// main: rw while order == done, then worker: ro
	_Alignas(TG_CACHE_LINE) uint32_t order; // main: rw, worker: ro
	bool stop;				// main: rw, worker: ro
	_Alignas(TG_CACHE_LINE) uint32_t done;	// worker: rw, main: ro
};

static void assign_queues(struct worker *w)
{
	const struct worker_params *p = &w->params;

	for (unsigned int i = 0; i < p->port_count; i++) {
		w->port_by_id[p->ports[i].id] = &p->ports[i];
		for (uint16_t q = 0; q < p->ports[i].queues; q++) {
			if (q % p->workers == p->index)
				w->queue[w->queues++] = (struct worker_queue){p->ports[i].id, q};
		}
	}
}

int worker_new(struct worker **out, const struct worker_params *params)
{
	struct worker *w = aligned_alloc(TG_CACHE_LINE, sizeof(*w));
	uint64_t seed[2];

	if (w == NULL || getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		goto err;
	memset(w, 0, sizeof(*w));
	w->params = *params;
	w->sleep_ns = SLEEP_FIRST_NS;
	clock_init(&w->clock, rte_get_tsc_hz());
	w->path.tables = params->tables;
	w->path.stats = params->stats;
	w->path.stream_stats = params->stream_stats;
	w->path.sig_threads = 1;
	w->path.workers = params->workers;
	w->path.wanted = &w->wanted;
	if (source_table_new(&w->path.sources, params->sources, TG_SOURCE_SETS, seed) < 0)
		goto err;
	assign_queues(w);
	*out = w;
	return 0;
err:
	free(w);
	return -ENOMEM;
}

void worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	source_table_free(w->path.sources);
	free(w);
}

static void count(struct worker *w, enum tg_worker_counter counter, uint64_t n)
{
	tg_stat_add(&w->path.stats->counter[counter], n);
}

static void count_drop(struct worker *w, enum tg_drop why, uint64_t n)
{
	tg_stat_add(&w->path.stats->drop[why], n);
}

// Takes up what main ordered. Quiet path: the order changes only at attach and detach.
static void follow_order(struct worker *w)
{
	uint32_t order = __atomic_load_n(&w->order, __ATOMIC_ACQUIRE);

	if (order == w->done)
		return;
	w->path.attached = w->next.attached;
	w->path.sig_threads = w->next.threads > 0 ? w->next.threads : 1;
	memcpy(w->path.punt, w->next.punt, sizeof(w->path.punt));
	memcpy(w->path.event, w->next.event, sizeof(w->path.event));
	memcpy(w->tx, w->next.tx, sizeof(w->tx));
	__atomic_store_n(&w->done, order, __ATOMIC_RELEASE);
}

// Returns how many were lost.
static uint32_t send_list(struct worker *w, struct port *port, struct path_list *list)
{
	uint16_t queue = (uint16_t)(w->params.index % port->queues);
	uint32_t sent = 0;
	uint32_t sent_before = 0;
	uint32_t lost;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < list->count; i++)
		bytes += list->m[i]->pkt_len;
	if (port->tx_shared)
		rte_spinlock_lock(&port->tx_lock[queue]);
	for (unsigned int tries = 0; sent < list->count && tries < TX_TRIES; tries++) {
		sent += rte_eth_tx_burst(
			port->id, queue, &list->m[sent], (uint16_t)(list->count - sent));
		tries = sent > sent_before ? 0 : tries;
		sent_before = sent;
	}
	if (port->tx_shared)
		rte_spinlock_unlock(&port->tx_lock[queue]);
	for (uint32_t i = sent; i < list->count; i++)
		bytes -= list->m[i]->pkt_len;
	lost = list->count - sent;
	if (lost > 0) {
		count_drop(w, TG_DROP_TX_FULL, lost);
		rte_pktmbuf_free_bulk(&list->m[sent], lost);
	}
	count(w, TG_COUNT_TX_PACKETS, sent);
	count(w, TG_COUNT_TX_BYTES, bytes);
	list->count = 0;
	return lost;
}

static void tell_main(const struct worker *w)
{
	const uint64_t one = 1;

	if (write(w->params.wake_main_fd, &one, sizeof(one)) < 0)
		return; // its counter is full: it is awake already
}

// Without a TAP these are copies of what the kernel has already, by a packet socket.
static void hand_to_kernel(struct worker *w)
{
	struct path_list *list = &w->path.kernel;
	bool tell = false;
	uint32_t i = 0;

	while (i < list->count) {
		uint16_t id = list->m[i]->port;
		struct port *port = id < TG_PORTS_MAX ? w->port_by_id[id] : NULL;
		uint32_t end = i + 1;

		while (end < list->count && list->m[end]->port == id)
			end++;
		if (port != NULL && port->tap.fd >= 0)
			count_drop(w, TG_DROP_TX_FULL,
				tap_push(&port->tap, &list->m[i], end - i, &tell));
		else
			rte_pktmbuf_free_bulk(&list->m[i], end - i);
		i = end;
	}
	list->count = 0;
	if (tell)
		tell_main(w);
}

// Returns how many packets found no room.
static uint32_t flush(struct worker *w)
{
	struct path *path = &w->path;
	uint32_t lost = 0;

	for (unsigned int i = 0; i < w->params.port_count; i++) {
		struct port *port = &w->params.ports[i];

		if (path->tx[port->id].count > 0)
			lost += send_list(w, port, &path->tx[port->id]);
	}
	if (path->freed.count > 0)
		rte_pktmbuf_free_bulk(path->freed.m, path->freed.count);
	path->freed.count = 0;
	if (path->kernel.count > 0)
		hand_to_kernel(w);
	return lost;
}

static void relay(struct worker *w, uint16_t port, struct rte_mbuf **mbufs, uint16_t n)
{
	const uint64_t *relayed = &w->path.stats->counter[TG_COUNT_MEDIA_RELAYED];
	uint64_t begin = rte_rdtsc();
	uint64_t packets = *relayed;
	uint32_t lost;

	path_receive(&w->path, port, mbufs, n);
	packets = *relayed - packets;
	lost = flush(w);
	if (packets > lost)
		delay_add(w->path.stats, w->clock.scale, rte_rdtsc() - begin, packets - lost);
}

static unsigned int receive(struct worker *w)
{
	unsigned int total = 0;

	for (unsigned int i = 0; i < w->queues; i++) {
		struct rte_mbuf *mbufs[RX_BURST];
		uint16_t n = rte_eth_rx_burst(w->queue[i].port, w->queue[i].queue, mbufs, RX_BURST);

		if (n == 0)
			continue;
		relay(w, w->queue[i].port, mbufs, n);
		total += n;
	}
	return total;
}

// The control plane can write to the slot while we read it: what is checked is the copy.
static const struct tg_packet *copy_datagram(struct worker *w, const void *slot)
{
	struct tg_packet *packet = (struct tg_packet *)w->datagram;
	uint32_t bytes;

	memcpy(packet, slot, sizeof(*packet));
	bytes = packet->bytes;
	if (bytes == 0 || bytes > TG_PUNT_BYTES_MAX)
		return NULL;
	memcpy(packet->payload, (const uint8_t *)slot + sizeof(*packet), bytes);
	return packet;
}

static void send_packet(struct worker *w, const struct tg_packet *packet)
{
	struct rte_mbuf *mbufs[PATH_SIP_MBUFS_MAX];
	uint16_t n = path_sip_mbufs(packet->bytes);

	if (rte_pktmbuf_alloc_bulk(w->params.pool, mbufs, n) < 0) {
		count_drop(w, TG_DROP_NO_MBUF, 1);
		return;
	}
	path_send_sip(&w->path, packet, mbufs, n);
}

static void send_datagram(struct worker *w, const void *slot)
{
	const struct tg_packet *packet = copy_datagram(w, slot);

	if (packet == NULL) {
		count_drop(w, TG_DROP_TX_BAD, 1);
		return;
	}
	if (hold_is_needed(w->params.tables, &w->wanted, &packet->remote.ip)
		&& hold_put(&w->hold, packet, w->path.now_ms))
		return;
	send_packet(w, packet);
}

static void send_held(struct worker *w)
{
	const struct tg_packet *packet;

	if (w->hold.count == 0)
		return;
	while ((packet = hold_take(&w->hold, w->params.tables, &w->wanted, w->path.now_ms)) != NULL)
		send_packet(w, packet);
	flush(w);
}

static unsigned int drain_tx_rings(struct worker *w)
{
	unsigned int total = 0;

	if (!w->path.attached)
		return 0;
	for (unsigned int thread = 0; thread < w->path.sig_threads; thread++) {
		unsigned int n = 0;
		const void *slot;

		while (n < SIP_PER_LOOP && (slot = tg_ring_peek(&w->tx[thread])) != NULL) {
			send_datagram(w, slot);
			tg_ring_pop(&w->tx[thread]);
			n++;
		}
		if (n > 0)
			flush(w);
		total += n;
	}
	return total;
}

// Keepalives leave by one worker, too.
static unsigned int keep_pinholes(struct worker *w)
{
	unsigned int total = 0;
	uint32_t word;

	while (w->params.index == 0 && total < PINHOLES_PER_LOOP
		&& pinhole_take(&word, &w->params.tables->pinholes)) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(w->params.pool);

		if (m != NULL)
			path_keep_pinhole(&w->path, word, m);
		else
			count_drop(w, TG_DROP_NO_MBUF, 1);
		total++;
	}
	if (total > 0)
		flush(w);
	return total;
}

// What the kernel sends leaves by one worker.
static unsigned int send_for_kernel(struct worker *w)
{
	unsigned int total = 0;

	for (unsigned int i = 0; w->params.index == 0 && i < w->params.port_count; i++) {
		struct port *port = &w->params.ports[i];
		struct path_list *list = &w->path.tx[port->id];

		if (port->tap.fd < 0)
			continue;
		list->count = tap_take(&port->tap, list->m, KERNEL_PER_LOOP);
		total += list->count;
	}
	if (total > 0)
		flush(w);
	return total;
}

static void publish(struct worker *w)
{
	const uint64_t one = 1;

	if (w->path.attached && path_publish(&w->path)
		&& write(w->params.wake_fd, &one, sizeof(one)) < 0)
		return; // its counter is full: it is awake already
}

// A next hop that main cannot get is wanted again with each packet: hence not each time.
static void ask_main(struct worker *w)
{
	if (neigh_wanted_is_empty(&w->wanted) || w->path.now_ms - w->asked_ms < ASK_MS)
		return;
	w->asked_ms = w->path.now_ms;
	tell_main(w);
}

static void rest(struct worker *w, unsigned int handled)
{
	struct timespec pause = {.tv_nsec = w->sleep_ns};
	uint32_t max_ns;

	count(w, TG_COUNT_POLLS, 1);
	if (handled > 0) {
		w->heard_ms = w->path.now_ms;
		w->idle_polls = 0;
		w->sleep_ns = SLEEP_FIRST_NS;
		return;
	}
	count(w, TG_COUNT_POLLS_EMPTY, 1);
	if (w->params.busy || ++w->idle_polls < IDLE_POLLS_BEFORE_SLEEP)
		return;
	count(w, TG_COUNT_SLEEPS, 1);
	nanosleep(&pause, NULL);
	max_ns = w->path.now_ms - w->heard_ms < QUIET_MS ? SLEEP_MAX_NS : SLEEP_QUIET_MAX_NS;
	w->sleep_ns = w->sleep_ns * 2 < max_ns ? w->sleep_ns * 2 : max_ns;
}

static void read_clock(struct worker *w)
{
	uint64_t cycles = rte_rdtsc();

	if (clock_is_old(&w->clock, cycles)) {
		uint64_t ns = tg_mono_now().ns;

		cycles = rte_rdtsc();
		clock_set(&w->clock, ns, cycles);
	}
	path_clock(&w->path, clock_tell(&w->clock, cycles));
}

int worker_run(void *worker)
{
	struct worker *w = worker;

	prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
	rcu_register_thread();
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		unsigned int handled;

		follow_order(w);
		read_clock(w);
		handled = receive(w);
		send_held(w);
		handled += send_for_kernel(w);
		handled += drain_tx_rings(w);
		handled += keep_pinholes(w);
		publish(w);
		ask_main(w);
		rcu_quiescent_state();
		rest(w, handled);
	}
	rcu_unregister_thread();
	return 0;
}

void worker_stop(struct worker *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
}

static int await_done(const struct worker *w)
{
	uint64_t begin_ns = tg_mono_now().ns;

	while (__atomic_load_n(&w->done, __ATOMIC_ACQUIRE) != w->order) {
		struct timespec pause = {.tv_nsec = 20000};

		if (tg_mono_now().ns - begin_ns > ORDER_WAIT_MS * TG_NS_PER_MS)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	return 0;
}

// While an earlier order is not done the worker may be reading next.
static int give_order(struct worker *w, const struct worker_rings *rings)
{
	int rc = await_done(w);

	if (rc < 0)
		return rc;
	w->next = *rings;
	__atomic_store_n(&w->order, w->order + 1, __ATOMIC_RELEASE);
	return await_done(w);
}

int worker_attach(struct worker *w, const struct worker_rings *rings)
{
	struct worker_rings attached = *rings;

	attached.attached = true;
	return give_order(w, &attached);
}

int worker_detach(struct worker *w)
{
	static const struct worker_rings none;

	return give_order(w, &none);
}

struct neigh_wanted *worker_wanted(struct worker *w)
{
	return &w->wanted;
}
