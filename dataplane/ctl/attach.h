// SPDX-License-Identifier: BSD-3-Clause
// The socket on which control planes attach, dataplane's end of include/tidegate/attach.h.
//
//	listening ──accept──► waiting for hello (at most ATTACH_PENDING_MAX) ──good hello──► attached
//	                          │ bad hello, or someone is attached: reply with a status       │
//	                          ▼                                                              ▼ eof
//	                        closed                                                        detached
//
// All functions: main lcore only. No call blocks.
#pragma once

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/attach.h"

#define ATTACH_PENDING_MAX 4

struct attach_params {
	const char *path;
	const char *group;   // of the socket file; missing on this system: root's
	int epoll_fd;	     // where descriptors are registered, see attach_on_ready
	uint64_t epoll_data; // passed to epoll for all descriptors of this object
	unsigned int sig_threads;
	uint64_t segment_bytes;
	int fd[TG_ATTACH_DESCRIPTORS]; // what a control plane gets; stay the caller's
	// A control plane passed its hello: prepare the rings. Returns the new epoch; 0: not now, the
	// control plane is told -EBUSY and may try again.
	uint32_t (*on_attach)(void *priv, const struct tg_attach_hello *hello);
	void (*on_detach)(void *priv);
	void *priv;
};

struct attach {
	struct attach_params params;
	int listen_fd;
	int peer_fd; // -1: nobody is attached
	uint32_t peer_pid;
	int pending_fd[ATTACH_PENDING_MAX]; // -1: free
	unsigned int pending_next;	    // the one to give up when all are taken
};

// The pid that listens at path, 0 when nobody does, -errno when that can not be told.
pid_t attach_probe(const char *path);

// Listens; a stale socket file is replaced. Returns 0; -EADDRINUSE when somebody listens there;
// another -errno when the folder or the socket can not be made.
int attach_open(struct attach *at, const struct attach_params *params);
// Drops the peer without on_detach, removes the socket file.
void attach_close(struct attach *at);

// Some descriptor of this object is ready: accepts, reads hellos, notices departures.
void attach_on_ready(struct attach *at);

static inline bool attach_is_attached(const struct attach *at)
{
	return at->peer_fd >= 0;
}
