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

static void tell(struct subscription *s)
{
	const struct sip_extra notify[] = {
		{SIP_HDR_EVENT, str_from(s->said_event)},
		{SIP_HDR_SUBSCRIPTION_STATE, STR("terminated;reason=timeout")},
	};
	const struct sip_extra unsubscribe[] = {
		{SIP_HDR_EVENT, str_from(s->said_event)},
		{SIP_HDR_EXPIRES, STR("0")},
	};

	s->state = SUBSCRIPTION_TERMINATED;
	subscription_abandon(s);
	say(s, LEG_A, SIP_NOTIFY, notify);
	if (s->is_cut)
		say(s, LEG_B, SIP_SUBSCRIBE, unsubscribe);
}

void subscription_expire(struct subscription *s)
{
	// else the subscriber never had it, or knows already
	if (s->state == SUBSCRIPTION_ACTIVE)
		tell(s);
	if (!is_waiting(s))
		subscription_finish(s, SUBSCRIPTION_END_EXPIRED);
}

bool subscription_expire_on_end(struct subscription *s, uint64_t txn)
{
	for (unsigned int leg = LEG_A; leg <= LEG_B; leg++) {
		if (txn == 0 || s->farewell[leg] != txn)
			continue;
		s->farewell[leg] = 0;
		if (!is_waiting(s))
			subscription_finish(s, SUBSCRIPTION_END_EXPIRED);
		return true;
	}
	return false;
}
