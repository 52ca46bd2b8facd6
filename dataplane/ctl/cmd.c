// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ctl/cmd.h"

#include <errno.h>
#include <string.h>

#include "dataplane/log.h"

#define COMMANDS_PER_RUN 256

typedef int (*cmd_handler)(
	struct commands *, struct tg_event *completion, const struct tg_cmd *, uint64_t now_ms);

static int config_begin(struct commands *cmds, struct tg_event * /*completion*/,
	const struct tg_cmd * /*cmd*/, uint64_t /*now_ms*/)
{
	tables_config_begin(cmds->tables);
	claim_config_begin(cmds->claims);
	return 0;
}

static int config_end(struct commands *cmds, struct tg_event * /*completion*/,
	const struct tg_cmd * /*cmd*/, uint64_t /*now_ms*/)
{
	int claimed = claim_config_end(cmds->claims);
	int swept = tables_config_end(cmds->tables, cmds->epoch);

	return swept < 0 ? swept : claimed;
}

static int listener_put(struct commands *cmds, struct tg_event * /*completion*/,
	const struct tg_cmd *cmd, uint64_t /*now_ms*/)
{
	int rc = listener_table_put(cmds->tables->listeners, &cmd->listener);

	return rc < 0 ? rc : claim_listener_put(cmds->claims, &cmd->listener);
}

static int pool_put(struct commands *cmds, struct tg_event * /*completion*/,
	const struct tg_cmd *cmd, uint64_t /*now_ms*/)
{
	int rc = flow_table_pool_put(cmds->tables->flows, &cmd->pool);

	return rc < 0 ? rc : claim_pool_put(cmds->claims, &cmd->pool);
}

static int trust_put(struct commands *cmds, struct tg_event * /*completion*/,
	const struct tg_cmd *cmd, uint64_t /*now_ms*/)
{
	return trust_table_put(cmds->tables->trust, &cmd->trust);
}

static int pattern_put(struct commands *cmds, struct tg_event * /*completion*/,
	const struct tg_cmd *cmd, uint64_t /*now_ms*/)
{
	return pattern_table_put(cmds->tables->patterns, &cmd->pattern);
}

static int peer_put(struct commands *cmds, struct tg_event * /*completion*/,
	const struct tg_cmd *cmd, uint64_t now_ms)
{
	return peer_table_put(cmds->tables->peers, &cmd->peer, cmds->epoch, now_ms);
}

static int peer_remove(struct commands *cmds, struct tg_event * /*completion*/,
	const struct tg_cmd *cmd, uint64_t now_ms)
{
	return peer_table_remove(cmds->tables->peers, &cmd->peer.addr, now_ms);
}

// ARP takes its time: ask for the next hops now, not when the first packet is here.
static void prepare_hops(struct commands *cmds, const struct tg_stream_spec *spec, uint64_t now_ms)
{
	for (unsigned int side = 0; side < 2 && cmds->netlink != NULL; side++)
		netlink_prepare(cmds->netlink, &spec->side[side].remote[TG_RTP].ip, now_ms);
}

static int stream_add(struct commands *cmds, struct tg_event *completion, const struct tg_cmd *cmd,
	uint64_t now_ms)
{
	struct tg_stream_ref ref;
	int rc;

	if (cmd->stream.sig_thread >= cmds->sig_threads)
		return -EINVAL;
	rc = flow_table_add(&ref, cmds->tables->flows, &cmd->stream, cmds->epoch, now_ms);
	if (rc < 0)
		return rc;
	idle_start(cmds->idle, ref, now_ms);
	prepare_hops(cmds, &cmd->stream, now_ms);
	completion->ref = ref;
	return 0;
}

static int stream_update(struct commands *cmds, struct tg_event *completion,
	const struct tg_cmd *cmd, uint64_t now_ms)
{
	int rc;

	completion->ref = cmd->ref;
	if (cmd->stream.sig_thread >= cmds->sig_threads)
		return -EINVAL;
	rc = flow_table_update(cmds->tables->flows, cmd->ref, &cmd->stream, cmds->epoch);
	if (rc < 0)
		return rc;
	idle_start(cmds->idle, cmd->ref, now_ms);
	prepare_hops(cmds, &cmd->stream, now_ms);
	return 0;
}

static int stream_remove(struct commands *cmds, struct tg_event *completion,
	const struct tg_cmd *cmd, uint64_t /*now_ms*/)
{
	int rc = flow_table_remove(cmds->tables->flows, cmd->ref);

	completion->ref = cmd->ref;
	// Only a reference that named a stream is known to be in bounds.
	if (rc == 0)
		idle_stop(cmds->idle, cmd->ref);
	return rc;
}

