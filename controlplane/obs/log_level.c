// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/log_level.h"

#include "controlplane/base/log.h"

static void on_done(void *, uint64_t, int, struct tg_stream_ref)
{
}

int log_level_send(struct dp *dp, dp_done_h *done, void *arg)
{
	// of syslog (RFC 5424 §6.2.1), whose names in <syslog.h> ours take
	static const uint32_t priorities[] = {
		[LOG_ERROR] = 3,
		[LOG_WARN] = 4,
		[LOG_INFO] = 6,
		[LOG_DEBUG] = 7,
	};
	struct tg_cmd cmd;

	memset(&cmd, 0, sizeof(cmd));
	cmd.type = TG_CMD_LOG_LEVEL;
	cmd.log_level = priorities[log_get_level()];
	return dp->send(dp, &cmd, done != NULL ? done : on_done, arg, 0);
}
