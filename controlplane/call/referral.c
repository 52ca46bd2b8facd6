// SPDX-License-Identifier: BSD-3-Clause
// A REFER that we perform, for a peer that takes none (C27). The target is called by the same routes and
// limits as if the referrer had called it (I11).
#include <errno.h>
#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "controlplane/call/cross.h"
#include "controlplane/call/transfer_int.h"
#include "controlplane/route/route.h"
#include "controlplane/sip/body.h"
#include "controlplane/sip/refer.h"

#define REPLACES_BYTES 1024
#define SUBSCRIPTION_S 180

bool referral_is_ours(const struct leg *transferee, uint16_t status)
{
	enum conf_refer refer = transferee->peer != NULL ? transferee->peer->refer
							 : CONF_REFER_AUTO;

	switch (refer) {
	case CONF_REFER_PASS:
		return false;
	case CONF_REFER_HANDLE:
		return true;
	case CONF_REFER_AUTO:
		break;
	}
	return status == 405 || status == 420 || status == 501 || status == 603;
}

// ---- what the referrer is told

struct said {
	char event[32], state[64], body[128];
};

// RFC 3515 §2.4.4. The referrer may have left the call: its subscription has not ended by that (C56).
static void notify(struct transfer *t, uint16_t status)
{
	struct leg *leg = transfer_leaving(t);
	struct said said;
	struct strbuf event = strbuf_on(said.event, sizeof(said.event));
	struct strbuf state = strbuf_on(said.state, sizeof(said.state));
	struct strbuf body = strbuf_on(said.body, sizeof(said.body));
	struct sip_extra extra[2];
	uint64_t txn;

	if (t->is_silent || leg == NULL || t->told == status)
		return;
	t->told = status;
	strbuf_printf(&event, "refer;id=%u", t->refer);
	strbuf_put(&state, status < 200 ? STR("active") : STR("terminated;reason=noresource"));
	if (status < 200)
		strbuf_printf(&state, ";expires=%u", SUBSCRIPTION_S);
	strbuf_printf(&body, "SIP/2.0 %u %.*s\r\n", status, STR_FMT(sip_reason_phrase(status)));
	extra[0] = (struct sip_extra){SIP_HDR_EVENT, strbuf_str(&event)};
	extra[1] = (struct sip_extra){SIP_HDR_SUBSCRIPTION_STATE, strbuf_str(&state)};
	leg_request(t->call, leg, &txn,
		&(struct leg_request){
			.method = SIP_NOTIFY,
			.sdp = STR_NONE,
			.extra = extra,
			.extra_count = 2,
			.body_type = SIP_SIPFRAG,
			.body = strbuf_str(&body),
		});
}

// ---- the target

struct aim {
	char text[REPLACES_BYTES];
	struct sip_uri uri;
	struct str replaces; // as the target's end knows the dialog; none: nothing is replaced
	const struct leg *toward;
	uint16_t status; // why there is none
};

// The far end of another call of the referrer, which the target is to replace.
static void aim_at_dialog(struct aim *aim, const struct referral *referral, const struct call *call)
{
	char said[REPLACES_BYTES];
	struct strbuf b = strbuf_on(said, sizeof(said));
	struct sip_replaces r;
	struct call *other;
	const struct leg *leg;

	if (!sip_uri_header(&b, aim->uri.headers, "Replaces"))
		return;
	aim->status = 481;
	if (b.failed || sip_replaces_parse(&r, strbuf_str(&b)) < 0)
		return;
	leg = cross_find(call->engine, &other, referral->referrer->realm->name, &r);
	if (leg == NULL || other == call || other->conf != call->conf)
		return;
	aim->toward = other->leg[leg->side == LEG_A ? LEG_B : LEG_A];
	if (!cross_name(&r, aim->toward))
		return;
	b = strbuf_on(aim->text, sizeof(aim->text));
	sip_replaces_write(&b, &r);
	aim->replaces = strbuf_str(&b);
	aim->status = b.failed ? 481 : 0;
}

static const struct conf_peer *route_to(
	const struct call *call, const struct leg *referrer, const struct sip_uri *uri)
{
	char text[ROUTE_NUMBER_BYTES];
	struct strbuf number = strbuf_on(text, sizeof(text));
	const struct conf *conf = call->conf;
	const struct conf_route *route;

	if (route_number(&number, uri) < 0)
		return NULL;
	route = route_find(conf, (uint8_t)(referrer->realm - conf->realms), referrer->peer,
		strbuf_str(&number));
	return route != NULL ? &conf->peers[route->to_peer] : NULL;
}

