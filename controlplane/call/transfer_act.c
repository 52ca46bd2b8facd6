// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"
#include "controlplane/call/transfer_int.h"
#include "controlplane/sip/body.h"

struct leg *transfer_staying(const struct transfer *t)
{
	return t->call->legs[t->staying];
}

struct leg *transfer_leaving(const struct transfer *t)
{
	return t->call->legs[t->leaving];
}

struct leg *transfer_fresh(const struct transfer *t)
{
	return t->call->legs[t->fresh];
}

static void on_moved(
	struct call *call, struct leg *leg, uint16_t status, const struct sip_msg *response)
{
	struct transfer *t = call->transfer;
	struct call_input in = {
		.leg = leg,
		.msg = response,
		.status = status != 0 ? status : 408,
		.sdp = response != NULL ? sip_body_sdp(response) : STR_NONE,
	};

	if (t == NULL || t->staying != leg->number)
		return;
	timer_cancel(call->engine->params.wheel, &t->timer);
	transfer_handle(t, status / 100 == 2 ? TRANSFER_EV_MOVED : TRANSFER_EV_STAYED, &in);
}

static void on_timer(struct timer * /*timer*/, void *arg)
{
	transfer_handle(arg, TRANSFER_EV_TIMEOUT, &(struct call_input){.status = 408});
}

// RFC 3261 §17.1.1.2: after a provisional response the transaction would wait for ever.
static void limit_move(struct transfer *t)
{
	timer_arm(t->call->engine->params.wheel, &t->timer, leg_no_answer_ms(transfer_staying(t)),
		on_timer, t);
}

void transfer_move(struct transfer *t, struct str sdp)
{
	struct leg *staying = transfer_staying(t);
	int rc = exchange_ask(t->call, staying,
		&(struct exchange_own){.method = SIP_INVITE, .sdp = sdp, .on_final = on_moved});

	if (rc == 0)
		limit_move(t);
	else
		transfer_handle(
			t, TRANSFER_EV_STAYED, &(struct call_input){.leg = staying, .status = 500});
}

void transfer_stop_move(struct transfer *t)
{
	struct exchange *x = t->call->exchanges;

	while (x != NULL && (x->server != 0 || x->asked != SIP_INVITE || x->to != t->staying))
		x = x->next;
	if (x != NULL)
		exchange_handle(x, EXCHANGE_EV_CANCEL, NULL);
}

void transfer_move_back(struct transfer *t)
{
	struct call *call = t->call;
	struct leg *staying = transfer_staying(t);
	enum media_side side = (enum media_side)staying->side;

	if (call->state != CALL_CONFIRMED || call->media == NULL)
		return;
	media_session_continue(call->media, side, &(struct media_leg_ref){t->media, side});
	exchange_ask(call, staying,
		&(struct exchange_own){
			.method = SIP_INVITE, .sdp = media_session_sent(call->media, side)});
}

void transfer_undo(struct transfer *t, const struct call_input * /*in*/)
{
	transfer_move_back(t);
}

void transfer_complete(struct transfer *t)
{
	struct call *call = t->call;
	struct leg *leaving = transfer_leaving(t), *fresh = transfer_fresh(t);

	LOG(LOG_INFO, "call-transferred",
		"call=%" PRIu64 " staying=%u leaving=%u fresh=%u call_id=%s peer=%s by=%s",
		call->id, t->staying, t->leaving, t->fresh, LOG_STR(fresh->dialog.call_id),
		fresh->peer != NULL ? fresh->peer->name : "-",
		t->is_referral ? "refer" : "replaces");
	counter_add(&call->engine->counters.transferred, 1);
	call->leg[fresh->side] = fresh;
	media_session_free(call->media);
	call->media = t->media;
	t->media = NULL;
	if (fresh->side == LEG_A)
		watch_hold(call);
	exchange_end_of(call, leaving);
	leg_hang_up(call, leaving, &(struct farewell){0});
}
