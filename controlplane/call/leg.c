// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/leg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"

void leg_free(struct call *call, struct leg *leg)
{
	if (leg == NULL)
		return;
	if (leg->dialog.text != NULL)
		counter_add(&call->engine->counters.dialogs, (uint64_t)-1);
	tie_cut(&leg->tie, call->engine);
	dialog_fini(&leg->dialog, &call->engine->dialogs);
	leg_forget_ack(leg);
	session_timer_stop(call, leg);
	free(leg->replaces);
	refer_forget(call, leg->number);
	trunk_give(call->engine->trunks, leg->trunk);
	call->legs[leg->number] = NULL;
	free(leg);
}

struct leg *leg_other(const struct leg *leg)
{
	return leg->call->leg[leg->side == LEG_A ? LEG_B : LEG_A];
}

struct leg *leg_named(const struct engine *engine, struct str call_id, struct str local_tag,
	struct str remote_tag)
{
	const struct dialog *d = dialog_find_named(
		&engine->dialogs, call_id, local_tag, remote_tag);
	const struct call *call = d != NULL ? call_owning(engine, d->owner) : NULL;

	return call != NULL ? call->legs[d->leg] : NULL;
}

uint32_t leg_no_answer_ms(const struct leg *leg)
{
	return leg->peer != NULL ? leg->peer->no_answer_ms : leg->call->conf->no_answer_ms;
}

// The numeric address that a URI names; a host name is left to the flow. *protocol is changed when it
// names one of ours.
static int numeric_target(struct tg_addr *out, uint8_t *protocol, struct str text)
{
	struct str transport;
	struct tg_ip ip;
	struct sip_uri uri;

	if (sip_uri_parse(&uri, text) < 0 || uri.scheme != SIP_SCHEME_SIP
		|| str_to_ip(&ip, uri.host) < 0)
		return -EINVAL;
	*out = (struct tg_addr){.ip = ip, .port = uri.port != 0 ? uri.port : SIP_PORT};
	transport = sip_param(uri.params, "transport");
	if (str_equal_nocase(transport, STR("tcp")))
		*protocol = TRANSPORT_TCP;
	else if (str_equal_nocase(transport, STR("udp")))
		*protocol = TRANSPORT_UDP;
	return 0;
}

struct net_flow leg_way(const struct dialog *d, const struct conf_peer *peer)
{
	struct net_flow flow = d->flow;
	struct sip_name_addr route;
	struct str next = d->remote_target;
	uint8_t protocol = flow.protocol;
	struct tg_addr to;

	if (peer == NULL)
		return flow;
	// not the port that a connection came from: that is for when it is gone
	if (transport_is_reliable(&flow))
		flow.remote = peer->address;
	if (d->route_count > 0)
		next = sip_name_addr_parse(&route, d->routes[0]) == 0 ? route.uri : STR_NONE;
	if (str_is_none(next) || numeric_target(&to, &protocol, next) < 0)
		return flow;
	if (tg_ip_is_v4(&to.ip) != tg_ip_is_v4(&flow.local.ip)
		|| (!tg_ip_equal(&to.ip, &flow.remote.ip) && tg_ip_is_private(&to.ip)
			&& !tg_ip_is_private(&flow.remote.ip)))
		return flow;
	flow.remote = to;
	if (protocol != flow.protocol)
		flow.connection = 0;
	flow.protocol = protocol;
	return flow;
}

void leg_gone(struct call *call, struct leg *leg)
{
	leg->state = LEG_GONE;
	prack_forget(call, leg);
	exchange_end_leg(call, leg->number);
}

struct net_flow leg_flow(const struct leg *leg)
{
	return leg_way(&leg->dialog, leg->peer);
}

