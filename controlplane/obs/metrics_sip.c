// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/metrics_labelled.h"
#include "controlplane/obs/obs_int.h"

static const struct sip_stack_counters *sip_of(void *arg)
{
	const struct obs *obs = arg;

	return &obs->shown->sip;
}

static void collect_requests(struct metric_writer *w, void *arg)
{
	const struct sip_stack_counters *sip = sip_of(arg);

	metrics_write_array(w,
		&(struct metrics_array){
			"dir=\"in\"", "method", label_method, sip->requests_in, SIP_METHOD_COUNT});
	metrics_write_array(w,
		&(struct metrics_array){"dir=\"out\"", "method", label_method, sip->requests_out,
			SIP_METHOD_COUNT});
}

static void collect_responses(struct metric_writer *w, void *arg)
{
	const struct sip_stack_counters *sip = sip_of(arg);

	metrics_write_array(w,
		&(struct metrics_array){"dir=\"in\"", "class", label_class, sip->responses_in, 7});
	metrics_write_array(w,
		&(struct metrics_array){
			"dir=\"out\"", "class", label_class, sip->responses_out, 7});
}

static void collect_retransmissions(struct metric_writer *w, void *arg)
{
	const struct sip_stack_counters *sip = sip_of(arg);

	metric_sample_u64(w, "dir=\"in\"", sip->retransmissions_in);
	metric_sample_u64(w, "dir=\"out\"", sip->retransmissions_out);
}

static void collect_faults(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){
			"", "reason", label_fault, sip_of(arg)->faults, SIP_FAULT_COUNT});
}

static void collect_timeouts(struct metric_writer *w, void *arg)
{
	const struct sip_stack_counters *sip = sip_of(arg);

	metric_sample_u64(w, "timer=\"transaction\"", sip->timeouts);
	metric_sample_u64(w, "timer=\"ack\"", sip->no_acks);
}

static void collect_strays(struct metric_writer *w, void *arg)
{
	const struct sip_stack_counters *sip = sip_of(arg);

	metric_sample_u64(w, "kind=\"response\"", sip->stray_responses);
	metric_sample_u64(w, "kind=\"ack\"", sip->stray_acks);
}

static void collect_send_failures(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", sip_of(arg)->send_failures);
}

static void collect_fallbacks(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", sip_of(arg)->fallbacks);
}

static void collect_table_full(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", sip_of(arg)->table_full);
}

static void collect_unanswered(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "reason=\"silent\"", sip_of(arg)->silenced);
	metric_sample_u64(w, "reason=\"larger\"", sip_of(arg)->larger);
}

static void collect_headers_dropped(struct metric_writer *w, void *arg)
{
	struct conf *conf = conf_current();
	char labels[128];

	for (unsigned int i = 0; conf != NULL && i < conf->realm_count; i++) {
		snprintf(labels, sizeof(labels), "realm=\"%s\"", conf->realms[i].name);
		metric_sample_u64(w, labels, sip_of(arg)->headers_dropped[i]);
	}
	conf_put(conf);
}

static void collect_transactions(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", sip_of(arg)->transactions);
}

void metrics_sip_add(struct obs *obs)
{
	static const struct metric_family families[] = {
		{"sip_requests_total", "SIP requests, repeats not counted", METRIC_COUNTER,
			collect_requests, NULL},
		{"sip_responses_total", "SIP responses, repeats not counted", METRIC_COUNTER,
			collect_responses, NULL},
		{"sip_retransmissions_total", "SIP messages that were repeats", METRIC_COUNTER,
			collect_retransmissions, NULL},
		{"sip_parse_errors_total", "datagrams that were no usable SIP message",
			METRIC_COUNTER, collect_faults, NULL},
		{"sip_timeouts_total", "transactions without a final response, 2xx without an ACK",
			METRIC_COUNTER, collect_timeouts, NULL},
		{"sip_strays_total", "messages that belonged to nothing", METRIC_COUNTER,
			collect_strays, NULL},
		{"sip_send_failures_total", "messages the transport could not send", METRIC_COUNTER,
			collect_send_failures, NULL},
		{"sip_fallbacks_total", "large requests that went by UDP, for TCP failed",
			METRIC_COUNTER, collect_fallbacks, NULL},
		{"sip_table_full_total", "requests refused for want of a transaction",
			METRIC_COUNTER, collect_table_full, NULL},
		{"sip_unanswered_total", "requests of strangers that were not answered",
			METRIC_COUNTER, collect_unanswered, NULL},
		{"sip_headers_dropped_total", "headers that the configuration kept from a realm",
			METRIC_COUNTER, collect_headers_dropped, NULL},
		{"sip_transactions", "transactions that live", METRIC_GAUGE, collect_transactions,
			NULL},
	};

	obs_add_families(obs, families, sizeof(families) / sizeof(families[0]));
}
