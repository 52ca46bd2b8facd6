// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/json_text.h"
#include "controlplane/obs/listing.h"

static json_t *subscription_json(const struct subscription_view *view)
{
	const struct leg_view *a = &view->leg[0], *b = &view->leg[1];

	return json_pack("{s:I, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I}",
		"id", (json_int_t)view->id, "event", view->event, "state", view->state, "from",
		json_text(view->from), "to", json_text(view->to), "from_realm", a->realm,
		"from_peer", a->peer, "to_realm", b->realm, "to_peer", b->peer, "from_call_id",
		json_text(a->call_id), "to_call_id", json_text(b->call_id), "age_ms",
		(json_int_t)view->age_ms, "left_ms", (json_int_t)view->left_ms, "notified",
		(json_int_t)view->notified);
}

static bool step_subscriptions(struct listing *listing)
{
	uint32_t cursor = (uint32_t)listing->cursor;
	struct subscription_view view;

	if (!listing_has_room(listing)
		|| !engine_subscription_next(listing->obs->p.engine, &cursor, &view))
		return false;
	listing->cursor = cursor;
	listing_add(listing, subscription_json(&view));
	return true;
}

static void end_subscriptions(struct listing *listing)
{
	uint64_t live = engine_counters(listing->obs->p.engine)->subscriptions;

	ctl_reply(listing->request, listing_result(listing, "subscriptions", live));
}

static void show_subscriptions(struct ctl_request *request, void *arg)
{
	static const struct listing_kind kind = {step_subscriptions, end_subscriptions, 64};

	(void)listing_start(arg, request, &kind, NULL);
}

void ctl_subscriptions_add(struct obs *obs)
{
	static const struct ctl_command commands[] = {
		{"show subscriptions", "[<limit>]", "subscriptions that live; limit 0: all",
			CTL_SIGNALLING, show_subscriptions, NULL},
	};

	obs_add_commands(obs, commands, sizeof(commands) / sizeof(commands[0]));
}
