// SPDX-License-Identifier: BSD-3-Clause
// Writes arrays of counters as samples with labels.
#pragma once

#include "controlplane/base/metrics.h"
#include "controlplane/obs/labels.h"

struct metrics_array {
	const char *labels; // before the array's own label; "" or `dir="in"`
	const char *name;   // of the array's label
	label_h *label;
	const uint64_t *words;
	unsigned int count;
};

// One sample for each word whose index has a label.
void metrics_write_array(struct metric_writer *w, const struct metrics_array *array);
