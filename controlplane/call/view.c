// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>

#include "controlplane/call/call_int.h"
#include "controlplane/call/reg_watch.h"
#include "controlplane/call/subscription.h"

#define WATCHES 0x80000000u // the cursor is in the second part of a listing of subscriptions

struct leg_view view_of_dialog(
	const struct dialog *d, const struct conf_realm *realm, const struct conf_peer *peer)
{
	return (struct leg_view){
		.call_id = d->call_id,
		.local_tag = d->local_tag,
		.remote_tag = d->remote_tag,
		.local = d->flow.local,
		.remote = d->flow.remote,
		.realm = realm->name,
		.peer = peer != NULL ? peer->name : "",
	};
}

static struct leg_view leg_view_of(const struct leg *leg)
{
	return view_of_dialog(&leg->dialog, leg->realm, leg->peer);
}

static void fill(struct call_view *out, const struct call *call)
{
	*out = (struct call_view){
		.id = call->id,
		.state = call_state_text(call->state),
		.from = call->from,
		.to = call->to,
		.leg = {leg_view_of(call->leg[LEG_A]), leg_view_of(call->leg[LEG_B])},
		.began = call->began,
		.age_ms = call_age_ms(call),
		.answered_ms = call->answered_ms,
		.media = call->media,
	};
}

bool engine_call_next(const struct engine *engine, uint32_t *cursor, struct call_view *out)
{
	const struct call *call = idpool_next(engine->calls, cursor);

	if (call != NULL)
		fill(out, call);
	return call != NULL;
}

int engine_call_find(const struct engine *engine, uint64_t id, struct call_view *out)
{
	const struct call *call = call_find(engine, id);

	if (call == NULL)
		return -ENOENT;
	fill(out, call);
	return 0;
}

static bool has_call_id(const struct call *call, struct str call_id)
{
	return str_equal(call->leg[LEG_A]->dialog.call_id, call_id)
		|| str_equal(call->leg[LEG_B]->dialog.call_id, call_id);
}

int engine_call_find_by_call_id(
	const struct engine *engine, struct str call_id, struct call_view *out)
{
	const struct call *call;
	uint32_t cursor = 0;

	while ((call = idpool_next(engine->calls, &cursor)) != NULL) {
		if (!has_call_id(call, call_id))
			continue;
		fill(out, call);
		return 0;
	}
	return -ENOENT;
}

static uint64_t left_of(const struct subscription *s)
{
	uint64_t now = tg_mono_ms(engine_now(s->engine));

	return timer_is_armed(&s->expiry) && s->expiry.due_ms > now ? s->expiry.due_ms - now : 0;
}

static bool next_crossing(
	const struct engine *engine, uint32_t *cursor, struct subscription_view *out)
{
	const struct subscription *s = idpool_next(engine->subscriptions, cursor);
	const struct subscription_leg *a, *b;

	if (s == NULL)
		return false;
	a = &s->leg[LEG_A];
	b = &s->leg[LEG_B];
	*out = (struct subscription_view){
		.id = s->id,
		.state = subscription_state_text(s->state),
		.event = s->event,
		.from = a->dialog.remote,
		.to = a->dialog.local,
		.leg = {view_of_dialog(&a->dialog, a->realm, a->peer),
			view_of_dialog(&b->dialog, b->realm, b->peer)},
		.age_ms = tg_mono_ms_between(s->began, engine_now(engine)),
		.left_ms = left_of(s),
		.notified = s->notified,
	};
	return true;
}

// Those whose notifier we are come after the others.
bool engine_subscription_next(
	const struct engine *engine, uint32_t *cursor, struct subscription_view *out)
{
	uint32_t watch = *cursor & ~WATCHES;
	bool found;

	if ((*cursor & WATCHES) == 0) {
		if (next_crossing(engine, cursor, out))
			return true;
		watch = 0;
	}
	found = reg_watch_next(engine, &watch, out);
	*cursor = WATCHES | watch;
	return found;
}
