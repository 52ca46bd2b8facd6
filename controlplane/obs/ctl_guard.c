// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <string.h>

#include "controlplane/base/log.h"
#include "controlplane/obs/json_text.h"
#include "controlplane/obs/listing.h"
#include "controlplane/obs/source_job.h"

#define SECONDS_MAX 2592000
#define SOURCE_BITS_V6 64

// As tgctl and people write it: an address, of IPv6 also its network of 64 bits.
int source_parse(struct tg_ip *out, const char *text)
{
	struct str bits = str_from(text), ip = str_cut(&bits, '/');
	uint64_t n;

	if (text == NULL || str_to_ip(out, ip) < 0 || tg_ip_is_unset(out))
		return -EINVAL;
	if (str_is_none(bits))
		return 0;
	if (str_to_u64(&n, bits, 128) < 0 || n != (tg_ip_is_v4(out) ? 32 : SOURCE_BITS_V6))
		return -EINVAL;
	return 0;
}

json_t *json_source(const struct tg_ip *ip)
{
	char text[TG_IP_TEXT_BYTES];

	return json_sprintf("%s%s", tg_ip_write(ip, text), tg_ip_is_v4(ip) ? "" : "/64");
}

static int read_source(struct tg_ip *out, struct ctl_request *request)
{
	const char *text = ctl_arg_string(request, "source");

	if (text == NULL)
		return -EINVAL;
	if (source_parse(out, text) == 0)
		return 0;
	ctl_refuse(request, "usage",
		"%s is no source; give an IP address, or an IPv6 network of 64 bits",
		LOG_STR(str_from(text)));
	return -EINVAL;
}

// Absent or 0: for ever.
static int read_duration(uint32_t *for_ms, struct ctl_request *request)
{
	const json_t *arg = json_object_get(ctl_args(request), "seconds");
	uint64_t seconds = 0;

	if (json_is_integer(arg) && json_integer_value(arg) >= 0)
		seconds = (uint64_t)json_integer_value(arg);
	else if (arg != NULL
		&& (!json_is_string(arg)
			|| str_to_u64(&seconds, str_from(json_string_value(arg)), SECONDS_MAX) < 0))
		seconds = UINT64_MAX;
	if (seconds > SECONDS_MAX) {
		ctl_refuse(request, "usage", "seconds must be a number up to %d, 0 for ever",
			SECONDS_MAX);
		return -EINVAL;
	}
	*for_ms = (uint32_t)seconds * 1000;
	return 0;
}

static void refuse_ban(struct ctl_request *request, int rc, const char *peer)
{
	if (rc == -EPERM && peer[0] != '\0')
		ctl_refuse(request, "refused",
			"peer %s sends from there, and a peer cannot be banned; take the address "
			"out of its sources, or limit it by peers.rate",
			peer);
	else if (rc == -EPERM)
		ctl_refuse(request, "refused",
			"guard.never holds this address; take it out and reload");
	else if (rc == -ENOSPC)
		ctl_refuse(request, "refused",
			"too many bans; lift some, or raise guard.bans_max and restart");
	else
		ctl_refuse(request, "refused", "out of memory");
}

static void ban(struct ctl_request *request, void *arg)
{
	struct obs *obs = arg;
	struct guard *guard = engine_guard(obs->p.engine);
	const char *note = json_string_value(json_object_get(ctl_args(request), "reason"));
	const char *peer = "";
	struct tg_ip ip;
	uint32_t for_ms;
	int rc;

	if (read_source(&ip, request) < 0 || read_duration(&for_ms, request) < 0)
		return;
	rc = guard_ban(guard, &ip, for_ms, str_from(note), &peer);
	if (rc < 0) {
		refuse_ban(request, rc, peer);
		return;
	}
	ip = guard_source(&ip);
	ctl_reply(request,
		json_pack("{s:o, s:o}", "banned", json_source(&ip), "seconds",
			for_ms == GUARD_FOR_EVER ? json_null()
						 : json_integer((json_int_t)for_ms / 1000)));
}

static void unban(struct ctl_request *request, void *arg)
{
	struct obs *obs = arg;
	struct guard *guard = engine_guard(obs->p.engine);
	struct tg_ip ip;
	unsigned int count = 1;

	if (json_is_true(json_object_get(ctl_args(request), "all"))) {
		count = guard_unban_all(guard);
	} else if (read_source(&ip, request) < 0) {
		return;
	} else if (guard_unban(guard, &ip) < 0) {
		ctl_refuse(request, "not-found", "it is not banned; \"show bans\" lists who is");
		return;
	}
	ctl_reply(request, json_pack("{s:I}", "unbanned", (json_int_t)count));
}

static json_t *ban_json(const struct guard_ban_view *view)
{
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:I}", "address", json_source(&view->ip),
		"reason", guard_reason_label(view->reason), "note", json_text(str_from(view->note)),
		"since", json_wall(view->since), "seconds_left",
		view->for_ever ? json_null()
			       : json_integer((json_int_t)(view->left_ms + 999) / 1000),
		"times", (json_int_t)view->times);
}

static bool step_bans(struct listing *listing)
{
	uint32_t cursor = (uint32_t)listing->cursor;
	struct guard_ban_view view;

	if (!listing_has_room(listing)
		|| !guard_ban_next(engine_guard(listing->obs->p.engine), &cursor, &view))
		return false;
	listing->cursor = cursor;
	listing_add(listing, ban_json(&view));
	return true;
}

static void end_bans(struct listing *listing)
{
	ctl_reply(listing->request,
		listing_result(listing, "bans",
			guard_counters(engine_guard(listing->obs->p.engine))->bans));
}

static void show_bans(struct ctl_request *request, void *arg)
{
	static const struct listing_kind kind = {step_bans, end_bans, 128};

	(void)listing_start(arg, request, &kind, NULL);
}

static void show_sources(struct ctl_request *request, void *arg)
{
	source_job_start(arg, request);
}

void ctl_guard_add(struct obs *obs)
{
	static const struct ctl_command commands[] = {
		{"show sources", "[<source>]", "sources of SIP, the most dropped first",
			CTL_SIGNALLING, show_sources, NULL},
		{"show bans", "[<limit>]", "sources that are banned; limit 0: all", CTL_SIGNALLING,
			show_bans, NULL},
		{"ban", "<source> [<seconds>] [<reason>]", "drop all SIP of a source",
			CTL_SIGNALLING, ban, NULL},
		{"unban", "<source>", "lift a ban; --all: all of them", CTL_SIGNALLING, unban,
			NULL},
	};

	obs_add_commands(obs, commands, sizeof(commands) / sizeof(commands[0]));
}
