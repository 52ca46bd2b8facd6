// SPDX-License-Identifier: BSD-3-Clause
#include "tests/mock/fake_dp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct fake_dp *fake_of(const struct dp *dp)
{
	return (struct fake_dp *)(uintptr_t)dp;
}

static int enqueue(struct dp *dp, struct tg_cmd *cmd, dp_done_h *done, void *arg, uint64_t tag)
{
	struct fake_dp *fake = fake_of(dp);

	if (!fake->up)
		return -ENOTCONN;
	if (fake->pending_count == FAKE_DP_PENDING)
		return -EAGAIN;
	cmd->seq = ++fake->seq;
	fake->pending[fake->pending_count++] = (struct fake_dp_pending){
		.cmd = *cmd, .done = done, .arg = arg, .tag = tag};
	return 0;
}

static bool attached(const struct dp *dp)
{
	return fake_of(dp)->up;
}

static struct fake_dp_stream *find(struct fake_dp *fake, struct tg_stream_ref ref)
{
	struct fake_dp_stream *s;

	if (ref.index >= FAKE_DP_STREAMS)
		return NULL;
	s = &fake->stream[ref.index];
	return s->live && s->generation == ref.generation ? s : NULL;
}

static int stats(const struct dp *dp, struct tg_stream_ref ref, struct tg_stream_stats *out)
{
	struct fake_dp_stream *s = find(fake_of(dp), ref);

	if (s == NULL)
		return -ESTALE;
	*out = s->stats;
	return 0;
}

static int add(struct fake_dp *fake, const struct tg_stream_spec *spec, struct tg_stream_ref *ref)
{
	for (unsigned int i = 0; i < FAKE_DP_STREAMS; i++) {
		struct fake_dp_stream *s = &fake->stream[i];

		if (s->live)
			continue;
		s->live = true;
		s->generation++;
		s->spec = *spec;
		memset(&s->stats, 0, sizeof(s->stats));
		s->stats.side[0].generation = s->stats.side[1].generation = s->generation;
		*ref = (struct tg_stream_ref){i, s->generation};
		return 0;
	}
	return -ENOSPC;
}

static int stream_command(struct fake_dp *fake, struct tg_cmd *cmd, struct tg_stream_ref *ref)
{
	struct fake_dp_stream *s = find(fake, cmd->ref);
	int failure = fake->fail_next;

	if (cmd->type != TG_CMD_STREAM_REMOVE && failure != 0) {
		fake->fail_next = 0;
		return failure;
	}
	if (cmd->type == TG_CMD_STREAM_ADD)
		return add(fake, &cmd->stream, ref);
	if (s == NULL)
		return -ESTALE;
	*ref = cmd->ref;
	if (cmd->type == TG_CMD_STREAM_REMOVE)
		s->live = false;
	else
		s->spec = cmd->stream;
	return 0;
}

static struct tg_peer *find_peer(struct fake_dp *fake, const struct tg_addr *addr)
{
	for (unsigned int i = 0; i < FAKE_DP_PEERS; i++)
		if (tg_addr_equal(&fake->peer[i].addr, addr))
			return &fake->peer[i];
	return NULL;
}

const struct tg_peer *fake_dp_peer(const struct fake_dp *fake, const struct tg_addr *addr)
{
	return find_peer((struct fake_dp *)(uintptr_t)fake, addr);
}

static int put_peer(struct fake_dp *fake, const struct tg_peer *peer)
{
	struct tg_peer *place = find_peer(fake, &peer->addr);

	if (place == NULL)
		place = find_peer(fake, &(struct tg_addr){0});
	if (place == NULL)
		return -ENOSPC;
	*place = *peer;
	return 0;
}

static int remove_peer(struct fake_dp *fake, const struct tg_peer *peer)
{
	struct tg_peer *place = find_peer(fake, &peer->addr);

	if (place == NULL)
		return -ENOENT;
	*place = (struct tg_peer){0};
	return 0;
}

