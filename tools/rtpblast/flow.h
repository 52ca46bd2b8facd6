// SPDX-License-Identifier: BSD-3-Clause
// The flows: what is sent, and what each packet must look like when it comes back.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "include/tidegate/addr.h"

#define FLOW_PORTS_MAX 2
#define FLOW_ERROR_BYTES 160

struct flow {
	struct tg_addr from;
	struct tg_addr to;
	struct tg_addr expect_from; // port 0: nothing must arrive
	struct tg_addr expect_to;
	uint8_t port_tx; // 0 or 1, in the order of --port
	uint8_t port_rx;
};

struct flows {
	struct flow *flow;
	uint32_t count;
};

// Reads a file of one flow a line:
//
//	FROM:PORT TO:PORT EXPECT-FROM:PORT EXPECT-TO:PORT [PORT-TX PORT-RX]
//
// "- -" for both that are expected: nothing must arrive. IPv6 stands in brackets. Empty lines and those
// that begin with # are skipped. ports: how many there are; PORT-TX and PORT-RX are below that and 0
// when left out. Appends to *flows. Returns 0; -EINVAL with a line in error that names the line and
// what was expected; -ENOMEM.
int flows_read(
	struct flows *flows, char error[static FLOW_ERROR_BYTES], FILE *file, unsigned int ports);

// Makes so many flows whose packets come back with source and destination swapped, out of
// 198.18.0.0/15 (RFC 2544), or 2001:2::/48 (RFC 5180) with v6. With two ports, what is sent on one is
// expected on the other. Returns 0 or -ENOMEM.
int flows_echo(struct flows *flows, uint32_t count, bool v6, unsigned int ports);

void flows_free(struct flows *flows);
