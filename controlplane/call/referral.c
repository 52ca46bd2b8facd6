// SPDX-License-Identifier: BSD-3-Clause
// A REFER that we perform, for a peer that takes none (C27). The target is called by the same routes and
// limits as if the referrer had called it (I11), with all its forks and alternatives (C41, C42).
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"
#include "controlplane/call/cross.h"
#include "controlplane/call/reach.h"
#include "controlplane/call/transfer_int.h"
#include "controlplane/route/route.h"
#include "controlplane/sip/body.h"
#include "controlplane/sip/refer.h"

#define SUBSCRIPTION_S 180
#define ELSEWHERE STR("SIP;cause=200;text=\"Call completed elsewhere\"")

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
	char text[CROSS_REPLACES_BYTES];
	struct sip_uri uri;
	struct str replaces; // as the target's end knows the dialog; none: nothing is replaced
	const struct leg *toward;
	uint16_t status; // why there is none
};

// The far end of another call of the referrer, which the target is to replace.
static void aim_at_dialog(struct aim *aim, const struct referral *referral, const struct call *call)
{
	char said[CROSS_REPLACES_BYTES];
	struct strbuf b = strbuf_on(said, sizeof(said));
	struct sip_replaces r;

	if (!sip_uri_header(&b, aim->uri.headers, "Replaces"))
		return;
	aim->status = 481;
	if (b.failed || sip_replaces_parse(&r, strbuf_str(&b)) < 0)
		return;
	aim->toward = cross_translate(&r, referral->referrer);
	if (aim->toward == NULL || aim->toward->call == call
		|| aim->toward->call->conf != call->conf)
		return;
	b = strbuf_on(aim->text, sizeof(aim->text));
	sip_replaces_write(&b, &r);
	aim->replaces = strbuf_str(&b);
	aim->status = b.failed ? 481 : 0;
}

// By the same routes and limits as if the referrer had called it (I11).
static uint16_t find_targets(struct transfer *t, const struct sip_uri *uri)
{
	const struct conf *conf = t->call->conf;
	const struct leg *referrer = transfer_leaving(t);
	struct binding own;
	int rc = reach_user(&own, t->call->engine, referrer->dialog.remote, &referrer->dialog.flow);
	enum reach reach = reach_find(&t->hunt,
		&(struct reach_query){
			.engine = t->call->engine,
			.conf = conf,
			.own = rc == 0 ? own.id : 0,
			.from = referrer->peer,
			.uri = uri,
			.realm = (uint8_t)(referrer->realm - conf->realms),
		});

	if (reach == REACH_FOUND)
		return 0;
	return reach == REACH_OFFLINE ? 480 : 404;
}

static uint16_t status_of(int rc)
{
	return rc == -EBUSY || rc == -ENOSPC ? 503 : 500;
}

// A leg towards it, IDLE.
static int make_leg(struct leg **out, struct transfer *t, struct leg_aim *aim)
{
	const struct leg *staying = transfer_staying(t);
	struct leg *leg;
	int rc;

	aim->from = staying->dialog.remote;
	aim->side = staying->side == LEG_A ? LEG_B : LEG_A;
	rc = leg_new_fresh(&leg, t->call, aim);
	if (rc < 0)
		return rc;
	t->ringing |= (uint16_t)(1u << leg->number);
	*out = leg;
	return 0;
}

static int make_target(struct leg **out, void *transfer, const struct target *target)
{
	struct transfer *t = transfer;

	return make_leg(out, t,
		&(struct leg_aim){
			.target = target,
			.uri = str_from(target->uri != NULL ? target->uri : t->target),
		});
}

// The first that are called. Returns 0 or a status.
static uint16_t make_first(struct transfer *t, const struct aim *aim)
{
	struct leg *first;
	uint16_t status = aim->status;
	int rc;

	if (status == 0 && aim->toward == NULL)
		status = find_targets(t, &aim->uri);
	if (status != 0)
		return status;
	if (aim->toward != NULL)
		rc = make_leg(&first, t, &(struct leg_aim){.toward = aim->toward});
	else
		rc = hunt_make(&first, &t->hunt, make_target, t);
	if (rc < 0)
		return status_of(rc);
	t->fresh = first->number;
	if (aim->toward == NULL)
		return 0;
	first->replaces = str_dup(aim->replaces);
	return first->replaces != NULL ? 0 : 500;
}

// That rings; NULL: none of that number does.
static struct leg *target_at(const struct transfer *t, unsigned int number)
{
	return (t->ringing >> number & 1) != 0 ? t->call->legs[number] : NULL;
}

