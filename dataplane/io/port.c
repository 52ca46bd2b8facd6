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

static int prepare_device(struct port *port, const struct port_want *want)
{
	int rc;

	port->device = want->device;
	if (!want->follow) {
		rc = tap_open(&port->tap, port->iface);
		if (rc < 0)
			return rc;
	}
	port->ifindex = if_nametoindex(port->iface);
	return port->ifindex != 0 ? 0 : -ENODEV;
}

int port_prepare(struct port *port, const struct port_want *want, unsigned int workers)
{
	int queues = (int)workers; // a packet socket makes as many as we want

	*port = (struct port){.xdp = want->xdp, .id = UINT16_MAX, .claim_fd = -1, .tap.fd = -1};
	snprintf(port->iface, sizeof(port->iface), "%s", want->iface);
	port->queues = (uint16_t)workers;
	port->claim_fd = claim(port->iface);
	if (port->claim_fd < 0)
		return port->claim_fd;
	if (want->device != NULL)
		return prepare_device(port, want);
	port->ifindex = if_nametoindex(port->iface);
	if (port->ifindex == 0)
		return -ENODEV;
	if (port->xdp)
		queues = count_queues(port->iface);
	if (queues < 0)
		return queues;
	port->queues = (uint16_t)queues;
	port->tx_shared = port->queues < workers;
	return steer_clean(port->ifindex, port->xdp);
}

static void device_name(
	char name[static RTE_DEV_NAME_MAX_LEN], const struct port *port, unsigned int index)
{
	if (port->device != NULL)
		snprintf(name, RTE_DEV_NAME_MAX_LEN, "%.*s", (int)strcspn(port->device, ","),
			port->device);
	else
		snprintf(name, RTE_DEV_NAME_MAX_LEN, "net_%s%u", port->xdp ? "af_xdp" : "af_packet",
			index);
}

const char *port_eal_option(char value[static PORT_VDEV_BYTES], const struct port *port,
	unsigned int index, const char *xdp_prog)
{
	char name[RTE_DEV_NAME_MAX_LEN];

	device_name(name, port, index);
	if (port->device != NULL)
		snprintf(value, PORT_VDEV_BYTES, "%s", port->device);
	else if (port->xdp)
		snprintf(value, PORT_VDEV_BYTES,
			"%s,iface=%s,start_queue=0,queue_count=%u,busy_budget=0,xdp_prog=%s", name,
			port->iface, port->queues, xdp_prog);
	else
		snprintf(value, PORT_VDEV_BYTES, "%s,iface=%s,qpairs=%u,framesz=2048,framecnt=%u",
			name, port->iface, port->queues, PACKET_RING_FRAMES);
	return port_is_pci(port) ? "--allow" : "--vdev";
}

bool port_is_pci(const struct port *port)
{
	return port->device != NULL && strncmp(port->device, "net_", 4) != 0;
}

unsigned int port_mbufs(const struct port *port, unsigned int ports, unsigned int workers)
{
	unsigned int mbufs = workers * MBUFS_PER_WORKER;

	for (unsigned int i = 0; i < ports; i++)
		mbufs += port[i].queues * MBUFS_PER_QUEUE;
	return mbufs;
}

// Of several queues each gets whole flows: by the NIC, or by who is at the far end of a link without
// one, as of memif.
static int choose_queues(struct rte_eth_conf *conf, struct port *port)
{
	struct rte_eth_dev_info info;
	uint16_t most;
	int rc = rte_eth_dev_info_get(port->id, &info);

	if (rc < 0)
		return rc;
	most = RTE_MIN(info.max_rx_queues, info.max_tx_queues);
	if (port->queues > most) {
		port->queues = most;
		return -ERANGE;
	}
	if (port->queues == 1)
		return 0;
	conf->rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads
		& (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);
	if (conf->rx_adv_conf.rss_conf.rss_hf != 0)
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	else if (port_is_pci(port))
		return -EOPNOTSUPP;
	return 0;
}

static int set_up_queues(struct port *port, struct rte_mempool *pool)
{
	struct rte_eth_conf conf = {0};
	uint16_t rx = DESCRIPTORS;
	uint16_t tx = DESCRIPTORS;
	int rc = port->device != NULL ? choose_queues(&conf, port) : 0;

	if (rc == 0)
		rc = rte_eth_dev_configure(port->id, port->queues, port->queues, &conf);
	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx);
	for (uint16_t q = 0; q < port->queues && rc == 0; q++) {
		rc = rte_eth_rx_queue_setup(
			port->id, q, rx, (unsigned int)SOCKET_ID_ANY, NULL, pool);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(
				port->id, q, tx, (unsigned int)SOCKET_ID_ANY, NULL);
	}
	return rc;
}

static int start_tap(struct port *port)
{
	struct rte_ether_addr mac;
	uint16_t mtu;
	int rc = rte_eth_macaddr_get(port->id, &mac);

	if (rc == 0)
		rc = rte_eth_dev_get_mtu(port->id, &mtu);
	port_tick(port); // the kernel begins to talk as soon as it is up
	if (rc == 0)
		rc = tap_start(&port->tap, port->iface, mac.addr_bytes, mtu);
	if (rc == 0)
		rte_eth_allmulticast_enable(port->id); // neighbour discovery; not of each device
	return rc;
}

// The neighbours are told the interface's address, so the device must hear it where it can.
static void take_mac(const struct port *port)
{
	struct ifreq ifr = {0};
	struct rte_ether_addr mac;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", port->iface);
	if (fd >= 0 && ioctl(fd, SIOCGIFHWADDR, &ifr) == 0) {
		memcpy(mac.addr_bytes, ifr.ifr_hwaddr.sa_data, sizeof(mac.addr_bytes));
		rte_eth_dev_default_mac_addr_set(port->id, &mac);
	}
	if (fd >= 0)
		close(fd);
}

int port_start(struct port *port, unsigned int index, struct rte_mempool *pool)
{
	char name[RTE_DEV_NAME_MAX_LEN];
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
	if (rc == 0)
		rc = rte_eth_dev_start(port->id);
	if (rc < 0 || port->device == NULL)
		return rc;
	if (port->tap.fd >= 0)
		return start_tap(port);
	take_mac(port);
	return 0;
}

void port_tick(struct port *port)
{
	struct rte_eth_link link;

	if (port->tap.fd >= 0 && rte_eth_link_get_nowait(port->id, &link) == 0)
		tap_set_carrier(&port->tap, link.link_status == RTE_ETH_LINK_UP);
}

void port_stop(struct port *port)
{
	steer_close(&port->steer);
	if (port->id != UINT16_MAX && rte_eth_dev_is_valid_port(port->id)) {
		rte_eth_dev_stop(port->id);
		rte_eth_dev_close(port->id);
	}
	port->id = UINT16_MAX;
	tap_close(&port->tap);
	if (port->claim_fd >= 0)
		close(port->claim_fd);
	port->claim_fd = -1;
}
