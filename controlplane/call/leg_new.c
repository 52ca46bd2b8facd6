// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "controlplane/call/call_int.h"

struct sip_timers leg_timers(const struct conf *conf, const struct conf_peer *peer)
{
	if (peer != NULL)
		return (struct sip_timers){peer->t1_ms, peer->t2_ms, peer->t4_ms};
	return (struct sip_timers){conf->t1_ms, conf->t2_ms, conf->t4_ms};
}

struct media_leg media_leg_of(const struct leg *leg)
{
	return (struct media_leg){
		.realm = leg->dialog.flow.realm,
		.realm_name = leg->realm->name,
		.peer_name = leg->peer != NULL ? leg->peer->name : "",
		.latch = leg->peer != NULL ? leg->peer->latch : leg->realm->latch,
		.signalling = leg->dialog.flow.remote.ip,
		.dscp = leg->realm->media_dscp,
		.police = {leg->realm->media_police_percent, leg->realm->media_unknown_kbit},
		.rule = leg->peer != NULL ? &leg->peer->media_rule : &leg->realm->media_rule,
	};
}

static int leg_new(struct leg **out, struct call *call, uint8_t side, const struct conf_peer *peer)
{
	struct leg *leg;
	uint8_t number = 0;
	int rc = 0;

	while (number < CALL_LEGS_MAX && call->legs[number] != NULL)
		number++;
	if (number == CALL_LEGS_MAX)
		return -ENOSPC;
	leg = calloc(1, sizeof(*leg));
	if (leg == NULL)
		return -ENOMEM;
	leg->call = call;
	leg->side = side;
	leg->number = number;
	leg->peer = peer;
	leg->timers = leg_timers(call->conf, peer);
	call->legs[number] = leg;
	if (peer != NULL)
		rc = trunk_take(call->engine->trunks, &leg->trunk, peer);
	if (rc < 0)
		leg_free(call, leg);
	else
		*out = leg;
	return rc;
}

static int settle(struct leg **out, struct call *call, struct leg *leg, int rc)
{
	if (rc < 0) {
		leg_free(call, leg);
		return rc;
	}
	leg->dialog.owner = call_owner(call);
	leg->dialog.leg = leg->number;
	counter_add(&call->engine->counters.dialogs, 1);
	*out = leg;
	return 0;
}

int leg_new_a(struct leg **out, struct call *call, const struct call_params *p)
{
	struct tg_addr own;
	struct leg *leg;
	int rc = leg_new(&leg, call, LEG_A, p->from);

	if (rc < 0)
		return rc;
	leg->state = LEG_INVITED;
	leg->invite = p->txn;
	leg->invite_cseq = p->invite->cseq;
	leg->realm = &call->conf->realms[p->flow->realm];
	leg_learn(leg, p->invite);
	session_timer_on_request(call, leg, p->invite);
	engine_advertised(call->engine, p->flow, &own);
	rc = dialog_init_uas(&leg->dialog, &call->engine->dialogs, p->invite, p->flow, &own);
	rc = settle(out, call, leg, rc);
	if (rc == 0 && p->from == NULL)
		tie_to_asker(&leg->tie, call->engine, &leg->dialog);
	return rc;
}

const struct conf_realm *leg_realm_of(const struct conf *conf, const struct target *target)
{
	return &conf->realms[target->peer != NULL ? target->peer->realm
						  : target->phone->flow.realm];
}

static struct net_flow flow_to_phone(
	const struct engine *engine, const struct conf *conf, const struct phone *phone)
{
	struct net_flow flow = phone_flow(engine, phone);

	flow.realm = phone->flow.realm;
	flow.dscp = conf->realms[flow.realm].sip_dscp;
	return flow;
}

struct net_flow leg_flow_to(
	const struct engine *engine, const struct conf *conf, const struct target *target)
{
	if (target->phone != NULL)
		return flow_to_phone(engine, conf, target->phone);
	return (struct net_flow){
		.local = target->listener->address,
		.remote = target->peer->address,
		.realm = target->peer->realm,
		.protocol = target->peer->transport == CONF_TRANSPORT_TCP ? TRANSPORT_TCP
									  : TRANSPORT_UDP,
		.trusted = TG_TRUST_TRUNK,
		.dscp = conf->realms[target->peer->realm].sip_dscp,
	};
}

static int new_to_target(struct leg **out, struct call *call, const struct target *target,
	const struct identity *who)
{
	struct strbuf b = strbuf_on(call->engine->scratch, sizeof(call->engine->scratch));
	struct dialog_uac uac = {
		.advertised = target->listener->advertised,
		.first_cseq = 1,
		.flow = leg_flow_to(call->engine, call->conf, target),
	};
	struct leg *leg;
	int rc = leg_new(&leg, call, LEG_B, target->peer);

	if (rc < 0)
		return rc;
	leg->realm = leg_realm_of(call->conf, target);
	rc = identity_write(&uac, &b, who, target);
	if (rc == 0)
		rc = dialog_init_uac(&leg->dialog, &call->engine->dialogs, &uac);
	rc = settle(out, call, leg, rc);
	if (rc == 0 && target->phone != NULL)
		tie_to(&leg->tie, call->engine, &leg->dialog, target->phone->binding);
	return rc;
}

int leg_new_b(struct leg **out, struct call *call, const struct target *target)
{
	const struct dialog *a = &call->leg[LEG_A]->dialog;
	int rc = new_to_target(out, call, target,
		&(struct identity){
			.from = a->remote,
			.to = a->local,
			.uri = target->uri != NULL ? str_from(target->uri) : call->to,
		});

	if (rc == 0)
		(*out)->phone = target->phone;
	return rc;
}

// Straight to the remote target of that dialog: nobody else may take the place in it.
static int new_toward(struct leg **out, struct call *call, const struct leg_aim *aim)
{
	const struct dialog *d = &aim->toward->dialog;
	struct strbuf b = strbuf_on(call->engine->scratch, sizeof(call->engine->scratch));
	struct dialog_uac uac = {
		.to_display_uri = d->remote,
		.target = d->remote_target,
		.flow = leg_flow(aim->toward),
		.first_cseq = 1,
	};
	struct sip_name_addr from;
	struct leg *leg;
	int rc = sip_name_addr_parse(&from, aim->from);

	if (rc == 0)
		rc = leg_new(&leg, call, LEG_B, aim->toward->peer);
	if (rc < 0)
		return rc;
	leg->realm = aim->toward->realm;
	if (tie_binding(&aim->toward->tie) != 0)
		tie_to(&leg->tie, call->engine, &leg->dialog, tie_binding(&aim->toward->tie));
	engine_advertised(call->engine, &uac.flow, &uac.advertised);
	identity_put_name(&b, &from, &uac.advertised);
	uac.from_display_uri = strbuf_str(&b);
	rc = b.failed ? -EINVAL : dialog_init_uac(&leg->dialog, &call->engine->dialogs, &uac);
	return settle(out, call, leg, rc);
}

int leg_new_fresh(struct leg **out, struct call *call, const struct leg_aim *aim)
{
	int rc;

	if (aim->toward != NULL)
		rc = new_toward(out, call, aim);
	else
		rc = new_to_target(out, call, aim->target,
			&(struct identity){.from = aim->from, .to = aim->uri, .uri = aim->uri});
	if (rc == 0)
		(*out)->side = aim->side;
	return rc;
}
