// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/obs/json_text.h"
#include "controlplane/obs/listing.h"

// Calls are counted by the peer's name: a call keeps the names it began with.
struct tally {
	struct conf *conf;
	uint64_t strangers; // legs of no peer
	uint64_t calls[];   // by peer
};

static void count_leg(struct tally *tally, const struct leg_view *leg)
{
	int peer;

	if (leg->peer == NULL || leg->realm == NULL)
		return;
	if (leg->peer[0] == '\0') {
		tally->strangers++;
		return;
	}
	peer = conf_peer_index(tally->conf, leg->peer);
	if (peer >= 0)
		tally->calls[peer]++;
}

static bool step_count(struct listing *listing)
{
	uint32_t cursor = (uint32_t)listing->cursor;
	struct call_view call;

	if (!engine_call_next(listing->obs->p.engine, &cursor, &call))
		return false;
	listing->cursor = cursor;
	count_leg(listing->state, &call.leg[0]);
	count_leg(listing->state, &call.leg[1]);
	return true;
}

static json_t *peer_json(const struct tally *tally, unsigned int i)
{
	const struct conf_peer *peer = &tally->conf->peers[i];
	json_t *sources = json_array();
	char text[TG_IP_TEXT_BYTES];

	for (unsigned int s = 0; s < peer->source_count; s++) {
		const struct conf_network *n = &peer->sources[s];
		int bits = tg_ip_is_v4(&n->net) && n->bits >= 96 ? n->bits - 96 : n->bits;

		json_array_append_new(
			sources, json_sprintf("%s/%d", tg_ip_write(&n->net, text), bits));
	}
	return json_pack("{s:s, s:s, s:o, s:o, s:I, s:I}", "name", peer->name, "realm",
		tally->conf->realms[peer->realm].name, "address", json_addr(&peer->address),
		"sources", sources, "calls", (json_int_t)tally->calls[i], "calls_max",
		(json_int_t)peer->calls_max);
}

static void tally_free(struct tally *tally)
{
	if (tally != NULL)
		conf_put(tally->conf);
	free(tally);
}

static void end_peers(struct listing *listing)
{
	struct tally *tally = listing->state;

	for (unsigned int i = 0; i < tally->conf->peer_count; i++)
		listing_add(listing, peer_json(tally, i));
	ctl_reply(listing->request,
		json_pack("{s:o, s:I}", "peers", listing_take_rows(listing), "stranger_legs",
			(json_int_t)tally->strangers));
	tally_free(tally);
}

static void show_peers(struct ctl_request *request, void *arg)
{
	static const struct listing_kind kind = {step_count, end_peers, 100};
	struct conf *conf = conf_current();
	struct tally *tally = calloc(1, sizeof(*tally) + conf->peer_count * sizeof(uint64_t));

	if (tally == NULL) {
		conf_put(conf);
		ctl_refuse(request, "refused", "out of memory");
		return;
	}
	tally->conf = conf;
	if (listing_start(arg, request, &kind, tally) < 0)
		tally_free(tally);
}

void ctl_peers_add(struct obs *obs)
{
	static const struct ctl_command commands[] = {
		{"show peers", "", "configured peers and the calls each has", CTL_SIGNALLING,
			show_peers, NULL},
	};

	obs_add_commands(obs, commands, sizeof(commands) / sizeof(commands[0]));
}
