// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <pthread.h>
#include <sched.h>

#define ROUNDS 20000
#define OPTIONS "OPTIONS sip:a@b SIP/2.0\r\nUser-Agent: sipcl\r\n\r\n"

struct worker {
	struct rig *rig;
	bool stop;
	uint64_t sent;
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct rig *rig = worker->rig;
	uint16_t seq = 0;

	rcu_register_thread();
	while (!__atomic_load_n(&worker->stop, __ATOMIC_RELAXED)) {
		struct rig_rtp rtp = {.pt = 0, .seq = seq++};
		struct rte_mbuf *burst[4] = {rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp),
			rig_rtp(rig, "203.0.113.66:4000", RIG_ACCESS, rtp),
			rig_rtp(rig, RIG_CARRIER, RIG_CORE, rtp),
			rig_udp(rig, RIG_PHONE, RIG_SIP, OPTIONS, sizeof(OPTIONS) - 1)};
		struct tg_event event;

		path_receive(&rig->path, 0, burst, 4);
		worker->sent += 4;
		rig->path.tx[0].count = rig->path.tx[1].count = rig->path.freed.count = 0;
		while (rig_event(&event, rig, 0))
			;
		rcu_quiescent_state();
	}
	rcu_unregister_thread();
	return NULL;
}

static void change_next_hop(struct rig *rig, int round)
{
	struct tg_ip carrier = rig_ip("198.51.100.7");
	struct route route = {.port = 1};
	uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)round};

	neigh_table_put(rig->tables->neighs, &carrier, 1, mac);
	route_table_put(rig->tables->routes, &carrier, 120, &route);
	tables_touch(rig->tables);
}

static void change_peers(struct rig *rig, int round)
{
	struct tg_peer peer = {.addr = rig_addr(RIG_PHONE), .level = TG_TRUST_REGISTERED};

	if (round % 2 != 0)
		peer = (struct tg_peer){.addr.ip = peer.addr.ip, .level = TG_TRUST_BANNED};
	if (round % 4 < 2)
		cr_assert(eq(int, peer_table_put(rig->tables->peers, &peer, 1, 0), 0));
	else
		cr_assert(eq(int, peer_table_remove(rig->tables->peers, &peer.addr, 0), 0));
}

static void change_config(struct rig *rig)
{
	struct tg_listener listener = {.local = rig_addr(RIG_SIP), .id = 1};
	struct tg_trust trust = {
		.net = rig_ip("203.0.113.6"), .bits = 128, .level = TG_TRUST_TRUNK};
	struct tg_pattern pattern = {.bytes = 6, .text = "sipcli"};
	static const char *const pools[] = {"192.0.2.1", "198.51.100.1"};

	tables_config_begin(rig->tables);
	cr_assert(eq(int, listener_table_put(rig->tables->listeners, &listener), 0));
	cr_assert(eq(int, trust_table_put(rig->tables->trust, &trust), 0));
	cr_assert(eq(int, pattern_table_put(rig->tables->patterns, &pattern), 0));
	for (uint16_t i = 0; i < 2; i++) {
		struct tg_pool pool = {.local = rig_ip(pools[i]),
			.id = (uint16_t)(i + 8),
			.port_first = 10000,
			.port_last = 12100};

		flow_table_pool_put(rig->tables->flows, &pool);
	}
	tables_config_end(rig->tables, 0);
}

// Run with AddressSanitizer this shows that nothing is freed under a worker's hands.
Test(path, main_changes_everything_while_a_worker_relays, .timeout = 60)
{
	struct rig *rig = rig_new(64, 1);
	struct worker worker = {.rig = rig};
	struct tg_stream_spec spec = rig_spec(TG_LATCH_ANY);
	struct tg_stream_ref ref = {0};
	pthread_t thread;
	bool live = false;
	int adds = 0;

	spec.side[0].flags |= TG_SIDE_RELATCH;
	cr_assert(eq(int, pthread_create(&thread, NULL, work, &worker), 0));
	for (int round = 0; round < ROUNDS; round++) {
		if (!live) {
			live = flow_table_add(&ref, rig->tables->flows, &spec, 1, 0) == 0;
			adds += live;
			// All slots wait for their grace period: so does this test, the worker goes on.
			if (!live)
				rcu_barrier();
		} else if (round % 4 == 3) {
			cr_assert(eq(int, flow_table_remove(rig->tables->flows, ref), 0));
			live = false;
		} else {
			cr_assert(eq(int, flow_table_update(rig->tables->flows, ref, &spec, 1), 0));
		}
		change_next_hop(rig, round);
		change_peers(rig, round);
		if (round % 1000 == 0)
			change_config(rig);
	}
	// With one cpu for both, the worker may have run only while there was no stream.
	while (!live)
		live = flow_table_add(&ref, rig->tables->flows, &spec, 1, 0) == 0;
	while (tg_stat_load(&rig->stats.counter[TG_COUNT_MEDIA_RELAYED]) == 0)
		sched_yield();
	__atomic_store_n(&worker.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	cr_assert(ge(int, adds, ROUNDS / 5));
	cr_assert(eq(u64, rig_ends(rig), worker.sent));
	cr_assert(ge(u64, rig->stats.counter[TG_COUNT_MEDIA_RELAYED], 1));
	rig_free(rig);
}
