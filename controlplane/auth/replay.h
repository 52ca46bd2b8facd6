// SPDX-License-Identifier: BSD-3-Clause
// The highest nc of each nonce in use (F17, RFC 7616 §3.3): a table of fixed size.
//
//	set, by the nonce's random octets            forgotten_ms: nonces of it issued until then may
//	┌──────────────┬──────┬──────┬─────┬──────┐  have been here
//	│ forgotten_ms │ way0 │ way1 │ ... │ way7 │
//	└──────────────┴──────┴──────┴─────┴──────┘
//
// When a set is full, the nonce that was issued first makes room, for its life ends first. What is not
// there and was issued until forgotten_ms may have been used before: it is as good as over, and costs its
// user one more challenge. At the start that is all that was issued before: another process, which
// had the same key, may have seen it.
//
// Only nonces with right credentials come here: who has no password fills nothing. One thread.
#pragma once

#include <stdint.h>

#include "controlplane/auth/nonce.h"

enum replay_verdict {
	REPLAY_GREW,
	REPLAY_SEEN,	  // this nc or a higher one was there
	REPLAY_FORGOTTEN, // nobody knows
};

struct replay;

// Room for at least nonces_max. NULL when memory is out.
struct replay *replay_new(uint32_t nonces_max, uint64_t now_ms);
void replay_free(struct replay *replay);
// An authentic nonce comes with that nc, which is kept when it grew.
enum replay_verdict replay_take(struct replay *replay, const struct nonce *nonce, uint32_t nc);
