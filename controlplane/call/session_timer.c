// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/session_timer.h"

#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/random.h"
#include "controlplane/call/call_int.h"

#define EXPIRY_MARGIN_MS 32000u // RFC 4028 §10
#define RETRY_5XX_MS 10000u	// C39
#define BUSY_RETRY_MS 2000u	// an exchange is under way there

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint64_t margin_ms(const struct session_timer *t)
{
	uint64_t third_ms = (uint64_t)t->interval_s * TG_MS_PER_S / 3;

	return third_ms < EXPIRY_MARGIN_MS ? third_ms : EXPIRY_MARGIN_MS;
}

static void on_due(struct timer *timer, void *arg);

// But not later than the session ends.
static void arm(const struct call *call, struct leg *leg, uint64_t delay_ms)
{
	uint64_t now_ms = tg_mono_ms(engine_now(call->engine));
	uint64_t end_ms = leg->session.end_ms;

	if (now_ms + delay_ms > end_ms)
		delay_ms = end_ms > now_ms ? end_ms - now_ms : 0;
	timer_arm(call->engine->params.wheel, &leg->session.timer, delay_ms, on_due, leg);
}

static void start(const struct call *call, struct leg *leg)
{
	struct session_timer *t = &leg->session;
	uint64_t interval_ms = (uint64_t)t->interval_s * TG_MS_PER_S;

	if (t->interval_s == 0) {
		timer_cancel(call->engine->params.wheel, &t->timer);
		return;
	}
	t->end_ms = tg_mono_ms(engine_now(call->engine)) + interval_ms - margin_ms(t);
	arm(call, leg, t->we_refresh ? interval_ms / 2 : interval_ms);
}

void session_timer_stop(const struct call *call, struct leg *leg)
{
	timer_cancel(call->engine->params.wheel, &leg->session.timer);
}

// ---- the peer asks

bool session_timer_refuses(const struct request *r)
{
	struct sip_session_expires asked = sip_session_expires_of(r->msg);
	uint32_t min_s = r->engine->conf->session_min_s;
	char text[16];
	struct strbuf b = strbuf_on(text, sizeof(text));

	// RFC 4028 §9: who does not know the extension cannot do better
	if (asked.interval_s == 0 || asked.interval_s >= min_s
		|| !sip_msg_has_token(r->msg, SIP_HDR_SUPPORTED, SIP_TIMER))
		return false;
	strbuf_put_u64(&b, min_s);
	request_answer(r, 422, SIP_HDR_MIN_SE, strbuf_str(&b));
	return true;
}

// RFC 4028 §9, table 2
void session_timer_on_request(const struct call *call, struct leg *leg, const struct sip_msg *msg)
{
	struct sip_session_expires asked = sip_session_expires_of(msg);
	struct session_timer *t = &leg->session;
	bool can = sip_msg_has_token(msg, SIP_HDR_SUPPORTED, SIP_TIMER);
	uint32_t ours_s = call->conf->session_s;

	t->asks_us = asked.interval_s != 0 && (asked.refresher == SIP_REFRESHER_UAS || !can);
	if (asked.interval_s != 0)
		t->asked_s = larger(asked.interval_s, call->conf->session_min_s);
	else
		t->asked_s = can && ours_s != 0 ? larger(ours_s, sip_min_se_of(msg)) : 0;
}

void session_timer_answer(struct session_timer_words *out, struct call *call, struct leg *leg)
{
	struct session_timer *t = &leg->session;
	struct sip_session_expires value = {
		t->asked_s, t->asks_us ? SIP_REFRESHER_UAS : SIP_REFRESHER_UAC};

	out->count = 0;
	t->interval_s = t->asked_s;
	t->we_refresh = t->asks_us;
	start(call, leg);
	if (t->interval_s == 0)
		return;
	out->extra[out->count++] = (struct sip_extra){
		SIP_HDR_SESSION_EXPIRES, sip_session_expires_write(out->interval, &value)};
	if (!t->we_refresh)
		out->extra[out->count++] = (struct sip_extra){SIP_HDR_REQUIRE, SIP_TIMER};
}

// ---- we ask

