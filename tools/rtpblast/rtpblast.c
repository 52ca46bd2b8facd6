// SPDX-License-Identifier: BSD-3-Clause
// Sends RTP and takes it back, over DPDK: the measuring stick for a relay.
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rtpblast/args.h"
#include "tools/rtpblast/flow.h"
#include "tools/rtpblast/generator.h"
#include "tools/rtpblast/port.h"
#include "tools/rtpblast/report.h"
#include "tools/rtpblast/sink.h"

#define FIRST_PASS_RATE_MAX 200000 // one packet of each flow, before anything is known of the peer
#define FIRST_PASS_S_MAX 30
#define EXIT_USAGE 2

enum phase {
	PHASE_FIRST_PASS = 1,
	PHASE_WARM_UP,
	PHASE_MEASURE,
};

struct run {
	struct args args;
	struct flows flows;
	struct frame_tx *tx;
	struct frame_rx *rx;
	struct port port[FLOW_PORTS_MAX];
	unsigned int opened;
	struct generator generator;
	struct sink sink;
	bool sender_stops; // atomic
};

static struct run run;
static volatile sig_atomic_t interrupted;

static void on_signal(int)
{
	interrupted = 1;
}

static int fail(const char *text)
{
	fprintf(stderr, "rtpblast: %s\n", text);
	return -1;
}

static int read_flows(void)
{
	char error[FLOW_ERROR_BYTES] = "out of memory";
	char text[FLOW_ERROR_BYTES + 256];
	FILE *file;
	int rc;

	if (run.args.flows_path == NULL) {
		rc = flows_echo(&run.flows, run.args.echo, run.args.v6, run.args.ports);
		return rc < 0 ? fail(error) : 0;
	}
	file = fopen(run.args.flows_path, "re");
	if (file == NULL) {
		snprintf(text, sizeof(text), "--flows %.200s: %s", run.args.flows_path,
			strerror(errno));
		return fail(text);
	}
	rc = flows_read(&run.flows, error, file, run.args.ports);
	fclose(file);
	if (rc == 0)
		return 0;
	snprintf(text, sizeof(text), "--flows %.200s: %s", run.args.flows_path, error);
	return fail(text);
}

static int prepare_frames(void)
{
	run.tx = aligned_alloc(64, run.flows.count * sizeof(*run.tx));
	run.rx = aligned_alloc(64, run.flows.count * sizeof(*run.rx));
	if (run.tx == NULL || run.rx == NULL)
		return fail("out of memory");
	for (uint32_t n = 0; n < run.flows.count; n++)
		frame_prepare(&run.tx[n], &run.rx[n], &run.flows.flow[n], n, run.args.payload_bytes,
			run.args.payload_type);
	return 0;
}

static int open_ports(void)
{
	char error[PORT_ERROR_BYTES];

	if (port_start_eal(error, &run.args) < 0)
		return fail(error);
	for (unsigned int n = 0; n < run.args.ports; n++) {
		if (port_open(&run.port[n], error, &run.args, n) < 0)
			return fail(error);
		run.opened++;
	}
	for (unsigned int n = 0; n < run.args.ports; n++) {
		if (port_wait(&run.port[n], run.args.wait_s) < 0) {
			snprintf(error, sizeof(error), "--port %.200s: no link within %u s",
				run.args.device[n], run.args.wait_s);
			return fail(error);
		}
	}
	return 0;
}

static int send_loop(void *)
{
	while (!__atomic_load_n(&run.sender_stops, __ATOMIC_ACQUIRE))
		generator_poll(&run.generator);
	return 0;
}

static uint64_t cycles_of(double seconds)
{
	return (uint64_t)(seconds * (double)rte_get_tsc_hz());
}

