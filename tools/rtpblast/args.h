// SPDX-License-Identifier: BSD-3-Clause
// The command line.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tools/rtpblast/flow.h"

#define ARGS_ERROR_BYTES 320
#define ARGS_QUEUES_MAX 16
#define ARGS_LCORES_MAX 2

struct args {
	const char *device[FLOW_PORTS_MAX]; // DPDK device strings
	unsigned int ports;
	uint8_t mac_to[FLOW_PORTS_MAX][6];
	unsigned int macs_to;
	uint8_t mac_from[FLOW_PORTS_MAX][6];
	unsigned int macs_from;
	const char *flows_path; // NULL: echo
	unsigned int echo;	// how many flows; 0: from the file
	bool v6;
	unsigned int rate; // packets a second, all flows; 0: as fast as possible
	double seconds;
	double warm_up_s;
	unsigned int drain_ms;
	unsigned int wait_s; // for the link
	uint16_t payload_bytes;
	uint8_t payload_type;
	unsigned int queues;
	unsigned int burst;
	unsigned int cpu[ARGS_LCORES_MAX];
	unsigned int cpus; // 0: where it was started
	bool garbage;
	bool json;
	bool huge;
	unsigned int memory_mb;	 // 0: by ports and queues
	const char *file_prefix; // NULL: by pid
};

enum args_result {
	ARGS_RUN,
	ARGS_DONE, // help or version was printed
	ARGS_BAD,  // error says why
};

// Reads argv, whose strings must outlive *out. On ARGS_BAD error holds one line.
enum args_result args_parse(
	struct args *out, char error[static ARGS_ERROR_BYTES], int argc, char **argv);

// The long option n and the name of its value, or NULL beyond the last: for the test that compares
// them with the manual.
const char *args_option(const char **value_name, unsigned int n);
