// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/icmp.h"

#include "dataplane/table/flow_latch.h"
#include "include/tidegate/csum.h"
#include "include/tidegate/wire.h"

#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define MESSAGE_BYTES 2048 // more than any router sends (RFC 1812 section 4.3.2.3, RFC 4443)
#define FRAGMENT_OFFSET 0x1fff

struct icmp {
	struct flow_table *flows;
	icmp_handler handler;
	void *arg;
	uint64_t refused;
	int fd[ICMP_SOCKETS];
};

static int open_one(
	int family, int protocol, int level, int name, const void *filter, socklen_t len)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	int rc;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, level, name, filter, len) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static int open_ip4(void)
{
	const struct icmp_filter filter = {.data = ~(1u << ICMP_DEST_UNREACH)};

	return open_one(AF_INET, IPPROTO_ICMP, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter));
}

static int open_ip6(void)
{
	struct icmp6_filter filter;

	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &filter);
	return open_one(
		AF_INET6, IPPROTO_ICMPV6, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
}

int icmp_new(struct icmp **out, struct flow_table *flows, icmp_handler handler, void *arg)
{
	static int (*const open_of[ICMP_SOCKETS])(void) = {open_ip4, open_ip6};
	struct icmp *icmp = calloc(1, sizeof(*icmp));

	if (icmp == NULL)
		return -ENOMEM;
	*icmp = (struct icmp){.flows = flows, .handler = handler, .arg = arg, .fd = {-1, -1}};
	for (unsigned int i = 0; i < ICMP_SOCKETS; i++) {
		int fd = open_of[i]();

		if (fd < 0 && fd != -EAFNOSUPPORT) {
			icmp_free(icmp);
			return fd;
		}
		icmp->fd[i] = fd < 0 ? -1 : fd;
	}
	*out = icmp;
	return 0;
}

void icmp_free(struct icmp *icmp)
{
	for (unsigned int i = 0; icmp != NULL && i < ICMP_SOCKETS; i++)
		if (icmp->fd[i] >= 0)
			close(icmp->fd[i]);
	free(icmp);
}

int icmp_fd(const struct icmp *icmp, unsigned int socket)
{
	return icmp->fd[socket];
}

uint64_t icmp_refused(const struct icmp *icmp)
{
	return icmp->refused;
}

static struct tg_ip take_ip4(struct tg_wire *w)
{
	const uint8_t *bytes = tg_wire_take(w, 4);
	uint32_t v4_be = 0;

	if (bytes != NULL)
		memcpy(&v4_be, bytes, 4);
	return tg_ip_v4(v4_be);
}

static struct tg_ip take_ip6(struct tg_wire *w)
{
	const uint8_t *bytes = tg_wire_take(w, 16);
	struct tg_ip ip = {0};

	if (bytes != NULL)
		memcpy(ip.byte, bytes, 16);
	return ip;
}

// Steps over an IPv4 header, which may be of a datagram that lies here in part only.
static bool take_ip4_header(
	struct tg_ip *from, struct tg_ip *to, uint8_t protocol, struct tg_wire *w)
{
	uint8_t first = tg_wire_u8(w);
	uint32_t header_bytes = (first & 15u) * 4;
	uint16_t fragment;

	tg_wire_take(w, 5);
	fragment = tg_wire_be16(w);
	tg_wire_u8(w);
	if (tg_wire_u8(w) != protocol || first >> 4 != 4 || header_bytes < 20
		|| (fragment & FRAGMENT_OFFSET) != 0)
		return false;
	tg_wire_take(w, 2);
	*from = take_ip4(w);
	*to = take_ip4(w);
	tg_wire_take(w, header_bytes - 20);
	return tg_wire_ok(w);
}

static bool take_ip6_header(struct tg_ip *from, struct tg_ip *to, struct tg_wire *w)
{
	uint8_t first = tg_wire_u8(w);

	tg_wire_take(w, 5);
	if (tg_wire_u8(w) != IPPROTO_UDP || first >> 4 != 6)
		return false;
	tg_wire_u8(w);
	*from = take_ip6(w);
	*to = take_ip6(w);
	return tg_wire_ok(w) && !tg_ip_is_v4(from) && !tg_ip_is_v4(to);
}

bool icmp_parse(struct icmp_error *out, const void *bytes, size_t len, bool v6)
{
	struct tg_wire w = tg_wire_from(bytes, len);
	struct icmp_error error = {.told_by = out->told_by};
	struct tg_ip from, to;
	bool sound;

	// Of IPv6 the kernel has checked the sum; of IPv4 a raw socket gets what is not checked yet.
	if (!v6
		&& (!take_ip4_header(&from, &to, IPPROTO_ICMP, &w)
			|| tg_csum(w.at, w.left_bytes) != 0))
		return false;
	error.type = tg_wire_u8(&w);
	error.code = tg_wire_u8(&w);
	tg_wire_take(&w, 6);
	if (error.type != (v6 ? ICMP6_DST_UNREACH : ICMP_DEST_UNREACH))
		return false;
	// RFC 1191: too large is not out of reach.
	if (!v6 && error.code == ICMP_FRAG_NEEDED)
		return false;
	sound = v6 ? take_ip6_header(&error.from.ip, &error.to.ip, &w)
		   : take_ip4_header(&error.from.ip, &error.to.ip, IPPROTO_UDP, &w);
	error.from.port = tg_wire_be16(&w);
	error.to.port = tg_wire_be16(&w);
	if (!sound || !tg_wire_ok(&w))
		return false;
	*out = error;
	return true;
}

