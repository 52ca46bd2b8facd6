// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"

// The dialog with the branch that answered: its own tag, route set and target (RFC 3261 §13.2.2.4), else
// what the leg's is. Views into both; nothing of it is freed.
static bool read_branch(struct dialog *out, const struct leg *leg, const struct sip_msg *response)
{
	*out = leg->dialog;
	out->remote_tag = response->to_tag;
	out->remote_target = dialog_target(response->contact);
	if (str_is_none(out->remote_target))
		out->remote_target = leg->dialog.remote_target;
	return response->to_tag.len > 0
		&& dialog_read_routes(out->routes, &out->route_count, response, true) == 0;
}

// All branches share the numbers of the leg's requests.
static struct sip_request_out request_to(
	struct leg *leg, enum sip_method method, struct dialog *branch, struct strbuf *scratch)
{
	struct sip_request_out out = {0};

	dialog_request(branch, method, &out, scratch);
	leg->dialog.local_cseq = branch->local_cseq;
	return out;
}

static struct sip_client client_of(
	const struct call *call, const struct leg *leg, const struct dialog *branch)
{
	return (struct sip_client){
		.flow = leg_way(branch, leg->peer),
		.timers = leg->timers,
		.label = {call->id, leg->number},
	};
}

static bool was_refused(const struct leg *leg, uint64_t tag)
{
	for (unsigned int i = 0; i < LEG_FORKS_MAX; i++) {
		if (leg->forks[i] == tag)
			return true;
	}
	return false;
}

void leg_refuse_fork(struct call *call, struct leg *leg, const struct sip_msg *response)
{
	struct engine *engine = call->engine;
	struct strbuf scratch = strbuf_on(engine->scratch, sizeof(engine->scratch));
	uint64_t tag = str_hash(response->to_tag);
	struct sip_request_out out;
	struct sip_client client;
	struct dialog branch;
	uint64_t txn;

	if (!read_branch(&branch, leg, response))
		return;
	client = client_of(call, leg, &branch);
	out = request_to(leg, SIP_ACK, &branch, &scratch);
	if (!scratch.failed)
		sip_send_ack(engine->stack, &client, &out, NULL);
	if (was_refused(leg, tag))
		return;
	leg->forks[leg->fork_count++ % LEG_FORKS_MAX] = tag;
	out = request_to(leg, SIP_BYE, &branch, &scratch);
	if (!scratch.failed)
		sip_request(engine->stack, &txn, &client, &out);
}

bool leg_prack_fork(struct call *call, struct leg *leg, const struct sip_msg *response)
{
	struct engine *engine = call->engine;
	struct strbuf scratch = strbuf_on(engine->scratch, sizeof(engine->scratch));
	struct sip_rack rack = {sip_rseq(response), response->cseq};
	uint64_t mark = str_hash(response->to_tag) + rack.rseq;
	struct sip_extra extra = {.id = SIP_HDR_RACK};
	char text[SIP_RACK_BYTES];
	struct sip_request_out out;
	struct sip_client client;
	struct dialog branch;
	uint64_t txn;

	if (leg->fork_rseq == mark)
		return false;
	if (!read_branch(&branch, leg, response))
		return true;
	leg->fork_rseq = mark;
	client = client_of(call, leg, &branch);
	out = request_to(leg, SIP_PRACK, &branch, &scratch);
	extra.value = sip_rack_write(text, &rack);
	out.extra = &extra;
	out.extra_count = 1;
	if (!scratch.failed)
		sip_request(engine->stack, &txn, &client, &out);
	return true;
}
