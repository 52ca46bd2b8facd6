// SPDX-License-Identifier: BSD-3-Clause
// The stage with all commands and metrics over a fake engine and a real configuration.
#pragma once

#include "controlplane/obs/obs.h"
#include "tests/unit/controlplane/obs/fake_engine.h"
#include "tests/unit/controlplane/obs/stage.h"

extern struct obs *obs_stage;
extern struct conns *obs_stage_conns; // real ones, on sockets that do nothing
extern char obs_stage_conf_path[96];

// A configuration of two realms, one peer and one route; text is added at its end.
void obs_stage_write_conf(const char *text);
// Everything, with count calls; call stage_run next.
void obs_stage_open(unsigned int count);
void obs_stage_close(void);
