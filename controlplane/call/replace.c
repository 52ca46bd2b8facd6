// SPDX-License-Identifier: BSD-3-Clause
// An INVITE with Replaces (RFC 3891): the caller takes the place of a leg of ours. It names that leg by our
// own tags, or the one at its other end by those of the far end, as a Refer-To told it (C28, C29).
#include <errno.h>
#include <stdlib.h>

#include "controlplane/call/admission.h"
#include "controlplane/call/call_int.h"
#include "controlplane/call/transfer_int.h"
#include "controlplane/sip/body.h"
#include "controlplane/sip/refer.h"

struct place {
	struct call *call;
	struct leg *staying, *leaving;
};

static bool find(struct place *out, const struct engine *engine, const struct sip_replaces *r)
{
	out->leaving = leg_named(engine, r->call_id, r->to_tag, r->from_tag);
	if (out->leaving != NULL) {
		out->staying = leg_other(out->leaving);
	} else {
		out->staying = leg_named(engine, r->call_id, r->from_tag, r->to_tag);
		if (out->staying == NULL)
			return false;
		out->leaving = leg_other(out->staying);
	}
	out->call = out->leaving->call;
	return true;
}

static bool is_current(const struct call *call, const struct leg *leg)
{
	return leg == call->leg[LEG_A] || leg == call->leg[LEG_B];
}

// RFC 3891 §3
static uint16_t refusal_of(const struct request *r, const struct place *p, bool early_only)
{
	if (p->call->state == CALL_ENDING || leg_is_over(p->leaving) || leg_is_over(p->staying))
		return 603;
	if (!is_current(p->call, p->leaving) || !is_current(p->call, p->staying)
		|| p->call->state != CALL_CONFIRMED)
		return 481;
	if (early_only)
		return 486;
	if (transfer_is_busy(p->call))
		return 491;
	return str_is_none(sip_body_sdp(r->msg)) ? 488 : 0;
}

// The settings of the call are those it began with (L1): the caller must have a place in them.
static bool has_realm(const struct request *r, const struct conf *conf)
{
	uint8_t realm = r->flow->realm;

	return realm < conf->realm_count
		&& strcmp(conf->realms[realm].name, r->engine->conf->realms[realm].name) == 0;
}

static int make_leg(struct leg **out, const struct request *r, const struct place *p)
{
	const struct conf *conf = p->call->conf;
	int rc;

	if (!has_realm(r, conf))
		return -EINVAL;
	rc = leg_new_a(out, p->call,
		&(struct call_params){
			.txn = r->txn,
			.flow = r->flow,
			.invite = r->msg,
			.from = conf_peer_by_source(conf, r->flow->realm, &r->flow->remote.ip),
		});
	if (rc < 0)
		return rc;
	(*out)->side = p->leaving->side;
	(*out)->is_fresh = true;
	return 0;
}

static int begin(const struct request *r, const struct place *p)
{
	struct call *call = p->call;
	struct transfer *t;
	struct leg *fresh;
	int rc = make_leg(&fresh, r, p);

	if (rc < 0)
		return rc;
	rc = transfer_new(&t, call,
		&(struct transfer){
			.state = TRANSFER_JOINING,
			.staying = p->staying->number,
			.leaving = p->leaving->number,
			.fresh = fresh->number,
		});
	if (rc < 0) {
		leg_free(call, fresh);
		return rc;
	}
	sip_txn_own(r->engine->stack, r->txn, call_owner(call),
		(struct sip_label){call->id, fresh->number});
	request_try(r);
	media_offer(
		t->media, (enum media_side)fresh->side, sip_body_sdp(r->msg), CALL_TAG_TRANSFER);
	return 0;
}

static void refuse(const struct request *r, uint16_t status)
{
	admission_count(r, CALL_REFUSAL_REPLACES);
	request_answer(r, status, 0, STR_NONE);
}

void replace_on_request(const struct request *r)
{
	const struct sip_hdr *hdr = sip_msg_header(r->msg, SIP_HDR_REPLACES);
	struct sip_replaces replaces;
	struct place place;
	uint16_t status = 481;
	int rc;

	// RFC 3891 §3: Join says something else of the dialog
	if (sip_msg_header(r->msg, SIP_HDR_JOIN) != NULL
		|| sip_replaces_parse(&replaces, hdr->value) < 0)
		status = 400;
	else if (find(&place, r->engine, &replaces))
		status = refusal_of(r, &place, replaces.early_only);
	if (status != 0) {
		refuse(r, status);
		return;
	}
	rc = begin(r, &place);
	if (rc == -EBUSY || rc == -ENOSPC)
		request_answer(r, 503, SIP_HDR_RETRY_AFTER, CALL_RETRY_AFTER_S);
	else if (rc < 0)
		refuse(r, 500);
}

