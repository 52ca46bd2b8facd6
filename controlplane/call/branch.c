// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/branch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"

#define ELSEWHERE STR("SIP;cause=200;text=\"Call completed elsewhere\"")

static bool is_branch(const struct leg *leg)
{
	return leg != NULL && leg->side == LEG_B;
}

static bool rings(const struct leg *leg)
{
	return is_branch(leg) && (leg->state == LEG_IDLE || leg->state == LEG_INVITED);
}

// One that may still answer, other than leg; NULL when there is none.
static struct leg *other_ringing(const struct call *call, const struct leg *leg)
{
	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++) {
		if (call->legs[i] != leg && rings(call->legs[i]))
			return call->legs[i];
	}
	return NULL;
}

static void decide(struct call *call, const struct call_input *in);

static bool is_undecided(const struct call *call)
{
	return call->state == CALL_OFFERING || call->state == CALL_PROCEEDING
		|| call->state == CALL_EARLY;
}

// ---- calling

// A caller that has the offer of a callee cannot be given another one's.
bool branch_has_more(const struct call *call)
{
	return hunt_has_more(&call->hunt) && (!call->is_late || call->settled == 0);
}

static int make_leg(struct leg **out, void *call, const struct target *target)
{
	return leg_new_b(out, call, target);
}

int branch_make(struct call *call)
{
	return hunt_make(&call->leg[LEG_B], &call->hunt, make_leg, call);
}

static int invite(struct call *call, struct leg *leg, struct str sdp)
{
	int rc = leg_invite(call, leg, &call->invite->msg, sdp);

	call->hunt.is_too_large |= rc == -EMSGSIZE;
	if (rc < 0 && leg->phone != NULL)
		phone_heed(call->engine, leg->phone->binding, &leg->dialog.flow, rc);
	return rc;
}

// When none of these can be asked, the next ones are hunted for: they wait for an offer of their own.
void branch_invite(struct call *call, struct str sdp)
{
	struct leg *waiting[CALL_LEGS_MAX];
	unsigned int count = 0;

	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++) {
		if (is_branch(call->legs[i]) && call->legs[i]->state == LEG_IDLE)
			waiting[count++] = call->legs[i];
	}
	for (unsigned int i = 0; i < count; i++) {
		waiting[i]->state = LEG_INVITED;
		if (invite(call, waiting[i], sdp) < 0)
			branch_on_silence(call, waiting[i], true);
	}
}

void branch_cancel_others(struct call *call, const struct leg *winner, struct str reason)
{
	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++) {
		struct leg *leg = call->legs[i];

		if (leg != winner && rings(leg))
			leg_hang_up(call, leg, &(struct farewell){.reason = reason});
	}
}

void branch_heed(struct call *call, struct leg *leg)
{
	call->leg[LEG_B] = leg;
	media_session_set_signalling(call->media, MEDIA_B, &leg->dialog.flow.remote.ip);
}

// What an earlier branch said of media is past; the caller keeps its ports.
static int retarget(struct call *call)
{
	struct media_leg leg = media_leg_of(call->leg[LEG_B]);

	answer_forget(call);
	call->offer = call->is_late ? CALL_OFFER_AWAITED : CALL_OFFER_OUT;
	call->settled = 0;
	return media_session_retarget(call->media, MEDIA_B, &leg);
}

void branch_next(struct call *call, const struct call_input *in)
{
	int rc;

	branch_cancel_others(call, NULL, STR_NONE);
	rc = branch_make(call);
	if (rc == 0)
		rc = retarget(call);
	if (rc < 0)
		decide(call, in);
	else if (call->offer == CALL_OFFER_AWAITED)
		fsm_handle(call, CALL_EV_OFFER_READY, &(struct call_input){.sdp = STR_NONE});
	else
		media_offer(call->media, MEDIA_A, media_session_heard(call->media, MEDIA_A),
			CALL_TAG_OFFER);
}

// ---- their finals

static bool is_challenge(uint16_t status)
{
	return status == 401 || status == 407;
}

const struct refusal *branch_best(const struct call *call)
{
	const struct refusal *best = NULL;

	for (const struct refusal *r = call->refusals; r != NULL; r = r->next) {
		if (r->kept != NULL
			&& (best == NULL || hunt_rank(r->status) < hunt_rank(best->status)))
			best = r;
	}
	return best;
}

unsigned int branch_challenges(
	const struct call *call, struct sip_extra *out, unsigned int max, uint16_t status)
{
	unsigned int count = 0;

	if (!is_challenge(status))
		return 0;
	for (const struct refusal *r = call->refusals; r != NULL; r = r->next) {
		for (unsigned int i = 0; r->kept != NULL && i < r->kept->msg.hdr_count; i++) {
			const struct sip_hdr *hdr = &r->kept->msg.hdr[i];

			if (count < max
				&& (hdr->id == SIP_HDR_WWW_AUTHENTICATE
					|| hdr->id == SIP_HDR_PROXY_AUTHENTICATE))
				out[count++] = (struct sip_extra){hdr->id, hdr->value};
		}
	}
	return count;
}

static void remember(struct call *call, uint16_t status, const struct sip_msg *response)
{
	struct refusal **end = &call->refusals;
	struct refusal *r = calloc(1, sizeof(*r));
	struct tg_addr own;

	if (r == NULL)
		return;
	r->status = status;
	r->kept = response != NULL ? kept_new(response) : NULL;
	engine_advertised(call->engine, &call->leg[LEG_A]->dialog.flow, &own);
	r->contacts = status / 100 == 3 ? redirect_contacts(&own, response) : NULL;
	while (*end != NULL)
		end = &(*end)->next;
	*end = r;
}

