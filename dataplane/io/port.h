// SPDX-License-Identifier: BSD-3-Clause
// Network ports: one DPDK device for each kernel interface, AF_XDP or a packet socket.
//
//	port_prepare ─► (EAL) ─► port_start ─► steer_open ... steer_close ─► port_stop
//
// All functions: main lcore only.
#pragma once

#include <net/if.h>

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/io/steer.h"
#include "include/tidegate/limits.h"

#include <rte_mempool.h>
#include <rte_spinlock.h>

#define PORT_QUEUES_MAX 64
#define PORT_VDEV_BYTES 512

struct port {
	char iface[IF_NAMESIZE];
	unsigned int ifindex;
	bool xdp;
	uint16_t id; // DPDK port id
	uint16_t queues;
	bool tx_shared; // fewer queues than workers: tx_lock is taken around each burst
	rte_spinlock_t tx_lock[PORT_QUEUES_MAX];
	struct steer steer;
	int claim_fd; // bound to the interface's name as long as we have it
};

// Checks the interface, claims it against other dataplanes in this namespace, removes leftovers.
// Returns 0; -ENODEV: no such interface; -EADDRINUSE: another dataplane has it; -EBUSY: a foreign
// XDP program is attached; -E2BIG: it has receive queues that AF_XDP would not serve; another -errno.
int port_prepare(struct port *port, const char *iface, bool xdp, unsigned int workers);

// The --vdev value for EAL.
void port_vdev(char text[static PORT_VDEV_BYTES], const struct port *port, unsigned int index,
	const char *xdp_prog);

// How many mbufs a pool must have that serves these ports and workers.
unsigned int port_mbufs(const struct port *port, unsigned int ports, unsigned int workers);

// Configures and starts the device that port_vdev named. Returns 0 or -errno.
int port_start(struct port *port, unsigned int index, struct rte_mempool *pool);
// Stops the device and gives up the claim; legal at any stage after port_prepare was tried.
void port_stop(struct port *port);
