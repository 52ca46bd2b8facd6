// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ctl/idle.h"

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_timer.h>

#include <errno.h>
#include <stdlib.h>

#include "dataplane/ctl/pinhole.h"
#include "dataplane/log.h"
#include "include/tidegate/time.h"

#define BOTH_WAYS (TG_SIDE_RECEIVE | TG_SIDE_SEND)
#define NEVER_MS UINT64_MAX

struct idle_watch {
	struct rte_timer timer;
	struct idle *idle;
	struct tg_stream_ref ref;
	uint64_t idle_due_ms;
	uint64_t open_ms;	// since when both ways are open
	uint64_t count_ms;	// since when silence is counted: then, or both were silent
	uint32_t epoch;		// of the owner to whom one_way was told
	uint32_t told_heard_ms; // when the silent side had been heard last; 0: never
	uint64_t silent_since_ms;
	struct pinhole pinhole[2];
	bool open;	// both ways, and one_way_ms is wanted
	bool one_way;	// told
	uint8_t silent; // the side
};

struct idle {
	struct flow_table *flows;
	struct events *events;
	struct pinhole_queue *pinholes;
	uint64_t now_ms; // of idle_manage
	uint32_t epoch;
	uint32_t streams_max;
	struct idle_watch watch[]; // by tg_stream_ref.index
};

int idle_new(struct idle **out, uint32_t streams_max, struct flow_table *flows,
	struct events *events, struct pinhole_queue *pinholes)
{
	struct idle *idle = calloc(1, sizeof(*idle) + streams_max * sizeof(idle->watch[0]));
	int rc = rte_timer_subsystem_init();

	if (idle == NULL || (rc < 0 && rc != -EALREADY)) {
		free(idle);
		return -ENOMEM;
	}
	idle->flows = flows;
	idle->events = events;
	idle->pinholes = pinholes;
	idle->streams_max = streams_max;
	*out = idle;
	return 0;
}

void idle_free(struct idle *idle)
{
	for (uint32_t i = 0; idle != NULL && i < idle->streams_max; i++)
		rte_timer_stop(&idle->watch[i].timer);
	free(idle);
}

void idle_set_epoch(struct idle *idle, uint32_t epoch)
{
	idle->epoch = epoch;
}

static void tell(struct idle *idle, const struct idle_watch *watch, struct tg_event event)
{
	const struct tg_stream_spec *spec = flow_table_spec(idle->flows, watch->ref);

	event.ref = watch->ref;
	event.cookie = spec->cookie;
	if (idle->epoch != 0)
		event_send(idle->events, spec->sig_thread, &event);
}

static void expire(struct idle *idle, struct idle_watch *watch, uint32_t silent_ms)
{
	log_write(LOG_WARN, "stream-expired", "index=%u generation=%u silent_ms=%u",
		watch->ref.index, watch->ref.generation, silent_ms);
	tell(idle, watch, (struct tg_event){.type = TG_EVENT_STREAM_EXPIRED});
	flow_table_remove(idle->flows, watch->ref);
}

static uint32_t idle_ms_of(const struct tg_stream_spec *spec)
{
	return spec->idle_ms != 0 ? spec->idle_ms : IDLE_ORPHAN_MS;
}

// Returns false when the stream was removed.
static bool look_idle(
	struct idle *idle, struct idle_watch *watch, const struct tg_stream_spec *spec)
{
	uint32_t idle_ms = idle_ms_of(spec);
	uint32_t silent_ms;

	if (idle->now_ms < watch->idle_due_ms)
		return true;
	silent_ms = flow_table_idle(idle->flows, watch->ref, idle->now_ms);
	watch->idle_due_ms = idle->now_ms + idle_ms;
	if (silent_ms < idle_ms) {
		watch->idle_due_ms -= silent_ms;
		return true;
	}
	if (flow_table_owner(idle->flows, watch->ref) != idle->epoch) {
		expire(idle, watch, silent_ms);
		return false;
	}
	if (spec->idle_ms != 0)
		tell(idle, watch, (struct tg_event){.type = TG_EVENT_MEDIA_IDLE});
	return true;
}

static uint32_t heard_ms(const struct tg_side_stats *stats)
{
	return __atomic_load_n(&stats->last_rx_ms, __ATOMIC_RELAXED);
}

// How long no RTP came, but not longer than from begin_ms on.
static uint64_t silence_ms(const struct tg_side_stats *stats, uint64_t begin_ms, uint64_t now_ms)
{
	uint64_t longest_ms = now_ms > begin_ms ? now_ms - begin_ms : 0;
	uint32_t ms = flow_ms_since(now_ms, &stats->last_rx_ms);

	if (heard_ms(stats) == 0)
		return longest_ms;
	return ms < longest_ms ? ms : longest_ms;
}

static void tell_silence(struct idle *idle, const struct idle_watch *watch, enum tg_event_type type,
	const struct tg_side_stats *stats)
{
	struct tg_event event = {.type = type};

	event.silence.side = watch->silent;
	event.silence.heard = watch->told_heard_ms != 0;
	event.silence.silent_ms = (uint32_t)(idle->now_ms - watch->silent_since_ms);
	event.silence.refused = __atomic_load_n(
		&stats->drop[TG_SIDE_DROP_SOURCE], __ATOMIC_RELAXED);
	tell(idle, watch, event);
}

