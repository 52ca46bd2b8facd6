// SPDX-License-Identifier: BSD-3-Clause
// The last REGISTER of each address of record, taken or refused (K23): why a phone is not there is mostly to be
// read from what it was answered.
//
// A table of fixed size: in a set that is full, who registered makes room first, for its binding tells the rest,
// then the oldest. Of names longer than ATTEMPTS_AOR_MAX nothing is kept. The signalling thread.
#pragma once

#include "controlplane/base/str.h"
#include "controlplane/net/transport.h"
#include "include/tidegate/time.h"

#define ATTEMPTS_MAX 16384
#define ATTEMPTS_AOR_MAX 127
#define ATTEMPTS_USER_AGENT_MAX 63

struct attempt {
	char aor[ATTEMPTS_AOR_MAX + 1];
	char user_agent[ATTEMPTS_USER_AGENT_MAX + 1]; // cut; "": none
	const char *verdict;			      // a label of static memory
	struct tg_wall when;
	struct tg_wall challenged; // last asked for credentials, for it sent none; 0: never
	struct net_flow flow;	   // it came by
	uint64_t count;		   // REGISTERs since it is remembered, challenges included
	uint16_t status;	   // it was answered
};

// What is told of one.
struct attempt_said {
	struct str aor; // as struct binding has it
	struct str user_agent;
	const char *verdict; // of static memory
	const struct net_flow *flow;
	uint16_t status;
	// It is asked who it is, as everybody is once: does not displace what it was answered before.
	bool is_challenge;
};

struct attempts;

// NULL when memory is out.
struct attempts *attempts_new(void);
// NULL is legal.
void attempts_free(struct attempts *attempts);
void attempts_note(struct attempts *attempts, const struct attempt_said *said, struct tg_wall now);
// NULL when none is remembered; else valid until the next attempts_note.
const struct attempt *attempts_find(const struct attempts *attempts, struct str aor);
