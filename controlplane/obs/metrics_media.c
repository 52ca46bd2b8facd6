// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "controlplane/obs/metrics_labelled.h"
#include "controlplane/obs/obs_int.h"

static const struct media_counters *media_of(void *arg)
{
	const struct obs *obs = arg;

	return &obs->shown->media;
}

static void collect_sessions(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->sessions);
}

static void collect_streams(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->streams);
}

static void collect_latches(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->latches);
}

static void collect_sources(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->sources_refused);
}

static void collect_ssrc(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->ssrc_changes);
}

static void collect_timeouts(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->idle);
}

static void collect_expired(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->expired);
}

static void collect_limiter(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->limiter_trips);
}

static void collect_one_way(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->one_way);
}

static void collect_two_way(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->two_way);
}

static void collect_policed(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->policed);
}

static void collect_unmapped(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->unmapped);
}

static void collect_unreachable(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", media_of(arg)->unreachable);
}

#define ROW_LABELS_BYTES 256

// realm and peer of a row, and one more label unless name is NULL.
static const char *row_labels(char text[static ROW_LABELS_BYTES], const struct tally_row *row,
	const char *name, const char *value)
{
	struct strbuf labels = strbuf_on(text, ROW_LABELS_BYTES - 1);

	metric_label(&labels, "realm", str_from(row->realm));
	metric_label(&labels, "peer", str_from(row->peer));
	if (name != NULL)
		metric_label(&labels, name, str_from(value));
	text[labels.len] = '\0';
	return text;
}

static void write_mos(struct metric_writer *w, const struct tally_row *row)
{
	static const uint32_t bounds[TALLY_BUCKETS] = TALLY_BOUNDS;
	char text[ROW_LABELS_BYTES], le[16];
	uint64_t sum = 0;

	for (unsigned int b = 0; b < TALLY_BUCKETS; b++) {
		sum += row->bucket[b];
		snprintf(le, sizeof(le), "%g", bounds[b] / 1000.0);
		metric_sample_part(w, "_bucket", row_labels(text, row, "le", le), (double)sum);
	}
	metric_sample_part(w, "_bucket", row_labels(text, row, "le", "+Inf"), (double)sum);
	metric_sample_part(
		w, "_sum", row_labels(text, row, NULL, NULL), (double)row->mos_milli_sum / 1000);
	metric_sample_part(w, "_count", row_labels(text, row, NULL, NULL), (double)sum);
}

static void collect_mos(struct metric_writer *w, void *arg)
{
	const struct obs *obs = arg;

	for (unsigned int i = 0; i < obs->shown->tally.count; i++)
		write_mos(w, &obs->shown->tally.row[i]);
}

static void collect_quality(struct metric_writer *w, void *arg)
{
	const struct obs *obs = arg;

	for (unsigned int i = 0; i < obs->shown->tally.count; i++) {
		const struct tally_row *row = &obs->shown->tally.row[i];
		char text[ROW_LABELS_BYTES];

		for (unsigned int g = 0; g < QUALITY_GRADES; g++)
			metric_sample_u64(w,
				row_labels(text, row, "grade",
					quality_grade_text((enum quality_grade)g)),
				row->grade[g]);
	}
}

static void collect_refused(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){"", "reason", label_media_failure, media_of(arg)->refused,
			sizeof(media_of(arg)->refused) / sizeof(media_of(arg)->refused[0])});
}

static void write_pool(
	struct metric_writer *w, const struct media_pool_view *pool, const char *realm)
{
	uint64_t taken = (uint64_t)pool->in_use + pool->in_quarantine;
	const struct {
		const char *state;
		uint64_t pairs;
	} parts[] = {
		{"in_use", pool->in_use},
		{"quarantine", pool->in_quarantine},
		{"free", pool->pairs > taken ? pool->pairs - taken : 0},
	};
	char address[TG_IP_TEXT_BYTES];

	tg_ip_write(&pool->address, address);
	for (unsigned int i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char text[256];
		struct strbuf labels = strbuf_on(text, sizeof(text) - 1);

		metric_label(&labels, "realm", str_from(realm));
		metric_label(&labels, "address", str_from(address));
		strbuf_printf(&labels, ",port_first=\"%u\"", pool->port_first);
		metric_label(&labels, "state", str_from(parts[i].state));
		text[labels.len] = '\0';
		metric_sample_u64(w, text, parts[i].pairs * 2);
	}
}

static void collect_ports(struct metric_writer *w, void *arg)
{
	const struct obs *obs = arg;
	struct conf *conf = conf_current();

	for (unsigned int i = 0; i < obs->shown->pool_count; i++)
		write_pool(w, &obs->shown->pool[i], label_realm(conf, obs->shown->pool[i].realm));
	conf_put(conf);
}

void metrics_media_add(struct obs *obs)
{
	static const struct metric_family families[] = {
		{"media_sessions", "media sessions that live", METRIC_GAUGE, collect_sessions,
			NULL},
		{"media_streams", "media streams that live", METRIC_GAUGE, collect_streams, NULL},
		{"media_ports", "media ports of each pool, by state", METRIC_GAUGE, collect_ports,
			NULL},
		{"media_latches_total", "times a media source was learned", METRIC_COUNTER,
			collect_latches, NULL},
		{"media_sources_refused_total", "media sources that were not believed",
			METRIC_COUNTER, collect_sources, NULL},
		{"media_ssrc_changes_total", "times a media source changed its SSRC",
			METRIC_COUNTER, collect_ssrc, NULL},
		{"media_timeout_total", "streams that went silent", METRIC_COUNTER,
			collect_timeouts, NULL},
		{"media_expired_total", "streams of an earlier control plane that were removed",
			METRIC_COUNTER, collect_expired, NULL},
		{"media_limiter_trips_total", "signalling sources that exceeded their rate",
			METRIC_COUNTER, collect_limiter, NULL},
		{"media_one_way_total", "times that only one side of a talking call was heard",
			METRIC_COUNTER, collect_one_way, NULL},
		{"media_two_way_total", "times that the silent side was heard again",
			METRIC_COUNTER, collect_two_way, NULL},
		{"media_policed_total",
			"reports of media above the rate of its SDP, one a second and stream",
			METRIC_COUNTER, collect_policed, NULL},
		{"media_unreachable_total", "reports of ICMP unreachable, one a second and stream",
			METRIC_COUNTER, collect_unreachable, NULL},
		{"media_unmapped_total",
			"offers and answers that number more payload types otherwise than are "
			"mapped",
			METRIC_COUNTER, collect_unmapped, NULL},
		{"media_mos", "mean opinion score of audio that ended, by who sent it",
			METRIC_HISTOGRAM, collect_mos, NULL},
		{"media_quality_total", "audio that ended, by who sent it and its grade",
			METRIC_COUNTER, collect_quality, NULL},
		{"media_refused_total", "offers and answers that could not be anchored",
			METRIC_COUNTER, collect_refused, NULL},
	};

	obs_add_families(obs, families, sizeof(families) / sizeof(families[0]));
}
