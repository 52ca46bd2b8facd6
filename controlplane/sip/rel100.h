// SPDX-License-Identifier: BSD-3-Clause
// Reliable provisional responses: what RSeq and RAck say (RFC 3262 §7). The repeating is the stack's
// (sip_respond_reliably), who acknowledges whom the user's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/sip/msg.h"

#define SIP_100REL STR("100rel")
#define SIP_RACK_BYTES 64

// RSeq of a response that must be acknowledged with PRACK: provisional, other than 100, of an INVITE,
// Require: 100rel, a To-tag, and an RSeq from 1 to 2^32 - 1. 0: it is none.
uint32_t sip_rseq(const struct sip_msg *response);

// What a PRACK acknowledges.
struct sip_rack {
	uint32_t rseq;
	uint32_t cseq; // of the INVITE
};

// Returns 0, or -EINVAL: no RAck, a broken one, or of another method than INVITE.
int sip_rack_read(struct sip_rack *out, const struct sip_msg *prack);
// "rseq cseq INVITE"
struct str sip_rack_write(char out[static SIP_RACK_BYTES], const struct sip_rack *rack);