void branch_forget(struct call *call)
{
	while (call->refusals != NULL) {
		struct refusal *r = call->refusals;

		call->refusals = r->next;
		free(r->kept);
		free(r->contacts);
		free(r);
	}
	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++) {
		if (call->legs[i] != NULL)
			call->legs[i]->phone = NULL;
	}
	hunt_forget(&call->hunt);
}

// Nobody else may answer any more: the next are called, or the caller hears of it.
static void decide(struct call *call, const struct call_input *in)
{
	if (branch_has_more(call))
		fsm_handle(call, CALL_EV_B_NEXT, in);
	else if (in->msg != NULL || branch_best(call) != NULL)
		fsm_handle(call, CALL_EV_B_REFUSAL, in);
	else
		fsm_handle(call, CALL_EV_B_SILENT, in);
}

// The offer as the callees have it.
static struct str offered(const struct call *call)
{
	return call->offer == CALL_OFFER_AWAITED ? STR_NONE
						 : media_session_sent(call->media, MEDIA_B);
}

// Calls the phone by its next flow, when that is of the realm and family that the callee's side of the media
// has; else by its turn. Returns the leg, or NULL.
static struct leg *call_by_next_flow(struct call *call, struct phone *phone)
{
	struct phone *next = phone->next;
	struct leg *leg;

	if (next == NULL || !hunt_insert_flow(&call->hunt, call->conf, next))
		return NULL;
	phone->next = NULL;
	if (!phone_is_alike(&next->flow, &call->leg[LEG_B]->dialog.flow))
		return NULL;
	if (leg_new_b(&leg, call, &call->hunt.target[call->hunt.next++]) < 0)
		return NULL;
	leg->state = LEG_INVITED;
	return leg;
}

// RFC 5626 §7 (E18). Returns false when the phone has no other flow that can be called now.
static bool try_other_flow(struct call *call, struct leg *leg, uint16_t status)
{
	struct phone *phone = leg->phone;
	struct leg *next = leg;
	int rc = -ENOENT;

	if (phone == NULL || phone->next == NULL || !phone_may_try_other(status))
		return false;
	while (rc < 0 && next != NULL) {
		next = call_by_next_flow(call, phone);
		if (next == NULL)
			break;
		rc = invite(call, next, offered(call));
		phone = next->phone;
		if (rc < 0)
			leg_gone(call, next);
	}
	if (rc == 0 && call->leg[LEG_B] == leg)
		call->leg[LEG_B] = next;
	return rc == 0;
}

static void fail(struct call *call, struct leg *leg, const struct call_input *in, uint16_t status)
{
	struct leg *other;

	leg_gone(call, leg);
	LOG(LOG_INFO, "call-branch-failed", "call=%" PRIu64 " leg=%u peer=%s status=%u", call->id,
		leg->number, leg->peer != NULL ? leg->peer->name : "-", status);
	if (leg->phone != NULL)
		phone_heed(call->engine, leg->phone->binding, &leg->dialog.flow, status);
	if (try_other_flow(call, leg, in->unreachable ? 0 : status))
		return;
	other = other_ringing(call, leg);
	remember(call, status, in->msg);
	// RFC 3261 §16.7 step 5: 6xx speaks for all
	if (status / 100 == 6) {
		branch_cancel_others(call, leg, STR_NONE);
		call->hunt.next = call->hunt.count;
		other = NULL;
	}
	if (other == NULL)
		decide(call, in);
	else if (call->leg[LEG_B] == leg)
		call->leg[LEG_B] = other;
}

// RFC 4028 §7.3: same Call-ID, CSeq + 1 (C37)
static bool invite_again(struct call *call, struct leg *leg)
{
	return leg_invite(call, leg, &call->invite->msg, offered(call)) == 0;
}

static void on_final(struct call *call, struct leg *leg, const struct call_input *in)
{
	bool wanted = rings(leg) && is_undecided(call);

	if (!wanted) {
		leg_gone(call, leg);
		fsm_handle(call, CALL_EV_BRANCH_GONE, in);
		return;
	}
	if (session_timer_heed(leg, in->msg) && invite_again(call, leg))
		return;
	if (in->msg->status < 400)
		redirect_follow(&call->hunt, call, leg, in->msg);
	fail(call, leg, in, in->msg->status);
}

static void on_success(struct call *call, struct leg *leg, const struct call_input *in)
{
	bool wins = rings(leg) && is_undecided(call);

	if (wins) {
		call->leg[LEG_B] = leg;
		branch_cancel_others(call, leg, ELSEWHERE);
	}
	fsm_handle(call, wins || leg == call->leg[LEG_B] ? CALL_EV_B_ANSWER : CALL_EV_B_LOST, in);
}

void branch_on_response(struct call *call, struct leg *leg, const struct sip_msg *response)
{
	struct call_input in = {.msg = response, .leg = leg};

	if (response->status == 100)
		return;
	fsm_enter(call);
	if (response->status >= 300)
		on_final(call, leg, &in);
	else if (response->status >= 200)
		on_success(call, leg, &in);
	else if (rings(leg))
		fsm_handle(call, CALL_EV_B_PROVISIONAL, &in);
	fsm_leave(call);
}

void branch_on_silence(struct call *call, struct leg *leg, bool unreachable)
{
	struct call_input in = {.leg = leg, .unreachable = unreachable};

	fsm_enter(call);
	if (rings(leg) && is_undecided(call)) {
		fail(call, leg, &in, unreachable ? 503 : 408);
	} else {
		leg_gone(call, leg);
		fsm_handle(call, CALL_EV_BRANCH_GONE, &in);
	}
	fsm_leave(call);
}
