// SPDX-License-Identifier: BSD-3-Clause
// Executes what the signalling threads command. Nothing in a command is trusted: it is copied out
// of its slot, then checked. Each is answered by exactly one completion, in order; a command is
// taken only while its completion has room.
//
// Status of completions:
//	0		done
//	-EOPNOTSUPP	unknown type
//	-EINVAL		id, address, ports, prefix, level, pattern or stream specification out of bounds
//	-ESTALE		no such stream
//	-EADDRNOTAVAIL	a local media port lies in no pool
//	-EADDRINUSE	another stream or listener has the address
//	-ENOSPC		no slot for a stream, or for a peer; too many port ranges on one address
//	-ENOENT		no such peer
//	-ENOMEM		no memory
// All functions: main lcore only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/ctl/claim.h"
#include "dataplane/ctl/event.h"
#include "dataplane/ctl/idle.h"
#include "dataplane/ctl/segment.h"
#include "dataplane/io/netlink.h"
#include "dataplane/table/tables.h"
#include "include/tidegate/cmd.h"

struct commands {
	struct tables *tables;
	struct claims *claims;
	struct idle *idle;
	struct events *events;
	struct netlink *netlink;  // NULL: next hops of streams are not asked for in advance
	unsigned int sig_threads; // of the segment: bound of tg_stream_spec.sig_thread
	uint32_t epoch;		  // of the attached control plane
	unsigned int threads;	  // whose rings are served; 0: nobody is attached
	bool reported_dead;
	struct tg_ring ring[TG_SIG_THREADS_MAX];
};

enum cmd_rest {
	CMD_ALL_DONE,
	CMD_MORE,    // a ring still has commands
	CMD_BLOCKED, // a completion found no room: look again soon
};

// Takes up the command rings, discarding what an earlier control plane left in them.
void cmd_attach(
	struct commands *cmds, const struct segment *seg, unsigned int threads, uint32_t epoch);
void cmd_detach(struct commands *cmds);

// Executes a bounded number of commands of each ring; completions are queued, not published.
enum cmd_rest cmd_run(struct commands *cmds, uint64_t now_ms);
// Announces on every ring that the main lcore is about to sleep. False: there is work.
bool cmd_wait_begin(struct commands *cmds);

// Executes one command, already copied. Fills completion->ref with the stream it made or named, and
// returns the status. For cmd_run and tests.
int cmd_execute(struct commands *cmds, struct tg_event *completion, const struct tg_cmd *cmd,
	uint64_t now_ms);
