// SPDX-License-Identifier: BSD-3-Clause
// Hostile bytes as commands of a control plane, one after the other: each gets one completion with a
// status that has a name, and no table is left in a state that the next command trips over.
#include <errno.h>
#include <stdlib.h>

#include "dataplane/ctl/cmd.h"
#include "dataplane/log.h"

#define STREAMS 8
#define EPOCH 3

static bool watched[STREAMS];

// The timers, the kernel's maps and netlink, in the place of the real ones.
void idle_start(struct idle * /*idle*/, struct tg_stream_ref ref, uint64_t /*now_ms*/)
{
	if (ref.index >= STREAMS || ref.generation == 0)
		abort();
	watched[ref.index] = true;
}

void idle_stop(struct idle * /*idle*/, struct tg_stream_ref ref)
{
	if (ref.index >= STREAMS || !watched[ref.index])
		abort();
	watched[ref.index] = false;
}

int steer_listener_set(struct steer * /*st*/, const struct tg_addr * /*local*/, bool /*ours*/)
{
	return 0;
}

int steer_pool_set(struct steer * /*st*/, const struct tg_ip * /*local*/,
	const struct steer_range *range, unsigned int count)
{
	if (count > STEER_RANGES_MAX)
		abort();
	for (unsigned int i = 0; i < count; i++) {
		if (range[i].first > range[i].last)
			abort();
	}
	return 0;
}

void netlink_prepare(struct netlink * /*nl*/, const struct tg_ip * /*ip*/, uint64_t /*now_ms*/)
{
}

static bool has_a_name(int status)
{
	static const int names[] = {
		0, -EOPNOTSUPP, -EINVAL, -ESTALE, -EADDRNOTAVAIL, -EADDRINUSE, -ENOSPC, -ENOMEM};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (status == names[i])
			return true;
	}
	return false;
}

// Made once: what one input leaves is taken away before the next.
static struct {
	struct segment *seg;
	struct claims claims;
	struct port port;
	struct events events;
	struct commands cmds;
	struct tg_ring sender, receiver;
	struct tg_stream_ref live[STREAMS];
} dp;

static void set_up(void)
{
	if (segment_new(&dp.seg, &(struct segment_shape){1, 1, STREAMS}) < 0
		|| tables_new(&dp.cmds.tables, &(struct tables_shape){STREAMS, 16, 16},
			   segment_stream_stats(dp.seg))
			< 0)
		abort();
	dp.port.xdp = true;
	claim_init(&dp.claims, &dp.port, 1, dp.cmds.tables->flows);
	dp.cmds.claims = &dp.claims;
	dp.cmds.events = &dp.events;
	dp.cmds.sig_threads = 1;
	dp.events.wake_fd = -1;
	event_attach(&dp.events, dp.seg, 1);
	cmd_attach(&dp.cmds, dp.seg, 1, EPOCH);
	dp.sender = dp.cmds.ring[0];
	dp.receiver = segment_consumer(dp.seg, TG_SECTION_EVENT_RING, 0, 0);
}

static void remember(const struct tg_event *event)
{
	if (event->completion.status != 0)
		return;
	if (event->completion.cmd_type == TG_CMD_STREAM_ADD) {
		if (flow_table_spec(dp.cmds.tables->flows, event->ref) == NULL)
			abort();
		dp.live[event->ref.index] = event->ref;
	}
	if (event->completion.cmd_type == TG_CMD_STREAM_REMOVE)
		dp.live[event->ref.index].generation = 0;
}

static int run_one(const void *command, size_t len)
{
	const struct tg_event *event;
	struct tg_event copy;
	void *slot = tg_ring_reserve(&dp.sender);

	if (slot == NULL)
		abort();
	memset(slot, 0, sizeof(struct tg_cmd));
	memcpy(slot, command, len);
	tg_ring_push(&dp.sender);
	tg_ring_publish(&dp.sender);
	if (cmd_run(&dp.cmds, 1000) != CMD_ALL_DONE)
		abort();
	event_publish(&dp.events);
	event = tg_ring_peek(&dp.receiver);
	if (event == NULL)
		abort();
	copy = *event;
	tg_ring_pop(&dp.receiver);
	if (copy.type != TG_EVENT_COMPLETION || !has_a_name(copy.completion.status)
		|| tg_ring_peek(&dp.receiver) != NULL)
		abort();
	remember(&copy);
	return copy.completion.status;
}

static void run_good(struct tg_cmd cmd)
{
	if (run_one(&cmd, sizeof(cmd)) != 0)
		abort();
}

static void clean_up(void)
{
	for (unsigned int i = 0; i < STREAMS; i++) {
		if (dp.live[i].generation != 0)
			run_good((struct tg_cmd){.type = TG_CMD_STREAM_REMOVE, .ref = dp.live[i]});
		if (watched[i])
			abort();
	}
	run_good((struct tg_cmd){.type = TG_CMD_CONFIG_BEGIN});
	run_good((struct tg_cmd){.type = TG_CMD_CONFIG_END});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (dp.seg == NULL)
		set_up();
	log_set_level(LOG_ERROR);
	while (len != 0) {
		size_t piece = len < sizeof(struct tg_cmd) ? len : sizeof(struct tg_cmd);

		run_one(data, piece);
		data += piece;
		len -= piece;
	}
	clean_up();
	return 0;
}