static int log_level(struct commands * /*cmds*/, struct tg_event * /*completion*/,
	const struct tg_cmd *cmd, uint64_t /*now_ms*/)
{
	log_set_level(log_level_from_syslog(cmd->log_level));
	return 0;
}

static const cmd_handler handlers[] = {
	[TG_CMD_CONFIG_BEGIN] = config_begin,
	[TG_CMD_CONFIG_END] = config_end,
	[TG_CMD_LISTENER_PUT] = listener_put,
	[TG_CMD_POOL_PUT] = pool_put,
	[TG_CMD_TRUST_PUT] = trust_put,
	[TG_CMD_STREAM_ADD] = stream_add,
	[TG_CMD_STREAM_UPDATE] = stream_update,
	[TG_CMD_STREAM_REMOVE] = stream_remove,
	[TG_CMD_LOG_LEVEL] = log_level,
	[TG_CMD_PATTERN_PUT] = pattern_put,
	[TG_CMD_PEER_PUT] = peer_put,
	[TG_CMD_PEER_REMOVE] = peer_remove,
};

int cmd_execute(struct commands *cmds, struct tg_event *completion, const struct tg_cmd *cmd,
	uint64_t now_ms)
{
	if (cmd->type >= sizeof(handlers) / sizeof(handlers[0]))
		return -EOPNOTSUPP;
	return handlers[cmd->type](cmds, completion, cmd, now_ms);
}

void cmd_attach(
	struct commands *cmds, const struct segment *seg, unsigned int threads, uint32_t epoch)
{
	for (unsigned int thread = 0; thread < threads; thread++)
		cmds->ring[thread] = segment_consumer(seg, TG_SECTION_CMD_RING, thread, 0);
	cmds->threads = threads;
	cmds->epoch = epoch;
	cmds->reported_dead = false;
}

void cmd_detach(struct commands *cmds)
{
	cmds->threads = 0;
}

static void run_one(struct commands *cmds, unsigned int thread, const void *slot, uint64_t now_ms)
{
	struct tg_event event = {.type = TG_EVENT_COMPLETION};
	struct tg_cmd cmd;

	memcpy(&cmd, slot, sizeof(cmd));
	tg_ring_pop(&cmds->ring[thread]);
	event.completion.seq = cmd.seq;
	event.completion.cmd_type = cmd.type;
	event.completion.status = cmd_execute(cmds, &event, &cmd, now_ms);
	if (cmd.type == TG_CMD_STREAM_ADD || cmd.type == TG_CMD_STREAM_UPDATE)
		event.cookie = cmd.stream.cookie;
	if (event.completion.status < 0)
		log_write(LOG_DEBUG, "command-failed", "type=%u error=\"%s\"", cmd.type,
			strerror(-event.completion.status));
	event_send(cmds->events, thread, &event);
}

static void report_dead(struct commands *cmds, unsigned int thread)
{
	if (!cmds->reported_dead)
		log_write(LOG_ERROR, "command-ring-broken",
			"thread=%u advice=\"restart the control plane\"", thread);
	cmds->reported_dead = true;
}

static enum cmd_rest run_ring(struct commands *cmds, unsigned int thread, uint64_t now_ms)
{
	struct tg_ring *ring = &cmds->ring[thread];

	for (unsigned int n = 0; n < COMMANDS_PER_RUN; n++) {
		const void *slot = tg_ring_peek(ring);

		if (ring->dead)
			report_dead(cmds, thread);
		if (slot == NULL)
			return CMD_ALL_DONE;
		if (!event_has_room(cmds->events, thread))
			return CMD_BLOCKED;
		run_one(cmds, thread, slot, now_ms);
	}
	return CMD_MORE;
}

enum cmd_rest cmd_run(struct commands *cmds, uint64_t now_ms)
{
	bool more = false;
	bool blocked = false;

	for (unsigned int thread = 0; thread < cmds->threads; thread++) {
		enum cmd_rest rest = run_ring(cmds, thread, now_ms);

		more |= rest == CMD_MORE;
		blocked |= rest == CMD_BLOCKED;
	}
	return more ? CMD_MORE : blocked ? CMD_BLOCKED : CMD_ALL_DONE;
}

bool cmd_wait_begin(struct commands *cmds)
{
	bool sleep = true;

	for (unsigned int thread = 0; thread < cmds->threads; thread++)
		sleep &= tg_ring_wait_begin(&cmds->ring[thread]);
	return sleep;
}
