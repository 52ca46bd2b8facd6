// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#define DUE_INTERVAL_MS 1000

struct tg_event event_of_packet(
	const struct path *path, const struct packet *pkt, enum tg_event_type type)
{
	return (struct tg_event){
		.type = type,
		.mono_ns = path->now_ns,
		.cookie = pkt->spec->spec.cookie,
		.ref = {.index = pkt->index, .generation = pkt->flow->generation},
	};
}

void event_push(struct path *path, uint32_t sig_thread, const struct tg_event *event)
{
	struct tg_event *slot = NULL;
	struct tg_ring *ring;

	if (path->attached && sig_thread < path->sig_threads) {
		ring = &path->event[sig_thread];
		slot = tg_ring_reserve(ring);
	}
	if (slot == NULL) {
		path_count(path, TG_COUNT_EVENTS_LOST, 1);
		return;
	}
	*slot = *event;
	tg_ring_push(ring);
}

bool event_due(uint32_t *last_ms, uint64_t now_ms)
{
	uint32_t last = __atomic_load_n(last_ms, __ATOMIC_RELAXED);
	uint32_t now = (uint32_t)now_ms | 1; // never 0, which means never

	if (last != 0 && now - last < DUE_INTERVAL_MS)
		return false;
	return __atomic_compare_exchange_n(
		last_ms, &last, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

bool event_news(uint32_t *count, struct flow_news *news, uint64_t now_ms)
{
	__atomic_fetch_add(&news->count, 1, __ATOMIC_RELAXED);
	if (!event_due(&news->sent_ms, now_ms))
		return false;
	*count = __atomic_exchange_n(&news->count, 0, __ATOMIC_RELAXED);
	return *count != 0;
}
