// SPDX-License-Identifier: BSD-3-Clause
// The dataplane's command line. It is all the text the dataplane reads.
#pragma once

#include <net/if.h>

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/log.h"
#include "include/tidegate/limits.h"

#define ARGS_CPUS_MAX 64
#define ARGS_PATH_BYTES 108 // as sun_path
#define ARGS_DEVICE_BYTES 256
#define ARGS_ERROR_BYTES 768

struct args_port {
	char iface[IF_NAMESIZE];
	bool xdp;			// AF_XDP; false: AF_PACKET or a device
	bool follow;			// the device's interface is there already
	char device[ARGS_DEVICE_BYTES]; // a DPDK device with its arguments; "": none
};

struct args {
	struct args_port port[TG_PORTS_MAX];
	unsigned int ports;
	unsigned int workers;
	unsigned int cpu[ARGS_CPUS_MAX]; // --lcores; first the main lcore
	unsigned int cpus;		 // 0: not given
	bool poll_busy;
	bool huge;
	uint32_t streams;
	unsigned int sig_threads;
	unsigned int memory_mb; // 0: computed from streams and ports
	char attach_socket[ARGS_PATH_BYTES];
	char group[32];
	char file_prefix[32];
	char xdp_prog[256]; // object file with the XDP and tc programs; "": the installed one
	enum log_level log_level;
};

enum args_result {
	ARGS_RUN,
	ARGS_DONE, // --help or --version was printed
	ARGS_BAD,  // one line in error
};

// Reads argv, following --args FILE, into *out. On ARGS_BAD error holds one line that says what is
// wrong and what to do; *out is then unspecified. Boot only; writes to stdout for --help, --version.
enum args_result args_parse(
	struct args *out, char error[static ARGS_ERROR_BYTES], int argc, char **argv);

// Whether a port's device is an address on the PCI bus, as 0000:03:00.0, and no virtual one.
bool args_is_pci(const char *device);

// Fills cpu[]/cpus when --lcores was not given: from the allowed cpus the first for the main lcore,
// the last for the workers. Afterwards cpus == workers + 1; with too few cpus some stand twice and
// true is returned. Boot only.
bool args_choose_cpus(struct args *args);
