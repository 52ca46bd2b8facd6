// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"

// The way to the branch that answered: its own route set and target (RFC 3261 §13.2.2.4).
struct branch {
	struct str routes[DIALOG_ROUTES_MAX];
	unsigned int route_count;
	struct str target;
	struct str to;
};

static bool read_branch(struct branch *out, const struct leg *leg, const struct sip_msg *response)
{
	out->to = sip_msg_header(response, SIP_HDR_TO)->value;
	out->target = dialog_target(response->contact);
	if (str_is_none(out->target))
		out->target = leg->dialog.remote_target;
	return response->to_tag.len > 0
		&& dialog_read_routes(out->routes, &out->route_count, response, true) == 0;
}

static struct sip_request_out request_to(struct leg *leg, enum sip_method method,
	const struct branch *branch, struct strbuf *scratch)
{
	struct sip_request_out out = {0};

	dialog_request(&leg->dialog, method, &out, scratch);
	out.uri = branch->target;
	out.to = branch->to;
	out.routes = branch->routes;
	out.route_count = branch->route_count;
	out.last_route = STR_NONE;
	return out;
}

static struct sip_client client_of(const struct call *call, const struct leg *leg)
{
	return (struct sip_client){
		.flow = leg->dialog.flow,
		.timers = leg->timers,
		.label = {call->id, leg->number},
	};
}

void leg_refuse_fork(struct call *call, struct leg *leg, const struct sip_msg *response)
{
	struct engine *engine = call->engine;
	struct strbuf scratch = strbuf_on(engine->scratch, sizeof(engine->scratch));
	struct sip_client client = client_of(call, leg);
	uint64_t tag = str_hash(response->to_tag);
	struct sip_request_out out;
	struct branch branch;
	uint64_t txn;

	if (!read_branch(&branch, leg, response))
		return;
	out = request_to(leg, SIP_ACK, &branch, &scratch);
	if (!scratch.failed)
		sip_send_ack(engine->stack, &client, &out, NULL);
	if (leg->fork == tag)
		return;
	leg->fork = tag;
	out = request_to(leg, SIP_BYE, &branch, &scratch);
	if (!scratch.failed)
		sip_request(engine->stack, &txn, &client, &out);
}

bool leg_prack_fork(struct call *call, struct leg *leg, const struct sip_msg *response)
{
	struct engine *engine = call->engine;
	struct strbuf scratch = strbuf_on(engine->scratch, sizeof(engine->scratch));
	struct sip_client client = client_of(call, leg);
	struct sip_rack rack = {sip_rseq(response), response->cseq};
	uint64_t mark = str_hash(response->to_tag) + rack.rseq;
	struct sip_request_out out;
	struct sip_extra extra = {.id = SIP_HDR_RACK};
	char text[SIP_RACK_BYTES];
	struct branch branch;
	uint64_t txn;

	if (leg->fork_rseq == mark)
		return false;
	if (!read_branch(&branch, leg, response))
		return true;
	leg->fork_rseq = mark;
	out = request_to(leg, SIP_PRACK, &branch, &scratch);
	extra.value = sip_rack_write(text, &rack);
	out.extra = &extra;
	out.extra_count = 1;
	if (!scratch.failed)
		sip_request(engine->stack, &txn, &client, &out);
	return true;
}
