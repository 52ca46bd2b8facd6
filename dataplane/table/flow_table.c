// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/flow_table.h"

#include "dataplane/table/flow_int.h"
#include "dataplane/table/flow_latch.h"
#include "include/tidegate/limits.h"
#include "include/tidegate/time.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>

#define HUGE_BYTES (2u << 20)
#define NO_INDEX UINT32_MAX
#define LATCH_TRIES 1000 // some 50 us: a worker needs nanoseconds

struct flow_table {
	struct flow *flow;
	struct tg_stream_stats *stats;
	uint32_t streams_max;
	uint32_t free_first; // oldest first, so that its grace period is most likely over
	uint32_t free_last;
	struct flow_addresses addresses;
};

struct claim {
	struct flow_address *address;
	uint16_t port;
	uint32_t word;
};

static_assert(TG_STREAMS_MAX - 1 <= FLOW_PORT_INDEX);

static void free_list_append(struct flow_table *table, uint32_t index)
{
	table->flow[index].next_free = NO_INDEX;
	if (table->free_last == NO_INDEX)
		table->free_first = index;
	else
		table->flow[table->free_last].next_free = index;
	table->free_last = index;
}

static struct flow *free_list_take(struct flow_table *table)
{
	struct flow *flow;

	if (table->free_first == NO_INDEX)
		return NULL;
	flow = &table->flow[table->free_first];
	if (__atomic_load_n(&flow->draining, __ATOMIC_ACQUIRE) != 0)
		return NULL;
	table->free_first = flow->next_free;
	if (table->free_first == NO_INDEX)
		table->free_last = NO_INDEX;
	return flow;
}

// Slots are met at random; with huge pages that costs a cache miss, not a page walk too.
static struct flow *slots_new(uint32_t streams_max)
{
	size_t bytes = (size_t)streams_max * sizeof(struct flow);
	size_t align = bytes >= HUGE_BYTES ? HUGE_BYTES : TG_CACHE_LINE;
	struct flow *flow;

	bytes = (bytes + align - 1) / align * align;
	flow = aligned_alloc(align, bytes);
	if (flow == NULL)
		return NULL;
	if (align == HUGE_BYTES)
		madvise(flow, bytes, MADV_HUGEPAGE);
	memset(flow, 0, bytes);
	return flow;
}

int flow_table_new(struct flow_table **out, uint32_t streams_max, struct tg_stream_stats *stats)
{
	struct flow_table *table;

	if (streams_max == 0 || streams_max > TG_STREAMS_MAX || stats == NULL)
		return -EINVAL;
	table = calloc(1, sizeof(*table));
	if (table == NULL)
		return -ENOMEM;
	table->flow = slots_new(streams_max);
	if (table->flow == NULL || flow_addresses_init(&table->addresses) < 0)
		goto err;
	table->stats = stats;
	table->streams_max = streams_max;
	table->free_first = table->free_last = NO_INDEX;
	for (uint32_t i = 0; i < streams_max; i++)
		free_list_append(table, i);
	*out = table;
	return 0;
err:
	free(table->flow);
	free(table);
	return -ENOMEM;
}

void flow_table_free(struct flow_table *table)
{
	if (table == NULL)
		return;
	rcu_barrier();
	for (uint32_t i = 0; i < table->streams_max; i++)
		free(table->flow[i].spec);
	flow_addresses_fini(&table->addresses);
	free(table->flow);
	free(table);
}

void flow_table_config_begin(struct flow_table *table)
{
	for (uint32_t id = 0; id < TG_POOLS_MAX; id++)
		table->addresses.pool[id].stale = true;
}

int flow_table_pool_put(struct flow_table *table, const struct tg_pool *pool)
{
	return flow_addresses_pool_put(&table->addresses, pool);
}

void flow_table_pool_sweep(struct flow_table *table)
{
	flow_addresses_pool_sweep(&table->addresses);
}

static bool side_sound(const struct tg_side_spec *side)
{
	return !tg_ip_is_unset(&side->local.ip) && side->local.port != 0
		&& side->local_rtcp_port != side->local.port && side->latch <= TG_LATCH_ANY
		&& side->dscp <= 63;
}