// The port word of what a datagram of ours was sent from.
static uint32_t word_of(const struct icmp *icmp, const struct tg_addr *from)
{
	const struct flow_address *address = flow_table_address(icmp->flows, &from->ip);

	return address != NULL ? __atomic_load_n(&address->port[from->port], __ATOMIC_ACQUIRE)
			       : FLOW_PORT_NONE;
}

// Whether a side's packets of a component go to this address now: learned, else signalled.
static bool sends_to(const struct tg_side_spec *side, const struct tg_side_stats *stats,
	uint32_t component, const struct tg_addr *to)
{
	struct tg_addr learned = {0};

	if (side->latch != TG_LATCH_OFF)
		flow_latch_read(&learned, stats, component);
	if (learned.port != 0)
		return tg_addr_equal(&learned, to);
	// RFC 7362 section 5: nothing goes to where nobody may ever be learned.
	if (side->latch == TG_LATCH_SIGNALLING
		&& !tg_ip_equal(&side->remote[component].ip, &side->signalling))
		return false;
	return to->port != 0 && tg_addr_equal(&side->remote[component], to);
}

static bool is_due(struct flow *flow, uint64_t now_ms)
{
	uint32_t now = (uint32_t)now_ms | 1; // never 0, which means never

	if (flow->unreachable_ms != 0 && now - flow->unreachable_ms < ICMP_EVENT_MS)
		return false;
	flow->unreachable_ms = now;
	return true;
}

static void tell(const struct icmp *icmp, struct tg_event event, const struct icmp_error *error,
	const struct tg_stream_spec *spec)
{
	event.type = TG_EVENT_UNREACHABLE;
	event.cookie = spec->cookie;
	event.unreachable.remote = error->to;
	event.unreachable.told_by.ip = error->told_by;
	event.unreachable.type = error->type;
	event.unreachable.code = error->code;
	icmp->handler(icmp->arg, spec->sig_thread, &event);
}

bool icmp_on_error(struct icmp *icmp, const struct icmp_error *error, uint64_t now_ms)
{
	uint32_t word = word_of(icmp, &error->from);
	uint32_t side = (word & FLOW_PORT_SIDE) != 0;
	uint32_t component = (word & FLOW_PORT_RTCP) != 0 ? TG_RTCP : TG_RTP;
	struct tg_event event = {.ref.index = word & FLOW_PORT_INDEX};
	const struct tg_stream_spec *spec;
	struct tg_side_stats *stats;
	struct flow *flow;

	if (word == FLOW_PORT_NONE || word == FLOW_PORT_FREE)
		goto refused;
	flow = flow_table_at(icmp->flows, event.ref.index);
	event.ref.generation = flow->generation;
	spec = flow_table_spec(icmp->flows, event.ref);
	if (spec == NULL)
		goto refused;
	stats = &flow_table_stats(icmp->flows, event.ref)->side[side];
	if (!sends_to(&spec->side[side], stats, component, &error->to))
		goto refused;
	tg_stat_add32(&stats->unreachable, 1);
	event.unreachable.side = (uint8_t)side;
	event.unreachable.component = (uint8_t)component;
	if (is_due(flow, now_ms))
		tell(icmp, event, error, spec);
	return true;
refused:
	icmp->refused++;
	return false;
}

static struct tg_ip source_ip(const struct sockaddr_storage *from)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct tg_ip ip;

	if (from->ss_family == AF_INET) {
		memcpy(&in, from, sizeof(in));
		return tg_ip_v4(in.sin_addr.s_addr);
	}
	memcpy(&in6, from, sizeof(in6));
	memcpy(ip.byte, &in6.sin6_addr, sizeof(ip.byte));
	return ip;
}

// Returns false when there is nothing left to read.
static bool read_one(struct icmp *icmp, int fd, bool v6, uint64_t now_ms)
{
	uint8_t bytes[MESSAGE_BYTES];
	struct sockaddr_storage from = {0};
	socklen_t from_bytes = sizeof(from);
	struct icmp_error error = {0};
	ssize_t len = recvfrom(
		fd, bytes, sizeof(bytes), MSG_TRUNC, (struct sockaddr *)&from, &from_bytes);

	if (len < 0)
		return errno != EAGAIN;
	error.told_by = source_ip(&from);
	if ((size_t)len <= sizeof(bytes) && icmp_parse(&error, bytes, (size_t)len, v6))
		icmp_on_error(icmp, &error, now_ms);
	else
		icmp->refused++;
	return true;
}

void icmp_on_ready(struct icmp *icmp, uint64_t now_ms)
{
	for (unsigned int i = 0; i < ICMP_SOCKETS; i++) {
		unsigned int reads = 0;

		while (icmp->fd[i] >= 0 && reads < ICMP_READS_MAX
			&& read_one(icmp, icmp->fd[i], i != 0, now_ms))
			reads++;
	}
}
