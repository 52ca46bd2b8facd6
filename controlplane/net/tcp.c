// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/tcp.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/net/sockaddr.h"
#include "include/tidegate/limits.h"

#define BACKLOG 1024
// Connections taken before other events of the loop get their turn.
#define ACCEPT_BATCH 32
#define ACCEPT_RETRY_MS 1000
#define READ_BYTES 16384
// So long, and so many at once, may be on their way out with a last answer.
#define LINGER_MS 2000
#define LINGER_MAX 256
// Half-open peers: probes of what is idle, time for what is not acknowledged.
#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 15
#define KEEPALIVE_PROBES 4
#define UNACKED_MS 30000

struct listener {
	struct tcp *tcp;
	struct tg_addr local;
	uint8_t realm;
	int fd;
	struct loop_watch *watch; // NULL while descriptors are out
	struct timer retry;
};

struct sock {
	struct cds_list_head link;
	struct tcp *tcp;
	uint64_t id; // 0: conns knows it no more
	struct tg_ip local;
	struct bufferevent *events; // NULL when there was no memory
	struct timer linger;
	bool is_gone; // but pinned
};

struct tcp {
	struct loop *loop;
	struct conns *conns;
	struct conn_carrier carrier;
	struct cds_list_head socks;
	struct sock *pinned; // its callback runs
	unsigned int lingering;
	unsigned int count;
	struct listener *listener[TG_LISTENERS_MAX];
	char buffer[READ_BYTES];
};

// ---- sockets

static void sock_free(struct sock *s)
{
	timer_cancel(loop_wheel(s->tcp->loop), &s->linger);
	s->tcp->lingering -= s->id == 0;
	cds_list_del(&s->link);
	if (s->events != NULL)
		bufferevent_free(s->events);
	s->is_gone = true;
	if (s->tcp->pinned != s)
		free(s);
}

// The time is brought up to date before a callback looks at it, and what is due then may be the end of
// this very socket. Returns false when it was.
static bool tick(struct sock *s)
{
	struct tcp *tcp = s->tcp;

	tcp->pinned = s;
	loop_tick(tcp->loop);
	tcp->pinned = NULL;
	if (!s->is_gone)
		return true;
	free(s);
	return false;
}

static void set_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
		{IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
		{IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKED_MS},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			sizeof(options[i].value));
}

static void on_read(struct bufferevent *events, void *arg)
{
	struct sock *s = arg;
	struct tcp *tcp = s->tcp;
	size_t len;

	if (!tick(s))
		return;
	while ((len = bufferevent_read(events, tcp->buffer, sizeof(tcp->buffer))) > 0) {
		// who lingers is not heard any more
		if (s->id != 0 && !conns_on_bytes(tcp->conns, s->id, str_of(tcp->buffer, len)))
			return;
	}
}

static enum conn_end end_of(short what, int error)
{
	if (what & BEV_EVENT_EOF)
		return CONN_END_PEER;
	switch (error) {
	case ECONNREFUSED:
		return CONN_END_REFUSED;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EACCES:
		return CONN_END_UNREACHABLE;
	default:
		return CONN_END_RESET;
	}
}

static void on_event(struct bufferevent *events, short what, void *arg)
{
	struct sock *s = arg;
	int error = EVUTIL_SOCKET_ERROR();
	struct tcp *tcp = s->tcp;

	if (!tick(s))
		return;
	if (s->id == 0) {
		sock_free(s);
	} else if (what & BEV_EVENT_CONNECTED) {
		bufferevent_enable(events, EV_READ);
		conns_on_open(tcp->conns, s->id);
	} else {
		conns_on_end(tcp->conns, s->id, end_of(what, error));
	}
}

static struct sock *sock_new(struct tcp *tcp, const struct tg_ip *local)
{
	struct sock *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->tcp = tcp;
	s->local = *local;
	s->id = UINT64_MAX;
	cds_list_add_tail(&s->link, &tcp->socks);
	return s;
}

// Takes over fd. Returns 0 or -ENOMEM: it is closed.
static int sock_use(struct sock *s, int fd)
{
	set_options(fd);
	s->events = bufferevent_socket_new(loop_base(s->tcp->loop), fd, BEV_OPT_CLOSE_ON_FREE);
	if (s->events == NULL) {
		close(fd);
		return -ENOMEM;
	}
	bufferevent_setcb(s->events, on_read, NULL, on_event, s);
	return 0;
}