static bool spec_sound(const struct tg_stream_spec *spec)
{
	return spec->sig_thread < TG_SIG_THREADS_MAX && side_sound(&spec->side[0])
		&& side_sound(&spec->side[1]);
}

static int claim_add(struct claim *claims, uint32_t *count, struct flow_table *table,
	const struct tg_ip *ip, uint16_t port)
{
	struct flow_address *address = flow_addresses_find(&table->addresses, ip);
	uint32_t word;

	if (address == NULL)
		return -EADDRNOTAVAIL;
	word = flow_port_word(address, port);
	if (word == FLOW_PORT_NONE)
		return -EADDRNOTAVAIL;
	if (word != FLOW_PORT_FREE)
		return -EADDRINUSE;
	for (uint32_t i = 0; i < *count; i++)
		if (claims[i].address == address && claims[i].port == port)
			return -EADDRINUSE;
	claims[*count].address = address;
	claims[*count].port = port;
	++*count;
	return 0;
}

// The ports of want that have does not hold already; have is NULL for a new stream.
static int claims_collect(struct claim *claims, uint32_t *count, struct flow_table *table,
	const struct tg_stream_spec *want, const struct tg_stream_spec *have)
{
	for (uint32_t s = 0; s < 2; s++) {
		const struct tg_side_spec *side = &want->side[s];
		uint16_t rtcp = side->local_rtcp_port;
		uint32_t first = *count;
		int ret = 0;

		if (have == NULL)
			ret = claim_add(claims, count, table, &side->local.ip, side->local.port);
		if (ret < 0)
			return ret;
		for (uint32_t i = first; i < *count; i++)
			claims[i].word = s * FLOW_PORT_SIDE;
		first = *count;
		if (rtcp != 0 && (have == NULL || have->side[s].local_rtcp_port != rtcp))
			ret = claim_add(claims, count, table, &side->local.ip, rtcp);
		if (ret < 0)
			return ret;
		for (uint32_t i = first; i < *count; i++)
			claims[i].word = s * FLOW_PORT_SIDE | FLOW_PORT_RTCP;
	}
	return 0;
}

static void claims_take(const struct claim *claims, uint32_t count, uint32_t index)
{
	for (uint32_t i = 0; i < count; i++)
		flow_port_take(claims[i].address, claims[i].port, claims[i].word | index);
}

static struct flow_spec *spec_new(const struct tg_stream_spec *spec)
{
	struct flow_spec *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return NULL;
	copy->spec = *spec;
	copy->drained = NULL;
	return copy;
}

static void spec_free_rcu(struct rcu_head *head)
{
	struct flow_spec *spec = rcu_container_of(head, struct flow_spec, rcu);
	struct flow *drained = spec->drained;

	free(spec);
	if (drained != NULL)
		__atomic_store_n(&drained->draining, 0, __ATOMIC_RELEASE);
}

