// SPDX-License-Identifier: BSD-3-Clause
// Single values of the configuration: what their text means and whether it makes sense by itself.
// Each returns 0, or -EINVAL with the error of spot's file filled; *out is then unspecified.
#pragma once

#include "controlplane/conf/conf_int.h"

// Where in the file the value stands, for errors.
struct value_spot {
	const struct conf_source *src;
	const char *auto_interface; // whose address "auto" is
	char path[CONF_PATH_BYTES];
};

// The name of a realm, peer, node or user.
int value_check_name(struct value_spot *spot, const char *name);
// Absolute, and short enough for a Unix socket.
int value_check_path(struct value_spot *spot, const char *path);
// The name of a network interface, which need not exist.
int value_check_iface(struct value_spot *spot, const char *name);
// A device of DPDK with its arguments, which need not exist.
int value_check_device(struct value_spot *spot, const char *device);
// The address of one machine, or "auto".
int value_read_ip(struct value_spot *spot, struct tg_ip *out, const char *text);
// "IP:port" or "auto:port"; a port that the text leaves out becomes port.
int value_read_addr(struct value_spot *spot, struct tg_addr *out, const char *text, uint16_t port);
// Both IPv4 or both IPv6.
int value_check_family(struct value_spot *spot, const struct tg_ip *a, const struct tg_ip *b);
// "FIRST-LAST" into the ports of pool.
int value_read_ports(struct value_spot *spot, struct conf_media_pool *pool, const char *text);
// "IP/bits" or "IP".
int value_read_network(struct value_spot *spot, struct conf_network *out, const char *text);
