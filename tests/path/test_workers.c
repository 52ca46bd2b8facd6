// SPDX-License-Identifier: BSD-3-Clause
// Several workers that share one set of tables: each side of a stream is received by one of them.
#include "tests/unit/dataplane/rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <pthread.h>

#define WORKERS 2
#define BURSTS 20000
#define BURST 4

struct worker {
	struct rig *rig; // its own path, the tables of the first worker
	pthread_t thread;
	uint64_t sent;
	uint16_t side; // whose packets it receives
};

struct team {
	struct worker worker[WORKERS];
	struct tables *own_tables; // of the second worker's rig, unused
	struct tg_stream_stats *own_stats;
};

static void team_init(struct team *team, const struct tg_stream_spec *spec)
{
	struct rig *first = rig_new(4, 1);
	struct rig *second = rig_new(4, 1);

	*team = (struct team){.worker = {{.rig = first}, {.rig = second, .side = 1}},
		.own_tables = second->tables,
		.own_stats = second->stream_stats};
	rig_add(first, spec);
	second->path.tables = first->tables;
	second->path.stream_stats = first->stream_stats;
}

static void team_fini(struct team *team)
{
	struct path *second = &team->worker[1].rig->path;

	second->tables = team->own_tables;
	second->stream_stats = team->own_stats;
	rig_free(team->worker[1].rig);
	rig_free(team->worker[0].rig);
}

static void run_burst(struct worker *worker, uint16_t seq)
{
	struct rig *rig = worker->rig;
	struct rte_mbuf *burst[BURST];
	struct path_list *tx = &rig->path.tx[!worker->side];

	for (uint16_t i = 0; i < BURST; i++)
		burst[i] = rig_rtp(rig, worker->side == 0 ? RIG_PHONE : RIG_CARRIER,
			worker->side == 0 ? RIG_ACCESS : RIG_CORE,
			(struct rig_rtp){.seq = (uint16_t)(seq + i), .ssrc = 1});
	path_receive(&rig->path, worker->side, burst, BURST);
	worker->sent += tx->count;
	tx->count = rig->path.freed.count = 0;
}

static void *count_bursts(void *arg)
{
	struct worker *worker = arg;

	rcu_register_thread();
	for (uint32_t round = 0; round < BURSTS; round++) {
		run_burst(worker, (uint16_t)(round * BURST));
		rcu_quiescent_state();
	}
	rcu_unregister_thread();
	return NULL;
}

Test(path_workers, each_direction_has_one_writer_and_nothing_is_lost, .timeout = 60)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_OFF);
	const struct tg_stream_stats *stats;
	struct team team;

	team_init(&team, &spec);
	stats = &team.worker[0].rig->stream_stats[0];
	for (unsigned int i = 0; i < WORKERS; i++)
		cr_assert(eq(int,
			pthread_create(&team.worker[i].thread, NULL, count_bursts, &team.worker[i]),
			0));
	for (unsigned int i = 0; i < WORKERS; i++)
		pthread_join(team.worker[i].thread, NULL);
	cr_expect(eq(u64, team.worker[0].sent + team.worker[1].sent, WORKERS * BURSTS * BURST));
	for (unsigned int s = 0; s < 2; s++) {
		cr_expect(eq(u64, stats->side[s].packets, BURSTS * BURST));
		cr_expect(eq(u64, stats->side[s].bytes, BURSTS * BURST * 172));
		cr_expect(eq(u64, stats->side[s].relayed_packets, BURSTS * BURST));
		cr_expect(eq(u64, stats->side[s].relayed_bytes, BURSTS * BURST * 172));
	}
	team_fini(&team);
}
