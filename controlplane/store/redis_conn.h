// SPDX-License-Identifier: BSD-3-Clause
// A connection to a Redis server, with time limits: commands are sent many at a time, then their replies are
// read. Whoever uses it is one thread.
#pragma once

#include <hiredis/hiredis.h>

#include "controlplane/store/store.h"

#define REDIS_RUN_ID_BYTES 48

struct redis_conn {
	struct store_redis_params to;	 // its strings are ours
	struct redisContext *context;	 // NULL: not connected
	char run_id[REDIS_RUN_ID_BYTES]; // of the server that was there last; "": unknown
};

// Copies params; does not connect. Returns 0; -EINVAL with *err filled; -ENOMEM likewise.
int redis_conn_init(
	struct redis_conn *conn, const struct store_redis_params *params, struct store_error *err);
void redis_conn_fini(struct redis_conn *conn);

// Connects anew, authenticates, selects the database. Returns 0 when it is the server process that was there
// last, 1 when it is another or nobody knows; -errno with *err filled, which never names the password.
int redis_conn_open(struct redis_conn *conn, struct store_error *err);
void redis_conn_close(struct redis_conn *conn);
// -1 when it is not connected.
int redis_conn_fd(const struct redis_conn *conn);

// Writes a command to the buffer. Returns 0; -ENOMEM with *err filled, and it is closed.
int redis_send(struct redis_conn *conn, const struct str *word, unsigned int count,
	struct store_error *err);
// The reply to the first command without one; the caller frees it (freeReplyObject). What the server
// says against one command is a reply, too (REDIS_REPLY_ERROR). Returns 0; -errno with *err filled, and it
// is closed: the server is gone, silent, or takes no commands of ours (no right, no memory, read-only).
int redis_receive(struct redis_conn *conn, redisReply **out, struct store_error *err);
// Both of them.
int redis_ask(struct redis_conn *conn, redisReply **out, const struct str *word, unsigned int count,
	struct store_error *err);