// Sends, and receives until nothing has come for as long as stragglers are waited for.
static void run_phase(const struct generator_phase *phase)
{
	uint64_t drain = cycles_of(run.args.drain_ms / 1000.0);
	uint64_t quiet_since;

	sink_start(&run.sink, phase->number);
	generator_start(&run.generator, phase);
	while (generator_running(&run.generator) && !interrupted) {
		if (run.args.cpus < 2)
			generator_poll(&run.generator);
		sink_poll(&run.sink);
	}
	generator_stop(&run.generator);
	quiet_since = rte_rdtsc();
	while (rte_rdtsc() - quiet_since < drain && !interrupted) {
		if (run.args.cpus < 2)
			generator_poll(&run.generator);
		sink_poll(&run.sink);
	}
}

// Packets so far that nobody is to send back.
static uint64_t unexpected(void)
{
	uint64_t count = 0;

	for (uint32_t n = 0; n < run.flows.count; n++) {
		if (run.args.garbage || run.rx[n].from_port == 0)
			count += run.tx[n].number;
	}
	return count;
}

static uint64_t missed(void)
{
	uint64_t count = 0;

	for (unsigned int n = 0; n < run.args.ports; n++)
		count += port_missed(&run.port[n]);
	return count;
}

static void measure(void)
{
	uint64_t rate = run.args.rate;
	uint64_t first = rate > 0 && rate < FIRST_PASS_RATE_MAX ? rate : FIRST_PASS_RATE_MAX;
	uint64_t before;
	uint64_t missed_before;
	struct report report;

	run_phase(&(struct generator_phase){.number = PHASE_FIRST_PASS,
		.rate = first,
		.packets = run.flows.count,
		.cycles = cycles_of(FIRST_PASS_S_MAX)});
	run_phase(&(struct generator_phase){
		.number = PHASE_WARM_UP, .rate = rate, .cycles = cycles_of(run.args.warm_up_s)});
	before = unexpected();
	missed_before = missed();
	run_phase(&(struct generator_phase){
		.number = PHASE_MEASURE, .rate = rate, .cycles = cycles_of(run.args.seconds)});
	report = (struct report){.sent = run.generator.sent,
		.missed = missed() - missed_before,
		.refused = run.generator.refused,
		.rate = generator_rate(&run.generator),
		.sink = &run.sink};
	before = unexpected() - before;
	report.expected = report.sent > before ? report.sent - before : 0;
	report_print(&report, run.args.json);
}

static int start(void)
{
	run.sink = (struct sink){.port = run.port,
		.ports = run.args.ports,
		.queues = run.args.queues,
		.rx = run.rx,
		.flows = run.flows.count,
		.payload_bytes = run.args.payload_bytes,
		.payload_type = run.args.payload_type};
	if (generator_open(&run.generator, run.port, run.tx, run.flows.count, &run.args) < 0)
		return fail("out of memory");
	if (run.args.cpus == 2 && rte_eal_remote_launch(send_loop, NULL, 1) != 0)
		return fail("the sending lcore does not start");
	fprintf(stderr, "rtpblast: link up, %u flows\n", run.flows.count);
	measure();
	__atomic_store_n(&run.sender_stops, true, __ATOMIC_RELEASE);
	rte_eal_mp_wait_lcore();
	return 0;
}

static void clean_up(void)
{
	generator_close(&run.generator);
	for (unsigned int n = 0; n < run.opened; n++)
		port_close(&run.port[n]);
	free(run.tx);
	free(run.rx);
	flows_free(&run.flows);
}

int main(int argc, char **argv)
{
	char error[ARGS_ERROR_BYTES];
	int rc;

	switch (args_parse(&run.args, error, argc, argv)) {
	case ARGS_RUN:
		break;
	case ARGS_DONE:
		return EXIT_SUCCESS;
	case ARGS_BAD:
		fail(error);
		return EXIT_USAGE;
	}
	rc = read_flows();
	if (rc == 0)
		rc = prepare_frames();
	if (rc == 0)
		rc = open_ports();
	if (rc == 0) {
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		rc = start();
	}
	clean_up();
	if (run.opened > 0)
		rte_eal_cleanup();
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
