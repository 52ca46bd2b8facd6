// SPDX-License-Identifier: BSD-3-Clause
// EAL and the devices. All functions: main lcore.
#pragma once

#include <rte_mempool.h>

#include <stdbool.h>
#include <stdint.h>

#include "tools/rtpblast/args.h"

#define PORT_ERROR_BYTES 320

struct port {
	uint16_t id;	 // of DPDK
	uint8_t mac[12]; // destination and source of what it sends
	struct rte_mempool *pool;
};

// Starts EAL with args->device as its devices. Returns 0, or -errno with a line in error.
int port_start_eal(char error[static PORT_ERROR_BYTES], const struct args *args);

// Opens the n-th device with args->queues queues each way. Returns 0, or -errno with a line in error.
int port_open(struct port *port, char error[static PORT_ERROR_BYTES], const struct args *args,
	unsigned int n);

// Waits until the link is up, at most wait_s seconds. Returns 0 or -ETIMEDOUT.
int port_wait(const struct port *port, unsigned int wait_s);

// Packets that the device itself dropped on the way in.
uint64_t port_missed(const struct port *port);

void port_close(struct port *port);
