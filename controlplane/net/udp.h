// SPDX-License-Identifier: BSD-3-Clause
// SIP over UDP: through the dataplane's rings while it is attached, through sockets of the kernel
// while it is not, so that callers are answered and calls can end (net/kernel_udp.h).
//
// All functions and callbacks: the signalling thread.
#pragma once

#include "controlplane/net/attach.h"
#include "controlplane/net/kernel_udp.h"
#include "controlplane/net/transport.h"

struct udp;

struct udp_params {
	struct loop *loop;
	uint32_t sig_thread;
	net_receive_h *receive;
	void *arg;
};

// The words are written by the signalling thread only; any thread may read them.
struct udp_counters {
	uint64_t received[TG_TRUST_LEVELS]; // by enum tg_trust_level
	uint64_t sent;
	uint64_t bad;	   // slots of the dataplane that made no sense
	uint64_t full;	   // datagrams that found their ring full
	uint64_t oversize; // datagrams larger than a slot
	uint64_t kernel_received;
	uint64_t kernel_sent;
};

// NULL when memory is out.
struct udp *udp_new(const struct udp_params *params);
// After attach_free, or before attach_new.
void udp_free(struct udp *udp);
// For attach_params; lives as long as udp.
const struct attach_client *udp_client(const struct udp *udp);
// For sip/; lives as long as udp.
const struct transport *udp_transport(const struct udp *udp);
// Where the kernel's sockets listen while no dataplane is attached. The array is copied.
// Returns 0 or -ENOMEM.
int udp_set_listeners(
	struct udp *udp, const struct kernel_udp_listener *listeners, unsigned int count);
const struct udp_counters *udp_counters(const struct udp *udp);
