// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/listing.h"
#include "controlplane/obs/stream_json.h"

static bool step_streams(struct listing *listing)
{
	const struct engine *engine = listing->obs->p.engine;
	uint32_t cursor = (uint32_t)listing->cursor;
	struct call_view call;
	json_t *one;

	if (!listing_has_room(listing) || !engine_call_next(engine, &cursor, &call))
		return false;
	listing->cursor = cursor;
	for (unsigned int i = 0; call.media != NULL && listing_has_room(listing)
		&& (one = stream_json(engine, call.media, i)) != NULL;
		i++) {
		json_object_set_new(one, "call", json_integer((json_int_t)call.id));
		listing_add(listing, one);
	}
	return true;
}

static void end_streams(struct listing *listing)
{
	ctl_reply(listing->request,
		listing_result(listing, "streams",
			media_counters(engine_media(listing->obs->p.engine))->streams));
}

static void show_streams(struct ctl_request *request, void *arg)
{
	static const struct listing_kind kind = {step_streams, end_streams, 32};

	(void)listing_start(arg, request, &kind, NULL);
}

void ctl_streams_add(struct obs *obs)
{
	static const struct ctl_command commands[] = {
		{"show streams", "[<limit>]", "media streams with their numbers; limit 0: all",
			CTL_SIGNALLING, show_streams, NULL},
	};

	obs_add_commands(obs, commands, sizeof(commands) / sizeof(commands[0]));
}