// ---- actions

// Returns 0, or why it is not in the call: then it is gone.
static int answer(struct transfer *t, const struct leg_answer *out)
{
	struct leg *fresh = transfer_fresh(t);
	int rc;

	if (fresh == NULL || fresh->state != LEG_INVITED)
		return -ESRCH;
	fresh->state = out->status < 300 ? LEG_ANSWERED : LEG_GONE;
	if (out->status < 300)
		fresh->dialog.state = DIALOG_CONFIRMED;
	rc = leg_answer(t->call, fresh, fresh->invite, out);
	if (rc < 0)
		fresh->state = LEG_GONE;
	return rc;
}

void replace_move(struct transfer *t, const struct call_input *in)
{
	transfer_move(t, in->sdp);
}

void replace_fail_media(struct transfer *t, const struct call_input *in)
{
	struct answer_failure f;

	answer_failure_of(&f, transfer_fresh(t), in->failure, false);
	answer(t,
		&(struct leg_answer){
			.status = f.status, .sdp = STR_NONE, .extra = &f.extra, .extra_count = 1});
}

void replace_fail_answer(struct transfer *t, const struct call_input *in)
{
	replace_fail_media(t, in);
	transfer_move_back(t);
}

void replace_drop(struct transfer *t, const struct call_input * /*in*/)
{
	answer(t, &(struct leg_answer){.status = 487, .sdp = STR_NONE});
}

void replace_drop_moving(struct transfer *t, const struct call_input *in)
{
	replace_drop(t, in);
	transfer_stop_move(t);
}

// The leg that stays does not say whether it takes it.
void replace_drop_slow(struct transfer *t, const struct call_input *in)
{
	answer(t, &(struct leg_answer){.status = in->status, .sdp = STR_NONE});
	transfer_stop_move(t);
}

void replace_drop_moved(struct transfer *t, const struct call_input *in)
{
	replace_drop(t, in);
	transfer_move_back(t);
}

// Of a redirection the new caller has no use: it asked for this place and no other.
static uint16_t refusal_status(uint16_t status)
{
	return status < 400 ? 480 : answer_status_of(status);
}

// What the staying leg refuses is refused to the new caller; the old one is not concerned.
void replace_refuse(struct transfer *t, const struct call_input *in)
{
	uint16_t status = refusal_status(in->status);

	answer(t,
		&(struct leg_answer){
			.status = status,
			.phrase = in->msg != NULL && status == in->status
				? identity_phrase(in->msg->reason)
				: STR_NONE,
			.source = in->msg,
			.sdp = STR_NONE,
			.is_bare = true,
		});
}

void replace_take_answer(struct transfer *t, const struct call_input *in)
{
	enum media_side side = (enum media_side)transfer_staying(t)->side;

	if (str_is_none(in->sdp))
		transfer_handle(t, TRANSFER_EV_MEDIA_FAILED,
			&(struct call_input){.failure = MEDIA_NOT_ACCEPTABLE});
	else
		media_answer(t->media, side, in->sdp, true, CALL_TAG_TRANSFER);
}

void replace_complete(struct transfer *t, const struct call_input *in)
{
	int rc = answer(t, &(struct leg_answer){.status = 200, .sdp = in->sdp, .is_session = true});

	if (rc == 0)
		transfer_complete(t);
	else // the new caller did not hear what the staying side agreed to
		transfer_move_back(t);
}

// ---- the fresh leg's ACK

static void hang_up_late(struct call *call, struct leg *leg)
{
	leg->state = LEG_CONFIRMED;
	if (leg->bye_waits)
		leg_hang_up(call, leg, &(struct farewell){0});
}

void replace_on_ack(struct call *call, struct leg *leg, const struct sip_msg *ack)
{
	if (leg->state != LEG_ANSWERED || ack->cseq != leg->invite_cseq)
		return;
	sip_acked(call->engine->stack, leg->invite);
	fsm_enter(call);
	hang_up_late(call, leg);
	fsm_leave(call);
}

bool replace_on_no_ack(struct call *call, uint64_t txn, const struct call_input *in)
{
	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++) {
		struct leg *leg = call->legs[i];

		if (leg == NULL || !leg->is_fresh || leg->invite != txn)
			continue;
		fsm_enter(call);
		if (leg->state == LEG_ANSWERED)
			hang_up_late(call, leg);
		if (call->state != CALL_ENDING && is_current(call, leg))
			fsm_handle(call, CALL_EV_A_NO_ACK, in);
		fsm_leave(call);
		return true;
	}
	return false;
}
