// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/dp_ring.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"

// Commands without a completion yet; more than fit the command ring of any dataplane.
#define PENDING_MAX 4096
#define STATS_TRIES 8

struct pending {
	uint64_t seq; // 0: answered
	dp_done_h *done;
	void *arg;
	uint64_t tag;
};

// pending[seq % PENDING_MAX] for seq in [oldest, next).
struct dp_ring {
	struct dp dp;
	struct attach_client client;
	struct dp_ring_counters counters;
	uint32_t sig_thread;
	struct attach *attach; // NULL: apart
	struct tg_ring cmd;
	struct tg_ring event[1 + TG_WORKERS_MAX]; // main lcore, then the workers
	unsigned int event_rings;
	const struct tg_stream_stats *stats;
	uint32_t streams;
	uint64_t oldest, next;
	struct pending pending[PENDING_MAX];
};

static struct dp_ring *ring_of(const struct dp *dp)
{
	static_assert(offsetof(struct dp_ring, dp) == 0);
	return (struct dp_ring *)(uintptr_t)dp;
}

static struct pending *pending_at(struct dp_ring *ring, uint64_t seq)
{
	return &ring->pending[seq % PENDING_MAX];
}

static int send_command(struct dp *dp, struct tg_cmd *cmd, dp_done_h *done, void *arg, uint64_t tag)
{
	struct dp_ring *ring = ring_of(dp);
	struct tg_cmd *slot;

	if (ring->attach == NULL)
		return -ENOTCONN;
	slot = ring->next - ring->oldest < PENDING_MAX ? tg_ring_reserve(&ring->cmd) : NULL;
	if (slot == NULL) {
		counter_add(&ring->counters.full, 1);
		attach_publish_soon(ring->attach);
		return -EAGAIN;
	}
	cmd->seq = ring->next++;
	*pending_at(ring, cmd->seq) = (struct pending){cmd->seq, done, arg, tag};
	memcpy(slot, cmd, sizeof(*cmd));
	tg_ring_push(&ring->cmd);
	counter_add(&ring->counters.commands, 1);
	attach_publish_soon(ring->attach);
	return 0;
}

static bool attached(const struct dp *dp)
{
	return ring_of(dp)->attach != NULL;
}

static uint32_t generation_of(const struct tg_stream_stats *stats)
{
	return __atomic_load_n(&stats->side[0].generation, __ATOMIC_ACQUIRE);
}

// Learned addresses may be half written: they are copied again until both counts agree.
static void copy_side(struct tg_side_stats *out, const struct tg_side_stats *side)
{
	for (unsigned int i = 0; i < STATS_TRIES; i++) {
		uint32_t before = __atomic_load_n(&side->latch_seq, __ATOMIC_ACQUIRE);

		memcpy(out, side, sizeof(*out));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if ((before & 1) == 0
			&& __atomic_load_n(&side->latch_seq, __ATOMIC_RELAXED) == before)
			return;
	}
	memset(out->learned, 0, sizeof(out->learned));
}

static int copy_stats(const struct dp *dp, struct tg_stream_ref ref, struct tg_stream_stats *out)
{
	const struct dp_ring *ring = ring_of(dp);
	const struct tg_stream_stats *stats;
	struct tg_stream_stats copy;

	if (ring->attach == NULL || ref.generation == 0 || ref.index >= ring->streams)
		return -ESTALE;
	stats = &ring->stats[ref.index];
	if (generation_of(stats) != ref.generation)
		return -ESTALE;
	for (unsigned int k = 0; k < 2; k++)
		copy_side(&copy.side[k], &stats->side[k]);
	if (generation_of(stats) != ref.generation)
		return -ESTALE;
	*out = copy;
	return 0;
}

static int find(struct tg_section *out, const struct attach_segment *segment,
	enum tg_section_kind kind, uint32_t from, uint32_t to, uint32_t bytes)
{
	return attach_find(out, segment,
		(struct tg_section){.kind = (uint16_t)kind,
			.from = (uint16_t)from,
			.to = (uint16_t)to,
			.entry_bytes = bytes});
}

static int find_rings(struct dp_ring *ring, const struct attach_segment *segment)
{
	struct tg_section s;
	int rc = find(&s, segment, TG_SECTION_CMD_RING, ring->sig_thread, 0, sizeof(struct tg_cmd));

	if (rc < 0)
		return rc;
	ring->cmd = tg_ring_producer(tg_segment_at(segment->shared, &s), s.entries, s.entry_bytes);
	for (uint32_t from = 0; from <= segment->workers; from++) {
		rc = find(&s, segment, TG_SECTION_EVENT_RING, from, ring->sig_thread,
			sizeof(struct tg_event));
		if (rc < 0)
			return rc;
		ring->event[from] = tg_ring_consumer(
			tg_segment_at(segment->shared, &s), s.entries, s.entry_bytes);
	}
	ring->event_rings = segment->workers + 1;
	rc = find(&s, segment, TG_SECTION_STREAM_STATS, 0, 0, sizeof(struct tg_stream_stats));
	if (rc < 0)
		return rc;
	ring->stats = tg_segment_at(segment->shared, &s);
	ring->streams = s.entries;
	return 0;
}

