// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/policy.h"

void policy_start(struct policy_memory *memory, const struct conf *conf)
{
	*memory = (struct policy_memory){.is_plain = true};
	for (unsigned int i = 0; i < conf->realm_count; i++)
		memory->is_plain &= conf->realms[i].policy.is_plain;
	for (unsigned int i = 0; i < conf->peer_count; i++)
		memory->is_plain &= conf->peers[i].policy.is_plain;
}

const struct conf_policy *policy_of(
	struct policy_memory *memory, const struct conf *conf, const struct net_flow *flow)
{
	const struct tg_ip *ip = &flow->remote.ip;
	uint64_t hash = str_hash(str_of(ip, sizeof(*ip))) + flow->realm;
	unsigned int i = hash % POLICY_SEEN_MAX;

	if (flow->realm >= conf->realm_count)
		return NULL;
	if (memory->seen[i].policy != NULL && memory->seen[i].realm == flow->realm
		&& tg_ip_equal(&memory->seen[i].ip, ip))
		return memory->seen[i].policy;
	memory->seen[i].ip = *ip;
	memory->seen[i].realm = flow->realm;
	memory->seen[i].policy = conf_policy_of(
		conf, flow->realm, conf_peer_by_source(conf, flow->realm, ip));
	return memory->seen[i].policy;
}

enum policy_verdict policy_judge(const struct conf_policy *policy, const struct sip_msg *request)
{
	bool is_known = request->method != SIP_UNKNOWN;

	if (request->method == SIP_ACK || request->method == SIP_BYE
		|| request->method == SIP_CANCEL)
		return POLICY_ACCEPT;
	if (conf_policy_has_method(policy, request->method_name))
		return is_known ? POLICY_ACCEPT : POLICY_RELAY;
	if (is_known)
		return POLICY_FORBID;
	return policy->relays_unknown ? POLICY_RELAY : POLICY_UNKNOWN;
}