static uint32_t saturate(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

// Workers may see one word new and the next one old, for one packet.
static void police_set(
	struct flow_police *police, enum flow_measure what, const struct tg_rate *rate)
{
	uint32_t cost = 0;
	uint64_t depth_us = 0;

	if (rate->per_s != 0) {
		cost = saturate((TG_NS_PER_S << flow_police_shift[what]) / rate->per_s);
		depth_us = (rate->burst * TG_US_PER_S + rate->per_s - 1) / rate->per_s;
	}
	__atomic_store_n(&police->depth_us[what], saturate(depth_us), __ATOMIC_RELAXED);
	__atomic_store_n(&police->cost[what], cost, __ATOMIC_RELAXED);
}

// Shows a flow's workers another spec, or none.
static void spec_set(struct flow *flow, struct flow_spec *spec)
{
	rcu_assign_pointer(flow->spec, spec);
	for (uint32_t s = 0; spec != NULL && s < 2; s++) {
		police_set(&flow->way[s].police, FLOW_PACKETS, &spec->spec.side[s].packets);
		police_set(&flow->way[s].police, FLOW_BYTES, &spec->spec.side[s].bytes);
	}
}

static void ways_changed(struct flow *flow)
{
	flow_way_changed(&flow->way[0]);
	flow_way_changed(&flow->way[1]);
}

// The revision goes on, so that nothing of the slot's last stream is taken for this one's.
static void way_reset(struct flow_way *way)
{
	uint32_t revision = way->revision;

	*way = (struct flow_way){
		.revision = revision + 1, .filled = revision, .pt = {FLOW_PT_NONE, FLOW_PT_NONE}};
}

static void stats_reset(struct tg_stream_stats *stats, uint32_t generation)
{
	for (uint32_t s = 0; s < 2; s++)
		__atomic_store_n(&stats->side[s].generation, 0, __ATOMIC_RELEASE);
	memset(stats->side, 0, sizeof(stats->side));
	for (uint32_t s = 0; s < 2; s++)
		__atomic_store_n(&stats->side[s].generation, generation, __ATOMIC_RELEASE);
}

static void flow_reset(struct flow *flow, struct tg_stream_stats *stats, uint64_t now_ms)
{
	memset(flow->side, 0, sizeof(flow->side));
	flow->unreachable_ms = 0;
	flow->refused = flow->policed = (struct flow_news){0};
	for (uint32_t s = 0; s < 2; s++) {
		way_reset(&flow->way[s]);
		flow->side[s].last_rx_ms[TG_RTP] = (uint32_t)now_ms;
		flow->side[s].last_rx_ms[TG_RTCP] = (uint32_t)now_ms;
	}
	if (++flow->generation == 0)
		flow->generation = 1;
	stats_reset(stats, flow->generation);
}

int flow_table_add(struct tg_stream_ref *out, struct flow_table *table,
	const struct tg_stream_spec *spec, uint32_t owner_epoch, uint64_t now_ms)
{
	struct claim claims[4];
	struct flow_spec *copy;
	struct flow *flow;
	uint32_t count = 0;
	uint32_t index;
	int ret;

	if (!spec_sound(spec))
		return -EINVAL;
	ret = claims_collect(claims, &count, table, spec, NULL);
	if (ret < 0)
		return ret;
	copy = spec_new(spec);
	if (copy == NULL)
		return -ENOMEM;
	flow = free_list_take(table);
	if (flow == NULL) {
		free(copy);
		return -ENOSPC;
	}
	index = (uint32_t)(flow - table->flow);
	flow_reset(flow, &table->stats[index], now_ms);
	flow->owner_epoch = owner_epoch;
	spec_set(flow, copy);
	claims_take(claims, count, index);
	*out = (struct tg_stream_ref){.index = index, .generation = flow->generation};
	return 0;
}

static struct flow *flow_get(const struct flow_table *table, struct tg_stream_ref ref)
{
	struct flow *flow;

	if (ref.index >= table->streams_max)
		return NULL;
	flow = &table->flow[ref.index];
	return flow->spec != NULL && flow->generation == ref.generation ? flow : NULL;
}

// What a worker holds it gives back at once. Who else may have made the word odd is not waited for.
static void latch_forget(struct flow_side *side, struct tg_side_stats *stats, uint32_t component)
{
	for (uint32_t tries = 0; tries < LATCH_TRIES; tries++) {
		uint32_t word = __atomic_load_n(&stats->latch_seq, __ATOMIC_RELAXED);

		if (flow_latch_begin(stats, component, flow_latch_seq(word, component)))
			break;
		caa_cpu_relax();
	}
	stats->learned[component] = (struct tg_addr){0};
	side->relearn[component] = 1;
	flow_latch_end(stats, component);
}

static void rtcp_ports_release(struct flow_table *table, const struct tg_stream_spec *old,
	const struct tg_stream_spec *new_spec)
{
	for (uint32_t s = 0; s < 2; s++) {
		const struct tg_side_spec *side = &old->side[s];

		if (side->local_rtcp_port == 0)
			continue;
		if (new_spec != NULL && new_spec->side[s].local_rtcp_port == side->local_rtcp_port)
			continue;
		flow_port_release(&table->addresses,
			flow_addresses_find(&table->addresses, &side->local.ip),
			side->local_rtcp_port);
	}
}

int flow_table_update(struct flow_table *table, struct tg_stream_ref ref,
	const struct tg_stream_spec *spec, uint32_t owner_epoch)
{
	struct flow *flow = flow_get(table, ref);
	struct claim claims[4];
	struct flow_spec *copy;
	struct flow_spec *old;
	uint32_t count = 0;
	int ret;

	if (flow == NULL)
		return -ESTALE;
	old = flow->spec;
	if (!spec_sound(spec) || !tg_addr_equal(&spec->side[0].local, &old->spec.side[0].local)
		|| !tg_addr_equal(&spec->side[1].local, &old->spec.side[1].local))
		return -EINVAL;
	ret = claims_collect(claims, &count, table, spec, &old->spec);
	if (ret < 0)
		return ret;
	copy = spec_new(spec);
	if (copy == NULL)
		return -ENOMEM;
	flow->owner_epoch = owner_epoch;
	spec_set(flow, copy);
	for (uint32_t s = 0; s < 2; s++) {
		if ((spec->side[s].flags & TG_SIDE_RELATCH) == 0)
			continue;
		latch_forget(&flow->side[s], &table->stats[ref.index].side[s], TG_RTP);
		latch_forget(&flow->side[s], &table->stats[ref.index].side[s], TG_RTCP);
	}
	ways_changed(flow);
	rtcp_ports_release(table, &old->spec, spec);
	claims_take(claims, count, ref.index);
	call_rcu(&old->rcu, spec_free_rcu);
	return 0;
}

int flow_table_remove(struct flow_table *table, struct tg_stream_ref ref)
{
	struct flow *flow = flow_get(table, ref);
	struct flow_spec *old;

	if (flow == NULL)
		return -ESTALE;
	old = flow->spec;
	rtcp_ports_release(table, &old->spec, NULL);
	for (uint32_t s = 0; s < 2; s++) {
		const struct tg_addr *local = &old->spec.side[s].local;

		flow_port_release(&table->addresses,
			flow_addresses_find(&table->addresses, &local->ip), local->port);
	}
	spec_set(flow, NULL);
	ways_changed(flow);
	__atomic_store_n(&flow->draining, 1, __ATOMIC_RELAXED);
	old->drained = flow;
	call_rcu(&old->rcu, spec_free_rcu);
	free_list_append(table, ref.index);
	return 0;
}

uint32_t flow_table_idle(const struct flow_table *table, struct tg_stream_ref ref, uint64_t now_ms)
{
	const struct flow *flow = flow_get(table, ref);
	uint32_t idle_ms = UINT32_MAX - 1;

	if (flow == NULL)
		return UINT32_MAX;
	for (uint32_t s = 0; s < 2; s++) {
		const struct tg_side_stats *stats = &table->stats[ref.index].side[s];
		const uint32_t *last[3] = {&flow->side[s].last_rx_ms[TG_RTP],
			&flow->side[s].last_rx_ms[TG_RTCP], &stats->last_rx_ms};

		for (uint32_t i = 0; i < (stats->last_rx_ms != 0 ? 3 : 2); i++) {
			uint32_t ms = flow_ms_since(now_ms, last[i]);

			if (ms < idle_ms)
				idle_ms = ms;
		}
	}
	return idle_ms;
}

const struct tg_stream_spec *flow_table_spec(
	const struct flow_table *table, struct tg_stream_ref ref)
{
	const struct flow *flow = flow_get(table, ref);

	return flow != NULL ? &flow->spec->spec : NULL;
}

struct tg_stream_stats *flow_table_stats(const struct flow_table *table, struct tg_stream_ref ref)
{
	return flow_get(table, ref) != NULL ? &table->stats[ref.index] : NULL;
}

uint32_t flow_table_owner(const struct flow_table *table, struct tg_stream_ref ref)
{
	const struct flow *flow = flow_get(table, ref);

	return flow != NULL ? flow->owner_epoch : 0;
}

const struct flow_address *flow_table_address(
	const struct flow_table *table, const struct tg_ip *ip)
{
	return flow_addresses_find(&table->addresses, ip);
}

uint16_t flow_table_address_id(const struct flow_table *table, const struct flow_address *address)
{
	return (uint16_t)(address->own - table->addresses.by_id);
}

const struct flow_address *flow_table_address_at(const struct flow_table *table, uint16_t id)
{
	return __atomic_load_n(&table->addresses.by_id[id], __ATOMIC_ACQUIRE);
}

struct flow *flow_table_at(const struct flow_table *table, uint32_t index)
{
	return &table->flow[index];
}
