// SPDX-License-Identifier: BSD-3-Clause
// Stands in for the control plane: gives a dataplane many streams at once, and holds it.
//
//	bench_install SOCKET LOCAL0 LOCAL1 REMOTE0 REMOTE1 STREAMS FLOWS [both] [ports] [churn=PER-S]
//
// LOCALn and REMOTEn are the first addresses of side n (streams.h); FLOWS is written for rtpblast(8).
// both: streams are fed on either side. ports: side n hangs on rtpblast's port n. churn: so many other
// streams a second are added and removed meanwhile.
//
// Prints "ready streams=N ms=T per_s=R". Then for each line on stdin one JSON object with what the
// workers have counted so far. Ends with stdin; the streams stay.
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "include/tidegate/time.h"
#include "tests/bench/dp.h"
#include "tests/bench/streams.h"

#define WORDS 8
#define BEAT_MS 100
#define CHURN_HELD 64 // streams that live at a time

struct churn {
	uint32_t per_s;
	uint64_t began_ns;
	uint64_t added;
	uint64_t removed;
	uint64_t asked;
	uint64_t failed;
	struct tg_stream_ref ref[CHURN_HELD]; // generation 0: none
};

static const char *const counters[] = {
#define X(name, text, help) text,
	TG_WORKER_COUNTERS(X)
#undef X
};

static const char *const drops[] = {
#define X(name, text, help) text,
	TG_DROP_REASONS(X)
#undef X
};

static void print_worker(const struct tg_worker_stats *stats)
{
	printf("{");
	for (unsigned int i = 0; i < TG_COUNT_COUNT; i++)
		printf("\"%s\": %" PRIu64 ", ", counters[i], tg_stat_load(&stats->counter[i]));
	for (unsigned int i = 0; i < TG_DROP_COUNT; i++) {
		if (tg_stat_load(&stats->drop[i]) > 0)
			printf("\"drop_%s\": %" PRIu64 ", ", drops[i],
				tg_stat_load(&stats->drop[i]));
	}
	printf("\"delay_sum_ns\": %" PRIu64 ", \"delay\": [", tg_stat_load(&stats->delay_sum_ns));
	for (unsigned int i = 0; i < TG_DELAY_BUCKETS; i++)
		printf("%s%" PRIu64, i > 0 ? ", " : "", tg_stat_load(&stats->delay[i]));
	printf("]}");
}

static void print_stats(const struct dp *dp, const struct churn *churn)
{
	printf("{\"churn_added\": %" PRIu64 ", \"churn_removed\": %" PRIu64
	       ", \"churn_failed\": %" PRIu64 ", \"workers\": [",
		churn->added, churn->removed, churn->failed);
	for (unsigned int w = 0; w < dp->workers; w++) {
		printf("%s", w > 0 ? ", " : "");
		print_worker(&dp->stats[w]);
	}
	printf("]}\n");
	fflush(stdout);
}

// Adds to and removes from CHURN_HELD slots in turn, as much as is due.
static void churn_ask(struct churn *churn, struct dp *dp, const struct streams *streams)
{
	uint64_t due = (tg_mono_now().ns - churn->began_ns) * churn->per_s * 2 / TG_NS_PER_S;

	while (churn->asked < due) {
		uint32_t slot = (uint32_t)(churn->asked / 2 % CHURN_HELD);
		bool add = churn->asked % 2 == 0;
		struct tg_cmd cmd = {.type = TG_CMD_STREAM_REMOVE, .ref = churn->ref[slot]};

		if (add) {
			uint32_t nth = (uint32_t)(churn->asked / 2 % STREAMS_CHURN_MAX);

			cmd.type = TG_CMD_STREAM_ADD;
			cmd.stream = streams_spec(streams, streams->count + nth);
			cmd.stream.cookie = slot;
		} else {
			// The one that was added last time round has long been answered.
			slot = (slot + 1) % CHURN_HELD;
			cmd.ref = churn->ref[slot];
			churn->ref[slot].generation = 0;
		}
		if (!add && cmd.ref.generation == 0) {
			churn->asked++;
			continue;
		}
		if (dp_push(dp, &cmd) == 0)
			break;
		churn->asked++;
	}
	dp_publish(dp);
}

static void churn_take(struct churn *churn, const struct tg_event *event)
{
	churn->failed += event->completion.status != 0;
	if (event->completion.cmd_type == TG_CMD_STREAM_ADD && event->completion.status == 0) {
		churn->ref[event->cookie] = event->ref;
		churn->added++;
	}
	churn->removed += event->completion.cmd_type == TG_CMD_STREAM_REMOVE;
}

static bool read_line(void)
{
	char bytes[64];
	ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

	return got > 0;
}

static void hold(struct dp *dp, const struct streams *streams, struct churn *churn)
{
	struct pollfd in = {STDIN_FILENO, POLLIN, 0};
	struct tg_event event;

	churn->began_ns = tg_mono_now().ns;
	for (;;) {
		while (dp_completion(&event, dp))
			churn_take(churn, &event);
		if (churn->per_s > 0)
			churn_ask(churn, dp, streams);
		dp_sleep(dp, STDIN_FILENO, churn->per_s > 0 ? 1 : BEAT_MS);
		if (poll(&in, 1, 0) <= 0)
			continue;
		if (!read_line())
			return;
		print_stats(dp, churn);
	}
}

static struct tg_ip ip_arg(const char *text)
{
	struct tg_ip ip;

	if (tg_ip_parse(&ip, text) < 0)
		dp_die("%s: expected an address", text);
	return ip;
}

static void write_flows(const struct streams *s, const char *path, bool both, unsigned int ports)
{
	FILE *out = fopen(path, "we");

	if (out == NULL)
		dp_die("%s: %s", path, strerror(errno));
	streams_write_flows(s, out, both, ports);
	if (fclose(out) != 0)
		dp_die("%s: %s", path, strerror(errno));
}

int main(int argc, char **argv)
{
	static struct dp dp;
	struct churn churn = {0};
	struct streams streams;
	unsigned int ports = 1;
	bool both = false;
	uint64_t took_ns;

	if (argc < WORDS)
		dp_die("usage: bench_install SOCKET LOCAL0 LOCAL1 REMOTE0 REMOTE1 STREAMS FLOWS "
		       "[both] "
		       "[ports] [churn=PER-S]");
	streams = (struct streams){.local = {ip_arg(argv[2]), ip_arg(argv[3])},
		.remote = {ip_arg(argv[4]), ip_arg(argv[5])},
		.count = (uint32_t)strtoul(argv[6], NULL, 10)};
	for (int i = WORDS; i < argc; i++) {
		both |= strcmp(argv[i], "both") == 0;
		ports = strcmp(argv[i], "ports") == 0 ? 2 : ports;
		if (strncmp(argv[i], "churn=", 6) == 0)
			churn.per_s = (uint32_t)strtoul(argv[i] + 6, NULL, 10);
	}
	dp_attach(&dp, argv[1]);
	streams_put_pools(&streams, &dp);
	took_ns = tg_mono_now().ns;
	streams_add(&streams, &dp, NULL);
	took_ns = tg_mono_now().ns - took_ns + 1;
	write_flows(&streams, argv[7], both, ports);
	printf("ready streams=%u ms=%.1f per_s=%.0f\n", streams.count, (double)took_ns / 1e6,
		streams.count * 1e9 / (double)took_ns);
	fflush(stdout);
	hold(&dp, &streams, &churn);
	return 0;
}