// ---- the carrier

// From the local IP, any port. Returns the descriptor or -errno.
static int start_connecting(const struct net_flow *flow)
{
	struct tg_addr from = flow->local;
	union sockaddr_ip here, there;
	socklen_t there_len = sockaddr_write(&there, &flow->remote), here_len;
	int on = 1, rc;
	int fd = socket(there.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	from.port = 0;
	here_len = sockaddr_write(&here, &from);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, &here.any, here_len) == 0
		&& (connect(fd, &there.any, there_len) == 0 || errno == EINPROGRESS))
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static int carrier_connect(void *arg, void **socket, uint64_t id, const struct net_flow *flow)
{
	struct sock *s = sock_new(arg, &flow->local.ip);
	int rc;

	if (s == NULL)
		return -ENOMEM;
	s->id = id;
	rc = start_connecting(flow);
	if (rc >= 0)
		rc = sock_use(s, rc);
	// libevent waits for the connect that was begun
	if (rc == 0 && bufferevent_socket_connect(s->events, NULL, 0) < 0)
		rc = -ENOMEM;
	if (rc < 0) {
		sock_free(s);
		return rc;
	}
	*socket = s;
	return 0;
}

static int carrier_write(void * /*arg*/, void *socket, struct str bytes)
{
	const struct sock *s = socket;

	return bufferevent_write(s->events, bytes.at, bytes.len) == 0 ? 0 : -ENOMEM;
}

static size_t carrier_queued(void * /*arg*/, void *socket)
{
	const struct sock *s = socket;

	return s->events != NULL ? evbuffer_get_length(bufferevent_get_output(s->events)) : 0;
}

static void carrier_mark(void * /*arg*/, void *socket, uint8_t dscp)
{
	const struct sock *s = socket;

	sockaddr_set_dscp(bufferevent_getfd(s->events), &s->local, dscp);
}

static void on_drained(struct bufferevent *events, void * /*arg*/)
{
	shutdown(bufferevent_getfd(events), SHUT_WR);
}

static void on_lingered(struct timer *timer, void * /*arg*/)
{
	sock_free(caa_container_of(timer, struct sock, linger));
}

// What is queued leaves, then FIN; what comes meanwhile is read and dropped, or a RST would overtake
// the answer.
static void linger(struct sock *s)
{
	s->id = 0;
	s->tcp->lingering++;
	bufferevent_setcb(s->events, on_read, on_drained, on_event, s);
	if (carrier_queued(NULL, s) == 0)
		on_drained(s->events, NULL);
	timer_arm(loop_wheel(s->tcp->loop), &s->linger, LINGER_MS, on_lingered, s->tcp);
}

static void carrier_close(void * /*arg*/, void *socket, bool gently)
{
	struct sock *s = socket;

	if (gently && s->events != NULL && s->tcp->lingering < LINGER_MAX)
		linger(s);
	else
		sock_free(s);
}

// ---- listening

static void take(struct listener *l, int fd, const struct tg_addr *remote)
{
	struct net_flow flow = {
		.local = l->local, .remote = *remote, .realm = l->realm, .protocol = TRANSPORT_TCP};
	struct sock *s = sock_new(l->tcp, &l->local.ip);
	uint64_t id = s != NULL ? conns_accept(l->tcp->conns, s, &flow) : 0;

	if (id == 0) {
		close(fd);
		if (s != NULL)
			sock_free(s);
		return;
	}
	s->id = id;
	if (sock_use(s, fd) == 0 && bufferevent_enable(s->events, EV_READ) == 0)
		return;
	conns_on_end(l->tcp->conns, id, CONN_END_MEMORY);
}

static void watch_again(struct timer *timer, void *arg);

// Descriptors or memory are out: who waits stays in the backlog.
static void pause_listening(struct listener *l, int error)
{
	LOG(LOG_WARN, "accept-failed", "error=\"%s\" retry_ms=%d", strerror(error),
		ACCEPT_RETRY_MS);
	loop_watch_free(l->watch);
	l->watch = NULL;
	timer_arm(loop_wheel(l->tcp->loop), &l->retry, ACCEPT_RETRY_MS, watch_again, l);
}

