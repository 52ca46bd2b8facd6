// SPDX-License-Identifier: BSD-3-Clause
// The dataplane logs as much as the control plane does.
#pragma once

#include "controlplane/media/dp.h"

// Sends the present log level. done as of dp->send; NULL when nobody cares. Returns 0 or -errno.
// Signalling thread.
int log_level_send(struct dp *dp, dp_done_h *done, void *arg);
