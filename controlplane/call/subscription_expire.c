// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/subscription.h"

#define EXTRAS_MAX 2

static void say(struct subscription *s, uint8_t leg, enum sip_method method,
	const struct sip_extra extra[static EXTRAS_MAX])
{
	struct subscription_leg *to = &s->leg[leg];
	struct strbuf b = strbuf_on(s->engine->scratch, sizeof(s->engine->scratch));
	struct sip_client client = crossing_client(s, to);
	struct sip_request_out out = {
		.contact = to->dialog.contact, .extra = extra, .extra_count = EXTRAS_MAX};

	dialog_request(&to->dialog, method, &out, &b);
	if (b.failed || sip_request(s->engine->stack, &s->farewell[leg], &client, &out) < 0)
		s->farewell[leg] = 0;
}

static bool is_waiting(const struct subscription *s)
{
	return s->farewell[LEG_A] != 0 || s->farewell[LEG_B] != 0;
}

static void unsubscribe(struct subscription *s)
{
	const struct sip_extra extra[] = {
		{SIP_HDR_EVENT, str_from(s->said_event)},
		{SIP_HDR_EXPIRES, STR("0")},
	};

	say(s, LEG_B, SIP_SUBSCRIBE, extra);
}

static void tell(struct subscription *s)
{
	const struct sip_extra notify[] = {
		{SIP_HDR_EVENT, str_from(s->said_event)},
		{SIP_HDR_SUBSCRIPTION_STATE, STR("terminated;reason=timeout")},
	};

	s->state = SUBSCRIPTION_TERMINATED;
	subscription_abandon(s);
	say(s, LEG_A, SIP_NOTIFY, notify);
	if (s->is_cut)
		unsubscribe(s);
}

static void finish_unless_waiting(struct subscription *s)
{
	if (!is_waiting(s))
		subscription_finish(s, s->why);
}

void subscription_expire(struct subscription *s)
{
	// else the subscriber never had it, or knows already
	if (s->state == SUBSCRIPTION_ACTIVE)
		tell(s);
	finish_unless_waiting(s);
}

void subscription_withdraw(struct subscription *s)
{
	bool is_ended = s->state == SUBSCRIPTION_TERMINATED; // B has said so

	s->state = SUBSCRIPTION_TERMINATED;
	s->why = SUBSCRIPTION_END_UNSENT;
	subscription_abandon(s);
	if (!is_ended)
		unsubscribe(s);
	finish_unless_waiting(s);
}

bool subscription_expire_on_end(struct subscription *s, uint64_t txn)
{
	for (unsigned int leg = LEG_A; leg <= LEG_B; leg++) {
		if (txn == 0 || s->farewell[leg] != txn)
			continue;
		s->farewell[leg] = 0;
		finish_unless_waiting(s);
		return true;
	}
	return false;
}
