// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/leg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"
#include "controlplane/sip/body.h"

static const struct sip_extra capabilities[] = {
	{SIP_HDR_ALLOW, {"INVITE, ACK, CANCEL, BYE, OPTIONS", 33}},
	{SIP_HDR_SUPPORTED, {"", 0}},
};

#define EXTRAS_MAX 4
#define REPEATS_FORGEABLE 2

struct extras {
	struct sip_extra item[EXTRAS_MAX];
	unsigned int count;
};

static void add_extras(struct extras *to, const struct sip_extra *item, unsigned int count)
{
	for (unsigned int i = 0; i < count && to->count < EXTRAS_MAX; i++)
		to->item[to->count++] = item[i];
}

void leg_fini(struct call *call, struct leg *leg)
{
	if (leg->dialog.text != NULL)
		counter_add(&call->engine->counters.dialogs, (uint64_t)-1);
	dialog_fini(&leg->dialog, &call->engine->dialogs);
	leg_forget_ack(leg);
}

static bool is_private(const struct tg_ip *ip)
{
	static const struct {
		const char *net;
		unsigned int bits;
	} nets[] = {
		{"10.0.0.0", 104},
		{"172.16.0.0", 108},
		{"192.168.0.0", 112},
		{"100.64.0.0", 106},
		{"169.254.0.0", 112},
		{"127.0.0.0", 104},
		{"fc00::", 7},
		{"fe80::", 10},
	};
	struct tg_ip net;

	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		if (tg_ip_parse(&net, nets[i].net) == 0 && tg_ip_in(ip, &net, nets[i].bits))
			return true;
	}
	return false;
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

struct net_flow leg_flow(const struct leg *leg)
{
	const struct dialog *d = &leg->dialog;
	struct net_flow flow = d->flow;
	struct sip_name_addr route;
	struct str next = d->remote_target;
	uint8_t protocol = flow.protocol;
	struct tg_addr to;

	if (leg->peer == NULL)
		return flow;
	// not the port that a connection came from: that is for when it is gone
	if (transport_is_reliable(&flow))
		flow.remote = leg->peer->address;
	if (d->route_count > 0)
		next = sip_name_addr_parse(&route, d->routes[0]) == 0 ? route.uri : STR_NONE;
	if (str_is_none(next) || numeric_target(&to, &protocol, next) < 0)
		return flow;
	if (tg_ip_is_v4(&to.ip) != tg_ip_is_v4(&flow.local.ip)
		|| (!tg_ip_equal(&to.ip, &flow.remote.ip) && is_private(&to.ip)
			&& !is_private(&flow.remote.ip)))
		return flow;
	flow.remote = to;
	if (protocol != flow.protocol)
		flow.connection = 0;
	flow.protocol = protocol;
	return flow;
}

static struct sip_client client_of(const struct call *call, const struct leg *leg)
{
	return (struct sip_client){
		.flow = leg_flow(leg),
		.timers = leg->timers,
		.owner = call->id,
		.label = {call->id, leg->index},
		.tcp_when_large = leg->peer != NULL && leg->peer->tcp_for_large,
	};
}

static struct strbuf scratch_of(const struct call *call)
{
	return strbuf_on(call->engine->scratch, sizeof(call->engine->scratch));
}

// Nobody was called for this caller yet, nor is it known to be where it says.
static bool is_forgeable(const struct call *call)
{
	return call->leg[LEG_A].dialog.flow.trusted == TG_TRUST_STRANGER
		&& call->leg[LEG_B].invite == 0;
}

int leg_respond(struct call *call, const struct leg_answer *answer)
{
	struct leg *leg = &call->leg[LEG_A];
	struct extras extras = {0};
	struct sip_response_out out = {
		.status = answer->status,
		.reason = answer->phrase,
		.source = answer->source,
		.extra = extras.item,
		.content_type = answer->content_type,
		.body = answer->body,
	};

	add_extras(&extras, answer->extra, answer->extra_count);
	if (out.status > 100 && out.status < 300) {
		out.contact = leg->dialog.contact;
		add_extras(&extras, capabilities, 2);
	}
	out.extra_count = extras.count;
	if (out.status >= 200)
		leg->state = out.status < 300 ? LEG_ANSWERED : LEG_GONE;
	// 100 has stopped the caller's own repeats, so once is not enough
	if (out.status >= 300 && is_forgeable(call))
		sip_repeat_at_most(call->engine->stack, leg->invite, REPEATS_FORGEABLE);
	return sip_respond(call->engine->stack, leg->invite, leg->dialog.local_tag, &out);
}

struct str leg_body(const struct call *call, const struct sip_msg *source, struct str sdp)
{
	struct strbuf b = strbuf_on(call->engine->body, sizeof(call->engine->body));

	sip_body_write(&b, source, sdp);
	// too long for the buffer is too long for a message, which then says so
	return str_of(b.at, b.failed ? b.cap : b.len);
}

