// SPDX-License-Identifier: BSD-3-Clause
// The registry of control-socket commands: what tgctl can ask. A table each module adds; obs/
// brings the socket. Commands that need a signalling thread's state are delivered there by mailbox
// and may answer later.
#pragma once

#include <stdbool.h>

#include <jansson.h>

struct ctl_request;

// What it answers with: exactly one of the two, once. Any thread.
// Takes over the reference to result.
void ctl_reply(struct ctl_request *req, json_t *result);
// code is one of "refused", "usage", "not-found" (include/tidegate/ctl.h); text says what to do.
__attribute__((format(printf, 3, 4))) void ctl_refuse(
	struct ctl_request *req, const char *code, const char *fmt, ...);

// The request's arguments: a JSON object, borrowed.
const json_t *ctl_args(const struct ctl_request *req);
// A string argument, or NULL after refusing with "usage".
const char *ctl_arg_string(struct ctl_request *req, const char *name);

enum ctl_where {
	CTL_MANAGEMENT, // run runs on the management thread
	CTL_SIGNALLING, // run runs on the signalling thread; it must be short or go on in slices
};

struct ctl_command {
	const char *name; // "show calls"
	const char *args; // usage of its arguments, "" or "<call>"; for --help and the completion
	const char *help;
	enum ctl_where where;
	void (*run)(struct ctl_request *req, void *arg);
	void *arg;
};

// Before the threads start only. The table must outlive the registry.
void ctl_add(const struct ctl_command *commands, unsigned int count);
const struct ctl_command *ctl_find(const char *name);
// Walks all commands; *cursor starts at 0; NULL at the end.
const struct ctl_command *ctl_next(unsigned int *cursor);
void ctl_clear(void);

// A request made by obs/ctl_socket.c or by a test. done runs once, on the thread that replied.
struct ctl_request {
	const struct ctl_command *command;
	json_t *args;	  // owned
	json_t *result;	  // set by ctl_reply
	const char *code; // set by ctl_refuse
	char error[256];
	void (*done)(struct ctl_request *req);
};
