// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ctl/idle.h"

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_timer.h>

#include <errno.h>
#include <stdlib.h>

#include "dataplane/log.h"
#include "include/tidegate/time.h"

struct idle_watch {
	struct rte_timer timer;
	struct idle *idle;
	struct tg_stream_ref ref;
};

struct idle {
	struct flow_table *flows;
	struct events *events;
	uint32_t epoch;
	uint32_t streams_max;
	struct idle_watch watch[]; // by tg_stream_ref.index
};

int idle_new(
	struct idle **out, uint32_t streams_max, struct flow_table *flows, struct events *events)
{
	struct idle *idle = calloc(1, sizeof(*idle) + streams_max * sizeof(idle->watch[0]));
	int rc = rte_timer_subsystem_init();

	if (idle == NULL || (rc < 0 && rc != -EALREADY)) {
		free(idle);
		return -ENOMEM;
	}
	idle->flows = flows;
	idle->events = events;
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

static void tell(struct idle *idle, struct idle_watch *watch, enum tg_event_type type)
{
	const struct tg_stream_spec *spec = flow_table_spec(idle->flows, watch->ref);
	struct tg_event event = {.type = type, .ref = watch->ref};

	event.cookie = spec->cookie;
	if (idle->epoch != 0)
		event_send(idle->events, spec->sig_thread, &event);
}

static void expire(struct idle *idle, struct idle_watch *watch, uint32_t silent_ms)
{
	log_write(LOG_WARN, "stream-expired", "index=%u generation=%u silent_ms=%u",
		watch->ref.index, watch->ref.generation, silent_ms);
	tell(idle, watch, TG_EVENT_STREAM_EXPIRED);
	flow_table_remove(idle->flows, watch->ref);
}

static void arm(struct idle_watch *watch, uint32_t in_ms);

static void on_timer(struct rte_timer * /*timer*/, void *arg)
{
	struct idle_watch *watch = arg;
	struct idle *idle = watch->idle;
	const struct tg_stream_spec *spec = flow_table_spec(idle->flows, watch->ref);
	uint32_t silent_ms;
	uint32_t idle_ms;

	if (spec == NULL)
		return;
	idle_ms = spec->idle_ms != 0 ? spec->idle_ms : IDLE_ORPHAN_MS;
	silent_ms = flow_table_idle(idle->flows, watch->ref, tg_mono_ms(tg_mono_now()));
	if (silent_ms < idle_ms) {
		arm(watch, idle_ms - silent_ms);
		return;
	}
	if (flow_table_owner(idle->flows, watch->ref) != idle->epoch) {
		expire(idle, watch, silent_ms);
		return;
	}
	if (spec->idle_ms != 0)
		tell(idle, watch, TG_EVENT_MEDIA_IDLE);
	arm(watch, idle_ms);
}

static void arm(struct idle_watch *watch, uint32_t in_ms)
{
	uint64_t ticks = rte_get_timer_hz() / TG_MS_PER_S
		* (in_ms > IDLE_LOOK_MS ? in_ms : IDLE_LOOK_MS);

	// Only the main lcore touches these timers, so this cannot find one in use elsewhere.
	rte_timer_reset_sync(&watch->timer, ticks, SINGLE, rte_lcore_id(), on_timer, watch);
}

void idle_start(struct idle *idle, struct tg_stream_ref ref, uint32_t idle_ms)
{
	struct idle_watch *watch = &idle->watch[ref.index];

	watch->idle = idle;
	watch->ref = ref;
	arm(watch, idle_ms != 0 ? idle_ms : IDLE_ORPHAN_MS);
}

void idle_stop(struct idle *idle, struct tg_stream_ref ref)
{
	rte_timer_stop_sync(&idle->watch[ref.index].timer);
}

void idle_manage(void)
{
	rte_timer_manage();
}
