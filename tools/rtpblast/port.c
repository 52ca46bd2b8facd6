// SPDX-License-Identifier: BSD-3-Clause
#include "tools/rtpblast/port.h"

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EAL_ARGS_MAX 24
#define EAL_ARG_BYTES 512
#define DESCRIPTORS 1024
#define DESCRIPTORS_XDP 2048
#define MBUF_BYTES 2560		    // an mbuf of default data room and the mempool's words
#define MBUF_BYTES_SMALL_PAGES 4096 // the mempool lets no object cross a page
#define MEMORY_SPARE_MB 32
#define CACHE_MBUFS 256
#define LINK_POLL_US 10000

static bool is_xdp(const char *device)
{
	return strncmp(device, "net_af_xdp", 10) == 0;
}

static bool is_virtual(const char *device)
{
	return strncmp(device, "net_", 4) == 0;
}

static unsigned int mbufs_of(const struct args *args, unsigned int n)
{
	// Both rings full, what a queue's driver holds back, and two lcores' caches.
	unsigned int queue = is_xdp(args->device[n]) ? 5 * DESCRIPTORS_XDP : 3 * DESCRIPTORS;

	return args->queues * queue + 4 * CACHE_MBUFS;
}

static unsigned int memory_mb(const struct args *args)
{
	uint64_t bytes = 0;

	if (args->memory_mb != 0)
		return args->memory_mb;
	for (unsigned int n = 0; n < args->ports; n++)
		bytes += (uint64_t)mbufs_of(args, n)
			* (args->huge ? MBUF_BYTES : MBUF_BYTES_SMALL_PAGES);
	return (unsigned int)(bytes >> 20) + MEMORY_SPARE_MB;
}

struct eal_args {
	int argc;
	char *argv[EAL_ARGS_MAX];
	char text[EAL_ARGS_MAX][EAL_ARG_BYTES];
};

__attribute__((format(printf, 2, 3))) static void add_arg(
	struct eal_args *eal, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(eal->text[eal->argc], sizeof(eal->text[0]), fmt, ap);
	va_end(ap);
	eal->argv[eal->argc] = eal->text[eal->argc];
	eal->argc++;
}

static void add_devices(struct eal_args *eal, const struct args *args)
{
	bool virtual = true;

	for (unsigned int n = 0; n < args->ports; n++) {
		virtual = virtual && is_virtual(args->device[n]);
		add_arg(eal, is_virtual(args->device[n]) ? "--vdev" : "-a");
		add_arg(eal, "%s", args->device[n]);
	}
	if (virtual)
		add_arg(eal, "--no-pci");
}

static void add_lcores(struct eal_args *eal, const struct args *args)
{
	if (args->cpus == 2)
		add_arg(eal, "--lcores=0@%u,1@%u", args->cpu[0], args->cpu[1]);
	else if (args->cpus == 1)
		add_arg(eal, "--lcores=0@%u", args->cpu[0]);
	else
		add_arg(eal, "--lcores=0@(0-%ld)", sysconf(_SC_NPROCESSORS_CONF) - 1);
}

int port_start_eal(char error[static PORT_ERROR_BYTES], const struct args *args)
{
	static struct eal_args eal;

	add_arg(&eal, "rtpblast");
	add_arg(&eal, "--no-telemetry");
	add_arg(&eal, "--log-level=error");
	add_lcores(&eal, args);
	add_devices(&eal, args);
	add_arg(&eal, "-m");
	add_arg(&eal, "%u", memory_mb(args));
	if (args->file_prefix != NULL)
		add_arg(&eal, "--file-prefix=%s", args->file_prefix);
	else
		add_arg(&eal, "--file-prefix=rtpblast%d", (int)getpid());
	// memif shares packet memory without copying only out of one file (zero-copy=yes).
	if (args->huge) {
		add_arg(&eal, "--in-memory");
		add_arg(&eal, "--single-file-segments");
	} else {
		add_arg(&eal, "--no-huge");
		add_arg(&eal, "--no-shconf");
	}
	if (rte_eal_init(eal.argc, eal.argv) >= 0)
		return 0;
	snprintf(error, PORT_ERROR_BYTES, "DPDK does not start: %s; %s", rte_strerror(rte_errno),
		args->huge ? "are there huge pages (sysctl vm.nr_hugepages)? --huge off does "
			     "without"
			   : "what it printed above says more");
	return -EIO;
}

// DPDK names a device by what stands before the first comma.
static int find(uint16_t *id, const char *device)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	return rte_eth_dev_get_port_by_name(name, id);
}

static int set_up_queues(const struct port *port, const struct args *args, unsigned int n)
{
	static const struct rte_eth_conf conf;
	uint16_t queues = (uint16_t)args->queues;
	uint16_t descriptors = is_xdp(args->device[n]) ? DESCRIPTORS_XDP : DESCRIPTORS;
	int rc = rte_eth_dev_configure(port->id, queues, queues, &conf);

	for (uint16_t q = 0; q < queues && rc == 0; q++) {
		rc = rte_eth_rx_queue_setup(
			port->id, q, descriptors, (unsigned int)SOCKET_ID_ANY, NULL, port->pool);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(
				port->id, q, descriptors, (unsigned int)SOCKET_ID_ANY, NULL);
	}
	return rc;
}

static int set_macs(struct port *port, const struct args *args, unsigned int n)
{
	struct rte_ether_addr own;
	int rc = rte_eth_macaddr_get(port->id, &own);

	memcpy(port->mac, args->mac_to[args->macs_to > n ? n : 0], 6);
	memcpy(port->mac + 6, args->macs_from > n ? args->mac_from[n] : own.addr_bytes, 6);
	return rc;
}

int port_open(struct port *port, char error[static PORT_ERROR_BYTES], const struct args *args,
	unsigned int n)
{
	char name[16];
	int rc;

	snprintf(name, sizeof(name), "rtpblast%u", n);
	rc = find(&port->id, args->device[n]);
	if (rc < 0) {
		snprintf(error, PORT_ERROR_BYTES, "--port %.200s: no such device", args->device[n]);
		return rc;
	}
	port->pool = rte_pktmbuf_pool_create(
		name, mbufs_of(args, n), CACHE_MBUFS, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (port->pool == NULL) {
		snprintf(error, PORT_ERROR_BYTES,
			"too little packet memory: %s; give more "
			"--memory",
			rte_strerror(rte_errno));
		return -ENOMEM;
	}
	rc = set_up_queues(port, args, n);
	if (rc == 0)
		rc = rte_eth_dev_start(port->id);
	// Not every device knows it, and those take all that arrives.
	rte_eth_promiscuous_enable(port->id);
	if (rc == 0)
		rc = set_macs(port, args, n);
	if (rc < 0)
		snprintf(error, PORT_ERROR_BYTES, "--port %.200s: %s", args->device[n],
			strerror(-rc));
	return rc;
}

int port_wait(const struct port *port, unsigned int wait_s)
{
	struct rte_eth_link link = {0};

	for (uint64_t us = 0; us <= wait_s * 1000000ull; us += LINK_POLL_US) {
		if (rte_eth_link_get_nowait(port->id, &link) == 0
			&& link.link_status == RTE_ETH_LINK_UP)
			return 0;
		usleep(LINK_POLL_US);
	}
	return -ETIMEDOUT;
}

uint64_t port_missed(const struct port *port)
{
	struct rte_eth_stats stats;

	return rte_eth_stats_get(port->id, &stats) == 0 ? stats.imissed + stats.rx_nombuf : 0;
}

void port_close(struct port *port)
{
	rte_eth_dev_stop(port->id);
	rte_eth_dev_close(port->id);
}
