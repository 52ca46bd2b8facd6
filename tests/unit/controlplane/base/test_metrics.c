// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/metrics.h"

#include <criterion/criterion.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static char page[8192];
static struct strbuf out;

static void put(void *arg, struct str text)
{
	strbuf_put(arg, text);
}

static void write_page(void)
{
	out = strbuf_on(page, sizeof(page) - 1);
	metrics_write(put, &out);
	cr_assert_not(out.failed);
	page[out.len] = '\0';
}

static void collect_requests(struct metric_writer *w, void *arg)
{
	static const struct {
		const char *realm, *method;
		uint64_t value;
	} rows[] = {{"access", "INVITE", 12}, {"a\"b\\c\nd\xff", "BYE", UINT64_MAX}};

	cr_assert_eq(arg, page);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char memory[256] = "";
		struct strbuf labels = strbuf_on(memory, sizeof(memory) - 1);

		metric_label(&labels, "realm", str_from(rows[i].realm));
		metric_label(&labels, "method", str_from(rows[i].method));
		metric_sample_u64(w, memory, rows[i].value);
	}
}

static void collect_load(struct metric_writer *w, void *)
{
	metric_sample_double(w, "", 0.25);
}

static void collect_seconds(struct metric_writer *w, void *)
{
	metric_sample_part(w, "_bucket", "le=\"0.1\"", 3);
	metric_sample_part(w, "_bucket", "le=\"+Inf\"", 4);
	metric_sample_part(w, "_sum", "", 1.5);
	metric_sample_part(w, "_count", "", 4);
}

static const struct metric_family families[] = {
	{"sip_requests_total", "SIP requests,\nby \\method", METRIC_COUNTER, collect_requests,
		page},
	{"load_ratio", "Share of time that was busy.", METRIC_GAUGE, collect_load, NULL},
	{"setup_seconds", "Call set-up time.", METRIC_HISTOGRAM, collect_seconds, NULL},
};

static void add_all(void)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		metrics_add(&families[i]);
}

Test(metrics, page_is_prometheus_text)
{
	add_all();
	write_page();
	cr_assert_str_eq(page,
		"# HELP tidegate_sip_requests_total SIP requests,\\nby \\\\method\n"
		"# TYPE tidegate_sip_requests_total counter\n"
		"tidegate_sip_requests_total{realm=\"access\",method=\"INVITE\"} 12\n"
		"tidegate_sip_requests_total{realm=\"a\\\"b\\\\c\\nd?\",method=\"BYE\"} "
		"18446744073709551615\n"
		"# HELP tidegate_load_ratio Share of time that was busy.\n"
		"# TYPE tidegate_load_ratio gauge\n"
		"tidegate_load_ratio 0.25\n"
		"# HELP tidegate_setup_seconds Call set-up time.\n"
		"# TYPE tidegate_setup_seconds histogram\n"
		"tidegate_setup_seconds_bucket{le=\"0.1\"} 3\n"
		"tidegate_setup_seconds_bucket{le=\"+Inf\"} 4\n"
		"tidegate_setup_seconds_sum 1.5\n"
		"tidegate_setup_seconds_count 4\n");
	metrics_clear();
	write_page();
	cr_assert_str_eq(page, "");
}

Test(metrics, promtool_accepts_the_page)
{
	FILE *promtool;

	if (system("command -v promtool >/dev/null") != 0)
		cr_skip_test("promtool (Debian package prometheus) is not installed");
	add_all();
	write_page();
	promtool = popen("promtool check metrics", "w");
	cr_assert_eq(fwrite(page, 1, out.len, promtool), out.len);
	cr_assert_eq(pclose(promtool), 0);
}

static void collect_odd(struct metric_writer *w, void *)
{
	char labels[4000];

	memset(labels, 'x', sizeof(labels) - 1);
	labels[sizeof(labels) - 1] = '\0';
	metric_sample_double(w, "", NAN);
	metric_sample_double(w, "", INFINITY);
	metric_sample_double(w, "", -INFINITY);
	metric_sample_u64(w, labels, 1);
	metric_sample_u64(w, "", 0);
}

Test(metrics, odd_values_are_spelled_and_a_line_too_long_is_left_out_whole)
{
	static const struct metric_family odd = {"odd", "h", METRIC_GAUGE, collect_odd, NULL};

	metrics_add(&odd);
	write_page();
	cr_assert_str_eq(page,
		"# HELP tidegate_odd h\n# TYPE tidegate_odd gauge\n"
		"tidegate_odd NaN\ntidegate_odd +Inf\ntidegate_odd -Inf\n"
		"tidegate_odd 0\n");
}
