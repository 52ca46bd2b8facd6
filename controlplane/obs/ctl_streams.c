// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>

#include "controlplane/base/log.h"
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
	for (unsigned int i = 0;
		listing_has_room(listing) && (one = stream_json(engine, &call, i)) != NULL; i++) {
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

// A call's number and a stream's within, as "show streams" lists them; the first one without.
static int find_stream(
	struct call_view *call, unsigned int *index, const struct engine *engine, const char *name)
{
	const char *dot = strrchr(name, '.');
	uint64_t id, n = 0;
	size_t len = dot != NULL ? (size_t)(dot - name) : strlen(name);

	if (str_to_u64(&id, str_of(name, len), UINT64_MAX) < 0
		|| (dot != NULL && str_to_u64(&n, str_from(dot + 1), UINT16_MAX) < 0))
		return -EINVAL;
	*index = (unsigned int)n;
	return engine_call_find(engine, id, call);
}

static void show_stream(struct ctl_request *request, void *arg)
{
	const struct obs *obs = arg;
	const char *name = ctl_arg_string(request, "stream");
	struct call_view call;
	unsigned int index;
	json_t *json = NULL;

	if (name == NULL)
		return;
	if (find_stream(&call, &index, obs->p.engine, name) == 0)
		json = stream_json_whole(obs->p.engine, &call, index);
	if (json == NULL)
		ctl_refuse(request, "not-found",
			"there is no stream %s; \"show streams\" lists them",
			LOG_STR(str_from(name)));
	else
		ctl_reply(request, json);
}

void ctl_streams_add(struct obs *obs)
{
	static const struct ctl_command commands[] = {
		{"show streams", "[<limit>]", "media streams with their numbers; limit 0: all",
			CTL_SIGNALLING, show_streams, NULL},
		{"show stream", "<stream>", "one stream: both sides, quality, who was learned",
			CTL_SIGNALLING, show_stream, NULL},
	};

	obs_add_commands(obs, commands, sizeof(commands) / sizeof(commands[0]));
}
