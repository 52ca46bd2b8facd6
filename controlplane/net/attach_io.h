// SPDX-License-Identifier: BSD-3-Clause
// The steps of attaching that need no loop: hello, reply with descriptors, checks, mapping.
#pragma once

#include "include/tidegate/attach.h"
#include "include/tidegate/shm.h"

struct attach_io {
	int fd[TG_ATTACH_DESCRIPTORS]; // enum tg_attach_descriptor, -1: none
	struct tg_segment *shared;
	uint64_t bytes;
	uint32_t epoch;
	uint32_t workers; // private copies of what the segment's head says
	uint32_t streams_max;
};

// Connects and sends the hello; *fd is non-blocking and the caller's.
// Returns 0; -ENOENT or -ECONNREFUSED when nobody listens; another -errno.
int attach_io_ask(int *fd, const char *path, uint32_t sig_threads);
// Reads the reply, takes the descriptors, checks and maps the segment. Returns 0; -EAGAIN when it
// has not come; the dataplane's own refusal (-EBUSY, -EPROTO, -EINVAL); -EBADMSG for a reply that
// makes no sense; -EPERM for a segment that could shrink under us; -EPROTO for a bad segment.
int attach_io_take(struct attach_io *out, int fd, uint32_t sig_threads);
// Unmaps and closes.
void attach_io_drop(struct attach_io *io);