static int execute(struct fake_dp *fake, struct tg_cmd *cmd, struct tg_stream_ref *ref)
{
	switch ((enum tg_cmd_type)cmd->type) {
	case TG_CMD_CONFIG_BEGIN:
		fake->listeners = fake->pools = fake->trusts = fake->patterns = 0;
		return 0;
	case TG_CMD_CONFIG_END:
		fake->configs++;
		return 0;
	case TG_CMD_LISTENER_PUT:
		fake->listeners++;
		return 0;
	case TG_CMD_POOL_PUT:
		fake->pools++;
		return 0;
	case TG_CMD_TRUST_PUT:
		fake->trusts++;
		return 0;
	case TG_CMD_STREAM_ADD:
	case TG_CMD_STREAM_UPDATE:
	case TG_CMD_STREAM_REMOVE:
		return stream_command(fake, cmd, ref);
	case TG_CMD_PATTERN_PUT:
		fake->patterns++;
		return 0;
	case TG_CMD_PEER_PUT:
		return put_peer(fake, &cmd->peer);
	case TG_CMD_PEER_REMOVE:
		return remove_peer(fake, &cmd->peer);
	case TG_CMD_LOG_LEVEL:
		return 0;
	}
	return -EINVAL;
}

static struct fake_dp_pending take_first(struct fake_dp *fake)
{
	struct fake_dp_pending first = fake->pending[0];

	fake->pending_count--;
	memmove(&fake->pending[0], &fake->pending[1],
		fake->pending_count * sizeof(fake->pending[0]));
	return first;
}

static void complete(const struct fake_dp_pending *p, int status, struct tg_stream_ref ref)
{
	if (p->done != NULL)
		p->done(p->arg, p->tag, status, ref);
}

void fake_dp_init(struct fake_dp *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->dp.send = enqueue;
	fake->dp.attached = attached;
	fake->dp.stats = stats;
	fake->up = true;
}

unsigned int fake_dp_run(struct fake_dp *fake)
{
	unsigned int done = 0;

	while (fake->up && !fake->paused && fake->pending_count > 0) {
		struct fake_dp_pending p = take_first(fake);
		struct tg_stream_ref ref = {0};
		int status = execute(fake, &p.cmd, &ref);

		complete(&p, status, ref);
		done++;
	}
	return done;
}

void fake_dp_set_up(struct fake_dp *fake, bool up)
{
	if (fake->up == up)
		return;
	fake->up = up;
	while (!up && fake->pending_count > 0) {
		struct fake_dp_pending p = take_first(fake);

		complete(&p, -ENOTCONN, (struct tg_stream_ref){0});
	}
	for (unsigned int i = 0; !up && i < FAKE_DP_STREAMS; i++)
		fake->stream[i].live = false;
	if (!up)
		memset(fake->peer, 0, sizeof(fake->peer));
	if (fake->dp.on_attach != NULL)
		fake->dp.on_attach(fake->dp.arg, up);
}

unsigned int fake_dp_stream_count(const struct fake_dp *fake)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < FAKE_DP_STREAMS; i++)
		n += fake->stream[i].live;
	return n;
}

struct fake_dp_stream *fake_dp_stream(struct fake_dp *fake, unsigned int n)
{
	for (unsigned int i = 0; i < FAKE_DP_STREAMS; i++)
		if (fake->stream[i].live && n-- == 0)
			return &fake->stream[i];
	return NULL;
}

void fake_dp_event(struct fake_dp *fake, unsigned int n, struct tg_event *event)
{
	struct fake_dp_stream *s = fake_dp_stream(fake, n);

	if (s == NULL || fake->dp.on_event == NULL)
		return;
	event->cookie = s->spec.cookie;
	event->ref = (struct tg_stream_ref){(uint32_t)(s - fake->stream), s->generation};
	fake->dp.on_event(fake->dp.arg, event);
}
