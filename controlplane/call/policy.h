// SPDX-License-Identifier: BSD-3-Clause
// What the operator's tables (conf.h: struct conf_policy) say of who is at the other end of a flow, and of
// the methods that come from there (A6, A33).
#pragma once

#include "controlplane/conf/conf.h"
#include "controlplane/net/transport.h"
#include "controlplane/sip/msg.h"

#define POLICY_SEEN_MAX 256

// Who was looked up of late; looking through the peers costs as much as there are of them.
struct policy_memory {
	struct {
		struct tg_ip ip;
		const struct conf_policy *policy; // NULL: free
		uint8_t realm;
	} seen[POLICY_SEEN_MAX];
	bool is_plain; // nobody has headers, methods or events of its own
};

// Forgets everything: conf is another one.
void policy_start(struct policy_memory *memory, const struct conf *conf);
// Of the peer or the stranger at the other end. NULL in a realm that is gone.
const struct conf_policy *policy_of(
	struct policy_memory *memory, const struct conf *conf, const struct net_flow *flow);

enum policy_verdict {
	POLICY_ACCEPT,
	POLICY_RELAY,	// unknown to us, to be handed on
	POLICY_FORBID,	// 405
	POLICY_UNKNOWN, // 501
};

// ACK, BYE and CANCEL are always accepted: they end what is there. A method we do not know that stands in
// the list is one to hand on.
enum policy_verdict policy_judge(const struct conf_policy *policy, const struct sip_msg *request);
