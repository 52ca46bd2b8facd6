// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/stream_json.h"

#include <inttypes.h>
#include <math.h>

#include "controlplane/base/metrics.h"
#include "controlplane/obs/json_text.h"
#include "controlplane/obs/labels.h"

static const char *const drop_names[] = {
#define X(name, text) [TG_SIDE_DROP_##name] = text,
	TG_SIDE_DROPS(X)
#undef X
};

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

// As many decimals as a person reads.
static json_t *json_decimal(double value, unsigned int decimals)
{
	double scale = pow(10, decimals);

	return json_real(round(value * scale) / scale);
}

static void set_decimal(json_t *json, const char *name, double value)
{
	json_object_set_new(json, name, json_decimal(value, 2));
}

// Numbers of RTCP, where any came.
static void add_rtcp(json_t *json, const struct tg_side_stats *side, const struct quality *q)
{
	json_set_u64(json, "rtcp_packets", side->rtcp_packets);
	if (q->rtt_ms >= 0) {
		set_decimal(json, "rtt_ms", q->rtt_ms);
		set_decimal(json, "rtt_max_ms", side->rtt_max_us / 1000.0);
	}
	if (side->rtcp_packets != 0)
		json_set_u64(json, "remote_lost", side->remote_lost);
}

static void add_quality(
	json_t *json, const struct tg_side_stats *side, uint8_t codec, const struct quality *q)
{
	json_set_u64(json, "expected", q->expected);
	set_decimal(json, "loss_percent", q->loss_percent);
	set_decimal(json, "burst_ratio", q->burst_ratio);
	json_set_u64(json, "loss_runs", side->loss_runs);
	json_set_u64(json, "loss_run_max", side->loss_run_max);
	set_decimal(json, "jitter_ms", q->jitter_ms);
	set_decimal(json, "jitter_max_ms", q->jitter_max_ms);
	set_decimal(json, "gap_max_ms", side->gap_max_us / 1000.0);
	if (q->grade == QUALITY_UNKNOWN)
		return;
	json_object_set_new(json, "codec", json_string(quality_codec_name(codec)));
	set_decimal(json, "delay_ms", q->delay_ms);
	set_decimal(json, "mos", q->mos);
	set_decimal(json, "rating", q->rating);
	json_object_set_new(json, "grades",
		json_pack("{s:s, s:s, s:s, s:s}", "loss", quality_grade_text(q->loss), "jitter",
			quality_grade_text(q->jitter), "delay", quality_grade_text(q->delay),
			"speech", quality_grade_text(q->speech)));
	json_object_set_new(json, "quality", json_string(quality_grade_text(q->grade)));
}

static int32_t silent_ms(const struct tg_side_stats *side)
{
	return (int32_t)((uint32_t)tg_mono_ms(tg_mono_now()) - side->last_rx_ms);
}

static void add_numbers(
	json_t *json, const struct tg_side_stats *side, const struct tg_side_stats *far)
{
	int32_t silence_ms = silent_ms(side);

	json_object_set_new(json, "learned", json_addr(&side->learned[TG_RTP]));
	json_set_u64(json, "packets", side->packets);
	json_set_u64(json, "bytes", side->bytes);
	json_set_u64(json, "sent_packets", far->relayed_packets + far->rtcp_relayed_packets);
	json_set_u64(json, "sent_bytes", far->relayed_bytes);
	json_set_u64(json, "lost", quality_lost(side));
	json_set_u64(json, "reordered", side->reordered);
	json_set_u64(json, "duplicates", side->duplicates);
	json_set_u64(json, "jitter_rtp_units", side->jitter_q4 / 16);
	json_set_u64(json, "ssrc", side->ssrc);
	json_set_u64(json, "latches", side->latches);
	json_set_u64(json, "unreachable", side->unreachable);
	if (side->last_rx_ms != 0)
		json_set_u64(json, "silent_ms", silence_ms > 0 ? (uint64_t)silence_ms : 0);
	json_object_set_new(json, "drops", side_drops(side));
}

static json_t *side_json(const struct media_stream_view *view, unsigned int i,
	const struct tg_side_stats *stats, const struct tg_side_stats *far)
{
	const struct tg_side_spec *spec = &view->spec.side[i];
	json_t *json = json_object();
	struct quality q;
	uint8_t codec;

	json_object_set_new(json, "local", json_addr(&spec->local));
	json_object_set_new(json, "signalled", json_addr(&spec->remote[TG_RTP]));
	json_object_set_new(json, "latch", json_string(label_latch(spec->latch)));
	json_object_set_new(json, "receive", json_boolean(spec->flags & TG_SIDE_RECEIVE));
	json_object_set_new(json, "send", json_boolean(spec->flags & TG_SIDE_SEND));
	if (stats == NULL)
		return json;
	add_numbers(json, stats, far);
	codec = quality_codec_of(view->codec[i], stats->payload_type);
	quality_read(&q, stats, codec, view->ptime_ms[i]);
	add_rtcp(json, stats, &q);
	if (view->is_audio)
		add_quality(json, stats, codec, &q);
	return json;
}

static const char *leg_text(uint8_t side)
{
	return side == MEDIA_A ? "a" : "b";
}

static const char *component_text(uint8_t component)
{
	return component == TG_RTP ? "rtp" : "rtcp";
}

