// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>

#include "controlplane/obs/call_arg.h"
#include "controlplane/obs/json_text.h"
#include "controlplane/obs/listing.h"
#include "controlplane/obs/stream_json.h"

static bool is_answered(const struct call_view *call)
{
	return call->answered_ms != 0;
}

static json_t *call_row(const struct call_view *call)
{
	return json_pack("{s:I, s:s, s:I, s:o, s:o, s:o, s:s, s:s, s:s, s:s}", "id",
		(json_int_t)call->id, "state", call->state, "age_ms", (json_int_t)call->age_ms,
		"answered_ms",
		is_answered(call) ? json_integer((json_int_t)call->answered_ms) : json_null(),
		"from", json_text(call->from), "to", json_text(call->to), "from_realm",
		call->leg[0].realm, "from_peer", call->leg[0].peer, "to_realm", call->leg[1].realm,
		"to_peer", call->leg[1].peer);
}

static bool step_calls(struct listing *listing)
{
	struct call_view call;
	uint32_t cursor = (uint32_t)listing->cursor;

	if (!listing_has_room(listing) || !engine_call_next(listing->obs->p.engine, &cursor, &call))
		return false;
	listing->cursor = cursor;
	listing_add(listing, call_row(&call));
	return true;
}

static void end_calls(struct listing *listing)
{
	ctl_reply(listing->request,
		listing_result(listing, "calls", engine_counters(listing->obs->p.engine)->calls));
}

static void show_calls(struct ctl_request *request, void *arg)
{
	static const struct listing_kind kind = {step_calls, end_calls, 64};

	(void)listing_start(arg, request, &kind, NULL);
}

static json_t *leg_json(const struct leg_view *leg)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "realm", leg->realm, "peer",
		leg->peer, "call_id", json_text(leg->call_id), "local_tag",
		json_text(leg->local_tag), "remote_tag", json_text(leg->remote_tag), "local",
		json_addr(&leg->local), "remote", json_addr(&leg->remote));
}

static void show_call(struct ctl_request *request, void *arg)
{
	struct obs *obs = arg;
	struct call_view call;
	json_t *json;

	if (call_arg_find(request, obs, &call) < 0)
		return;
	json = call_row(&call);
	json_object_set_new(json, "began", json_wall(call.began));
	json_object_set_new(
		json, "leg", json_pack("[o,o]", leg_json(&call.leg[0]), leg_json(&call.leg[1])));
	json_object_set_new(json, "streams", stream_json_all(obs->p.engine, &call));
	ctl_reply(request, json);
}

static void hangup(struct ctl_request *request, void *arg)
{
	struct obs *obs = arg;
	struct call_view call;
	uint64_t id;

	if (call_arg_find(request, obs, &call) < 0)
		return;
	id = call.id;
	if (engine_hangup(obs->p.engine, id) < 0) {
		ctl_refuse(request, "not-found", "call %" PRIu64 " has just ended", id);
		return;
	}
	ctl_reply(request, json_pack("{s:I}", "hung_up", (json_int_t)id));
}

void ctl_calls_add(struct obs *obs)
{
	static const struct ctl_command commands[] = {
		{"show calls", "[<limit>]", "calls that live; limit 0: all of them", CTL_SIGNALLING,
			show_calls, NULL},
		{"show call", "<call>", "one call with its legs and streams", CTL_SIGNALLING,
			show_call, NULL},
		{"hangup", "<call>", "end a call on all its legs", CTL_SIGNALLING, hangup, NULL},
	};

	obs_add_commands(obs, commands, sizeof(commands) / sizeof(commands[0]));
}
