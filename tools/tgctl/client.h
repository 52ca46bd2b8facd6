// SPDX-License-Identifier: BSD-3-Clause
// Asks the control plane one thing over its socket.
#pragma once

#include <jansson.h>

#define CLIENT_WAIT_S 30

struct client_reply {
	int status;	 // TG_CTL_EXIT_*
	json_t *result;	 // when status is TG_CTL_EXIT_OK; may be NULL
	char error[512]; // else: what is wrong and what to do
};

// For who answers without asking.
__attribute__((format(printf, 3, 4))) void client_fail(
	struct client_reply *reply, int status, const char *fmt, ...);
// Sends command with args (borrowed; an object or NULL) and waits for the answer. The caller
// decrefs reply->result.
void client_ask(struct client_reply *reply, const char *path, const char *command, json_t *args);
