// SPDX-License-Identifier: BSD-3-Clause
// The registry of what /metrics shows. Families are tables; values are words with one writer each,
// or are asked for at the scrape.
//
//	tidegate_sip_requests_total{realm="access",direction="in",method="INVITE"} 12
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "controlplane/base/str.h"

enum metric_kind {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
};

struct metric_writer; // what a collector writes its samples to

// Writes one sample of the family being collected. labels is "" or `realm="a",method="b"`; values of
// labels that come from outside are escaped by metric_label.
void metric_sample_u64(struct metric_writer *w, const char *labels, uint64_t value);
void metric_sample_double(struct metric_writer *w, const char *labels, double value);
// One bucket, sum or count of a histogram: suffix "_bucket", "_sum", "_count".
void metric_sample_part(
	struct metric_writer *w, const char *suffix, const char *labels, double value);

// Appends name="value" to a list of labels, after a comma where one is needed. Any value is escaped;
// octets outside ASCII become '?'.
void metric_label(struct strbuf *labels, const char *name, struct str value);

struct metric_family {
	const char
		*name; // without the prefix "tidegate_"; Prometheus conventions (_total, _seconds)
	const char *help;
	enum metric_kind kind;
	// Runs on the management thread: reads words relaxed, takes no lock of a signalling thread.
	void (*collect)(struct metric_writer *w, void *arg);
	void *arg;
};

// Families are shown in the order they were added. Before the threads start only.
void metrics_add(const struct metric_family *family);
// Prometheus text format 0.0.4 of all families. Appends to buffer through put(arg, text).
void metrics_write(void (*put)(void *arg, struct str text), void *arg);
// For tests: forget all families.
void metrics_clear(void);

// A counter with one writing thread and any number of readers.
static inline void counter_add(uint64_t *word, uint64_t n)
{
	__atomic_store_n(word, *word + n, __ATOMIC_RELAXED);
}

static inline uint64_t counter_get(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}
