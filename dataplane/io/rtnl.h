// SPDX-License-Identifier: BSD-3-Clause
// The mechanics of rtnetlink over libmnl: sockets, dumps, attributes. Main lcore only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/addr.h"

#include <libmnl/libmnl.h>

// Opens a socket with these flags of socket(2), bound to groups (RTMGRP_*). *out is the caller's,
// to be closed by mnl_socket_close. Returns 0 or -errno; *out untouched on error.
int rtnl_open(struct mnl_socket **out, int flags, unsigned int groups);

// Asks for all objects of a kind (RTM_GET*), of every family, and runs the callback over the answer.
// Returns 0; -EINTR: they changed meanwhile, what was told is not one moment's state; another -errno.
// Waits for the kernel's answer, at most a second.
int rtnl_dump(uint16_t type, mnl_cb_t callback, void *data);

// Attributes of one message by type; those above the array are left out.
struct rtnl_attrs {
	const struct nlattr *by_type[64];
};

// For mnl_attr_parse with a struct rtnl_attrs.
int rtnl_attrs_collect(const struct nlattr *attr, void *data);

// Reads an address attribute of AF_INET or AF_INET6. False when its length is wrong.
bool rtnl_read_ip(struct tg_ip *out, const struct nlattr *attr, uint8_t family);
