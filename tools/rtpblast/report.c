// SPDX-License-Identifier: BSD-3-Clause
#include "tools/rtpblast/report.h"

#include <rte_cycles.h>

#include <stdio.h>

struct figure {
	const char *name;
	double value;
	int digits;
};

static double delay_us(const struct sink *s, unsigned int permille)
{
	uint64_t cycles = permille < 1000 ? histogram_permille(&s->delay, permille) : s->delay.max;

	return (double)cycles * 1e6 / (double)rte_get_tsc_hz();
}

void report_print(const struct report *report, bool json)
{
	const struct sink *s = report->sink;
	const struct sink_counts *c = &s->counts;
	uint64_t lost = report->expected > c->received ? report->expected - c->received : 0;
	double share = report->expected > 0 ? (double)lost / (double)report->expected : 0;
	const struct figure figures[] = {
		{"flows", s->flows, 0},
		{"sent", (double)report->sent, 0},
		{"expected", (double)report->expected, 0},
		{"received", (double)c->received, 0},
		{"lost", (double)lost, 0},
		{"lost_share", share, 6},
		{"reordered", (double)c->reordered, 0},
		{"duplicated", (double)c->duplicated, 0},
		{"corrupted", (double)c->corrupted, 0},
		{"misled", (double)c->misled, 0},
		{"foreign", (double)c->foreign, 0},
		{"late", (double)c->late, 0},
		{"missed", (double)report->missed, 0},
		{"refused", (double)report->refused, 0},
		{"sent_pps", report->rate, 0},
		{"received_pps",
			report->sent > 0 ? report->rate * (double)c->received / (double)report->sent
					 : 0,
			0},
		{"delay_p50_us", delay_us(s, 500), 1},
		{"delay_p99_us", delay_us(s, 990), 1},
		{"delay_p999_us", delay_us(s, 999), 1},
		{"delay_max_us", delay_us(s, 1000), 1},
	};

	for (unsigned int i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		const struct figure *f = &figures[i];

		if (json)
			printf("%s\"%s\": %.*f", i == 0 ? "{" : ", ", f->name, f->digits, f->value);
		else
			printf("%-14s %.*f\n", f->name, f->digits, f->value);
	}
	if (json)
		printf("}\n");
	fflush(stdout);
}
