// SPDX-License-Identifier: BSD-3-Clause
// Hears what ICMP says of the media we sent: that it did not arrive. It goes no further than a count in
// the stream's statistics and an event; media flows on, for anyone on the way may write such a packet.
// The kernel's stack gets ICMP on every kind of port, so raw sockets hear it all.
//
// All functions: main lcore only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/table/flow_table.h"
#include "include/tidegate/event.h"

#define ICMP_SOCKETS 2	  // IPv4, IPv6
#define ICMP_READS_MAX 32 // of one socket and call: a flood must not hold the main lcore
#define ICMP_EVENT_MS 1000

struct icmp;

// A datagram that did not arrive, and who says so.
struct icmp_error {
	struct tg_addr from; // as it was sent
	struct tg_addr to;
	struct tg_ip told_by;
	uint8_t type;
	uint8_t code;
};

// Takes an event; it is gone when this returns.
typedef void (*icmp_handler)(void *arg, uint32_t sig_thread, const struct tg_event *event);

// Opens the sockets, of which that of a family the kernel does not have is left out. flows and arg stay
// the caller's. Returns 0 or -errno, -EPERM without CAP_NET_RAW.
int icmp_new(struct icmp **out, struct flow_table *flows, icmp_handler handler, void *arg);
void icmp_free(struct icmp *icmp);

// The descriptor to poll for input, of socket 0 .. ICMP_SOCKETS - 1; -1: that family is not there.
int icmp_fd(const struct icmp *icmp, unsigned int socket);

// Reads what is there, a bounded number of messages; the rest keeps the descriptor ready.
void icmp_on_ready(struct icmp *icmp, uint64_t now_ms);

// How many messages named no stream of ours, or a stream's port but not where it sends to: those are
// late, or forged.
uint64_t icmp_refused(const struct icmp *icmp);

// Reads a message as a raw socket yields it: of IPv4 the IP header first, of IPv6 that of ICMPv6.
// Returns false, and leaves *out as it was but for told_by, which is the caller's to set, unless it
// is a "destination unreachable" about a UDP datagram (RFC 792, RFC 4443 section 3.1).
bool icmp_parse(struct icmp_error *out, const void *bytes, size_t len, bool v6);

// Counts an error about a stream where it sends now, and tells of it at most each ICMP_EVENT_MS.
// Returns false when it is about none.
bool icmp_on_error(struct icmp *icmp, const struct icmp_error *error, uint64_t now_ms);
