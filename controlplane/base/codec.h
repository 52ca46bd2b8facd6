// SPDX-License-Identifier: BSD-3-Clause
// Which codecs an operator lets through, and in what order: lists of names, with or without an RTP clock.
//
// Nothing here keeps state: any thread.
#pragma once

#include "controlplane/base/str.h"

struct codec_name {
	struct str name;   // "G729"; compares with folded case
	uint32_t clock_hz; // 0: any
};

struct codec_list {
	struct codec_name *entry;
	unsigned int count;
};

struct codec_policy {
	struct codec_list allow; // empty: all
	struct codec_list deny;
	struct codec_list order; // first ones first; those not in it keep their order behind them
};

// Reads "G729" or "opus/48000", as a=rtpmap has it. A view into text. Returns 0 or -EINVAL.
int codec_name_parse(struct codec_name *out, struct str text);
// The place of a codec in a list; its count when it is not there. A codec of no name is in no list.
unsigned int codec_list_find(const struct codec_list *list, struct str name, uint32_t clock_hz);
// NULL allows all.
bool codec_policy_allows(const struct codec_policy *policy, struct str name, uint32_t clock_hz);
// Whether it lets everything through, in whatever order. NULL does.
bool codec_policy_allows_all(const struct codec_policy *policy);
