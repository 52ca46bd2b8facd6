// SPDX-License-Identifier: BSD-3-Clause
// The two threads of the control plane with a control socket between them, for tests.
#pragma once

#include <jansson.h>

#include "controlplane/base/ctl.h"
#include "controlplane/base/loop.h"
#include "controlplane/obs/ctl_socket.h"

struct stage {
	struct loop *management, *signalling;
	struct ctl_socket *socket;
	char dir[32];
	char path[64];
};

extern struct stage stage;

// Loops and a socket in a directory of their own; nothing runs yet.
void stage_open(void);
// Starts both threads; before it, work of the management thread may be done by the caller.
void stage_run(void);
// Starts the management thread only: the signalling thread is stalled.
void stage_run_stalled(void);
// Ends both threads, as far as they run.
void stage_stop(void);
// Stops, delivers what is under way, closes.
void stage_close(void);

// A client's connection.
int stage_connect(void);
void stage_say(int fd, const char *line);
// Reads one line as JSON; NULL at the end of the stream. The caller decrefs it.
json_t *stage_hear(int fd);
// One request on a connection of its own.
json_t *stage_ask(const char *line);
// Waits until *word is at least value, or fails the test.
void stage_wait(const unsigned int *word, unsigned int value);
