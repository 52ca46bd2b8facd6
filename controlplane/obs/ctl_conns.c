// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/json_text.h"
#include "controlplane/obs/labels.h"
#include "controlplane/obs/listing.h"

static json_t *conn_json(const struct conn_view *view)
{
	char remote[TG_ADDR_TEXT_BYTES], local[TG_ADDR_TEXT_BYTES];
	struct conf *conf = conf_current();
	const char *level = label_trust(view->flow.trusted);
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}",
		"remote", tg_addr_write(&view->flow.remote, remote), "local",
		tg_addr_write(&view->flow.local, local), "realm",
		label_realm(conf, view->flow.realm), "protocol",
		transport_param(view->flow.protocol), "made_by", view->is_ours ? "us" : "peer",
		"state", view->is_open ? "open" : "connecting", "level",
		level != NULL ? level : "?", "age_ms", (json_int_t)view->age_ms, "idle_ms",
		(json_int_t)view->idle_ms, "received", (json_int_t)view->received, "sent",
		(json_int_t)view->sent, "queued_bytes", (json_int_t)view->queued);

	conf_put(conf);
	return json;
}

static bool step_conns(struct listing *listing)
{
	uint32_t cursor = (uint32_t)listing->cursor;
	struct conn_view view;

	if (!listing_has_room(listing) || !conns_next(listing->obs->p.conns, &cursor, &view))
		return false;
	listing->cursor = cursor;
	listing_add(listing, conn_json(&view));
	return true;
}

static void end_conns(struct listing *listing)
{
	const struct conns_counters *c = conns_counters(listing->obs->p.conns);

	ctl_reply(
		listing->request, listing_result(listing, "connections", c->open[0] + c->open[1]));
}

static void show_conns(struct ctl_request *request, void *arg)
{
	static const struct listing_kind kind = {step_conns, end_conns, 128};

	(void)listing_start(arg, request, &kind, NULL);
}

void ctl_conns_add(struct obs *obs)
{
	static const struct ctl_command commands[] = {
		{"show connections", "[<limit>]", "connections of SIP over TCP; limit 0: all",
			CTL_SIGNALLING, show_conns, NULL},
	};

	obs_add_commands(obs, commands, sizeof(commands) / sizeof(commands[0]));
}