void session_timer_ask(
	struct session_timer_words *out, const struct call *call, const struct leg *leg)
{
	const struct session_timer *t = &leg->session;
	uint32_t min_s = larger(t->min_s, call->conf->session_min_s);
	struct sip_session_expires value = {.interval_s = t->interval_s};
	struct strbuf b = strbuf_on(out->min, sizeof(out->min));

	out->count = 0;
	if (t->interval_s != 0)
		value.refresher = t->we_refresh ? SIP_REFRESHER_UAC : SIP_REFRESHER_UAS;
	else if (call->conf->session_s != 0)
		value.interval_s = larger(call->conf->session_s, min_s);
	if (value.interval_s == 0)
		return;
	value.interval_s = larger(value.interval_s, min_s);
	out->extra[out->count++] = (struct sip_extra){
		SIP_HDR_SESSION_EXPIRES, sip_session_expires_write(out->interval, &value)};
	if (min_s <= SIP_MIN_SE_S)
		return;
	strbuf_put_u64(&b, min_s);
	out->extra[out->count++] = (struct sip_extra){SIP_HDR_MIN_SE, strbuf_str(&b)};
}

// RFC 4028 §7.2; also where nobody asked for it (C38)
void session_timer_on_answer(struct call *call, struct leg *leg, const struct sip_msg *response)
{
	struct sip_session_expires agreed = sip_session_expires_of(response);
	struct session_timer *t = &leg->session;

	t->interval_s = agreed.interval_s;
	t->we_refresh = agreed.refresher != SIP_REFRESHER_UAS;
	start(call, leg);
}

bool session_timer_heed(struct leg *leg, const struct sip_msg *response)
{
	uint32_t min_s = sip_min_se_of(response);

	if (response->status != 422 || min_s <= leg->session.min_s || min_s == SIP_MIN_SE_S)
		return false;
	leg->session.min_s = min_s;
	return true;
}

// ---- a refresh of ours

// RFC 3261 §14.1: 2.1 to 4 s where the Call-ID is ours, else up to 2 s, in steps of 10 ms (C16)
static uint32_t glare_ms(const struct leg *leg)
{
	if (leg->dialog.is_uac)
		return 2100 + 10 * random_below(191);
	return 10 * random_below(201);
}

// 481 and silence end the call (exchange_act.c); a 2xx was seen by session_timer_on_answer.
static void on_final(
	struct call *call, struct leg *leg, uint16_t status, const struct sip_msg *response)
{
	LOG(LOG_DEBUG, "session-refresh", "call=%" PRIu64 " leg=%u status=%u", call->id,
		leg->number, status);
	if (status == 422 && session_timer_heed(leg, response))
		arm(call, leg, 0);
	else if (status == 491)
		arm(call, leg, glare_ms(leg));
	else if (status >= 500)
		arm(call, leg, RETRY_5XX_MS);
}

static bool is_busy(const struct call *call, const struct leg *leg)
{
	return exchange_offer_refusal(call, leg) != 0 || leg->state != LEG_CONFIRMED;
}

static void refresh(struct call *call, struct leg *leg)
{
	struct exchange_own own = {.method = leg->can_update ? SIP_UPDATE : SIP_INVITE,
		.sdp = STR_NONE,
		.on_final = on_final};

	if (own.method == SIP_INVITE)
		own.sdp = media_session_sent(call->media, (enum media_side)leg->side);
	arm(call, leg, UINT32_MAX);
	if (exchange_ask(call, leg, &own) < 0)
		arm(call, leg, BUSY_RETRY_MS);
}

static void on_due(struct timer * /*timer*/, void *arg)
{
	struct leg *leg = arg;
	struct call *call = leg->call;

	if (call->state == CALL_ENDING)
		return;
	fsm_enter(call);
	if (tg_mono_ms(engine_now(call->engine)) >= leg->session.end_ms)
		fsm_handle(call, CALL_EV_EXPIRED,
			&(struct call_input){.leg = leg, .cause = CALL_CAUSE_EXPIRED});
	else if (is_busy(call, leg))
		arm(call, leg, BUSY_RETRY_MS);
	else
		refresh(call, leg);
	fsm_leave(call);
}
