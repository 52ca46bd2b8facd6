// SPDX-License-Identifier: BSD-3-Clause
// The control socket: one JSON object a line, each way (include/tidegate/ctl.h). It finds the
// command in the registry and takes it to the thread where it runs.
//
// A client has one request under way at a time, and the next is read when the reply has left: so a
// client that does not read costs one reply.
#pragma once

#include "controlplane/base/loop.h"

struct ctl_socket;

#define CTL_SOCKET_CLIENTS_MAX 64
// A client that reads nothing of its reply, or says nothing, for so long is cut off.
#define CTL_SOCKET_STALL_S 10
#define CTL_SOCKET_IDLE_S 300

struct ctl_socket_params {
	struct loop *management; // of the calling thread
	struct loop *signalling;
	const char *path;
	const char *group; // who may speak to it beside the owner; "": nobody
};

// Makes the socket (mode 0660) and listens. A socket left over by a dead process is replaced.
// Returns 0; -EADDRINUSE when another process listens there; -errno. Management thread.
int ctl_socket_open(struct ctl_socket **out, const struct ctl_socket_params *params);
// Closes it and cuts the clients off. Requests under way go on; their replies are dropped.
void ctl_socket_stop(struct ctl_socket *socket);
// Only when none is under way any more. NULL is legal.
void ctl_socket_free(struct ctl_socket *socket);
