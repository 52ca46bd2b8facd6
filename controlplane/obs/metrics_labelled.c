// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/metrics_labelled.h"

void metrics_write_array(struct metric_writer *w, const struct metrics_array *array)
{
	for (unsigned int i = 0; i < array->count; i++) {
		const char *value = array->label(i);
		char text[256];
		struct strbuf labels = strbuf_on(text, sizeof(text) - 1);

		if (value == NULL)
			continue;
		strbuf_put(&labels, str_from(array->labels));
		metric_label(&labels, array->name, str_from(value));
		text[labels.len] = '\0';
		metric_sample_u64(w, text, array->words[i]);
	}
}
