// SPDX-License-Identifier: BSD-3-Clause
// What an OPTIONS ping looks like, and its answer. The branch is made of the binding's id and a proof that
// only this process can make, so that nothing else of a ping needs to be kept.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/reg/location.h"

#define PING_BYTES_MAX 9000

struct ping_token {
	uint64_t id; // binding's
	uint64_t proof;
};

// Of that ping of that binding, in this process. Any thread.
uint64_t ping_proof(uint64_t id, uint32_t cseq);
// A request to the binding's contact (E5) in the name of from. A contact that is no text for a request line
// is told by the address it is reached at. Too long: b->failed.
void ping_write(
	struct strbuf *b, const struct binding *binding, const struct tg_addr *from, uint32_t cseq);
// Whether the message is a response whose Via has a ping's branch, whoever made it up.
bool ping_is_answer(struct ping_token *out, struct str message);