static int on_attach(void *arg, const struct attach_segment *segment)
{
	struct dp_ring *ring = arg;
	int rc = find_rings(ring, segment);

	if (rc < 0)
		return rc;
	ring->attach = segment->attach;
	// A completion of an earlier control plane's command must not pass for one of ours.
	ring->oldest = ring->next = ((uint64_t)segment->epoch << 32) + 1;
	if (ring->dp.on_attach != NULL)
		ring->dp.on_attach(ring->dp.arg, true);
	return 0;
}

static void answer(struct dp_ring *ring, struct pending *p, int status, struct tg_stream_ref ref)
{
	struct pending copy = *p;

	p->seq = 0;
	while (ring->oldest != ring->next && pending_at(ring, ring->oldest)->seq == 0)
		ring->oldest++;
	if (copy.done != NULL)
		copy.done(copy.arg, copy.tag, status, ref);
}

static void on_detach(void *arg)
{
	struct dp_ring *ring = arg;

	ring->attach = NULL;
	ring->event_rings = 0;
	ring->stats = NULL;
	while (ring->oldest != ring->next)
		answer(ring, pending_at(ring, ring->oldest), -ENOTCONN, (struct tg_stream_ref){0});
	if (ring->dp.on_attach != NULL)
		ring->dp.on_attach(ring->dp.arg, false);
}

static void on_completion(struct dp_ring *ring, const struct tg_event *event)
{
	uint64_t seq = event->completion.seq;
	int status = event->completion.status;

	if (seq < ring->oldest || seq >= ring->next || pending_at(ring, seq)->seq != seq) {
		counter_add(&ring->counters.bad, 1);
		LOG(LOG_WARN, "dataplane-completion-unknown", "seq=%llu", (unsigned long long)seq);
		return;
	}
	counter_add(&ring->counters.completions, 1);
	answer(ring, pending_at(ring, seq), status <= 0 ? status : -EPROTO, event->ref);
}

// Only the main lcore completes commands.
static bool is_event(const struct tg_event *event)
{
	return event->type > TG_EVENT_COMPLETION && event->type <= TG_EVENT_SCANNER;
}

static void on_event(struct dp_ring *ring, const struct tg_event *event, bool from_main)
{
	if (event->type == TG_EVENT_COMPLETION && from_main) {
		on_completion(ring, event);
		return;
	}
	if (!is_event(event)) {
		counter_add(&ring->counters.bad, 1);
		return;
	}
	counter_add(&ring->counters.events, 1);
	if (ring->dp.on_event != NULL)
		ring->dp.on_event(ring->dp.arg, event);
}

static int drain_ring(struct dp_ring *ring, struct tg_ring *events, unsigned int max)
{
	int n = 0;

	for (; (unsigned int)n < max; n++) {
		const void *slot = tg_ring_peek(events);
		struct tg_event event;

		if (slot == NULL)
			break;
		memcpy(&event, slot, sizeof(event));
		tg_ring_pop(events);
		on_event(ring, &event, events == &ring->event[0]);
	}
	return events->dead ? -EPROTO : n;
}

static int drain(void *arg, unsigned int max)
{
	struct dp_ring *ring = arg;
	int sum = 0;

	for (unsigned int i = 0; i < ring->event_rings; i++) {
		int n = drain_ring(ring, &ring->event[i], max);

		if (n < 0)
			return n;
		sum += n;
	}
	return sum;
}

static bool go_to_sleep(void *arg)
{
	struct dp_ring *ring = arg;

	for (unsigned int i = 0; i < ring->event_rings; i++) {
		if (!tg_ring_wait_begin(&ring->event[i]))
			return false;
	}
	return true;
}

static bool publish(void *arg)
{
	struct dp_ring *ring = arg;

	return tg_ring_publish(&ring->cmd);
}

struct dp_ring *dp_ring_new(uint32_t sig_thread)
{
	struct dp_ring *ring = calloc(1, sizeof(*ring));

	if (ring == NULL)
		return NULL;
	ring->sig_thread = sig_thread;
	ring->oldest = ring->next = 1;
	ring->dp.send = send_command;
	ring->dp.attached = attached;
	ring->dp.stats = copy_stats;
	ring->client = (struct attach_client){
		.on_attach = on_attach,
		.on_detach = on_detach,
		.drain = drain,
		.sleep = go_to_sleep,
		.publish = publish,
		.arg = ring,
	};
	return ring;
}

void dp_ring_free(struct dp_ring *ring)
{
	free(ring);
}

const struct attach_client *dp_ring_client(const struct dp_ring *ring)
{
	return &ring->client;
}

struct dp *dp_ring_dp(struct dp_ring *ring)
{
	return &ring->dp;
}

const struct dp_ring_counters *dp_ring_counters(const struct dp_ring *ring)
{
	return &ring->counters;
}
