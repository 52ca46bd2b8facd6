// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/tap.h"

#include <linux/if_tun.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PACKETS_AT_ONCE 32
#define FRAME_BYTES_MAX 9216

int tap_open(struct tap *tap, const char *iface)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int rc;

	*tap = (struct tap){.fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)};
	if (tap->fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", iface);
	if (ioctl(tap->fd, TUNSETIFF, &ifr) == 0) {
		tap->carrier = true;
		return 0;
	}
	rc = -errno;
	close(tap->fd);
	tap->fd = -1;
	return rc;
}

static int set_link(int sock, const char *iface, const uint8_t mac[static 6], uint16_t mtu)
{
	struct ifreq ifr = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", iface);
	memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
	if (ioctl(sock, SIOCSIFHWADDR, &ifr) < 0)
		return -errno;
	ifr.ifr_mtu = mtu;
	if (ioctl(sock, SIOCSIFMTU, &ifr) < 0 || ioctl(sock, SIOCGIFFLAGS, &ifr) < 0)
		return -errno;
	ifr.ifr_flags |= IFF_UP;
	return ioctl(sock, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

static struct rte_ring *new_ring(const char *iface, const char *kind, unsigned int flags)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s-%s", iface, kind);
	return rte_ring_create(name, TAP_SLOTS, SOCKET_ID_ANY, flags);
}

int tap_start(struct tap *tap, const char *iface, const uint8_t mac[static 6], uint16_t mtu)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (sock < 0)
		return -errno;
	rc = set_link(sock, iface, mac, mtu);
	close(sock);
	if (rc < 0)
		return rc;
	tap->to_kernel = new_ring(iface, "to", RING_F_SC_DEQ);
	tap->from_kernel = new_ring(iface, "from", RING_F_SP_ENQ | RING_F_SC_DEQ);
	return tap->to_kernel == NULL || tap->from_kernel == NULL ? -rte_errno : 0;
}

static void free_ring(struct rte_ring *ring)
{
	void *mbuf;

	while (ring != NULL && rte_ring_dequeue(ring, &mbuf) == 0)
		rte_pktmbuf_free(mbuf);
	rte_ring_free(ring);
}

void tap_close(struct tap *tap)
{
	if (tap->fd < 0)
		return;
	free_ring(tap->to_kernel);
	free_ring(tap->from_kernel);
	close(tap->fd);
	*tap = (struct tap){.fd = -1};
}

void tap_set_carrier(struct tap *tap, bool carrier)
{
	int plugged = carrier;

	if (tap->carrier != carrier && ioctl(tap->fd, TUNSETCARRIER, &plugged) == 0)
		tap->carrier = carrier;
}

unsigned int tap_push(struct tap *tap, struct rte_mbuf **mbufs, unsigned int n, bool *tell)
{
	unsigned int fit = rte_ring_enqueue_burst(tap->to_kernel, (void **)mbufs, n, NULL);

	if (fit < n)
		rte_pktmbuf_free_bulk(&mbufs[fit], n - fit);
	if (__atomic_exchange_n(&tap->told, 1, __ATOMIC_SEQ_CST) == 0)
		*tell = true;
	return n - fit;
}

unsigned int tap_take(struct tap *tap, struct rte_mbuf **mbufs, unsigned int max)
{
	return rte_ring_dequeue_burst(tap->from_kernel, (void **)mbufs, max, NULL);
}

bool tap_write(struct tap *tap)
{
	struct rte_mbuf *mbufs[PACKETS_AT_ONCE];
	unsigned int left;
	unsigned int n;

	if (rte_ring_empty(tap->to_kernel) && __atomic_load_n(&tap->told, __ATOMIC_RELAXED) == 0)
		return false;
	// Before the ring is read: who pushes afterwards tells again.
	__atomic_store_n(&tap->told, 0, __ATOMIC_SEQ_CST);
	n = rte_ring_dequeue_burst(tap->to_kernel, (void **)mbufs, PACKETS_AT_ONCE, &left);
	for (unsigned int i = 0; i < n; i++) {
		uint8_t copy[FRAME_BYTES_MAX];
		const struct rte_mbuf *m = mbufs[i];
		const void *frame = m->pkt_len <= sizeof(copy)
			? rte_pktmbuf_read(m, 0, m->pkt_len, copy)
			: NULL;

		if (frame != NULL && write(tap->fd, frame, m->pkt_len) < 0)
			continue; // the interface is down, or its queue full: lost as on any link
	}
	if (n > 0)
		rte_pktmbuf_free_bulk(mbufs, n);
	return left > 0;
}

void tap_read(struct tap *tap, struct rte_mempool *pool)
{
	for (unsigned int i = 0; i < PACKETS_AT_ONCE; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		ssize_t bytes = m == NULL
			? -1
			: read(tap->fd, rte_pktmbuf_mtod(m, void *), rte_pktmbuf_tailroom(m));

		if (bytes <= 0) {
			rte_pktmbuf_free(m);
			return;
		}
		m->data_len = (uint16_t)bytes;
		m->pkt_len = (uint32_t)bytes;
		// One that fills it was cut: the TAP was given a larger MTU than an mbuf has room for.
		if (rte_pktmbuf_tailroom(m) == 0 || rte_ring_enqueue(tap->from_kernel, m) < 0)
			rte_pktmbuf_free(m);
	}
}
