// SPDX-License-Identifier: BSD-3-Clause
// "show sources": the workers' tables of sources, copied a slice at a time by the signalling thread,
// which alone may touch the segment; put together, sorted and cut by the management thread, which
// has the time; then looked up among the bans.
//
//	signalling: copy ─► management: merge, sort, cut ─► signalling: bans ─► management: reply
#pragma once

#include "controlplane/obs/obs_int.h"

// Rows looked at in a slice.
#define SOURCE_JOB_SLICE 2048

// Reads an address, or an IPv6 network of 64 bits. Returns 0 or -EINVAL. ctl_guard.c.
int source_parse(struct tg_ip *out, const char *text);
// Starts; the request is answered or refused in the end. Signalling thread.
void source_job_start(struct obs *obs, struct ctl_request *request);