static json_int_t ms_since(struct tg_mono when)
{
	return (json_int_t)tg_mono_ms_between(when, tg_mono_now());
}

// The dataplane looks again each one_way_ms only: its counters know sooner that it is over.
static bool is_heard(const struct tg_side_stats *side)
{
	return side->last_rx_ms != 0 && silent_ms(side) < (int32_t)TG_MS_PER_S;
}

static json_t *silence_json(
	const struct media_silence *silence, const struct tg_stream_stats *stats)
{
	if (!silence->now || (stats != NULL && is_heard(&stats->side[silence->side])))
		return json_null();
	return json_pack("{s:s, s:I, s:s, s:s}", "silent", leg_text(silence->side), "for_ms",
		ms_since(silence->since), "reason", one_way_label(silence->reason), "text",
		one_way_text(silence->reason));
}

static json_t *one_json(struct media_stream_view *view, const struct call_view *call,
	const struct engine *engine, unsigned int i)
{
	const struct dp *dp = engine_dp(engine);
	struct tg_stream_stats stats;
	bool counted = dp->stats(dp, view->ref, &stats) == 0;

	return json_pack("{s:o, s:i, s:s, s:s, s:b, s:o, s:i, s:[o,o]}", "id",
		json_sprintf("%" PRIu64 ".%u", call->id, i), "stream", (int)i, "kind", view->kind,
		"protocol", view->protocol, "installed", (int)counted, "one_way",
		silence_json(&view->silence, counted ? &stats : NULL), "one_way_times",
		(int)view->silence.times, "side",
		side_json(view, 0, counted ? &stats.side[0] : NULL, &stats.side[1]),
		side_json(view, 1, counted ? &stats.side[1] : NULL, &stats.side[0]));
}

json_t *stream_json(const struct engine *engine, const struct call_view *call, unsigned int i)
{
	struct media_stream_view view;

	if (call->media == NULL || media_session_stream(call->media, i, &view) < 0)
		return NULL;
	return one_json(&view, call, engine, i);
}

json_t *stream_json_all(const struct engine *engine, const struct call_view *call)
{
	json_t *all = json_array();
	json_t *one;

	for (unsigned int i = 0; call != NULL && (one = stream_json(engine, call, i)) != NULL; i++)
		json_array_append_new(all, one);
	return all;
}

static json_t *payload_types(const struct tg_side_spec *spec)
{
	json_t *types = json_array();

	for (unsigned int pt = 0; pt < 128; pt++) {
		if (tg_types_has(spec->payload_types, pt))
			json_array_append_new(types, json_integer(pt));
	}
	return types;
}

static json_t *spec_json(const struct tg_side_spec *spec)
{
	json_t *json = json_object();

	json_object_set_new(json, "opaque", json_boolean(spec->flags & TG_SIDE_OPAQUE));
	json_object_set_new(json, "rtcp", json_addr(&spec->remote[TG_RTCP]));
	json_object_set_new(json, "signalling", json_ip(&spec->signalling));
	json_object_set_new(json, "payload_types", payload_types(spec));
	json_set_u64(json, "dscp", spec->dscp);
	json_set_u64(json, "ssrc", spec->ssrc);
	json_set_u64(json, "packets_per_s", spec->packets.per_s);
	json_set_u64(json, "bytes_per_s", spec->bytes.per_s);
	json_set_u64(json, "packet_bytes_max", spec->packet_bytes_max);
	return json;
}

static json_t *latches_json(const struct history *history)
{
	json_t *all = json_array();
	const struct history_latch *latch;

	for (unsigned int n = 0; history != NULL && (latch = history_latch_at(history, n)) != NULL;
		n++)
		json_array_append_new(all,
			json_pack("{s:I, s:s, s:s, s:o, s:o, s:s, s:I}", "ago_ms",
				ms_since(latch->when), "side", leg_text(latch->side), "component",
				component_text(latch->component), "from", json_addr(&latch->from),
				"to", json_addr(&latch->to), "reason",
				history_reason_label(latch->reason), "ssrc",
				(json_int_t)latch->ssrc));
	return all;
}

static json_t *sources_json(const struct history *history)
{
	json_t *all = json_array();

	for (unsigned int i = 0; history != NULL && i < history->sources; i++) {
		const struct history_source *source = &history->source[i];

		json_array_append_new(all,
			json_pack("{s:I, s:s, s:s, s:o, s:I}", "ago_ms", ms_since(source->last),
				"side", leg_text(source->side), "component",
				component_text(source->component), "source",
				json_addr(&source->addr), "packets", (json_int_t)source->packets));
	}
	return all;
}

json_t *stream_json_whole(const struct engine *engine, const struct call_view *call, unsigned int i)
{
	struct media_stream_view view;
	json_t *json;

	if (call->media == NULL || media_session_stream(call->media, i, &view) < 0)
		return NULL;
	json = one_json(&view, call, engine, i);
	json_object_set_new(json, "call", json_integer((json_int_t)call->id));
	json_object_set_new(json, "state", json_string(call->state));
	json_object_set_new(json, "spec",
		json_pack("[o,o]", spec_json(&view.spec.side[0]), spec_json(&view.spec.side[1])));
	json_object_set_new(json, "latch_history", latches_json(view.history));
	json_object_set_new(json, "refused_sources", sources_json(view.history));
	return json;
}
