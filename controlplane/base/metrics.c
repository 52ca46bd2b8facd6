// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/metrics.h"

#include <assert.h>
#include <math.h>

#define FAMILIES_MAX 256
#define LINE_BYTES_MAX 2048

struct metric_writer {
	const struct metric_family *family;
	void (*put)(void *arg, struct str text);
	void *arg;
};

static const struct metric_family *families[FAMILIES_MAX];
static unsigned int family_count;

void metrics_add(const struct metric_family *family)
{
	assert(family_count < FAMILIES_MAX);
	families[family_count++] = family;
}

void metrics_clear(void)
{
	family_count = 0;
}

static void put_name(struct strbuf *b, const struct metric_family *family, const char *suffix)
{
	strbuf_put(b, STR("tidegate_"));
	strbuf_put(b, str_from(family->name));
	strbuf_put(b, str_from(suffix));
}

static void put_labels(struct strbuf *b, const char *labels)
{
	if (labels[0] != '\0') {
		strbuf_put_char(b, '{');
		strbuf_put(b, str_from(labels));
		strbuf_put_char(b, '}');
	}
	strbuf_put_char(b, ' ');
}

// A line that does not fit is left out whole: half a sample would spoil the whole scrape.
static void put_line(struct metric_writer *w, struct strbuf *b)
{
	strbuf_put_char(b, '\n');
	if (!b->failed)
		w->put(w->arg, strbuf_str(b));
}

void metric_sample_u64(struct metric_writer *w, const char *labels, uint64_t value)
{
	char line[LINE_BYTES_MAX];
	struct strbuf b = strbuf_on(line, sizeof(line));

	put_name(&b, w->family, "");
	put_labels(&b, labels);
	strbuf_put_u64(&b, value);
	put_line(w, &b);
}

void metric_sample_double(struct metric_writer *w, const char *labels, double value)
{
	metric_sample_part(w, "", labels, value);
}

void metric_sample_part(
	struct metric_writer *w, const char *suffix, const char *labels, double value)
{
	char line[LINE_BYTES_MAX];
	struct strbuf b = strbuf_on(line, sizeof(line));

	put_name(&b, w->family, suffix);
	put_labels(&b, labels);
	if (isnan(value))
		strbuf_put(&b, STR("NaN"));
	else if (isinf(value))
		strbuf_put(&b, value > 0 ? STR("+Inf") : STR("-Inf"));
	else
		strbuf_printf(&b, "%.15g", value);
	put_line(w, &b);
}

void metric_label(struct strbuf *labels, const char *name, struct str value)
{
	if (labels->len != 0)
		strbuf_put_char(labels, ',');
	strbuf_put(labels, str_from(name));
	strbuf_put(labels, STR("=\""));
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (c == '\n') {
			strbuf_put(labels, STR("\\n"));
			continue;
		}
		if (c == '"' || c == '\\')
			strbuf_put_char(labels, '\\');
		strbuf_put_char(labels, c >= ' ' && c < 0x7f ? c : '?');
	}
	strbuf_put_char(labels, '"');
}

static void put_help(struct strbuf *b, const char *help)
{
	for (; *help != '\0'; help++) {
		if (*help == '\n')
			strbuf_put(b, STR("\\n"));
		else if (*help == '\\')
			strbuf_put(b, STR("\\\\"));
		else
			strbuf_put_char(b, *help);
	}
}

static void put_head(struct metric_writer *w)
{
	static const char *const kinds[] = {
		[METRIC_COUNTER] = " counter",
		[METRIC_GAUGE] = " gauge",
		[METRIC_HISTOGRAM] = " histogram",
	};
	char line[LINE_BYTES_MAX];
	struct strbuf b = strbuf_on(line, sizeof(line));

	strbuf_put(&b, STR("# HELP "));
	put_name(&b, w->family, " ");
	put_help(&b, w->family->help);
	put_line(w, &b);
	b = strbuf_on(line, sizeof(line));
	strbuf_put(&b, STR("# TYPE "));
	put_name(&b, w->family, kinds[w->family->kind]);
	put_line(w, &b);
}

void metrics_write(void (*put)(void *arg, struct str text), void *arg)
{
	for (unsigned int i = 0; i < family_count; i++) {
		struct metric_writer w = {families[i], put, arg};

		put_head(&w);
		w.family->collect(&w, w.family->arg);
	}
}
