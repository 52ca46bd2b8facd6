// SPDX-License-Identifier: BSD-3-Clause
// Network ports: one DPDK device for each kernel interface. Either it is made of the interface, as
// AF_XDP or a packet socket, and shares it with the kernel; or it is a device of its own, which the
// kernel does not see: then the interface bears the addresses, routes and neighbours only.
//
//	port_prepare ─► (EAL) ─► port_start ─► steer_open ... steer_close ─► port_stop
//
// All functions: main lcore only.
#pragma once

#include <net/if.h>

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/io/steer.h"
#include "dataplane/io/tap.h"
#include "include/tidegate/limits.h"

#include <rte_mempool.h>
#include <rte_spinlock.h>

#define PORT_QUEUES_MAX 64
#define PORT_VDEV_BYTES 512

// What is asked for. device: as DPDK names it, with its arguments; NULL: none.
struct port_want {
	const char *iface;
	const char *device;
	bool xdp;
	bool follow; // the device's interface is there, and only followed
};

struct port {
	char iface[IF_NAMESIZE];
	unsigned int ifindex;
	bool xdp;	    // AF_XDP, else a packet socket or device
	const char *device; // of its own, as DPDK names it; NULL: none
	uint16_t id;	    // DPDK port id
	uint16_t queues;
	bool tx_shared; // fewer queues than workers: tx_lock is taken around each burst
	rte_spinlock_t tx_lock[PORT_QUEUES_MAX];
	struct steer steer; // of a device: closed
	struct tap tap;	    // what the device's interface is, unless one is only followed
	int claim_fd;	    // bound to the interface's name as long as we have it
};

// Checks the interface, claims it against other dataplanes in this namespace, removes leftovers, makes
// the TAP of a device. The texts of want stay the caller's as long as the port is there.
// Returns 0; -ENODEV: no such interface; -EADDRINUSE: another dataplane has it; -EBUSY: a foreign
// XDP program is attached, or another process has the TAP; -E2BIG: it has receive queues that AF_XDP
// would not serve; -EINVAL: the interface of a device is no TAP; another -errno.
int port_prepare(struct port *port, const struct port_want *want, unsigned int workers);

// Fills in what EAL needs to hear of the port's device. Returns the option that it is the value of.
const char *port_eal_option(char value[static PORT_VDEV_BYTES], const struct port *port,
	unsigned int index, const char *xdp_prog);
// Whether the device is on the PCI bus.
bool port_is_pci(const struct port *port);

// How many mbufs a pool must have that serves these ports and workers.
unsigned int port_mbufs(const struct port *port, unsigned int ports, unsigned int workers);

// Configures and starts the device that port_eal_option named. Returns 0; -ERANGE: the device has
// fewer queues than there are workers: as many as port->queues says now; -EOPNOTSUPP: it would not
// spread flows over the queues; another -errno.
int port_start(struct port *port, unsigned int index, struct rte_mempool *pool);
// Shows the kernel whether the port's device is plugged in. Each 100 ms.
void port_tick(struct port *port);
// Stops the device and gives up the claim; legal at any stage after port_prepare was tried.
void port_stop(struct port *port);
