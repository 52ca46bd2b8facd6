// SPDX-License-Identifier: BSD-3-Clause
// Gives up what the control plane does not need, before the first octet of a peer is parsed: root,
// new privileges, core dumps and most system calls. There is no way back.
//
// What stays: its sockets and new ones, threads of its own, memory, time, opening files to read (the
// configuration at a reload), writing to files that are open already (the embedded store). What ends the
// process: starting programs, tracing, loading code into the kernel, changing namespaces. All else
// fails with EPERM.
#pragma once

// Why it failed, for people.
struct sandbox_error {
	char text[256];
};

// From root to that user, with its groups. Not started as root: stays who it is and warns.
// Returns 0; -errno with *err filled.
int sandbox_drop_user(const char *user, struct sandbox_error *err);
// The system call filter, and what goes with it. Threads started later have it too.
// Returns 0; -errno with *err filled.
int sandbox_close(struct sandbox_error *err);