int leg_invite(struct call *call, const struct sip_msg *source, struct str sdp)
{
	struct leg *leg = &call->leg[LEG_B];
	struct sip_client client = client_of(call, leg);
	struct strbuf scratch = scratch_of(call);
	struct sip_request_out out = {
		.contact = leg->dialog.contact,
		.source = source,
		.extra = capabilities,
		.extra_count = 2,
		.content_type = sip_body_type(source),
		.body = leg_body(call, source, sdp),
	};
	int rc;

	client.flow = leg->dialog.flow;
	dialog_request(&leg->dialog, SIP_INVITE, &out, &scratch);
	out.max_forwards = call->max_forwards;
	if (scratch.failed)
		return -EMSGSIZE;
	rc = sip_request(call->engine->stack, &leg->invite, &client, &out);
	if (rc == 0)
		leg->state = LEG_INVITED;
	return rc;
}

void leg_forget_ack(struct leg *leg)
{
	free(leg->ack);
	leg->ack = NULL;
	leg->ack_len = 0;
}

void leg_ack(struct call *call, const struct sip_msg *source)
{
	struct leg *leg = &call->leg[LEG_B];
	struct sip_client client = client_of(call, leg);
	struct strbuf scratch = scratch_of(call);
	struct sip_request_out out = {.source = source};
	char bytes[CALL_SCRATCH_BYTES];
	struct strbuf kept = strbuf_on(bytes, sizeof(bytes));

	leg->state = LEG_CONFIRMED;
	dialog_request(&leg->dialog, SIP_ACK, &out, &scratch);
	if (scratch.failed || sip_send_ack(call->engine->stack, &client, &out, &kept) == -EMSGSIZE)
		return;
	leg_forget_ack(leg);
	leg->ack = kept.failed ? NULL : malloc(kept.len);
	if (leg->ack == NULL)
		return;
	memcpy(leg->ack, bytes, kept.len);
	leg->ack_len = kept.len;
}

void leg_ack_again(struct call *call)
{
	struct leg *leg = &call->leg[LEG_B];
	struct net_flow flow = leg_flow(leg);

	if (leg->ack != NULL)
		sip_send_again(call->engine->stack, &flow, (struct sip_label){call->id, leg->index},
			str_of(leg->ack, leg->ack_len));
}

static void send_bye(struct call *call, struct leg *leg, const struct farewell *farewell)
{
	struct sip_client client = client_of(call, leg);
	struct strbuf scratch = scratch_of(call);
	struct sip_extra reason = {SIP_HDR_REASON, farewell->reason};
	struct sip_request_out out = {.source = farewell->request, .extra = &reason};
	int rc = -EMSGSIZE;

	out.extra_count = !str_is_none(reason.value);
	leg->state = LEG_LEAVING;
	dialog_request(&leg->dialog, SIP_BYE, &out, &scratch);
	if (!scratch.failed)
		rc = sip_request(call->engine->stack, &leg->bye, &client, &out);
	if (rc == 0)
		return;
	LOG(LOG_WARN, "call-bye-failed", "call=%" PRIu64 " leg=%c error=%s", call->id,
		"AB"[leg->index], strerror(-rc));
	leg->state = LEG_GONE;
}

static void send_cancel(struct call *call, struct leg *leg, const struct farewell *farewell)
{
	struct sip_extra reason = {SIP_HDR_REASON, farewell->reason};
	const struct sip_hdr *hdr = NULL;

	if (farewell->request != NULL)
		hdr = sip_msg_header(farewell->request, SIP_HDR_REASON);
	if (str_is_none(reason.value) && hdr != NULL)
		reason.value = hdr->value; // B23
	leg->state = LEG_CANCELLING;
	if (sip_cancel(call->engine->stack, leg->invite, &reason, !str_is_none(reason.value)) < 0)
		leg->state = LEG_GONE;
}

static void refuse(struct call *call, const struct farewell *farewell)
{
	leg_respond(call,
		&(struct leg_answer){
			.status = farewell->status != 0 ? farewell->status : 487,
			.phrase = farewell->phrase,
			.source = farewell->response,
			.extra = farewell->extra,
			.extra_count = farewell->extra != NULL,
		});
}

void leg_hang_up(struct call *call, struct leg *leg, const struct farewell *farewell)
{
	switch (leg->state) {
	case LEG_IDLE:
		leg->state = LEG_GONE;
		break;
	case LEG_INVITED:
		if (leg->index == LEG_A)
			refuse(call, farewell);
		else
			send_cancel(call, leg, farewell);
		break;
	case LEG_ANSWERED:
		// RFC 3261 §15: not before the ACK
		leg->bye_waits = leg->index == LEG_A;
		if (leg->bye_waits)
			break;
		leg_ack(call, NULL);
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
	char remote[TG_ADDR_TEXT_BYTES];

	if (leg->peer != NULL || net_flow_equal(&leg->dialog.flow, flow)
		|| !is_in_realm(call, leg, flow->realm))
		return;
	LOG(LOG_INFO, "call-moved", "call=%" PRIu64 " leg=%c remote=%s", call->id, "AB"[leg->index],
		tg_addr_write(&flow->remote, remote));
	leg->dialog.flow = *flow;
	if (call->hold != NULL && leg->index == LEG_A)
		watch_hold(call);
	if (call->media != NULL)
		media_session_set_signalling(
			call->media, leg->index == LEG_A ? MEDIA_A : MEDIA_B, &flow->remote.ip);
}
