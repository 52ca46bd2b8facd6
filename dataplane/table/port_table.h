// SPDX-License-Identifier: BSD-3-Clause
// The network ports: what it takes to write a link header and to speak of the port to the kernel.
// Written by main before the port's first use and on link changes, each followed by tables_touch.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/limits.h"

struct port_entry {
	uint8_t mac[6];	    // main: rw, workers: ro
	uint16_t mtu;	    // likewise; largest IP packet
	uint32_t ifindex;   // main: rw; of the kernel interface, 0: none
	bool present;	    // main: rw, workers: ro
	bool running;	    // main: rw; up, and so is what it is plugged into
	bool kernel_by_tap; // likewise; full bypass: what is not ours is handed to the kernel
};

struct port_table {
	struct port_entry port[TG_PORTS_MAX]; // by DPDK port id
};
