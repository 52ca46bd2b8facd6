// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/agreeable_dp.h"

#include <errno.h>
#include <string.h>

static struct agreeable_dp *agreeable_of(const struct dp *dp)
{
	return (struct agreeable_dp *)(uintptr_t)dp;
}

static int send_command(struct dp *dp, struct tg_cmd *cmd, dp_done_h *done, void *arg, uint64_t tag)
{
	struct agreeable_dp *a = agreeable_of(dp);
	struct tg_stream_ref ref = cmd->ref;

	if (a->waiting == AGREEABLE_DP_PENDING)
		return -EAGAIN;
	cmd->seq = ++a->seq;
	if (cmd->type == TG_CMD_STREAM_ADD)
		ref = (struct tg_stream_ref){(uint32_t)tag, 1};
	a->answer[a->waiting++] = (struct agreeable_dp_answer){done, arg, tag, ref};
	return 0;
}

static bool attached(const struct dp * /*dp*/)
{
	return true;
}

static int stats(const struct dp * /*dp*/, struct tg_stream_ref ref, struct tg_stream_stats *out)
{
	memset(out, 0, sizeof(*out));
	out->side[0].generation = out->side[1].generation = ref.generation;
	return 0;
}

void agreeable_dp_init(struct agreeable_dp *agreeable)
{
	*agreeable = (struct agreeable_dp){
		.dp = {.send = send_command, .attached = attached, .stats = stats}};
}

void agreeable_dp_run(struct agreeable_dp *agreeable)
{
	for (unsigned int i = 0; i < agreeable->waiting; i++) {
		struct agreeable_dp_answer *a = &agreeable->answer[i];

		if (a->done != NULL)
			a->done(a->arg, a->tag, 0, a->ref);
	}
	agreeable->waiting = 0;
}
