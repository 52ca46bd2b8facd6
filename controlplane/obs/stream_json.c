// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/stream_json.h"

#include "controlplane/base/metrics.h"
#include "controlplane/obs/json_text.h"
#include "controlplane/obs/labels.h"

static const char *const drop_names[] = {
#define X(name, text) [TG_SIDE_DROP_##name] = text,
	TG_SIDE_DROPS(X)
#undef X
};

uint64_t stream_lost(const struct tg_side_stats *side)
{
	uint64_t expected = side->expected_prior_ssrcs;
	uint64_t unique = side->packets - side->duplicates;

	if (side->packets == 0)
		return 0;
	expected += (uint64_t)side->seq_max_ext - side->seq_first_ext + 1;
	return expected > unique ? expected - unique : 0;
}

static json_t *side_drops(const struct tg_side_stats *side)
{
	json_t *drops = json_object();

	for (unsigned int i = 0; i < TG_SIDE_DROP_COUNT; i++) {
		if (side->drop[i] != 0)
			json_object_set_new(
				drops, drop_names[i], json_integer((json_int_t)side->drop[i]));
	}
	return drops;
}

static void add_numbers(
	json_t *json, const struct tg_side_stats *side, const struct tg_side_stats *far)
{
	uint32_t now_ms = (uint32_t)tg_mono_ms(tg_mono_now());
	int32_t silent_ms = (int32_t)(now_ms - side->last_rx_ms);

	json_object_set_new(json, "learned", json_addr(&side->learned[TG_RTP]));
	json_set_u64(json, "packets", side->packets);
	json_set_u64(json, "bytes", side->bytes);
	json_set_u64(json, "rtcp_packets", side->rtcp_packets);
	json_set_u64(json, "sent_packets", far->relayed_packets + far->rtcp_relayed_packets);
	json_set_u64(json, "sent_bytes", far->relayed_bytes);
	json_set_u64(json, "lost", stream_lost(side));
	json_set_u64(json, "reordered", side->reordered);
	json_set_u64(json, "duplicates", side->duplicates);
	json_set_u64(json, "jitter_rtp_units", side->jitter_q4 / 16);
	json_set_u64(json, "ssrc", side->ssrc);
	json_set_u64(json, "latches", side->latches);
	if (side->last_rx_ms != 0)
		json_set_u64(json, "silent_ms", silent_ms > 0 ? (uint64_t)silent_ms : 0);
	json_object_set_new(json, "drops", side_drops(side));
}

static json_t *side_json(const struct tg_side_spec *spec, const struct tg_side_stats *stats,
	const struct tg_side_stats *far)
{
	json_t *json = json_object();

	json_object_set_new(json, "local", json_addr(&spec->local));
	json_object_set_new(json, "signalled", json_addr(&spec->remote[TG_RTP]));
	json_object_set_new(json, "latch", json_string(label_latch(spec->latch)));
	json_object_set_new(json, "receive", json_boolean(spec->flags & TG_SIDE_RECEIVE));
	json_object_set_new(json, "send", json_boolean(spec->flags & TG_SIDE_SEND));
	if (stats != NULL)
		add_numbers(json, stats, far);
	return json;
}

json_t *stream_json(
	const struct engine *engine, const struct media_session *session, unsigned int i)
{
	const struct dp *dp = engine_dp(engine);
	struct media_stream_view view;
	struct tg_stream_stats stats;
	bool counted;

	if (media_session_stream(session, i, &view) < 0)
		return NULL;
	counted = dp->stats(dp, view.ref, &stats) == 0;
	return json_pack("{s:i, s:s, s:s, s:b, s:[o,o]}", "stream", (int)i, "kind", view.kind,
		"protocol", view.protocol, "installed", (int)counted, "side",
		side_json(&view.spec.side[0], counted ? &stats.side[0] : NULL, &stats.side[1]),
		side_json(&view.spec.side[1], counted ? &stats.side[1] : NULL, &stats.side[0]));
}

json_t *stream_json_all(const struct engine *engine, const struct media_session *session)
{
	json_t *all = json_array();
	json_t *one;

	for (unsigned int i = 0; session != NULL && (one = stream_json(engine, session, i)) != NULL;
		i++)
		json_array_append_new(all, one);
	return all;
}
