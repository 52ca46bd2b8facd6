// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/kernel_udp.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/net/sockaddr.h"
#include "include/tidegate/cmd.h"
#include "include/tidegate/limits.h"

#define RECEIVE_BATCH 32

struct listener {
	struct kernel_udp *owner;
	struct tg_addr local;
	uint8_t realm;
	uint8_t dscp; // set on the socket
	int fd;	      // -1: closed
	struct loop_watch *watch;
};

struct kernel_udp {
	struct loop *loop;
	net_receive_h *receive;
	void *arg;
	unsigned int count;
	struct listener listener[TG_LISTENERS_MAX];
	char buffer[TG_PUNT_BYTES_MAX + 1];
};

static void on_readable(void *arg, int fd)
{
	struct listener *l = arg;
	struct kernel_udp *udp = l->owner;

	// The receiver may close the sockets: then fd is no more.
	for (unsigned int i = 0; i < RECEIVE_BATCH && l->fd == fd; i++) {
		struct net_flow flow = {.local = l->local,
			.realm = l->realm,
			.protocol = TRANSPORT_UDP,
			.trusted = TG_TRUST_STRANGER};
		union sockaddr_ip from;
		socklen_t len = sizeof(from);
		ssize_t bytes = recvfrom(
			fd, udp->buffer, sizeof(udp->buffer), MSG_DONTWAIT, &from.any, &len);

		if (bytes < 0)
			return;
		if (bytes > TG_PUNT_BYTES_MAX)
			continue;
		flow.remote = sockaddr_read(&from);
		udp->receive(udp->arg, &flow, str_of(udp->buffer, (size_t)bytes));
	}
}

static int open_socket(const struct tg_addr *local)
{
	union sockaddr_ip sa;
	socklen_t len = sockaddr_write(&sa, local);
	int on = 1, rc;
	int fd = socket(sa.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (sa.any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &sa.any, len) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int open_listener(struct listener *l, struct kernel_udp *udp)
{
	int rc = open_socket(&l->local);

	if (rc < 0)
		return rc;
	l->fd = rc;
	rc = loop_watch_add(&l->watch, udp->loop, l->fd, on_readable, l);
	if (rc < 0) {
		close(l->fd);
		l->fd = -1;
	}
	return rc;
}

struct kernel_udp *kernel_udp_new(struct loop *loop, net_receive_h *receive, void *arg)
{
	struct kernel_udp *udp = calloc(1, sizeof(*udp));

	if (udp == NULL)
		return NULL;
	udp->loop = loop;
	udp->receive = receive;
	udp->arg = arg;
	return udp;
}

void kernel_udp_free(struct kernel_udp *udp)
{
	if (udp == NULL)
		return;
	kernel_udp_close(udp);
	free(udp);
}

unsigned int kernel_udp_open(
	struct kernel_udp *udp, const struct kernel_udp_listener *listeners, unsigned int count)
{
	char text[TG_ADDR_TEXT_BYTES];

	kernel_udp_close(udp);
	for (unsigned int i = 0; i < count && udp->count < TG_LISTENERS_MAX; i++) {
		struct listener *l = &udp->listener[udp->count];
		int rc;

		*l = (struct listener){.owner = udp,
			.local = listeners[i].local,
			.realm = listeners[i].realm,
			.fd = -1};
		rc = open_listener(l, udp);
		if (rc == 0)
			udp->count++;
		else
			LOG(LOG_WARN, "sip-socket-failed", "local=%s error=\"%s\"",
				tg_addr_write(&l->local, text), strerror(-rc));
	}
	return udp->count;
}

void kernel_udp_close(struct kernel_udp *udp)
{
	for (unsigned int i = 0; i < udp->count; i++) {
		loop_watch_free(udp->listener[i].watch);
		close(udp->listener[i].fd);
		udp->listener[i].watch = NULL;
		udp->listener[i].fd = -1;
	}
	udp->count = 0;
}

static struct listener *find(struct kernel_udp *udp, const struct tg_addr *local)
{
	for (unsigned int i = 0; i < udp->count; i++) {
		if (tg_addr_equal(&udp->listener[i].local, local))
			return &udp->listener[i];
	}
	return NULL;
}

static void set_dscp(struct listener *l, uint8_t dscp)
{
	if (l->dscp == dscp)
		return;
	sockaddr_set_dscp(l->fd, &l->local.ip, dscp);
	l->dscp = dscp;
}

int kernel_udp_send(struct kernel_udp *udp, const struct net_flow *flow, struct str message)
{
	struct listener *l = find(udp, &flow->local);
	union sockaddr_ip to;
	socklen_t len = sockaddr_write(&to, &flow->remote);

	if (l == NULL)
		return -ENOTCONN;
	set_dscp(l, flow->dscp);
	if (sendto(l->fd, message.at, message.len, MSG_DONTWAIT | MSG_NOSIGNAL, &to.any, len) >= 0)
		return 0;
	switch (errno) {
	case EMSGSIZE:
		return -EMSGSIZE;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
	case EACCES:
	case EINVAL:
	case EAFNOSUPPORT:
		return -EHOSTUNREACH;
	default:
		// ECONNREFUSED tells of an earlier datagram: this one counts as lost.
		return -EAGAIN;
	}
}