static void on_connection(void *arg, int fd)
{
	struct listener *l = arg;

	for (unsigned int i = 0; i < ACCEPT_BATCH; i++) {
		union sockaddr_ip from;
		socklen_t len = sizeof(from);
		int conn = accept4(fd, &from.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct tg_addr remote;

		if (conn < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM
				|| errno == ENOBUFS)
				pause_listening(l, errno);
			return;
		}
		remote = sockaddr_read(&from);
		take(l, conn, &remote);
	}
}

static void watch_again(struct timer * /*timer*/, void *arg)
{
	struct listener *l = arg;

	if (loop_watch_add(&l->watch, l->tcp->loop, l->fd, on_connection, l) < 0)
		timer_arm(loop_wheel(l->tcp->loop), &l->retry, ACCEPT_RETRY_MS, watch_again, l);
}

static int open_socket(const struct tg_addr *local)
{
	union sockaddr_ip sa;
	socklen_t len = sockaddr_write(&sa, local);
	int on = 1, rc;
	int fd = socket(sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (sa.any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &sa.any, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int tcp_try(const struct tg_addr *local)
{
	int fd = open_socket(local);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void listener_free(struct listener *l)
{
	timer_cancel(loop_wheel(l->tcp->loop), &l->retry);
	loop_watch_free(l->watch);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

static int listener_new(struct listener **out, struct tcp *tcp, const struct conns_listener *want)
{
	struct listener *l = calloc(1, sizeof(*l));
	int rc;

	if (l == NULL)
		return -ENOMEM;
	l->tcp = tcp;
	l->local = want->local;
	l->realm = want->realm;
	l->fd = rc = open_socket(&want->local);
	if (rc >= 0)
		rc = loop_watch_add(&l->watch, tcp->loop, l->fd, on_connection, l);
	if (rc < 0) {
		listener_free(l);
		return rc;
	}
	*out = l;
	return 0;
}

static const struct conns_listener *wanted(
	const struct listener *l, const struct conns_listener *listeners, unsigned int count)
{
	struct conns_listener own = {l->local, l->realm, TRANSPORT_TCP};

	return conns_listener_of(&own, listeners, count);
}

static void drop_unwanted(
	struct tcp *tcp, const struct conns_listener *listeners, unsigned int count)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < tcp->count; i++) {
		struct listener *l = tcp->listener[i];
		const struct conns_listener *want = wanted(l, listeners, count);

		if (want == NULL) {
			listener_free(l);
			continue;
		}
		l->realm = want->realm;
		tcp->listener[kept++] = l;
	}
	tcp->count = kept;
}

static bool listens(const struct tcp *tcp, const struct conns_listener *want)
{
	for (unsigned int i = 0; i < tcp->count; i++) {
		if (tg_addr_equal(&tcp->listener[i]->local, &want->local))
			return true;
	}
	return false;
}

unsigned int tcp_listen(struct tcp *tcp, const struct conns_listener *listeners, unsigned int count)
{
	char text[TG_ADDR_TEXT_BYTES];

	drop_unwanted(tcp, listeners, count);
	for (unsigned int i = 0; i < count && tcp->count < TG_LISTENERS_MAX; i++) {
		const struct conns_listener *want = &listeners[i];
		int rc;

		if (want->protocol != TRANSPORT_TCP || listens(tcp, want))
			continue;
		rc = listener_new(&tcp->listener[tcp->count], tcp, want);
		if (rc == 0)
			tcp->count++;
		else
			LOG(LOG_WARN, "sip-socket-failed", "local=%s protocol=tcp error=\"%s\"",
				tg_addr_write(&want->local, text), strerror(-rc));
	}
	return tcp->count;
}

struct tcp *tcp_new(struct loop *loop, struct conns *conns)
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));

	if (tcp == NULL)
		return NULL;
	tcp->loop = loop;
	tcp->conns = conns;
	CDS_INIT_LIST_HEAD(&tcp->socks);
	tcp->carrier = (struct conn_carrier){
		.connect = carrier_connect,
		.write = carrier_write,
		.queued = carrier_queued,
		.mark = carrier_mark,
		.close = carrier_close,
		.arg = tcp,
	};
	conns_set_carrier(conns, TRANSPORT_TCP, &tcp->carrier);
	return tcp;
}

void tcp_free(struct tcp *tcp)
{
	if (tcp == NULL)
		return;
	tcp_listen(tcp, NULL, 0);
	while (!cds_list_empty(&tcp->socks))
		sock_free(cds_list_first_entry(&tcp->socks, struct sock, link));
	free(tcp);
}
