// SPDX-License-Identifier: BSD-3-Clause
// What is looked at before a request that begins something is taken up: a table of checks for calls, one for
// what is handed on outside of calls, and the checks they share. The first that fails says what is answered.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/call/branch.h"
#include "controlplane/call/call.h"
#include "controlplane/call/reach.h"
#include "controlplane/media/session.h"

struct request;

struct admission {
	const struct request *r;
	const struct conf *conf;
	const struct conf_realm *realm; // it came by; of admission_is_unwelcome
	const struct conf_peer *from;	// likewise; NULL: a stranger
	struct hunt hunt;		// of admission_is_without_route; whoever judges forgets it
	enum reach reach;		// likewise
	enum media_failure offer;	// as judged so far
};

struct admission_check {
	bool (*fails)(struct admission *a);
	enum call_refusal refusal;
	uint16_t status;
	enum sip_hdr_id header; // of the answer
	struct str value;	// none: no header
	unsigned int warning;	// code of a Warning instead, 0: none
};

// The first check that fails; NULL when none does.
const struct admission_check *admission_judge(
	struct admission *a, const struct admission_check *checks, size_t count);
// Counts what such a check refuses, says so in the log, and answers.
void admission_refuse(const struct request *r, const struct admission_check *c);
// Likewise what was admitted and then could not be made: rc says why, full what -ENOSPC counts as.
void admission_refuse_failure(const struct request *r, int rc, enum call_refusal full);
// Answers 489 with what may be subscribed to from there (RFC 6665 §8.2.2).
void admission_refuse_event(const struct request *r);
// Counts a request outside of dialogs that made nothing, and says so in the log.
void admission_count(const struct request *r, enum call_refusal refusal);

// 403. Finds realm and peer: it comes first.
bool admission_is_unwelcome(struct admission *a);
bool admission_is_used_up(struct admission *a);	 // 483
bool admission_is_draining(struct admission *a); // 503
// RFC 5630 §5: never down to a transport that is not TLS (A28)
bool admission_is_secure(struct admission *a);
// A local number, which means nothing without its context, nor is it dialled here (A27): 484, or 400.
bool admission_is_incomplete(struct admission *a);
bool admission_is_without_context(struct admission *a);
// 404. Finds the targets: it comes before the next three.
bool admission_is_without_route(struct admission *a);
bool admission_is_offline(struct admission *a);	  // 480
bool admission_is_forged(struct admission *a);	  // 403
bool admission_is_flow_gone(struct admission *a); // 430
// Of limit, so many live. A quarter is kept from strangers: a flood of theirs may take up the rest, not what
// a peer asks for (I2).
bool admission_is_beyond(const struct admission *a, uint32_t live, uint32_t limit);