static void send_bye(struct call *call, struct leg *leg, const struct farewell *farewell)
{
	struct sip_extra reason = {SIP_HDR_REASON, farewell->reason};
	int rc;

	leg->state = LEG_LEAVING;
	session_timer_stop(call, leg);
	rc = leg_request(call, leg, &leg->bye,
		&(struct leg_request){
			.method = SIP_BYE,
			.source = farewell->request,
			.sdp = STR_NONE,
			.extra = &reason,
			.extra_count = !str_is_none(reason.value),
		});
	if (rc == 0)
		return;
	LOG(LOG_WARN, "call-bye-failed", "call=%" PRIu64 " leg=%c error=%s", call->id,
		"AB"[leg->side], strerror(-rc));
	leg->state = LEG_GONE;
}

static void send_cancel(struct call *call, struct leg *leg, const struct farewell *farewell)
{
	prack_forget(call, leg);
	exchange_end_leg(call, leg->number);
	leg->state = LEG_CANCELLING;
	if (sip_cancel(call->engine->stack, leg->invite, farewell->reason, farewell->request) < 0)
		leg->state = LEG_GONE;
}

uint16_t leg_final(const struct call *call, const struct farewell *farewell)
{
	const struct leg *leg = call->leg[LEG_A];
	const struct conf_policy *policy = leg->peer != NULL ? &leg->peer->policy
							     : &leg->realm->policy;
	uint16_t status = farewell->status != 0 ? farewell->status : 487;
	uint16_t was = farewell->was != 0 ? farewell->was : status;
	uint16_t set = conf_policy_response(policy, was);

	return set != was ? set : status;
}

static void refuse(struct call *call, struct leg *leg, const struct farewell *farewell)
{
	uint16_t status = leg_final(call, farewell);
	struct leg_answer answer = {
		.status = status,
		.phrase = status == farewell->status ? farewell->phrase : STR_NONE,
		.source = farewell->response,
		.extra = farewell->extra,
		.extra_count = farewell->extra_count,
		.contact = status < 400 ? farewell->contact : STR_NONE,
	};

	if (leg == call->leg[LEG_A]) {
		leg_respond(call, &answer);
		return;
	}
	leg->state = LEG_GONE;
	leg_answer(call, leg, leg->invite, &answer);
}

void leg_hang_up(struct call *call, struct leg *leg, const struct farewell *farewell)
{
	switch (leg->state) {
	case LEG_IDLE:
		leg->state = LEG_GONE;
		break;
	case LEG_INVITED:
		if (!leg->dialog.is_uac)
			refuse(call, leg, farewell);
		else
			send_cancel(call, leg, farewell);
		break;
	case LEG_ANSWERED:
		// RFC 3261 §15: not before the ACK
		leg->bye_waits = !leg->dialog.is_uac;
		if (leg->bye_waits)
			break;
		leg_ack(call, leg, NULL, STR_NONE);
		send_bye(call, leg, farewell);
		break;
	case LEG_CONFIRMED:
		send_bye(call, leg, farewell);
		break;
	case LEG_CANCELLING:
	case LEG_LEAVING:
	case LEG_GONE:
		break;
	}
}

// Realms may have changed places since the call began: names do not.
static bool is_in_realm(const struct call *call, const struct leg *leg, uint8_t realm)
{
	const struct conf *now = call->engine->conf;

	return realm < now->realm_count && strcmp(now->realms[realm].name, leg->realm->name) == 0;
}

void leg_follow(struct call *call, struct leg *leg, const struct net_flow *flow)
{
	if (leg->peer == NULL && is_in_realm(call, leg, flow->realm))
		leg_move(call, leg, flow);
}

void leg_move(struct call *call, struct leg *leg, const struct net_flow *flow)
{
	char remote[TG_ADDR_TEXT_BYTES];

	if (net_flow_equal(&leg->dialog.flow, flow))
		return;
	LOG(LOG_INFO, "call-moved", "call=%" PRIu64 " leg=%c remote=%s", call->id, "AB"[leg->side],
		tg_addr_write(&flow->remote, remote));
	leg->dialog.flow = *flow;
	if (call->hold != NULL && leg->side == LEG_A)
		watch_hold(call);
	if (call->media != NULL)
		media_session_set_signalling(
			call->media, leg->side == LEG_A ? MEDIA_A : MEDIA_B, &flow->remote.ip);
}
