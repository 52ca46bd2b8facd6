// SPDX-License-Identifier: BSD-3-Clause
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

static void collect_refused(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){
			"", "reason", label_media_failure, media_of(arg)->refused, 5});
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
		{"media_refused_total", "offers and answers that could not be anchored",
			METRIC_COUNTER, collect_refused, NULL},
	};

	obs_add_families(obs, families, sizeof(families) / sizeof(families[0]));
}