static void one_way_begin(struct idle *idle, struct idle_watch *watch, uint8_t side,
	const struct tg_side_stats *stats)
{
	watch->one_way = true;
	watch->silent = side;
	watch->told_heard_ms = heard_ms(stats);
	watch->silent_since_ms = idle->now_ms - silence_ms(stats, watch->open_ms, idle->now_ms);
	tell_silence(idle, watch, TG_EVENT_ONE_WAY, stats);
}

// Returns when to look again.
static uint64_t look_one_way(
	struct idle *idle, struct idle_watch *watch, const struct tg_stream_spec *spec)
{
	const struct tg_side_stats *stats = flow_table_stats(idle->flows, watch->ref)->side;
	uint64_t now_ms = idle->now_ms;
	uint64_t silent[2];
	uint8_t longer;

	if (!watch->open || flow_table_owner(idle->flows, watch->ref) != idle->epoch)
		return NEVER_MS;
	if (watch->one_way && heard_ms(&stats[watch->silent]) == watch->told_heard_ms)
		return now_ms + spec->one_way_ms;
	if (watch->one_way)
		tell_silence(idle, watch, TG_EVENT_TWO_WAY, &stats[watch->silent]);
	watch->one_way = false;
	for (unsigned int side = 0; side < 2; side++)
		silent[side] = silence_ms(&stats[side], watch->count_ms, now_ms);
	longer = silent[1] > silent[0];
	if (silent[longer] < spec->one_way_ms)
		return now_ms + spec->one_way_ms - silent[longer];
	if (silent[!longer] < spec->one_way_ms) {
		one_way_begin(idle, watch, longer, &stats[longer]);
	} else {
		watch->count_ms = now_ms;
	}
	return now_ms + spec->one_way_ms;
}

static uint64_t earlier(uint64_t a_ms, uint64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

static uint64_t look_pinholes(struct idle *idle, struct idle_watch *watch, uint64_t now_ms)
{
	uint64_t due_ms = NEVER_MS;

	for (unsigned int side = 0; side < 2; side++)
		due_ms = earlier(due_ms,
			pinhole_look(&watch->pinhole[side], idle->pinholes, idle->flows, watch->ref,
				side, now_ms));
	return due_ms;
}

static void arm(struct idle_watch *watch, uint64_t due_ms, uint64_t now_ms);

static void on_timer(struct rte_timer * /*timer*/, void *arg)
{
	struct idle_watch *watch = arg;
	struct idle *idle = watch->idle;
	const struct tg_stream_spec *spec = flow_table_spec(idle->flows, watch->ref);
	uint64_t due_ms;

	if (spec == NULL || !look_idle(idle, watch, spec))
		return;
	due_ms = earlier(look_one_way(idle, watch, spec), look_pinholes(idle, watch, idle->now_ms));
	arm(watch, earlier(due_ms, watch->idle_due_ms), idle->now_ms);
}

// The timer's clock is another one: without the millisecond it may expire too early, for nothing.
static void arm(struct idle_watch *watch, uint64_t due_ms, uint64_t now_ms)
{
	uint64_t in_ms = due_ms > now_ms + IDLE_LOOK_MS ? due_ms - now_ms + 1 : IDLE_LOOK_MS;
	uint64_t ticks = rte_get_timer_hz() / TG_MS_PER_S * in_ms;

	// Only the main lcore touches these timers, so this cannot find one in use elsewhere.
	rte_timer_reset_sync(&watch->timer, ticks, SINGLE, rte_lcore_id(), on_timer, watch);
}

static bool is_open(const struct tg_stream_spec *spec)
{
	uint8_t both = spec->side[0].flags & spec->side[1].flags;
	uint8_t either = spec->side[0].flags | spec->side[1].flags;

	// T.38 is one-way as long as a page takes.
	return spec->one_way_ms != 0 && (both & BOTH_WAYS) == BOTH_WAYS
		&& (either & TG_SIDE_OPAQUE) == 0;
}

void idle_start(struct idle *idle, struct tg_stream_ref ref, uint64_t now_ms)
{
	struct idle_watch *watch = &idle->watch[ref.index];
	const struct tg_stream_spec *spec = flow_table_spec(idle->flows, ref);
	uint32_t owner = flow_table_owner(idle->flows, ref);
	bool is_new = watch->ref.generation != ref.generation;
	bool opens = !watch->open || is_new;
	uint64_t due_ms;

	watch->idle = idle;
	watch->ref = ref;
	watch->idle_due_ms = now_ms + idle_ms_of(spec);
	watch->open = is_open(spec);
	if (opens || watch->epoch != owner)
		watch->one_way = false;
	if (opens || ((spec->side[0].flags | spec->side[1].flags) & TG_SIDE_RELATCH) != 0)
		watch->open_ms = watch->count_ms = now_ms;
	watch->epoch = owner;
	for (unsigned int side = 0; is_new && side < 2; side++)
		pinhole_start(&watch->pinhole[side], now_ms);
	due_ms = earlier(watch->idle_due_ms, look_pinholes(idle, watch, now_ms));
	if (watch->open)
		due_ms = earlier(due_ms, now_ms + spec->one_way_ms);
	arm(watch, due_ms, now_ms);
}

void idle_stop(struct idle *idle, struct tg_stream_ref ref)
{
	rte_timer_stop_sync(&idle->watch[ref.index].timer);
}

void idle_manage(struct idle *idle, uint64_t now_ms)
{
	idle->now_ms = now_ms;
	rte_timer_manage();
}
