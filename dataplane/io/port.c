// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/port.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <rte_ethdev.h>

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DESCRIPTORS 2048
#define PACKET_RING_FRAMES 2048
// The AF_XDP driver keeps up to this many mbufs for one queue: fill, rx, tx and completion rings.
#define MBUFS_PER_QUEUE (5 * DESCRIPTORS)
#define MBUFS_PER_WORKER 2048

// An abstract socket name is private to the network namespace, as the interface's name is.
static int claim(const char *iface)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int len = snprintf(sun.sun_path + 1, sizeof(sun.sun_path) - 1, "tidegate-port-%s", iface);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&sun,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len))
		== 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

// How many queues of the interface AF_XDP is to serve: all. The driver serves combined ones; of an
// interface that has none (veth) the first receive queue. Returns -E2BIG when some would be left
// over: what arrives there would go to the kernel, without a word.
static int count_queues(const char *iface)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq ifr = {.ifr_data = (void *)&channels};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned int served = 1;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", iface);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &ifr) < 0)
		channels = (struct ethtool_channels){.combined_count = 1};
	if (fd >= 0)
		close(fd);
	if (channels.combined_count > 0)
		served = channels.combined_count;
	if (served > PORT_QUEUES_MAX || channels.combined_count + channels.rx_count > served)
		return -E2BIG;
	return (int)served;
}

int port_prepare(struct port *port, const char *iface, bool xdp, unsigned int workers)
{
	int queues;

	*port = (struct port){.xdp = xdp, .id = UINT16_MAX, .claim_fd = -1};
	snprintf(port->iface, sizeof(port->iface), "%s", iface);
	port->ifindex = if_nametoindex(iface);
	if (port->ifindex == 0)
		return -ENODEV;
	port->claim_fd = claim(iface);
	if (port->claim_fd < 0)
		return port->claim_fd;
	// All queues of an interface must be served; a packet socket makes as many as we want.
	queues = xdp ? count_queues(iface) : (int)workers;
	if (queues < 0)
		return queues;
	port->queues = (uint16_t)queues;
	port->tx_shared = port->queues < workers;
	return steer_clean(port->ifindex, xdp);
}

static void device_name(char name[static 32], const struct port *port, unsigned int index)
{
	snprintf(name, 32, "net_%s%u", port->xdp ? "af_xdp" : "af_packet", index);
}

void port_vdev(char text[static PORT_VDEV_BYTES], const struct port *port, unsigned int index,
	const char *xdp_prog)
{
	char name[32];

	device_name(name, port, index);
	if (port->xdp)
		snprintf(text, PORT_VDEV_BYTES,
			"%s,iface=%s,start_queue=0,queue_count=%u,busy_budget=0,xdp_prog=%s", name,
			port->iface, port->queues, xdp_prog);
	else
		snprintf(text, PORT_VDEV_BYTES, "%s,iface=%s,qpairs=%u,framesz=2048,framecnt=%u",
			name, port->iface, port->queues, PACKET_RING_FRAMES);
}

unsigned int port_mbufs(const struct port *port, unsigned int ports, unsigned int workers)
{
	unsigned int mbufs = workers * MBUFS_PER_WORKER;

	for (unsigned int i = 0; i < ports; i++)
		mbufs += port[i].queues * MBUFS_PER_QUEUE;
	return mbufs;
}

static int set_up_queues(const struct port *port, struct rte_mempool *pool)
{
	static const struct rte_eth_conf conf;
	int rc = rte_eth_dev_configure(port->id, port->queues, port->queues, &conf);

	for (uint16_t q = 0; q < port->queues && rc == 0; q++) {
		rc = rte_eth_rx_queue_setup(
			port->id, q, DESCRIPTORS, (unsigned int)SOCKET_ID_ANY, NULL, pool);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(
				port->id, q, DESCRIPTORS, (unsigned int)SOCKET_ID_ANY, NULL);
	}
	return rc;
}

int port_start(struct port *port, unsigned int index, struct rte_mempool *pool)
{
	char name[32];
	int rc;

	device_name(name, port, index);
	rc = rte_eth_dev_get_port_by_name(name, &port->id);
	if (rc < 0)
		return rc;
	if (port->id >= TG_PORTS_MAX)
		return -ENOSPC;
	for (unsigned int q = 0; q < PORT_QUEUES_MAX; q++)
		rte_spinlock_init(&port->tx_lock[q]);
	rc = set_up_queues(port, pool);
	return rc < 0 ? rc : rte_eth_dev_start(port->id);
}

void port_stop(struct port *port)
{
	steer_close(&port->steer);
	if (port->id != UINT16_MAX && rte_eth_dev_is_valid_port(port->id)) {
		rte_eth_dev_stop(port->id);
		rte_eth_dev_close(port->id);
	}
	port->id = UINT16_MAX;
	if (port->claim_fd >= 0)
		close(port->claim_fd);
	port->claim_fd = -1;
}