static uint16_t status_of(int rc)
{
	return rc == -EBUSY || rc == -ENOSPC ? 503 : 500;
}

// The leg towards the target, IDLE. Returns 0 or a status.
static uint16_t make_leg(
	struct leg **out, struct call *call, const struct referral *referral, const struct aim *aim)
{
	struct leg_aim way = {
		.toward = aim->toward,
		.from = referral->transferee->dialog.remote,
		.uri = aim->uri.text,
		.side = referral->referrer->side,
	};
	int rc;

	if (aim->status != 0)
		return aim->status;
	if (aim->toward == NULL) {
		way.peer = route_to(call, referral->referrer, &aim->uri);
		way.listener = way.peer != NULL ? route_listener(call->conf, way.peer) : NULL;
		if (way.listener == NULL)
			return 404;
	}
	rc = leg_new_fresh(out, call, &way);
	return rc < 0 ? status_of(rc) : 0;
}

// ---- the beginning

static void say_accepted(struct call *call, const struct referral *referral)
{
	struct sip_extra extra = {SIP_HDR_REFER_SUB, STR("false")};

	leg_answer(call, referral->referrer, referral->txn,
		&(struct leg_answer){
			.status = 202,
			.sdp = STR_NONE,
			.extra = &extra,
			.extra_count = referral->is_silent,
		});
}

// What the transferee said last, as an offer to somebody else: whoever held it, the target talks with it.
static void put_offer(struct strbuf *b, struct str sdp)
{
	static const struct str held[] = {
		{"a=sendonly", 10}, {"a=recvonly", 10}, {"a=inactive", 10}};

	while (sdp.len > 0) {
		struct str line = str_cut(&sdp, '\n');
		struct str text = str_trim(line);

		for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
			if (str_equal(text, held[i]))
				text = STR("a=sendrecv");
		}
		strbuf_put(b, text);
		strbuf_put(b, STR("\r\n"));
	}
}

static void offer(struct transfer *t)
{
	struct call *call = t->call;
	enum media_side side = (enum media_side)transfer_staying(t)->side;
	struct strbuf b = strbuf_on(call->engine->body, sizeof(call->engine->body));

	put_offer(&b, media_session_heard(call->media, side));
	media_offer(t->media, side, strbuf_str(&b), CALL_TAG_TRANSFER);
}

// The REFER was accepted and comes to nothing.
static void disappoint(struct call *call, const struct referral *referral, uint16_t status)
{
	notify(
		&(struct transfer){
			.call = call,
			.leaving = referral->referrer->number,
			.refer = referral->cseq,
			.is_silent = referral->is_silent,
		},
		status);
}

static bool begin(struct call *call, const struct referral *referral, const struct leg *fresh)
{
	struct transfer *t;

	if (transfer_new(&t, call,
		    &(struct transfer){
			    .state = TRANSFER_OFFERING,
			    .staying = referral->transferee->number,
			    .leaving = referral->referrer->number,
			    .fresh = fresh->number,
			    .refer = referral->cseq,
			    .is_silent = referral->is_silent,
		    })
		< 0)
		return false;
	notify(t, 100);
	offer(t);
	return true;
}

static uint16_t refusal_of(
	struct aim *aim, const struct call *call, const struct referral *referral)
{
	struct sip_name_addr name;

	if (sip_name_addr_parse(&name, referral->refer_to) < 0
		|| sip_uri_parse(&aim->uri, name.uri) < 0 || aim->uri.scheme == SIP_SCHEME_OTHER)
		return 400;
	if (call->state != CALL_CONFIRMED || transfer_is_busy(call))
		return 491;
	return 0;
}

void referral_begin(struct call *call, const struct referral *referral)
{
	struct aim aim = {.status = 0};
	uint16_t status = refusal_of(&aim, call, referral);
	struct leg *fresh = NULL;

	if (status != 0) {
		leg_answer(call, referral->referrer, referral->txn,
			&(struct leg_answer){.status = status, .sdp = STR_NONE});
		return;
	}
	say_accepted(call, referral);
	fsm_enter(call);
	aim_at_dialog(&aim, referral, call);
	status = make_leg(&fresh, call, referral, &aim);
	if (status == 0 && !str_is_none(aim.replaces)) {
		fresh->replaces = str_dup(aim.replaces);
		status = fresh->replaces == NULL ? 500 : 0;
	}
	if (status == 0 && !begin(call, referral, fresh))
		status = 503;
	if (status != 0) {
		leg_free(call, fresh);
		disappoint(call, referral, status);
	}
	fsm_leave(call);
}