static void drop_targets(struct transfer *t, struct str reason)
{
	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++) {
		struct leg *leg = target_at(t, i);

		if (leg != NULL)
			leg_hang_up(t->call, leg, &(struct farewell){.reason = reason});
	}
	t->ringing = 0;
}

// ---- the beginning

static void say_accepted(struct call *call, const struct referral *referral)
{
	struct sip_extra extra = {SIP_HDR_REFER_SUB, STR("false")};

	leg_answer(call, referral->referrer, referral->txn,
		&(struct leg_answer){
			.method = SIP_REFER,
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

static uint16_t begin(struct transfer *draft, const struct aim *aim)
{
	struct transfer *t;
	uint16_t status;

	draft->target = str_dup(aim->uri.text);
	if (draft->target == NULL)
		return 500;
	status = make_first(draft, aim);
	if (status != 0)
		return status;
	if (transfer_new(&t, draft->call, draft) < 0)
		return 503;
	notify(t, 100);
	offer(t);
	return 0;
}

// The REFER was accepted and comes to nothing.
static void disappoint(struct transfer *draft, uint16_t status)
{
	drop_targets(draft, STR_NONE);
	notify(draft, status);
	hunt_forget(&draft->hunt);
	free(draft->target);
}

static uint16_t refusal_of(
	struct aim *aim, const struct call *call, const struct referral *referral)
{
	if (sip_refer_to_parse(&aim->uri, referral->refer_to) < 0)
		return 400;
	if (call->state != CALL_CONFIRMED || transfer_is_busy(call))
		return 491;
	return 0;
}

void referral_begin(struct call *call, const struct referral *referral)
{
	struct transfer draft = {
		.call = call,
		.state = TRANSFER_OFFERING,
		.staying = referral->transferee->number,
		.leaving = referral->referrer->number,
		.is_referral = true,
		.refer = referral->cseq,
		.is_silent = referral->is_silent,
	};
	struct aim aim = {.status = 0};
	uint16_t status = refusal_of(&aim, call, referral);

	if (status != 0) {
		leg_answer(call, referral->referrer, referral->txn,
			&(struct leg_answer){
				.method = SIP_REFER, .status = status, .sdp = STR_NONE});
		return;
	}
	say_accepted(call, referral);
	fsm_enter(call);
	aim_at_dialog(&aim, referral, call);
	status = begin(&draft, &aim);
	if (status != 0)
		disappoint(&draft, status);
	fsm_leave(call);
}

// ---- whom it rings at

static void note(struct transfer *t, uint16_t status)
{
	if (t->refusal == 0 || hunt_rank(status) < hunt_rank(t->refusal))
		t->refusal = status;
}

// Nobody else may answer any more.
static void decide(struct transfer *t)
{
	transfer_handle(t, hunt_has_more(&t->hunt) ? TRANSFER_EV_NEXT : TRANSFER_EV_REFUSAL,
		&(struct call_input){.status = t->refusal});
}

static void point_at_ringing(struct transfer *t)
{
	unsigned int i = 0;

	while (target_at(t, i) == NULL)
		i++;
	t->fresh = (uint8_t)i;
}

void referral_on_refusal(struct transfer *t, struct leg *leg, const struct call_input *in)
{
	struct call *call = t->call;

	fsm_enter(call);
	LOG(LOG_INFO, "call-target-failed", "call=%" PRIu64 " leg=%u peer=%s status=%u", call->id,
		leg->number, leg->peer != NULL ? leg->peer->name : "-", in->status);
	t->ringing &= (uint16_t) ~(1u << leg->number);
	leg_gone(call, leg);
	note(t, in->status);
	if (in->status < 400 && leg->replaces == NULL)
		redirect_follow(&t->hunt, call, leg, in->msg);
	// RFC 3261 §16.7 step 5: 6xx speaks for all
	if (in->status / 100 == 6) {
		drop_targets(t, STR_NONE);
		t->hunt.next = t->hunt.count;
	}
	if (t->ringing == 0)
		decide(t);
	else if (leg->number == t->fresh)
		point_at_ringing(t);
	fsm_leave(call);
}

// ---- actions

static void on_timer(struct timer * /*timer*/, void *arg)
{
	note(arg, 408);
	decide(arg);
}

// How long they may ring: the longest of their peers.
static uint32_t no_answer_ms(const struct transfer *t)
{
	uint32_t longest = 0;

	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++) {
		const struct leg *leg = target_at(t, i);
		uint32_t ms = leg != NULL ? leg_no_answer_ms(leg) : 0;

		longest = ms > longest ? ms : longest;
	}
	return longest;
}

void referral_call(struct transfer *t, const struct call_input *in)
{
	uint8_t turn = t->hunt.next;

	timer_arm(t->call->engine->params.wheel, &t->timer, no_answer_ms(t), on_timer, t);
	for (unsigned int i = 0; i < CALL_LEGS_MAX && t->hunt.next == turn; i++) {
		struct leg *leg = target_at(t, i);

		if (leg != NULL && leg_invite(t->call, leg, NULL, in->sdp) < 0)
			referral_on_refusal(t, leg, &(struct call_input){.status = 503});
	}
}

// What an earlier target said of media is past; the transferee keeps its ports.
static int retarget(struct transfer *t, const struct leg *first)
{
	struct media_leg leg = media_leg_of(first);

	t->fresh = first->number;
	free(t->early);
	t->early = NULL;
	return media_session_retarget(t->media, (enum media_side)first->side, &leg);
}

void referral_next(struct transfer *t, const struct call_input * /*in*/)
{
	struct leg *first;
	int rc;

	timer_cancel(t->call->engine->params.wheel, &t->timer);
	drop_targets(t, STR_NONE);
	rc = hunt_make(&first, &t->hunt, make_target, t);
	if (rc == 0)
		rc = retarget(t, first);
	if (rc == 0) {
		offer(t);
		return;
	}
	note(t, status_of(rc));
	transfer_handle(t, TRANSFER_EV_REFUSAL, &(struct call_input){.status = t->refusal});
}

// Its 2xx may say nothing of media any more (RFC 3262 §5; D29).
static void keep_early(struct transfer *t, const struct sip_msg *msg)
{
	struct str sdp = sip_body_sdp(msg);

	if (str_is_none(sdp))
		return;
	free(t->early);
	t->early = str_dup(sdp);
	t->early_dialog = str_hash(msg->to_tag);
}

void referral_tell(struct transfer *t, const struct call_input *in)
{
	uint32_t rseq = sip_rseq(in->msg);
	bool is_fork = dialog_on_response(&in->leg->dialog, in->msg) == -ESRCH;

	if (rseq != 0 && is_fork)
		leg_prack_fork(t->call, in->leg, in->msg);
	else if (rseq != 0 && prack_is_next(in->leg, rseq))
		leg_prack(t->call, in->leg, in->msg);
	keep_early(t, in->msg);
	notify(t, in->msg->status);
}

static struct str sdp_of_success(const struct transfer *t, const struct sip_msg *msg)
{
	struct str sdp = sip_body_sdp(msg);

	if (str_is_none(sdp) && t->early != NULL && t->early_dialog == str_hash(msg->to_tag))
		return str_from(t->early);
	return sdp;
}

static void take_place(struct transfer *t, struct leg *leg)
{
	timer_cancel(t->call->engine->params.wheel, &t->timer);
	t->fresh = leg->number;
	t->ringing &= (uint16_t) ~(1u << leg->number);
	drop_targets(t, ELSEWHERE);
	media_session_set_signalling(
		t->media, (enum media_side)leg->side, &leg->dialog.flow.remote.ip);
}

void referral_take_answer(struct transfer *t, const struct call_input *in)
{
	struct leg *fresh = in->leg;
	struct str sdp = sdp_of_success(t, in->msg);
	int rc;

	take_place(t, fresh);
	fresh->state = LEG_ANSWERED;
	leg_learn(fresh, in->msg);
	session_timer_on_answer(t->call, fresh, in->msg);
	rc = dialog_on_response(&fresh->dialog, in->msg);
	leg_ack(t->call, fresh, NULL, STR_NONE);
	if (rc < 0 || str_is_none(sdp))
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
	drop_targets(t, STR_NONE);
	if (fresh != NULL)
		leg_hang_up(call, fresh, &(struct farewell){0});
	if (leaving != NULL && leaving->state == LEG_GONE)
		fsm_handle(call, leaving->side == LEG_A ? CALL_EV_A_BYE : CALL_EV_B_BYE,
			&(struct call_input){.leg = leaving});
}

void referral_fail(struct transfer *t, const struct call_input *in)
{
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

// The target hung up while the transferee was on its way to it, or that takes too long.
void referral_lose(struct transfer *t, const struct call_input *in)
{
	transfer_stop_move(t);
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
