// SPDX-License-Identifier: BSD-3-Clause
// Brings the dataplane up and down. The order is one table in boot.c; whatever step fails says in
// one line on stderr what is wrong and what to do, and the steps before it are undone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/args.h"
#include "dataplane/ctl/attach.h"
#include "dataplane/ctl/claim.h"
#include "dataplane/ctl/cmd.h"
#include "dataplane/ctl/event.h"
#include "dataplane/ctl/idle.h"
#include "dataplane/ctl/segment.h"
#include "dataplane/io/icmp.h"
#include "dataplane/io/netlink.h"
#include "dataplane/io/port.h"
#include "dataplane/io/worker.h"
#include "dataplane/table/tables.h"

// What an epoll event is about.
enum boot_source {
	BOOT_SIGNAL,
	BOOT_WAKE,
	BOOT_NETLINK,
	BOOT_ATTACH,
	BOOT_TAP,
	BOOT_ICMP,
};

struct dataplane {
	struct args args;
	uint64_t begin_ns; // when the process began to boot
	char xdp_prog[512];
	struct port ports[TG_PORTS_MAX];
	bool cpus_shared;
	bool eal;
	struct rte_mempool *pool;
	struct segment *segment;
	struct tables *tables;
	struct claims claims;
	struct idle *idle;
	struct events events;
	struct commands commands;
	struct netlink *netlink;
	struct icmp *icmp;
	struct worker *workers[TG_WORKERS_MAX];
	unsigned int launched; // workers that run
	struct attach attach;
	int epoll_fd;
	int signal_fd;
	int wake_control_fd;
	int wake_dataplane_fd;
	uint32_t epoch;
};

// Runs every step. *dp is zeroed but for args. Returns 0; -1: failed, said why, undone.
int boot_start(struct dataplane *dp);
// Undoes every step, the last first.
void boot_stop(struct dataplane *dp);
