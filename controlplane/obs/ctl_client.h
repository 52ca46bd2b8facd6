// SPDX-License-Identifier: BSD-3-Clause
// One connection of the control socket. Management thread, but for what travels with a request.
#pragma once

#include "controlplane/base/loop.h"

struct bufferevent;
struct ctl_client;

// All of a socket's clients, and what they have under way.
struct ctl_clients {
	struct loop *management;
	struct loop *signalling;
	struct cds_list_head list;
	unsigned int count;
	unsigned int under_way;
};

// Takes over a connected descriptor. Closes it when memory is out.
void ctl_client_new(struct ctl_clients *clients, int fd);
void ctl_client_free_all(struct ctl_clients *clients);
