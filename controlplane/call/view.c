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
		.leg = {leg_view_of(&call->leg[LEG_A]), leg_view_of(&call->leg[LEG_B])},
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

int engine_call_find_by_call_id(
	const struct engine *engine, struct str call_id, struct call_view *out)
{
	const struct call *call = call_find_by_call_id(engine, call_id);
	uint32_t cursor = 0;

	while (call == NULL && (call = idpool_next(engine->calls, &cursor)) != NULL) {
		if (!str_equal(call->leg[LEG_B].dialog.call_id, call_id))
			call = NULL;
	}
	if (call == NULL)
		return -ENOENT;
	fill(out, call);
	return 0;
}