// ---- actions

static void on_timer(struct timer * /*timer*/, void *arg)
{
	transfer_handle(arg, TRANSFER_EV_REFUSAL, &(struct call_input){.status = 408});
}

static uint32_t no_answer_ms(const struct transfer *t)
{
	const struct leg *fresh = transfer_fresh(t);

	return fresh->peer != NULL ? fresh->peer->no_answer_ms : t->call->conf->no_answer_ms;
}

void referral_call(struct transfer *t, const struct call_input *in)
{
	struct leg *fresh = transfer_fresh(t);

	timer_arm(t->call->engine->params.wheel, &t->timer, no_answer_ms(t), on_timer, t);
	if (leg_invite(t->call, fresh, NULL, in->sdp) < 0) {
		fresh->state = LEG_GONE;
		transfer_handle(t, TRANSFER_EV_REFUSAL, &(struct call_input){.status = 503});
	}
}

void referral_tell(struct transfer *t, const struct call_input *in)
{
	struct leg *fresh = transfer_fresh(t);

	dialog_on_response(&fresh->dialog, in->msg);
	if (sip_rseq(in->msg) != 0 && prack_is_next(fresh, sip_rseq(in->msg)))
		leg_prack(t->call, fresh, in->msg);
	notify(t, in->msg->status);
}

void referral_take_answer(struct transfer *t, const struct call_input *in)
{
	struct leg *fresh = transfer_fresh(t);
	struct str sdp = sip_body_sdp(in->msg);

	timer_cancel(t->call->engine->params.wheel, &t->timer);
	fresh->state = LEG_ANSWERED;
	leg_learn(fresh, in->msg);
	session_timer_on_answer(t->call, fresh, in->msg);
	dialog_on_response(&fresh->dialog, in->msg);
	leg_ack(t->call, fresh, NULL, STR_NONE);
	if (str_is_none(sdp))
		transfer_handle(t, TRANSFER_EV_MEDIA_FAILED,
			&(struct call_input){.failure = MEDIA_NOT_ACCEPTABLE});
	else
		media_answer(t->media, (enum media_side)fresh->side, sdp, true, CALL_TAG_TRANSFER);
}

// The fresh leg goes, the call is as it was; but with nobody if the referrer has left.
static void give_up(struct transfer *t, uint16_t status)
{
	struct call *call = t->call;
	struct leg *fresh = transfer_fresh(t), *leaving = transfer_leaving(t);

	notify(t, status);
	if (fresh != NULL)
		leg_hang_up(call, fresh, &(struct farewell){0});
	if (leaving != NULL && leaving->state == LEG_GONE)
		call_end(call, &(struct farewell){.cause = CALL_CAUSE_BYE, .by = "us"});
}

void referral_fail(struct transfer *t, const struct call_input *in)
{
	struct leg *fresh = transfer_fresh(t);

	if (in->msg != NULL && !in->msg->is_request && in->leg == fresh && fresh != NULL)
		fresh->state = LEG_GONE;
	give_up(t, in->status);
}

void referral_fail_media(struct transfer *t, const struct call_input *in)
{
	struct answer_failure f;

	answer_failure_of(&f, NULL, in->failure, true);
	give_up(t, f.status);
}

void referral_move(struct transfer *t, const struct call_input *in)
{
	transfer_move(t, in->sdp);
}

// The target hung up while the transferee was on its way to it.
void referral_lose(struct transfer *t, const struct call_input *in)
{
	give_up(t, in->status);
}

void referral_complete(struct transfer *t, const struct call_input *in)
{
	struct leg *staying = transfer_staying(t);

	notify(t, 200);
	transfer_complete(t);
	if (str_is_none(in->sdp))
		transfer_finish(t);
	else
		media_offer(
			t->call->media, (enum media_side)staying->side, in->sdp, CALL_TAG_TRANSFER);
}

void referral_settle(struct transfer *t, const struct call_input * /*in*/)
{
	enum media_side side = (enum media_side)transfer_fresh(t)->side;

	media_answer(t->call->media, side, media_session_heard(t->call->media, side), true,
		CALL_TAG_TRANSFER);
}

void referral_end(struct transfer *t, const struct call_input * /*in*/)
{
	notify(t, 487);
}
