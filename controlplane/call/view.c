// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>

#include "controlplane/call/call_int.h"

static struct leg_view leg_view_of(const struct leg *leg)
{
	const struct dialog *d = &leg->dialog;

	return (struct leg_view){
		.call_id = d->call_id,
		.local_tag = d->local_tag,
		.remote_tag = d->remote_tag,
		.local = d->flow.local,
		.remote = d->flow.remote,
		.realm = leg->realm->name,
		.peer = leg->peer != NULL ? leg->peer->name : "",
	};
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
